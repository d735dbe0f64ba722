"""Writing a proposal: a commented spec, and what was found in a few lines."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define

from globscope.errors import SpecError
from globscope.population.find import Found
from globscope.population.proposal.contents import Contents, contents
from globscope.population.proposal.layout import Layout, layouts
from globscope.registry import Registry
from globscope.spec.words import bare, short, toml
from globscope.store import write_bytes
from globscope.visible import visible

# Runs that are named one by one.
NAMED = 8
MAP = {
    1: '[[reducer]]                   # one network: a slice around it\nuse = "random"\n',
    2: '[[reducer]]                   # two networks: the line between them\nuse = "pca"\nlatent_dim = 1\n',
}
MAPS = """[[reducer]]                   # one map each, side by side; also autoencoder, kernel-pca, umap
use = "pca"
"""
REST = """
[[sampler]]                   # which points of a map are decoded into networks
use = "grid"
resolution = 31

[evaluator]                   # how decoded networks are scored
use = "torch"
# examples = 1000             # of each split; all where unset

[[topology]]                  # the field that is condensed into a merge tree
use = "gudhi"
field = "train_loss"
persistence = 0.1             # branches that live shorter are removed; absolute, in the loss's unit
"""
UNKNOWN = """[task]                        # not recognised: fill in
use = "classification"        # `globscope plugins` lists all tasks
model = "my_nets.py:build"    # a function that returns the module whose state dict the files hold
data = "my_data.py:load"      # a function that returns x_train, y_train, x_test, y_test
"""


@define(frozen=True, kw_only=True)
class Proposal:
    """A spec for a folder of checkpoints.

    Attributes:
        text: Of the spec.
        lines: What was found.
    """

    text: str
    lines: tuple[str, ...]


def propose(folder: Path, spec: Path, registry: Registry) -> Proposal:
    """Return a spec for the checkpoints in a folder, after it is written.

    Args:
        folder: That is looked at.
        spec: The file to write.
        registry: Whose tasks may recognise the network.

    Raises:
        SpecError: The file exists already, or the folder's name cannot stand in a pattern.
        PopulationError: The folder holds no checkpoint.
    """
    if spec.exists() or spec.is_symlink():
        raise SpecError([f"{spec}: exists already; give another name, such as --out other.toml"])
    place = os.path.relpath(folder.absolute(), spec.absolute().parent)
    if any(mark in place for mark in "*{}"):
        raise SpecError([f"{folder}: its path holds `*` or braces, which patterns use; rename it"])
    first, *others = layouts(folder)
    held = contents(first.found[-1].path, registry)
    lines = tuple(map(visible, _lines(first, held)))
    text = "".join(_text(folder, place, (first, *others), held, lines))
    write_bytes(spec, text.encode())
    return Proposal(text=text, lines=lines)


def _lines(layout: Layout, held: Contents) -> Iterator[str]:
    """Yield what was found."""
    runs: dict[str, list[Found]] = {}
    for one in layout.found:
        runs.setdefault(one.variant, []).append(one)
    networks, several = _count(len(layout.found), "network"), _count(len(runs), "run")
    yield f"{networks} of {several}, by the pattern {layout.pattern}"
    for name, own in [*runs.items()][:NAMED]:
        steps = [str(one.step) for one in own]
        listed = ", ".join(steps) if len(steps) <= 4 else f"{', '.join(steps[:2])} … {steps[-1]}"
        yield f"  {name}: {'step' if len(steps) == 1 else 'steps'} {listed}"
    if len(runs) > NAMED:
        yield f"  and {len(runs) - NAMED} more"
    yield from _of_network(held)


def _of_network(held: Contents) -> Iterator[str]:
    if held.problem:
        yield f"cannot be read: {held.problem}"
        return
    weights = sum(_size(shape) for shape in held.shapes.values())
    names = [*held.shapes]
    ends = [f"{name} {held.shapes[name]}" for name in dict.fromkeys((*names[:1], *names[-1:]))]
    yield f"each of {len(names)} tensors, {weights:,} numbers: {short(' … '.join(ends))}"
    if held.keys:
        yield f"each file holds several state dicts: {', '.join(held.keys)}"
    yield f"recognised as {held.task['model']}" if "model" in held.task else "no model that GlobScope knows"


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _size(shape: Sequence[int]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def _text(folder: Path, place: str, every: Sequence[Layout], held: Contents, lines: Sequence[str]) -> Iterator[str]:
    first = every[0]
    yield f"# A GlobScope study of the checkpoints in {short(str(folder))}, proposed by `globscope init`:\n"
    yield "".join(f"# {line}\n" for line in lines)
    yield "# Plan: globscope check THIS_FILE. Every component and its options: globscope plugins [NAME]\n\n"
    yield f"title = {toml(folder.resolve().name or 'checkpoints')}\nseed = 0\n\n"
    yield _task(held.task) if held.task else UNKNOWN
    yield f"\n[population]\ncheckpoints = {toml(_joined(place, first.pattern))}\n"
    if first.variant is not None:
        yield f"variant = {toml(first.variant)}\n"
    if held.keys:
        yield f"key = {toml(held.keys[0])}  # or {', '.join(map(toml, held.keys[1:]))}\n"
    for other in every[1:]:
        yield f"# Also there, {_count(len(other.found), 'network')}: {toml(_joined(place, other.pattern))}\n"
    yield f"\n{MAP.get(len(first.found), MAPS)}{REST}"


def _joined(place: str, pattern: str) -> str:
    return pattern if place == "." else f"{place}/{pattern}"


def _task(options: Mapping[str, Any]) -> str:
    rows = "".join(f"{bare(name)} = {toml(value)}\n" for name, value in options.items())
    return f"[task]                        # recognised by the tensors; is this the data?\n{rows}"
