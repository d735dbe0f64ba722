"""A population on disk: an index of the members' checkpoints, or one matrix where those must be converted."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import asdict

from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.open_network import open_network
from globscope.reading import map_npy
from globscope.roles import Probe
from globscope.store import announce, read_arrays, read_json, write_arrays, write_json
from globscope.values.chart import Progress
from globscope.values.members import Layout, Member, Population
from globscope.values.rows import Rows

WEIGHTS, INDEX, BUFFERS = "weights.npy", "members.json", "buffers.safetensors"
# Attributes of a member that are not plain values.
APART = ("buffers", "recorded", "figures", "origin")


def save_index(folder: Path, files: Sequence[CheckpointFile], probe: Probe, progress: Progress) -> None:
    """Write the index of checkpoints; weights are copied only where their format or precision requires it.

    Names and shapes of all files are checked before any values.

    Raises:
        PopulationError: A file does not fit the model.
    """
    mappable = [open_network(file, probe).in_file for file in files]
    mapped = all(mappable)
    index = _IndexWriter(folder, probe.layout)
    matrix = None if mapped else _matrix(folder, len(files), probe.layout)
    for row, file in enumerate(files):
        opened = open_network(file, probe).require_finite()
        index.add(opened.member)
        if matrix is not None:
            matrix[row] = opened.flat()
        progress(row + 1, len(files))
    index.write([str(file.path.resolve()) for file in files] if mapped else None)


def save_matrix(folder: Path, layout: Layout, count: int, members: Iterable[tuple[Member, np.ndarray]]) -> None:
    """Write `count` members one at a time, so that only one is in memory; the index is written last."""
    matrix, index = _matrix(folder, count, layout), _IndexWriter(folder, layout)
    for row, (member, vector) in enumerate(members):
        matrix[row] = vector
        index.add(member)
    matrix.flush()
    index.write(None)


def save_blocks(
    folder: Path, layout: Layout, members: Sequence[Member], blocks: Iterable[tuple[slice, np.ndarray]]
) -> None:
    """Write members whose weights come as blocks of columns, one at a time; the index is written last."""
    matrix, index = _matrix(folder, len(members), layout), _IndexWriter(folder, layout)
    for columns, values in blocks:
        matrix[:, columns] = values
    matrix.flush()
    for member in members:
        index.add(member)
    index.write(None)


def _matrix(folder: Path, count: int, layout: Layout) -> np.memmap[Any, Any]:
    announce(folder / WEIGHTS)
    return np.lib.format.open_memmap(folder / WEIGHTS, mode="w+", dtype=np.float32, shape=(count, layout.size))


class _IndexWriter:
    """Collects members without their weights, and writes them."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        self.folder, self.layout = folder, layout
        self.members: list[dict[str, Any]] = []
        self.buffers: dict[str, np.ndarray] = {}
        self.keys: dict[Any, str] = {}

    def add(self, member: Member) -> None:
        plain = asdict(member, filter=lambda attribute, _: attribute.name not in APART)
        buffers = {name: self._buffer_key(name, array) for name, array in member.buffers.items()}
        self.members.append(plain | {"recorded": dict(member.recorded), "buffers": buffers})

    def _buffer_key(self, name: str, array: np.ndarray) -> str:
        """Return a buffer's name in the file; equal buffers of several members are stored once."""
        content = (name, str(array.dtype), array.shape, hashlib.blake2b(np.ascontiguousarray(array).data).digest())
        if content not in self.keys:
            self.keys[content] = f"{len(self.members)}/{name}"
            self.buffers[self.keys[content]] = np.array(array)
        return self.keys[content]

    def write(self, files: list[str] | None) -> None:
        if self.buffers:
            write_arrays(self.folder / BUFFERS, self.buffers)
        write_json(self.folder / INDEX, {"members": self.members, "layout": asdict(self.layout), "files": files})


def load_population(
    folder: Path, key: str, files: Sequence[CheckpointFile] = (), probe: Probe | None = None
) -> Population:
    """Return a saved population, memory-mapped; checkpoints are read from `files`, since they may have moved."""
    index = read_json(folder / INDEX)
    layout = index["layout"]
    buffers = read_arrays(folder / BUFFERS) if (folder / BUFFERS).exists() else {}
    members = [_member(plain, buffers) for plain in index["members"]]
    weights = map_npy(folder / WEIGHTS) if index["files"] is None else _rows(files, probe, layout["names"])
    population = Population(
        members=tuple(members),
        weights=weights,
        layout=Layout(names=tuple(layout["names"]), shapes=tuple(map(tuple, layout["shapes"]))),
        keys=tuple(f"{key}/{row}" for row in range(len(members))),
    )
    # No stage has figures: a table may change what it says of networks that stay the same.
    return population.with_figures(file.figures for file in files) if files else population


def _member(plain: Mapping[str, Any], buffers: Mapping[str, np.ndarray]) -> Member:
    """Return a member of the index; buffers that several members share are one array in memory too."""
    held = {name: buffers[key] for name, key in plain["buffers"].items()}
    lists = {name: tuple(plain[name]) for name in ("parents", "lacking")}
    return Member(**dict(plain) | lists | {"buffers": held})


def _rows(files: Sequence[CheckpointFile], probe: Probe | None, names: Sequence[str]) -> Rows:
    assert probe is not None
    opened = [open_network(file, probe) for file in files]
    return Rows([one.parts for one in opened], [one.row if one.in_file else None for one in opened], names)
