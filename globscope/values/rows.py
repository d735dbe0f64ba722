"""A population's weights in the files that hold them, used as one matrix without a copy."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from globscope.values.arrays import column_blocks


class Part(Protocol):
    """A flat tensor of which only what is read need be in memory: an array, or what forms its weights from others."""

    def __len__(self) -> int:
        """Count the weights."""
        ...

    def __getitem__(self, inside: slice, /) -> np.ndarray:
        """Return some consecutive weights."""
        ...


Source = Callable[[], Sequence[Part]]


class Rows(NDArrayOperatorsMixin):
    """A read-only (N, D) float32 matrix whose rows are memory-mapped files, tensor by tensor.

    `weights[rows]`, `weights[:, columns]` and `coefficients @ weights` read only what they need. Everything else that
    numpy can do with an array works too, on a copy of the whole matrix.

    Attributes:
        parts: The flat tensors of each row, in the order of the layout; their lengths are the same in all rows.
        sources: What maps the tensors of each row again, in another process; None for a row that has no file.
        names: The names of the tensors; empty where nobody asks for one.
    """

    dtype = np.dtype(np.float32)
    ndim = 2

    def __init__(
        self, parts: Sequence[Sequence[Part]], sources: Sequence[Source | None] = (), names: Sequence[str] = ()
    ) -> None:
        """Keep the tensors, without a copy."""
        self.parts = tuple(tuple(row) for row in parts)
        self.sources = tuple(sources) or (None,) * len(self.parts)
        self.names = tuple(names)
        self._ends = np.cumsum([0, *(len(part) for part in self.parts[0])])

    @property
    def shape(self) -> tuple[int, int]:
        """(N, D)."""
        return len(self.parts), int(self._ends[-1])

    @property
    def columns(self) -> list[slice]:
        """The columns of each tensor."""
        return [slice(int(start), int(stop)) for start, stop in pairwise(self._ends)]

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.parts)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield one row after another."""
        return (self[row] for row in range(len(self)))

    def __getitem__(self, key: Any) -> np.ndarray:
        """Return rows, or (rows, columns), as a new array; columns are a slice without a step."""
        row_key, part = key if isinstance(key, tuple) else (key, slice(None))
        rows = np.arange(len(self))[row_key]
        values = self._gather(np.atleast_1d(rows), *part.indices(self.shape[1])[:2])
        return values[0] if rows.ndim == 0 else values

    def take(self, rows: Sequence[int]) -> "Rows":
        """Return some rows, without a copy."""
        return Rows([self.parts[row] for row in rows], [self.sources[row] for row in rows], self.names)

    def concatenate(self, later: "Weights") -> "Rows":
        """Return these rows followed by those of an array or of other files; no copy where the tensors are the same."""
        same = isinstance(later, Rows) and np.array_equal(later._ends, self._ends)
        further = later.parts if isinstance(later, Rows) and same else [self._cut(row) for row in later]
        sources = later.sources if isinstance(later, Rows) and same else (None,) * len(later)
        return Rows([*self.parts, *further], [*self.sources, *sources], self.names)

    def __reduce__(self) -> Any:
        """Pickle the rows of files as these files, not as their bytes."""
        rows = [source or parts for source, parts in zip(self.sources, self.parts, strict=True)]
        return _map_rows, (rows, self.names)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Return a copy of the whole matrix."""
        if copy is False:
            raise ValueError("a matrix that lies in several files has no array without a copy")
        return self[:].astype(dtype or self.dtype, copy=False)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Return the result of a numpy function: a product with coefficients block by block, others on a copy."""
        if ufunc is np.matmul and method == "__call__" and inputs[1] is self and not options:
            return self._combine(np.asarray(inputs[0]))
        dense = (np.asarray(value) if isinstance(value, Rows) else value for value in inputs)
        return getattr(ufunc, method)(*dense, **options)

    def __getattr__(self, name: str) -> Any:
        """Return an array's method or attribute, of a copy."""
        if name.startswith("_") or name in ("parts", "sources", "names", "columns"):
            raise AttributeError(name)
        return getattr(np.asarray(self), name)

    def _cut(self, row: np.ndarray) -> list[np.ndarray]:
        return [row[columns] for columns in self.columns]

    def _gather(self, rows: np.ndarray, start: int, stop: int) -> np.ndarray:
        gathered = np.empty((len(rows), max(stop - start, 0)), self.dtype)
        first = int(np.searchsorted(self._ends, start, "right")) - 1
        last = int(np.searchsorted(self._ends, stop, "left"))
        for part in range(first, last):
            low, high = max(self._ends[part], start), min(self._ends[part + 1], stop)
            inside = slice(low - self._ends[part], high - self._ends[part])
            for number, row in enumerate(rows):
                gathered[number, low - start : high - start] = self.parts[row][part][inside]
        return gathered

    def _combine(self, shares: np.ndarray) -> np.ndarray:
        product = np.empty((*shares.shape[:-1], self.shape[1]), np.result_type(shares, self.dtype))
        for block in column_blocks(self.shape[1], len(self)):
            np.matmul(shares, self[:, block], out=product[..., block])
        return product


def _map_rows(rows: Sequence[Source | tuple[Part, ...]], names: Sequence[str]) -> Rows:
    """Return rows that were pickled: some as what maps them again, some as their tensors."""
    parts = [row() if callable(row) else row for row in rows]
    return Rows(parts, [row if callable(row) else None for row in rows], names)


Weights = np.ndarray | Rows
"""(N, D) weights of networks: in memory, or in their files."""


def named_columns(weights: Weights, name: str) -> slice | None:
    """Return the columns of a tensor; None where the matrix does not know its name."""
    if not isinstance(weights, Rows) or name not in weights.names:
        return None
    return weights.columns[weights.names.index(name)]
