"""Two tables of ours beside a lab's label sets, where somebody had them made.

labdata's tables keep x, y and z of a label. Whether it is hidden, who put it there,
when and how, and how body parts hang together, is kept here. The names begin with
``~``, as those of DataJoint's own tables: neither it nor labdata looks at them, and no
foreign key stands in the way of their deletes. So a row may outlive its label; it
says where that was, and counts only while it is there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labdata_napari.core.pose import FrameKey
from labdata_napari.core.pose_detail import Detail
from labdata_napari.core.pose_draft import State
from labdata_napari.core.pose_skeleton import Skeleton
from labdata_napari.errors import InvalidValue
from labdata_napari.lab.address import is_embedded
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.pose_sql import NUM, PLACE, at_places, parts, put
from labdata_napari.lab.privileges import may_change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labdata_napari.core.pose_draft import Place

SCOPE = "computed"
LABELS = "~napari_label"
SKELETONS = "~napari_skeleton"
POSE_TABLES = (LABELS, SKELETONS)

_VALUES = ("state", "source", "x", "y", "user_name", "edited_at")


def are_shared(lab: Any) -> bool:
    """Whether the lab has both tables, and shows them to this user."""
    return all(lab.tables.shows(SCOPE, name) for name in POSE_TABLES)


def are_written(lab: Any) -> bool:
    """Whether they are shared, and this user may change what is in them."""
    if not are_shared(lab):
        return False
    if lab.read_only:  # which each write says by itself
        return True
    return may_change(lab.connection, lab.tables.schemas[SCOPE], POSE_TABLES)


def make_tables(lab: Any) -> bool:
    """Make those of the tables that are not there; who may use labels may use them.

    Returns
    -------
    bool
        Whether anything was made.

    Raises
    ------
    WriteRefused
        When this user may not make tables.
    """
    missing = [name for name in POSE_TABLES if not lab.tables.shows(SCOPE, name)]
    with translate_errors("Making the tables for details of labels"):
        for name in missing:
            columns = _label_columns(lab) if name == LABELS else _skeleton_columns()
            full = _full(lab, name)
            lab.connection.query(f"CREATE TABLE IF NOT EXISTS {full} ({columns})")
            _share(lab, full)
            lab.tables.learn(SCOPE, name)
    return bool(missing)


def make_own_tables(lab: Any) -> None:
    """Make them in an embedded lab, which is this person's own."""
    if is_embedded(lab.url) and not lab.read_only:
        make_tables(lab)


def read_details(lab: Any, num: int) -> dict[Place, Detail]:
    """Read what is kept of the labels of a set, whether they are still there or not.

    Of those that somebody removed with this program, nothing is.
    """
    return _details(lab, f"{NUM} = %s AND state <> %s", (num, int(State.ABSENT)))


def lock_details(lab: Any, num: int, places: Sequence[Place]) -> dict[Place, Detail]:
    """Read what is kept at some places, as it is now; within a transaction.

    Locked, as MySQL else shows what was there when the transaction began. A statement
    for 500 places.
    """
    found = {}
    for part in parts(places):
        where, values = at_places(num, part)
        found.update(_details(lab, f"{where} FOR UPDATE", values))
    return found


def _details(lab: Any, where: str, values: tuple[Any, ...]) -> dict[Place, Detail]:
    names = ", ".join((*PLACE, *_VALUES))
    rows = lab.connection.query(
        f"SELECT {names} FROM {_full(lab, LABELS)} WHERE {where}", values
    ).fetchall()
    found = {}
    for *frame, number, part, state, source, x, y, user, when in rows:
        place = FrameKey._make((*map(str, frame), int(number))), str(part)
        found[place] = Detail(State(int(state)), int(source), x, y, str(user), when)
    return found


def write_details(lab: Any, num: int, details: Mapping[Place, Detail]) -> None:
    """Keep details in the place of those that are there; within a transaction.

    A statement for 500 labels. Of a label that is gone, that it is so: to delete its
    row would be one statement more.
    """
    rows = [
        (num, *frame, name, int(d.state), d.source, d.x, d.y, d.user, d.when)
        for (frame, name), d in details.items()
    ]
    put(lab, _full(lab, LABELS), _VALUES, rows)


def read_skeleton(lab: Any, num: int) -> Skeleton | None:
    """Read the skeleton of a set; None where there is none, or it is damaged."""
    rows = lab.connection.query(
        f"SELECT skeleton FROM {_full(lab, SKELETONS)} WHERE {NUM} = %s", (num,)
    ).fetchall()
    for (text,) in rows:
        try:
            return Skeleton.from_json(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError, InvalidValue):
            return None
    return None


def write_skeleton(lab: Any, num: int, skeleton: Skeleton) -> None:
    """Keep a skeleton in the place of the one that is there; within a transaction."""
    full = _full(lab, SKELETONS)
    lab.connection.query(f"DELETE FROM {full} WHERE {NUM} = %s", (num,))
    text = json.dumps(skeleton.to_json())
    lab.connection.query(
        f"INSERT INTO {full} ({NUM}, skeleton) VALUES (%s, %s)", (num, text)
    )


def forget_set(lab: Any, num: int) -> None:
    """Remove what an earlier set of that number left; within a transaction."""
    for name in POSE_TABLES:
        lab.connection.query(f"DELETE FROM {_full(lab, name)} WHERE {NUM} = %s", (num,))


def _label_columns(lab: Any) -> str:
    # as wide as those of the labels, whatever labdata made them
    heading = lab.PoseEstimationLabelSet.Label.heading.attributes
    kinds = {"frame_num": "int"}
    place = [f"{n} {kinds.get(n) or heading[n].type} NOT NULL" for n in PLACE]
    number = "double precision"
    mysql = lab.connection.adapter.backend == "mysql"
    time = "datetime" if mysql else "timestamp"  # MySQL's timestamp changes by itself
    return ", ".join(
        (
            f"{NUM} int NOT NULL",
            *place,
            "state smallint NOT NULL",
            "source int NOT NULL",
            f"x {number} NULL",
            f"y {number} NULL",
            "user_name varchar(64) NOT NULL",
            f"edited_at {time} NOT NULL",
            f"PRIMARY KEY ({', '.join((NUM, *PLACE))})",
        )
    )


def _skeleton_columns() -> str:
    return f"{NUM} int NOT NULL PRIMARY KEY, skeleton text NOT NULL"


def _share(lab: Any, table: str) -> None:
    """Let those use a new table who may use labels; MySQL grants by database."""
    if lab.connection.adapter.backend != "postgresql":
        return
    labels = lab.PoseEstimationLabelSet.Label
    rows = lab.connection.query(
        "SELECT grantee, privilege_type FROM information_schema.role_table_grants "
        "WHERE table_schema = %s AND table_name = %s AND grantee <> current_user "
        "AND privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')",
        (labels.database, labels.table_name),
    ).fetchall()
    quote = lab.connection.adapter.quote_identifier
    for grantee, right in rows:
        who = "PUBLIC" if grantee == "PUBLIC" else quote(grantee)
        lab.connection.query(f"GRANT {right} ON {table} TO {who}")


def _full(lab: Any, table: str) -> str:
    schema = lab.tables.schemas[SCOPE]
    name: str = lab.connection.adapter.make_full_table_name(schema, table)
    return name
