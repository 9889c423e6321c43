"""Parts of HDF5 files from anywhere: what lies in the file itself, and no more of it.

A file may name others, by links, as the place of its numbers, or as pieces of a virtual
array, and may claim to hold more than any memory: whoever follows it reads what the
person who made it chose.
"""

from __future__ import annotations

from typing import Any


def own_members(group: Any) -> dict[str, Any]:
    """Return the members of a group that are not in another file, by name."""
    return {name: group[name] for name in group if _is_own(group, name)}


def member(group: Any, name: str) -> Any:
    """Return a member of a group.

    Raises
    ------
    KeyError
        When there is none.
    ValueError
        When it is in another file.
    """
    if name not in group:
        raise KeyError(f"it has no {name!r}")
    if not _is_own(group, name):
        raise ValueError(f"its {name!r} is elsewhere")
    return group[name]


def own_values(node: Any, most_bytes: int) -> Any:
    """Read all of a dataset, as an array.

    Raises
    ------
    ValueError
        When it is none, takes more than `most_bytes`, or its values are in other files.
    """
    import h5py

    if not isinstance(node, h5py.Dataset):
        raise ValueError(f"'{node.name}' holds no values")
    if node.external or node.is_virtual:
        raise ValueError(f"the values of '{node.name}' are in other files")
    if node.size is None or node.size * node.dtype.itemsize > most_bytes:
        raise ValueError(f"'{node.name}' is too large: {node.shape}")
    return node[()]


def check_whole(file: Any, most_bytes: int) -> None:
    """See that nothing in a file leads out of it, before another package reads it.

    Raises
    ------
    ValueError
        When something does, or a dataset takes more than `most_bytes`.
    """
    import h5py

    def look(name: str, link: Any) -> str | None:  # what it returns ends the visit
        if isinstance(link, h5py.ExternalLink):
            return f"its {name!r} is elsewhere"
        node = file[name] if isinstance(link, h5py.HardLink) else None
        if not isinstance(node, h5py.Dataset):
            return None
        if node.external or node.is_virtual:
            return f"the values of '{node.name}' are in other files"
        if (node.size or 0) * node.dtype.itemsize > most_bytes:
            return f"'{node.name}' is too large: {node.shape}"
        return None

    wrong = file.visititems_links(look)
    if wrong:
        raise ValueError(wrong)


def _is_own(group: Any, name: str) -> bool:
    import h5py

    return isinstance(group.get(name, getlink=True), h5py.HardLink)
