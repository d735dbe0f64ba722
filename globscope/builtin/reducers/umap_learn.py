"""umap-learn as its authors wrote it, but compiled once for all processes, and with a faster search in its inverse.

Both reach into umap-learn's internals and change no bit of a result. Internals that are not as expected stay as they
are, and `load` returns the reason.
"""

import hashlib
import inspect
import os
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import platformdirs

# Digest of the source of umap-learn's `breadth_first_search`, for which `quick_search` was written.
SEARCH = "229b754c9782d542f955aba6c65b8d0f9844501c3ccbd684ba4af9c7212f30c7"
ENVIRONMENT = "NUMBA_CACHE_DIR"


@cache
def load() -> tuple[type, str]:
    """Return the class `UMAP`, and why not all of it is fast; empty if it is."""
    import umap

    reasons = [reason for change in (_keep_compiled, _search_quickly) if (reason := change(umap))]
    return umap.UMAP, "; ".join(reasons)


def cache_folder() -> Path:
    """Return where compiled functions are kept: a folder for each combination of versions and place of installation."""
    distributions = ("umap-learn", "pynndescent", "numba", "llvmlite", "numpy")
    parts = [*(f"{name} {version(name)}" for name in distributions), sys.version, sys.prefix]
    name = f"umap-learn-{version('umap-learn')}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:12]}"
    chosen = os.environ.get(ENVIRONMENT)
    return (Path(chosen) if chosen else platformdirs.user_cache_path("globscope") / "compiled") / name


def compiled_mark() -> Path:
    """Return the file that is there if a process has compiled all that a chart calls."""
    return cache_folder() / "complete"


def is_compiled() -> bool:
    """Return whether that file is there; it is not in a folder that this user may not look into."""
    try:
        return compiled_mark().exists()
    except OSError:
        return False


@contextmanager
def _numba_cache(folder: Path) -> Iterator[None]:
    """Let numba keep there what is marked for keeping in this context."""
    from numba import config

    settings: Any = config
    before, settings.CACHE_DIR = settings.CACHE_DIR, str(folder)
    try:
        yield
    finally:
        settings.CACHE_DIR = before


def _keep_compiled(umap: Any) -> str:
    """Have numba keep compiled functions on disk; return why that is not possible."""
    from numba.core.dispatcher import Dispatcher

    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with _numba_cache(folder):
            for module in (umap.umap_, umap.layouts, umap.distances, umap.utils):
                for function in vars(module).values():
                    if isinstance(function, Dispatcher) and not function.signatures:
                        function.enable_caching()
            _keep_inverse(umap)
    except Exception as error:  # noqa: BLE001 - internals may fail in any way, and nothing depends on this
        return f"functions are compiled in every process: {type(error).__name__}: {error}"
    return ""


def _keep_inverse(umap: Any) -> None:
    """Do likewise with the function that the inverse would compile in every call."""
    import numba

    layouts = umap.layouts
    epoch = layouts._optimize_layout_inverse_single_epoch
    # It is called with this function, whose identity is part of its signature and otherwise random.
    umap.distances.euclidean_grad._set_uuid("globscope: umap.distances.euclidean_grad")
    kept = numba.njit(epoch, fastmath=True, cache=True)

    def njit(*arguments: Any, **options: Any) -> Any:
        if arguments == (epoch,) and options == {"fastmath": True}:
            return kept
        return numba.njit(*arguments, **options)

    # A module, because numba looks up `numba.prange` in it.
    layouts.numba = ModuleType("numba")
    vars(layouts.numba).update(vars(numba), njit=njit)


def _search_quickly(umap: Any) -> str:
    """Replace the search of the inverse by an equal one; return why that is not possible."""
    try:
        source = inspect.getsource(umap.umap_.breadth_first_search)
    except (AttributeError, OSError, TypeError):  # it is gone, or there is no source of it
        source = ""
    if hashlib.sha256(source.encode()).hexdigest() != SEARCH:
        return f"the inverse uses umap-learn's own search, which in {version('umap-learn')} is another than expected"
    umap.umap_.breadth_first_search = QuickSearch()
    return ""


class QuickSearch:
    """umap-learn's `breadth_first_search` with lists of neighbours, once for each start.

    umap-learn searches a sparse matrix again for every decoded point, although the points start from few members.
    """

    def __init__(self) -> None:
        """Know no graph yet."""
        self._graph: tuple[Any, list[list[int]], dict[tuple[int, int], np.ndarray]] = (None, [], {})

    def __call__(self, adjmat: Any, start: int, min_vertices: int) -> np.ndarray:
        """Return the vertices near the start in the order in which they are found."""
        if adjmat is not self._graph[0]:
            ends = zip(adjmat.indptr[:-1], adjmat.indptr[1:], strict=True)
            self._graph = adjmat, [adjmat.indices[first:last].tolist() for first, last in ends], {}
        _, neighbours, explored = self._graph
        key = int(start), int(min_vertices)
        if key not in explored:
            explored[key] = np.array(explore(neighbours, *key), adjmat.indices.dtype)
        return explored[key].copy()


def explore(neighbours: list[list[int]], start: int, least: int) -> list[int]:
    """Return the vertices near the start, level by level, until more than so many are explored."""
    explored, queue, levels, last = [], deque([start]), {start: 0}, np.inf
    while queue:
        node = queue.popleft()
        explored.append(node)
        if last == np.inf and len(explored) > least:
            last = max(levels.values())
        if levels[node] + 1 < last:
            found = [one for one in neighbours[node] if one not in levels]
            queue.extend(found)
            levels.update(dict.fromkeys(found, levels[node] + 1))
    return explored
