"""Labs that a person gave a name: one line of text, as a preference keeps it.

``Our lab = mysql://me@server:3306 lab_data px; Rig = postgresql://me@rig/labdb``: the
name, the address, and where they matter the lab's name and the project.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from labdata_napari.errors import InvalidValue
from labdata_napari.lab.address import ServerAddress, is_embedded, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

_FORM = "Name = mysql://user@host:3306 lab_data project"


@dataclass(frozen=True)
class SavedLab:
    """A lab with a name of its own.

    Attributes
    ----------
    title
        What the person calls it; no ``=`` and no ``;`` in it.
    url
        Address, never with a password.
    name, project
        As `labdata_napari.connect` takes them; None where they were not given.
    """

    title: str
    url: str
    name: str | None = None
    project: str | None = None

    @property
    def text(self) -> str:
        """The lab as the preference has it."""
        name = self.name or ("lab_data" if self.project else None)
        words = (self.url, name, self.project)
        return f"{self.title} = {' '.join(word for word in words if word)}"


def read_saved(text: str) -> tuple[tuple[SavedLab, ...], tuple[str, ...]]:
    """Read the preference.

    Parameters
    ----------
    text
        Any number of labs, a semicolon or a new line between them.

    Returns
    -------
    labs : tuple of SavedLab
        Those that can be read, in their order.
    problems : tuple of str
        A sentence for each of the others. None repeats an address, which may hold a
        password.
    """
    labs: dict[str, SavedLab] = {}
    problems = []
    for piece in _pieces(text):
        try:
            lab = _read(piece)
        except InvalidValue as error:
            problems.append(str(error))
            continue
        if lab.title in labs:
            problems.append(
                f"Two saved labs are called '{lab.title}', so only the first counts; "
                "give the other one another name in napari's Preferences."
            )
        labs.setdefault(lab.title, lab)
    return tuple(labs.values()), tuple(problems)


def with_lab(text: str, lab: SavedLab) -> str:
    """Return the preference with a lab added, or put in the place of its namesake.

    Raises
    ------
    InvalidValue
        When the lab has a name, or an address, that cannot be saved.
    """
    title = lab.title.strip()
    if not title or set(title) & set("=;\n"):
        raise InvalidValue(
            "A saved lab needs a name without '=' and ';'; choose another one."
        )
    lab = replace(lab, title=title)
    _read(lab.text)
    pieces = list(_pieces(text))
    same = [i for i, piece in enumerate(pieces) if _title(piece) == lab.title]
    if same:
        pieces[same[0]] = lab.text
    else:
        pieces.append(lab.text)
    return "; ".join(pieces)


def without_lab(text: str, title: str) -> str:
    """Return the preference without the lab of that name; what is unreadable stays."""
    return "; ".join(piece for piece in _pieces(text) if _title(piece) != title)


def _pieces(text: str) -> Iterator[str]:
    for piece in re.split(r"[;\n]", text):
        if piece.strip():
            yield piece.strip()


def _title(piece: str) -> str:
    return piece.partition("=")[0].strip()


def _read(piece: str) -> SavedLab:
    title, equals, rest = piece.partition("=")
    title, words = title.strip(), rest.split()
    if not equals or not title or not 1 <= len(words) <= 3:
        shown = f"'{title}' " if equals and title else ""
        raise InvalidValue(
            f"The saved lab {shown}cannot be read; write it as '{_FORM}' in napari's "
            "Preferences (the last two may be left out)."
        )
    url, name, project = words[0], *(*words[1:], None, None)[:2]
    if not is_embedded(url):  # whose folder may be on a disk that takes its time
        _check_server(title, url)
    return SavedLab(title, url, name, project)


def _check_server(title: str, url: str) -> None:
    try:
        address = parse(url)
    except InvalidValue as error:
        raise InvalidValue(f"The saved lab '{title}': {error}") from None
    if isinstance(address, ServerAddress) and address.password is not None:
        raise InvalidValue(
            f"The saved lab '{title}' has a password in its address, where others may "
            "read it; take it out in napari's Preferences, it is asked for."
        )
