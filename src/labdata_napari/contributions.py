"""What napari calls: readers, writers and sample data, importing only when called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.types import LayerData


def get_reader(
    path: str | Sequence[str],
) -> Callable[[str | Sequence[str]], list[LayerData]] | None:
    """Return a reader for stacks that napari opens wrongly or not at all.

    Parameters
    ----------
    path
        File, or several. TIFFs are taken only where labdata wrote them: they are named
        OME-TIFF but are ImageJ files without a physical size.

    Returns
    -------
    callable or None
        None leaves the file to napari's own readers.
    """
    from labdata_napari.layers.reading import is_ours, read_layers

    paths = [path] if isinstance(path, str) else list(path)
    return read_layers if all(is_ours(p) for p in paths) else None


def get_annotation_reader(
    path: str | Sequence[str],
) -> Callable[[str | Sequence[str]], list[LayerData]] | None:
    """Return a reader for tables and JSON of annotations that we wrote.

    Parameters
    ----------
    path
        File, or several.

    Returns
    -------
    callable or None
        None leaves the file to others.
    """
    from labdata_napari.layers.track_files import is_ours, read_layers

    paths = [path] if isinstance(path, str) else list(path)
    return read_layers if all(is_ours(p) for p in paths) else None


def write_annotations(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write the annotations of a Points layer, as the ending of the name says.

    ``.csv``, ``.json``, ``xyz_picks….json`` for the IBL's tools, ``.npy`` for
    brainrender.

    Returns
    -------
    list of str
        The files that were written.
    """
    from labdata_napari.layers.track_files import write_layer

    return write_layer(path, data, attributes)


def get_label_reader(
    path: str | Sequence[str],
) -> Callable[[str | Sequence[str]], list[LayerData]] | None:
    """Return a reader for labels of DeepLabCut and Lightning Pose.

    Parameters
    ----------
    path
        ``CollectedData`` or ``machinelabels`` files, or folders that hold such.

    Returns
    -------
    callable or None
        None leaves the file to others.
    """
    from labdata_napari.layers.label_files import is_ours, read_layers

    paths = [path] if isinstance(path, str) else list(path)
    return read_layers if all(is_ours(p) for p in paths) else None


def write_labels(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write the labels of a Points layer as DeepLabCut's ``.h5`` or ``.csv``.

    Returns
    -------
    list of str
        The file that was written.
    """
    from labdata_napari.layers.label_files import write_layer

    return write_layer(path, data, attributes)


def coronal_sample() -> list[LayerData]:
    """Return the demo lab's coronal brain at half size, painted as it is looked at."""
    return _sample("coronal")


def horizontal_sample() -> list[LayerData]:
    """Return the demo lab's horizontal brain at half size."""
    return _sample("horizontal")


def _sample(which: str) -> list[LayerData]:
    from labdata_napari.demo.sample import sample_stack
    from labdata_napari.layers.images import image_layers

    return list(image_layers(sample_stack(which), f"Demo brain ({which})"))
