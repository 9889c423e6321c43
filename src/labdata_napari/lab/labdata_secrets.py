"""The secrets in labdata's settings, encrypted with a key of this computer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_KEY = ".labdata_encrypted.key"
_MARK = "encrypted:"


class Secrets:
    """Decrypts what labdata encrypted; never makes a key.

    Parameters
    ----------
    folder
        labdata's folder, which holds the key.
    problems
        Gets a sentence for each secret that cannot be read.
    """

    def __init__(self, folder: Path, problems: list[str]) -> None:
        self._file = folder / _KEY
        self._problems = problems

    def plain(self, value: str, what: str) -> str:
        """Return a secret as it was before it was encrypted, or an empty text.

        Parameters
        ----------
        value
            From the settings; returned as it is when it is not encrypted.
        what
            What it is, for the sentence.
        """
        if not value.startswith(_MARK):
            return value
        from cryptography.fernet import Fernet, InvalidToken

        try:
            key = self._file.read_text("ascii").strip()
            return Fernet(key).decrypt(value.removeprefix(_MARK)).decode()
        except FileNotFoundError:
            problem = f"the key file '{self._file}' is missing"
        except OSError as error:
            problem = f"the key file '{self._file}' cannot be read ({error.strerror})"
        except InvalidToken:
            problem = f"it was encrypted with another key than '{self._file}'"
        except ValueError:  # of the key; in the words of its library it might be quoted
            problem = f"the key file '{self._file}' does not hold a key"
        sentence = (
            f"labdata's settings have {what} encrypted, and {problem}, so it does not "
            "count; put the key of the computer that wrote the settings there."
        )
        if sentence not in self._problems:
            self._problems.append(sentence)
        return ""

    def credentials(self, token: str) -> dict[str, Any]:
        """Return the login and the storage keys that labdata sent with a job.

        Parameters
        ----------
        token
            From ``LABDATA_CREDENTIALS``; may be empty.
        """
        if not token:
            return {}
        plain = self.plain(_MARK + token.removeprefix(_MARK), "LABDATA_CREDENTIALS")
        if not plain:
            return {}
        try:
            sent = json.loads(plain)
        except (ValueError, RecursionError):  # it would quote what is secret
            sent = None
        if isinstance(sent, dict):
            return sent
        self._problems.append(
            "LABDATA_CREDENTIALS does not hold what labdata sends with a job, so it "
            "does not count; submit the job again or remove the variable."
        )
        return {}
