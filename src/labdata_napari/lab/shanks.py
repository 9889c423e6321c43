"""The shanks that went into a subject, as labdata's plugins call their tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdata_napari.lab.rows import fetched_together

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
    subject = {"subject_name": key["subject_name"]}
    found = fetched_together(
        {
            "insertions": (lab.ProbeInsertion & subject).proj(),
            "probes": (lab.Probe & (lab.ProbeInsertion & subject)).proj(
                "probe_n_shanks"
            ),
        }
    )
    counts = {row["probe_id"]: int(row["probe_n_shanks"]) for row in found["probes"]}
    rows = sorted(
        found["insertions"], key=lambda r: (r["procedure_datetime"], r["probe_id"])
    )
    probes = dict.fromkeys(str(row["probe_id"]) for row in rows)
    return tuple(
        f"{probe}_shank{shank}"
        for probe in probes
        for shank in range(min(max(counts.get(probe, 1), 1), _MOST_SHANKS))
    )
