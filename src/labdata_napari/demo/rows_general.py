"""Rows of people, animals, sessions, files, notes and jobs; and of animal care."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.demo.calendar import PEOPLE, SETUPS, SUBJECTS, DemoSubject, datasets
from labdata_napari.demo.motion import move
from labdata_napari.demo.mouse import frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labdata_napari.demo.rows import Row, Rows, Source

NOTE = {"notetaker": "alba", "note_datetime": datetime(2025, 6, 3, 17, 30)}
"""Primary key of the note that has a picture and an attachment."""


def people(source: Source) -> Iterator[Rows]:
    """Yield members, projects, species and rooms."""
    yield (
        "LabMember",
        [
            {
                "user_name": user,
                "first_name": first,
                "last_name": last,
                "email": f"{user}@example.org",
                "date_joined": joined,
                "is_active": 1,
            }
            for user, first, last, joined in PEOPLE
        ],
    )
    project = {
        "project_name": "demo",
        "project_description": "An invented lab: nothing here was measured.",
        "project_startdate": date(2025, 1, 1),
        "project_contact": "alba",
    }
    yield "Project", [project]
    yield (
        "Project.User",
        [{"project_name": "demo", "user_name": user} for user, *_ in PEOPLE],
    )
    yield (
        "Species",
        [{"species_name": "mouse", "species_scientific_name": "Mus musculus"}],
    )
    yield "Strain", [{"strain_name": "C57BL/6J", "species_name": "mouse"}]
    yield "SetupLocation", [{"setup_location": "demo building, room 1"}]
    yield (
        "Setup",
        [
            {
                "setup_name": name,
                "setup_location": "demo building, room 1",
                "setup_description": text,
            }
            for name, text in SETUPS.items()
        ],
    )


def animals(source: Source) -> Iterator[Rows]:
    """Yield subjects and their sessions."""
    yield (
        "Subject",
        [
            {
                "subject_name": s.name,
                "subject_dob": s.born,
                "subject_sex": s.sex,
                "strain_name": "C57BL/6J",
                "user_name": s.keeper,
            }
            for s in SUBJECTS
        ],
    )
    sessions: dict[tuple[str, str], Row] = {}
    for d in datasets(source.truth):
        sessions[d.subject, d.session] = {
            "subject_name": d.subject,
            "session_name": d.session,
            "session_datetime": d.when,
            "experimenter": d.experimenter,
        }
    yield "Session", list(sessions.values())


def recordings(source: Source) -> Iterator[Rows]:
    """Yield files, notes and datasets."""
    rows = [dict(file.row) for file in source.files.values()]
    yield "File", [row for row in rows if row["storage"] == "data"]
    yield "AnalysisFile", [row for row in rows if row["storage"] == "analysis"]
    raw = source.files["horizontal"].row
    replaced = {
        "file_path": raw["file_path"].replace(".ome.tif", ".raw"),
        "file_datetime": raw["file_datetime"],
        "file_size": float(2 * np.prod(source.truth.brains[1].shape)),
    }
    yield "ProcessedFile", [replaced]
    motion = move(source.truth.seed, source.truth.pose.n_frames)
    picture = frame(motion, 30, source.truth.seed)[::2, ::2]
    text = "Recorded with 4 shanks. Only the first second of the raw file is kept here."
    other = {
        "notetaker": "mateo",
        "note_datetime": datetime(2025, 10, 28, 12, 0),
        "notes": "Brain is a little tilted in the agarose.",
    }
    yield "Note", [{**NOTE, "notes": text}, other]
    yield (
        "Note.Image",
        [{**NOTE, "image_id": 0, "image": picture, "caption": "A mouse in a box."}],
    )
    log = source.files["log"].key
    yield "Note.Attachment", [{**NOTE, **log, "caption": "Log of the imaging."}]
    planned = datasets(source.truth)
    yield "DatasetType", [{"dataset_type": kind} for kind in sorted(_kinds(source))]
    ephys = source.truth.spikes.key["dataset_name"]
    yield (
        "Dataset",
        [
            {
                **d.key,
                "dataset_type": d.kind,
                "setup_name": d.setup,
                **(NOTE if d.dataset == ephys else _no_note()),
            }
            for d in planned
        ],
    )
    folders = {"/".join(d.key.values()): d.key for d in planned}
    links = []
    for file in source.files.values():
        folder = file.row["file_path"].rpartition("/")[0]
        if file.row["storage"] == "data":
            links.append({**folders[folder], **file.key})
    yield "Dataset.DataFiles", links


def _kinds(source: Source) -> set[str]:
    return {d.kind for d in datasets(source.truth)}


def _no_note() -> Row:
    return dict.fromkeys(NOTE)


def jobs(source: Source) -> Iterator[Rows]:
    """Yield one upload and one analysis, both done long ago."""
    brain = source.files["coronal"].row
    begun = brain["file_datetime"] + timedelta(days=1)
    yield (
        "UploadJob",
        [
            {
                "job_id": 1,
                "job_waiting": 0,
                "job_status": "COMPLETED",
                "job_host": "demo",
                "job_starttime": begun,
                "job_endtime": begun + timedelta(minutes=12),
                **source.truth.brains[0].key,
                "upload_storage": "data",
                "project_name": "demo",
            }
        ],
    )
    assigned = {
        "job_id": 1,
        "src_path": brain["file_path"],
        "src_datetime": brain["file_datetime"],
        "src_size": brain["file_size"],
        "src_md5": brain["file_md5"],
    }
    yield "UploadJob.AssignedFiles", [assigned]
    raw = source.files["ephys"]
    key = {k: v for k, v in source.truth.spikes.key.items() if k.endswith("_name")}
    yield (
        "ComputeTask",
        [
            {
                "job_id": 1,
                "task_waiting": 0,
                "task_name": "spikes",
                "task_status": "COMPLETED",
                "task_host": "demo",
                "task_starttime": raw.row["file_datetime"] + timedelta(hours=5),
                "task_endtime": raw.row["file_datetime"] + timedelta(hours=6),
                **key,
            }
        ],
    )
    yield "ComputeTask.AssignedFiles", [{"job_id": 1, **raw.key}]


# --- care ---------------------------------------------------------------------------


def care(source: Source) -> Iterator[Rows]:
    """Yield weights, surgeries, water and deaths."""
    weights = {s.name: _weights(source.truth.seed, s) for s in SUBJECTS}
    yield "Weighing", [row for rows in weights.values() for row in rows]
    done = _procedures(weights)
    kinds = sorted({row["procedure_type"] for row in done})
    yield "ProcedureType", [{"procedure_type": kind} for kind in kinds]
    yield "Procedure", done
    yield "Watering", [_watering(s.subject, s.when) for s in source.truth.training]
    yield (
        "WaterRestriction",
        [_restriction(source, s, weights[s.name]) for s in SUBJECTS[:2]],
    )
    yield (
        "Death",
        [
            {"subject_name": s.name, "death_date": s.died, **_no_note()}
            for s in SUBJECTS
            if s.died
        ],
    )


def _restriction(source: Source, subject: DemoSubject, weights: list[Row]) -> Row:
    days = [s.when.date() for s in source.truth.training if s.subject == subject.name]
    first = min(days) - timedelta(days=4)
    times = [w["weighing_datetime"] for w in weights]
    return {
        "subject_name": subject.name,
        "water_restriction_start_date": first,
        "water_restriction_end_date": max(days),
        "user_name": subject.keeper,
        "weighing_datetime": max(when for when in times if when.date() <= first),
    }


def watering_time(when: datetime) -> datetime:
    """When the animal has drunk its rewards of a session that began at `when`."""
    return when + timedelta(minutes=55)


def _watering(subject: str, when: datetime) -> Row:
    volume = 800.0 + 25.0 * (when.toordinal() % 9)
    return {
        "subject_name": subject,
        "watering_datetime": watering_time(when),
        "water_volume": volume,
    }


def _weights(seed: int, subject: DemoSubject) -> list[Row]:
    """Draw a weight every third day from eight weeks of age: growth, then a plateau."""
    rng = np.random.default_rng([seed, 95, subject.born.toordinal()])
    last = subject.died.date() if subject.died else date(2026, 2, 20)
    day, rows = subject.born + timedelta(weeks=8), []
    while day < last:
        age = (day - subject.born).days
        grams = subject.grams * (1 - 0.55 * np.exp(-age / 38)) + rng.normal(0, 0.25)
        rows.append(
            {
                "subject_name": subject.name,
                "weighing_datetime": datetime(day.year, day.month, day.day, 8, 45),
                "weight": round(float(grams), 1),
            }
        )
        day += timedelta(days=3)
    return rows


PROBE_INSERTIONS = {
    "NP1-0417": ("Cajal", datetime(2025, 5, 28, 13, 40)),
    "NP24-2211": ("Cajal", datetime(2025, 6, 3, 13, 55)),
    "NP1-0533": ("Golgi", datetime(2025, 10, 20, 10, 10)),
    "NP1-0534": ("Golgi", datetime(2025, 10, 21, 10, 20)),
}
"""Probe to the subject and time of its insertion."""


def _procedures(weights: dict[str, list[Row]]) -> list[Row]:
    planned = [
        ("Cajal", "headpost implant", datetime(2025, 2, 20, 10), {"cement": "clear"}),
        ("Cajal", "craniotomy", datetime(2025, 5, 27, 15), {"diameter_mm": 1.5}),
        ("Cajal", "perfusion", datetime(2025, 6, 10, 16), {"fixative": "PFA 4%"}),
        ("Golgi", "injection", datetime(2025, 6, 3, 11), {"virus": "AAV-tdTomato"}),
        ("Golgi", "window implant", datetime(2025, 6, 12, 11), {"kind": "clear skull"}),
        ("Golgi", "perfusion", datetime(2025, 10, 28, 11), {"fixative": "PFA 4%"}),
        ("Nissl", "injection", datetime(2025, 11, 17, 14), {"virus": "AAV-GCaMP8m"}),
        ("Nissl", "window implant", datetime(2025, 12, 1, 14), {"diameter_mm": 4}),
        ("Nissl", "handling", datetime(2026, 1, 8, 9), {"minutes": 10}),
    ]
    for probe, (subject, when) in PROBE_INSERTIONS.items():
        planned.append((subject, "probe insertion", when, {"dye": "DiI", "id": probe}))
        out = when + timedelta(hours=3)
        planned.append((subject, "probe extraction", out, {"id": probe}))
    keeper = {s.name: s.keeper for s in SUBJECTS}
    rows = []
    for subject, kind, when, details in planned:
        before = [w for w in weights[subject] if w["weighing_datetime"] <= when]
        rows.append(
            {
                "subject_name": subject,
                "procedure_type": kind,
                "procedure_datetime": when,
                "user_name": keeper[subject],
                "procedure_metadata": details,
                "weighing_datetime": before[-1]["weighing_datetime"]
                if before
                else None,
                **_no_note(),
            }
        )
    return rows
