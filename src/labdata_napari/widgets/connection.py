"""Which lab, where, as whom: what a workspace connects to and how it went."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from labdata_napari.errors import LoginRefused
from labdata_napari.lab.address import is_embedded
from labdata_napari.settings import DEFAULT_NAME, DEFAULT_URL

if TYPE_CHECKING:
    from labdata_napari.core.progress import Progress
    from labdata_napari.errors import LabdataError
    from labdata_napari.lab.availability import Unavailable
    from labdata_napari.lab.lab import Lab


class Phase(Enum):
    """Where a connection stands."""

    CLOSED = "closed"
    CONNECTING = "connecting"
    OPEN = "open"
    LOST = "lost"
    FAILED = "failed"


@dataclass(frozen=True)
class Profile:
    """A lab that can be connected to.

    Attributes
    ----------
    title
        What a person calls it; empty where nobody has said which lab it is.
    url, name, project
        As `labdata_napari.connect` takes them; None leaves it to the settings, and
        labdata's own among them.
    password
        Kept in memory only, for reconnecting.
    tls
        Whether to insist on encryption, where `url` does not say; None leaves that to
        the settings too.
    remembers
        Whether to put the password into the system's keyring once it is accepted.
    is_demo
        Whether it is the synthetic lab, which is built when it is not there yet.
    """

    title: str
    url: str | None = None
    name: str | None = None
    project: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool | None = None
    remembers: bool = False
    is_demo: bool = False


_UNNAMED = "Your lab"
DEMO = Profile("Demo lab", is_demo=True)
LOCAL = Profile("My lab", url=DEFAULT_URL)
START = Profile("")
"""Where labdata's own settings lead, else the same as `LOCAL`."""


@dataclass(frozen=True)
class Connection:
    """One state of a workspace's connection, for docks to show.

    Attributes
    ----------
    phase
        Where it stands.
    profile
        What it is or was connected to.
    name
        Prefix of the database's schemas, such as "lab_data".
    url, project
        The lab's address without a password, and the project in it.
    where
        "this computer" or the server.
    user
        Who the database takes us for.
    read_only
        Whether the database will refuse every write.
    problem
        Why it failed, or how it stands while it is lost, in a sentence or two.
    login_url
        Address of the server that did not let us in; empty when that is not it.
    notes
        What was wrong with labdata's settings, a sentence each.
    unavailable
        What the lab cannot offer, for want of tables or columns.
    """

    phase: Phase = Phase.CLOSED
    profile: Profile | None = None
    name: str = ""
    url: str = ""
    project: str | None = None
    where: str = ""
    user: str = ""
    read_only: bool = False
    problem: str = ""
    login_url: str = ""
    notes: tuple[str, ...] = ()
    unavailable: tuple[Unavailable, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether there is a lab to ask, be it away for the moment."""
        return self.phase in (Phase.OPEN, Phase.LOST)

    @property
    def why_read_only(self) -> str:
        """Why nothing can be written, in a sentence; empty when it can."""
        if not self.read_only:
            return ""
        return (
            f"You ({self.user}) may read this lab but not write to it; ask its keeper "
            "for the right to insert rows."
        )

    def why_not(self, what: str) -> str:
        """Why the lab cannot offer something, in a sentence; empty when it can."""
        return next((u.reason for u in self.unavailable if u.what == what), "")

    def why_not_written(self, what: str) -> str:
        """Why something cannot be written, for want of tables or of rights."""
        return self.why_not(what) or self.why_read_only

    @property
    def unavailable_line(self) -> str:
        """What the lab cannot offer in one line; empty when that is nothing."""
        names = ", ".join(u.what for u in self.unavailable)
        return f"Not available in this lab: {names}" if names else ""

    @property
    def title(self) -> str:
        """What the lab is called: by the person, else by where it was found."""
        if self.profile is None or self.profile.title:
            return self.profile.title if self.profile else ""
        url = self.url or self.login_url
        if not url:
            return _UNNAMED
        if not is_embedded(url):
            name = self.name or self.profile.name or DEFAULT_NAME
            return title_of(name, where_is(url))
        return LOCAL.title

    @property
    def line(self) -> str:
        """The state in one line: what, where, who, read-only or not."""
        title = self.title
        if self.phase is Phase.CONNECTING:
            return f"Connecting to {title if title != _UNNAMED else 'your lab'} …"
        if self.phase is Phase.FAILED:
            return f"{title}: not connected"
        if self.phase is Phase.LOST:
            return f"{title} · connection lost · trying again"
        if self.phase is Phase.CLOSED:
            return "No lab"
        rights = "read-only" if self.read_only else "read and write"
        known = [self.name, f"on {self.where}"]
        if title == title_of(self.name, self.where):
            known = []
        project = f"project {self.project}" if self.project else ""
        parts = [title, *known, project, f"as {self.user}", rights]
        return " · ".join(part for part in parts if part)

    def line_waiting(self, seconds: int) -> str:
        """Return the state in one line while an answer is waited for."""
        return f"{self.title} · no answer yet, asked {seconds} s ago"


def open_lab(profile: Profile, progress: Progress) -> Lab:
    """Connect to a profile's lab; blocks, so never on the GUI thread.

    Parameters
    ----------
    profile
        Which lab.
    progress
        Told while the demo lab is built.

    Raises
    ------
    LabdataError
        When it cannot be reached or refuses us.
    """
    # Imported here: DataJoint takes two seconds, which belong to this thread.
    from labdata_napari.lab import preferences
    from labdata_napari.lab.connect import connect, connect_with

    if profile.is_demo:
        from labdata_napari.demo import ensure_demo

        return connect(ensure_demo(progress), name=DEFAULT_NAME)
    return connect_with(
        preferences.read(),
        profile.url,
        name=profile.name,
        project=profile.project,
        password=profile.password,
        tls=profile.tls,
    )


def connection_to(profile: Profile, lab: Lab) -> Connection:
    """Describe an open lab."""
    from labdata_napari.lab import preferences
    from labdata_napari.lab.connect import problems_for

    notes = () if profile.is_demo else problems_for(preferences.read(), profile.url)
    return Connection(
        Phase.OPEN,
        profile,
        name=lab.name,
        url=lab.url,
        project=lab.project,
        where=where_is(lab.url),
        user=lab.user,
        read_only=lab.read_only,
        notes=notes,
        unavailable=lab.unavailable,
    )


def not_connected(profile: Profile | None, error: LabdataError) -> Connection:
    """Describe a lab that could not be opened, or not any more."""
    login = error.url if isinstance(error, LoginRefused) else ""
    return Connection(Phase.FAILED, profile, problem=str(error), login_url=login)


def title_of(name: str, where: str) -> str:
    """Name a lab that nobody gave a name, so that two are told apart."""
    return f"{name} at {where}"


def where_is(url: str) -> str:
    """Say where a lab is that has that address."""
    parts = urlsplit(url)
    if parts.scheme == "embedded":
        return "this computer"
    return parts.hostname or url
