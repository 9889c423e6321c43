"""How inner loops are compiled. Imported only where numba is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba

if TYPE_CHECKING:
    from collections.abc import Callable


def compiled(function: Callable[..., Any]) -> Any:
    """Compile on first use; keep the result on disk where there is room for it.

    What is kept is used as long as the function's own file is the same. So all that
    is compiled into it, numbers too, must be in that file or come as an argument;
    a change of the options below needs a change of those files.
    """
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # neither the package nor the home folder can be written
        return numba.njit(nogil=True)(function)
