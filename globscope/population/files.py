"""A population on disk: one matrix that is memory-mapped, and its index."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from attrs import asdict

from globscope.store import read_arrays, read_json, write_arrays, write_json
from globscope.values.members import Layout, Member, Population

WEIGHTS, INDEX, BUFFERS = "weights.npy", "members.json", "buffers.safetensors"


def save(folder: Path, layout: Layout, count: int, members: Iterable[tuple[Member, np.ndarray]]) -> None:
    """Write `count` members as they come, so that only one is in memory; the index is written last."""
    weights = np.lib.format.open_memmap(folder / WEIGHTS, mode="w+", dtype=np.float32, shape=(count, layout.size))
    index: list[dict[str, Any]] = []
    buffers: dict[str, np.ndarray] = {}
    for row, (member, vector) in enumerate(members):
        weights[row] = vector
        buffers |= {f"{row}/{name}": array for name, array in member.buffers.items()}
        index.append(asdict(member, filter=lambda attribute, _: attribute.name != "buffers"))
    weights.flush()
    if buffers:
        write_arrays(folder / BUFFERS, buffers)
    write_json(folder / INDEX, {"members": index, "layout": asdict(layout)})


def load(folder: Path, identity: str) -> Population:
    """Return a saved population, its weights memory-mapped."""
    index = read_json(folder / INDEX)
    layout = index["layout"]
    buffers: list[dict[str, np.ndarray]] = [{} for _ in index["members"]]
    if (folder / BUFFERS).exists():
        for key, array in read_arrays(folder / BUFFERS).items():
            row, _, name = key.partition("/")
            buffers[int(row)][name] = array
    members = [
        Member(**one | {"parents": tuple(one["parents"]), "buffers": own})
        for one, own in zip(index["members"], buffers, strict=True)
    ]
    return Population(
        members=tuple(members),
        weights=np.load(folder / WEIGHTS, mmap_mode="r"),
        layout=Layout(names=tuple(layout["names"]), shapes=tuple(map(tuple, layout["shapes"]))),
        identity=identity,
    )
