"""Where a layer came from: the mark that ties it to a row of the lab."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from napari.layers import Layer

METADATA_KEY = "labdata"
"""The entry of `layer.metadata` that holds the `LayerSource`."""
CHANNEL_KEY = "labdata_channel"
"""The entry that holds which channel of the stack a layer shows."""

LabIdentity: TypeAlias = tuple[str, str, str | None]
"""Address without a password, name and project: what tells labs apart."""


@dataclass(frozen=True)
class LayerSource:
    """The row behind a layer, and what the row held when the layer was made.

    Attributes
    ----------
    kind
        Name of the table: "FixedBrain", "FixedBrainTransformAnnotation", ...
    key
        The row's primary key.
    baseline
        What was loaded, to compare the working copy with; None for layers that are
        only looked at.
    lab
        Address, name and project of the lab that holds the row: two labs may hold
        rows of the same key. None where nobody said.
    """

    kind: str
    key: Mapping[str, Any]
    baseline: Any = None
    lab: LabIdentity | None = None

    def is_same_row(
        self, kind: str, key: Mapping[str, Any], lab: LabIdentity | None = None
    ) -> bool:
        """Whether this is the row of `kind` with `key`, in `lab` where one is given."""
        if lab is not None and self.lab != lab:
            return False
        return self.kind == kind and dict(self.key) == dict(key)

    def with_baseline(self, baseline: Any) -> LayerSource:
        """Return the same row, now known to hold `baseline`."""
        return replace(self, baseline=baseline)


def why_elsewhere(
    home: LabIdentity | None, here: LabIdentity, what: str = "annotations"
) -> str:
    """Say why annotations of one lab cannot be saved in another; empty when they can.

    Parameters
    ----------
    home
        Where they were loaded from; None if that is not known.
    here
        What is connected.
    what
        What they are called.
    """
    if home in (None, here):
        return ""
    user, server = _user_and_server(home[0])
    if (server, *home[1:]) == (_user_and_server(here[0])[1], *here[1:]):
        return (
            f"These {what} were opened by '{user}', and somebody else is "
            f"connected now; connect as '{user}' to save them."
        )
    return f"These {what} belong to another lab; connect to it to save them."


def _user_and_server(url: str) -> tuple[str, str]:
    scheme, _, rest = url.partition("://")
    user, _, server = rest.rpartition("@")
    return unquote(user), f"{scheme}://{server}"


def source_of(layer: Layer | None) -> LayerSource | None:
    """Return the source of a layer of ours; None for any other layer, or none."""
    source = None if layer is None else layer.metadata.get(METADATA_KEY)
    return source if isinstance(source, LayerSource) else None


def layers_of(
    layers: Iterable[Layer],
    kind: str,
    key: Mapping[str, Any],
    lab: LabIdentity | None = None,
) -> list[Layer]:
    """Return those of `layers` that show the row of `kind` with `key`, in order.

    Parameters
    ----------
    layers
        Of a viewer.
    kind, key
        The row.
    lab
        The lab that holds it; None for the rows of any lab.
    """
    return [
        layer
        for layer in layers
        if (source := source_of(layer)) is not None
        and source.is_same_row(kind, key, lab)
    ]
