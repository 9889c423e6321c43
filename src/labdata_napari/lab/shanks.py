"""The shanks that went into a subject, as labdata's plugins call their tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdata_napari.lab.tracks import probe_insertions

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_SHANKS = 64


def shanks_in(lab: Any, key: Mapping[str, Any]) -> tuple[str, ...]:
    """Name every shank of every probe that went into a subject.

    Parameters
    ----------
    lab
        A lab; where it has no tables of probes there are no names.
    key
        Of anything of the subject's.

    Returns
    -------
    tuple of str
        ``<probe_id>_shank<i>`` with i from 0, in the order of the insertions.
    """
    if {"ProbeInsertion", "Probe"} & set(lab.tables.missing):
        return ()
    rows = probe_insertions(lab, key["subject_name"])
    counts = {str(row["probe_id"]): int(row["probe_n_shanks"]) for row in rows}
    return tuple(
        f"{probe}_shank{shank}"
        for probe, count in counts.items()
        for shank in range(min(max(count, 1), _MOST_SHANKS))
    )
