"""A population on disk: an index of the members' files, or one matrix where they cannot serve as they are."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import asdict

from globscope.population.find import Found
from globscope.population.member import Opened, opened
from globscope.reading import map_npy
from globscope.roles import Probe
from globscope.store import announce, read_arrays, read_json, write_arrays, write_json
from globscope.values.chart import Progress
from globscope.values.members import Layout, Member, Population
from globscope.values.rows import Rows

WEIGHTS, INDEX, BUFFERS = "weights.npy", "members.json", "buffers.safetensors"
APART = ("buffers", "recorded", "origin")


def gather(folder: Path, found: Sequence[Found], probe: Probe, progress: Progress) -> None:
    """Write the index of checkpoints; their weights are copied only where their format or precision asks for that.

    Names and shapes of all are looked at before the values of any.

    Raises:
        PopulationError: A file does not fit the model.
    """
    mapped = not [one for one in found if not opened(one, probe).mapped]
    index = _Index(folder, probe.layout)
    matrix = None if mapped else _matrix(folder, len(found), probe.layout)
    for row, one in enumerate(found):
        whole = opened(one, probe).checked()
        index.add(whole.member)
        if matrix is not None:
            matrix[row] = whole.flat()
        progress(row + 1, len(found))
    index.write([str(one.path.resolve()) for one in found] if mapped else None)


def save(folder: Path, layout: Layout, count: int, members: Iterable[tuple[Member, np.ndarray]]) -> None:
    """Write `count` members as they come, so that only one is in memory; the index is written last."""
    matrix, index = _matrix(folder, count, layout), _Index(folder, layout)
    for row, (member, vector) in enumerate(members):
        matrix[row] = vector
        index.add(member)
    matrix.flush()
    index.write(None)


def _matrix(folder: Path, count: int, layout: Layout) -> np.memmap[Any, Any]:
    announce(folder / WEIGHTS)
    return np.lib.format.open_memmap(folder / WEIGHTS, mode="w+", dtype=np.float32, shape=(count, layout.size))


class _Index:
    """Members without their weights."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        self.folder, self.layout = folder, layout
        self.members: list[dict[str, Any]] = []
        self.buffers: dict[str, np.ndarray] = {}
        self.known: dict[Any, str] = {}

    def add(self, member: Member) -> None:
        plain = asdict(member, filter=lambda attribute, _: attribute.name not in APART)
        buffers = {name: self._kept(name, array) for name, array in member.buffers.items()}
        self.members.append(plain | {"recorded": dict(member.recorded), "buffers": buffers})

    def _kept(self, name: str, array: np.ndarray) -> str:
        """Return the key of a buffer in the file; equal ones of several members have one."""
        content = (name, str(array.dtype), array.shape, hashlib.blake2b(np.ascontiguousarray(array).data).digest())
        if content not in self.known:
            self.known[content] = f"{len(self.members)}/{name}"
            self.buffers[self.known[content]] = np.array(array)
        return self.known[content]

    def write(self, files: list[str] | None) -> None:
        if self.buffers:
            write_arrays(self.folder / BUFFERS, self.buffers)
        write_json(self.folder / INDEX, {"members": self.members, "layout": asdict(self.layout), "files": files})


def load(folder: Path, identity: str, found: Sequence[Found] = (), probe: Probe | None = None) -> Population:
    """Return a saved population, its weights memory-mapped; of checkpoints, whose files may have moved, with these."""
    index = read_json(folder / INDEX)
    layout = index["layout"]
    buffers = read_arrays(folder / BUFFERS) if (folder / BUFFERS).exists() else {}
    members = [_member(one, buffers) for one in index["members"]]
    held = map_npy(folder / WEIGHTS) if index["files"] is None else _rows(found, probe)
    return Population(
        members=tuple(members),
        weights=held,
        layout=Layout(names=tuple(layout["names"]), shapes=tuple(map(tuple, layout["shapes"]))),
        keys=tuple(f"{identity}/{row}" for row in range(len(members))),
    )


def _member(plain: Mapping[str, Any], buffers: Mapping[str, np.ndarray]) -> Member:
    """Return a member of the index; buffers that several have in common are one array in memory too."""
    own = {name: buffers[key] for name, key in plain["buffers"].items()}
    lists = {name: tuple(plain[name]) for name in ("parents", "lacking")}
    return Member(**dict(plain) | lists | {"buffers": own})


def _rows(found: Sequence[Found], probe: Probe | None) -> Rows:
    assert probe is not None
    rows: list[Opened] = [opened(one, probe) for one in found]
    return Rows([one.parts for one in rows])
