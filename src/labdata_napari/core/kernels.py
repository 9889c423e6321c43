"""Which implementation of the inner loops a transform uses."""

from __future__ import annotations

import functools
import importlib.util
import logging
import threading
from typing import TYPE_CHECKING, Any, Protocol, cast

from labdata_napari.core import kernels_numpy
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from labdata_napari.core.interpolate import Grid

ENGINES = ("numpy", "numba", "gpu")
# Loading compiled code takes a second: less than this is done sooner without.
_WORTH_LOADING = 256 << 20

_log = logging.getLogger(__name__)


class Kernels(Protocol):
    """The inner loops; see `kernels_numpy` for what each does."""

    @property
    def WHOLE_WINDOWS(self) -> bool: ...  # noqa: D102  a constant of modules

    def reduce_frame(  # noqa: D102
        self, frame: NDArray[Any], y_matrix: Any, x_matrix: Any, dtype: np.dtype[Any]
    ) -> NDArray[Any]: ...

    def add_weighted(  # noqa: D102
        self, total: NDArray[Any], part: NDArray[Any], weight: float
    ) -> None: ...

    def plane_coefficients(  # noqa: D102
        self, plane: NDArray[Any], along_y: bool, along_x: bool
    ) -> NDArray[Any]: ...

    def coefficients(  # noqa: D102
        self, values: NDArray[Any], axis: int, cut: tuple[bool, bool] = (False, False)
    ) -> NDArray[Any]: ...

    def sample(self, data: NDArray[Any], grid: Grid, out: NDArray[Any]) -> None: ...  # noqa: D102

    def zoom_frames(  # noqa: D102
        self, frames: NDArray[Any], y_step: float, x_step: float, out: NDArray[Any]
    ) -> None: ...

    def blend(  # noqa: D102
        self,
        first: NDArray[Any],
        second: NDArray[Any],
        weight: float,
        out: NDArray[Any],
    ) -> None: ...

    def turn(  # noqa: D102
        self,
        data: NDArray[Any],
        first: tuple[int, int],
        matrix: NDArray[np.float64],
        offset: NDArray[np.float64],
        full: tuple[int, int],
        start: tuple[int, int],
        out: NDArray[Any],
    ) -> None: ...


def choose(engine: str | None = None, input_bytes: int = 0) -> Kernels:
    """Give the fastest implementation there is; the numbers do not depend on it.

    Parameters
    ----------
    engine
        One of `ENGINES`, loaded before this returns; None for the best. That may go on
        loading in another thread: until it is there NumPy's does the work.
    input_bytes
        How much is going to be read.

    Raises
    ------
    InvalidValue
        When an engine is asked for by name and cannot be had.
    """
    if engine is None:
        if input_bytes < _WORTH_LOADING:
            return loaded()
        return _card() or _soon_compiled()
    if engine not in ENGINES:
        raise InvalidValue(
            f"There is no engine {engine!r}; choose one of {', '.join(ENGINES)}."
        )
    if engine == "numpy":
        return kernels_numpy
    found, extra = (_card(), "gpu") if engine == "gpu" else (_compiled(), "fast")
    if found is None:
        raise InvalidValue(
            f"The engine {engine} cannot be had here; install it with "
            f'"pip install labdata-napari[{extra}]".'
        )
    return found


def loaded() -> Kernels:
    """Give the fastest implementation that is there without waiting or loading."""
    there = _load_compiled.cache_info().currsize > 0
    return (_load_compiled() if there else None) or kernels_numpy


def is_compiled() -> bool:
    """Tell whether the compiled kernels are there already."""
    return loaded() is not kernels_numpy


def will_compile(input_bytes: int) -> bool:
    """Tell, without loading them, whether the compiled kernels do some work.

    Parameters
    ----------
    input_bytes
        As for `choose`, when no engine is asked for by name.
    """
    if _load_compiled.cache_info().currsize > 0:
        return _load_compiled() is not None
    worth = input_bytes >= _WORTH_LOADING
    return worth and importlib.util.find_spec("numba") is not None


def rounding(input_bytes: int) -> str:
    """Name what the last bits of a result depend on: "cpu", or "gpu" on a card.

    Parameters
    ----------
    input_bytes
        As for `choose`, when no engine is asked for by name.
    """
    on_card = input_bytes >= _WORTH_LOADING and _card() is not None
    return "gpu" if on_card else "cpu"


class _Soon:
    """NumPy's inner loops, and the compiled ones as soon as these are loaded."""

    def __getattr__(self, name: str) -> Any:
        return getattr(loaded(), name)


@functools.cache
def _soon_compiled() -> Kernels:
    """Load the compiled kernels beside the work; it takes about two seconds."""
    threading.Thread(target=_compiled, name="load numba").start()
    return cast("Kernels", _Soon())


@functools.cache
def _card() -> Kernels | None:
    """Find a graphics card once."""
    from labdata_napari.core import kernels_gpu

    return kernels_gpu.load(_soon_compiled)


_loading = threading.Lock()


def _compiled() -> Kernels | None:
    """Give the compiled kernels, loaded once, if they work here."""
    with _loading:
        return _load_compiled()


@functools.cache
def _load_compiled() -> Kernels | None:
    try:
        from labdata_napari.core import kernels_numba
    except ImportError:
        return None
    try:
        kernels_numba.load()
    except Exception as error:  # noqa: BLE001  whatever a compiler may not like here
        _log.warning("Transforms go on without numba: %s", error)
        return None
    return kernels_numba
