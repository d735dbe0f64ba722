"""Writing a proposal: a commented spec, with a few lines about the checkpoints."""

import os
from collections.abc import Iterator, Mapping, Sequence
from math import comb
from pathlib import Path
from typing import Any

from attrs import define, evolve

from globscope.errors import PopulationError, SpecError
from globscope.population.adapter_config import adapter_config
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.proposal.averages import averages_of
from globscope.population.proposal.base import ProposedBase, base_of
from globscope.population.proposal.contents import Contents, contents
from globscope.population.proposal.groups import CheckpointGroup, checkpoint_groups
from globscope.population.proposal.tables import listing, tables_beside
from globscope.population.saved_folder import checkpoint_in
from globscope.registry import Registry
from globscope.spec.words import bare, short, toml
from globscope.store import write_bytes
from globscope.visible import visible

# How many runs are listed by name.
NAMED = 8
MAP = {
    1: '[[reducer]]                   # one network: a slice around it\nuse = "random"\n',
    2: '[[reducer]]                   # two networks: the line between them\nuse = "pca"\nlatent_dim = 1\n',
}
MAPS = """[[reducer]]                   # each makes one map; also autoencoder, kernel-pca, umap
use = "pca"
"""
REST = """
[[sampler]]                   # which points of a map are decoded into networks
use = "grid"
resolution = 31

[evaluator]                   # how decoded networks are scored
use = "torch"
# examples = 1000             # of each split; all if left out

[[topology]]                  # the field whose merge tree is computed
use = "gudhi"
field = "train_loss"
persistence = 0.1             # shorter branches are removed; in the unit of the loss
"""
BARRIER = """
[[analysis]]                  # do two runs share a basin? the rise of the loss on the straight line between them
use = "linear-barrier"
"""
# With so many runs, the networks on the lines between them are about as many as on the grid; more are costly.
RUNS_WITH_LINES = 10
UNKNOWN = """[task]                        # not recognised: fill in
use = "classification"        # `globscope plugins` lists all tasks
model = "my_nets.py:build"    # a function that returns the module whose state dict the files hold
data = "my_data.py:load"      # a function that returns x_train, y_train, x_test, y_test
"""


@define(frozen=True, kw_only=True)
class Proposal:
    """A spec for a folder of checkpoints.

    Attributes:
        text: The text of the spec.
        lines: Sentences about the checkpoints in the folder.
    """

    text: str
    lines: tuple[str, ...]


def propose(folder: Path, spec: Path, registry: Registry) -> Proposal:
    """Write a spec for the checkpoints in a folder, and return it.

    Args:
        folder: The folder with checkpoints.
        spec: The file to write.
        registry: Its tasks may recognise the network.

    Raises:
        SpecError: The file exists already, or the folder's name cannot stand in a pattern.
        PopulationError: The folder holds no checkpoint.
    """
    if spec.exists() or spec.is_symlink():
        raise SpecError([f"{spec}: exists already; give another name, such as --out other.toml"])
    if spec.suffix != ".toml":
        raise SpecError([f"--out {spec}: a spec's name ends in .toml"])
    if not spec.parent.is_dir():
        raise SpecError([f"{spec}: there is no folder {spec.parent}"])
    place = os.path.relpath(folder.absolute(), spec.absolute().parent)
    if any(mark in place for mark in "*{}"):
        raise SpecError([f"{folder}: its path holds `*` or braces, which patterns use; rename it"])
    listed = listing(folder)
    first, *others = [listed] if listed is not None else checkpoint_groups(folder)
    last, averages = first.files[-1].path, dict(averages_of(first, others))
    base = base_of(last)
    network = contents(checkpoint_in(base.folder) if base and base.folder else last, registry)
    about_base = [] if base is None else [base.sentence, *_unread_adapters(first.files)]
    lines = tuple(map(visible, (*_lines(first, averages), *about_base, *_network_lines(network))))
    network = evolve(network, task={name: _relative(value, spec) for name, value in network.task.items()})
    table = f"[population]\n{_base_line(base, spec)}"
    sources = "".join(_sources(place, first, averages, network, table)) + tables_beside(folder, place, first)
    further = "".join(_further(place, [group for group in others if group not in averages.values()]))
    count = len(first.files) + sum(len(group.files) for group in averages.values())
    maps = MAP.get(count, MAPS) + REST + _analysis(first, averages, base)
    text = "".join(_text(folder, network, lines, sources + further, maps))
    write_bytes(spec, text.encode())
    return Proposal(text=text, lines=lines)


def _relative(value: Any, spec: Path) -> Any:
    """Return a path as it is written in a spec; other values unchanged."""
    return os.path.relpath(value.absolute(), spec.absolute().parent) if isinstance(value, Path) else value


def _lines(group: CheckpointGroup, averages: Mapping[str, CheckpointGroup]) -> Iterator[str]:
    """Yield sentences about a group of checkpoints and averages of their networks."""
    runs: dict[str, list[CheckpointFile]] = {}
    for file in group.files:
        runs.setdefault(file.variant, []).append(file)
    networks, several = _count(len(group.files), "network"), _count(len(runs), "run")
    yield f"{networks} of {several}, by the {'table' if group.is_listed else 'pattern'} {group.pattern}"
    for name, files in [*runs.items()][:NAMED]:
        steps = [str(file.step) for file in files]
        listed = ", ".join(steps) if len(steps) <= 4 else f"{', '.join(steps[:2])} … {steps[-1]}"
        yield f"  {name}: {'step' if len(steps) == 1 else 'steps'} {listed}"
    if len(runs) > NAMED:
        yield f"  and {len(runs) - NAMED} more"
    for word, other in averages.items():
        yield f"{_count(len(other.files), 'average')} of them ({word}), by the pattern {other.pattern}"


def _unread_adapters(files: Sequence[CheckpointFile]) -> Iterator[str]:
    """Yield how many adapters are of a kind that is not read, and why the first is not."""
    problems = [problem for problem in map(_problem_of_adapter, files) if problem]
    if problems:
        yield f"{len(problems)} of {_count(len(files), 'adapter')} cannot be read: {problems[0]}"


def _problem_of_adapter(file: CheckpointFile) -> str:
    try:
        adapter_config(file.path)
    except PopulationError as error:
        return str(error)
    return ""


def _network_lines(network: Contents) -> Iterator[str]:
    if network.problem:
        yield f"cannot be read: {network.problem}"
        return
    weights = sum(_size(shape) for shape in network.shapes.values())
    names = [*network.shapes]
    ends = [f"{name} {network.shapes[name]}" for name in dict.fromkeys((*names[:1], *names[-1:]))]
    yield f"each of {len(names)} tensors, {weights:,} numbers: {short(' … '.join(ends))}"
    if network.keys:
        yield f"each file holds several state dicts: {', '.join(network.keys)}"
    yield f"recognised as {network.task['model']}" if "model" in network.task else "no model that GlobScope knows"


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _size(shape: Sequence[int]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def _text(folder: Path, network: Contents, lines: Sequence[str], sources: str, maps: str) -> Iterator[str]:
    yield f"# A GlobScope study of the checkpoints in {short(str(folder))}, proposed by `globscope init`:\n"
    yield "".join(f"# {line}\n" for line in lines)
    yield "# Plan: globscope check THIS_FILE. Every component and its options: globscope plugins [NAME]\n\n"
    yield f"title = {toml(folder.resolve().name or 'checkpoints')}\nseed = 0\n\n"
    yield _task(network.task) if network.task else UNKNOWN
    yield f"\n{sources}\n{maps}"


def _analysis(first: CheckpointGroup, averages: Mapping[str, CheckpointGroup], base: ProposedBase | None) -> str:
    """Return the table of the lines between runs, as comments where there are many; nothing for a single run."""
    runs = sum(len({file.variant for file in group.files}) for group in (first, *averages.values()))
    runs += base is not None  # a member too, as a run of its own
    if runs < 2:
        return ""
    if runs <= RUNS_WITH_LINES:
        return BARRIER
    commented = "".join(f"# {line}\n" for line in BARRIER.split("\n") if line)
    lines = f"# The {runs:,} runs have {comb(runs, 2):,} lines; remove these marks to score networks on all of them:\n"
    return f"\n{lines}{commented}"


def _base_line(base: ProposedBase | None, spec: Path) -> str:
    """Return the line that names the base of adapters, or where to fill it in; nothing for other networks."""
    if base is None:
        return ""
    if base.folder is None:
        return f"base = {toml(base.name or 'my_base')}  # fill in: the folder of the network that was adapted\n"
    return f"base = {toml(_relative(base.folder, spec))}\n"


def _sources(
    place: str, first: CheckpointGroup, averages: Mapping[str, CheckpointGroup], network: Contents, table: str
) -> Iterator[str]:
    """Yield the lines that say where the networks are: one pattern, or one for them and one for each average."""
    key = _key(network)
    if not averages:
        option = "table" if first.is_listed else "checkpoints"
        yield f"{table}{option} = {toml(_join_pattern(place, first.pattern))}\n"
        yield f"variant = {toml(first.variant)}\n" * (first.variant is not None)
        yield key
        return
    yield table if table != "[population]\n" else ""
    yield _table(place, first, "")
    yield key
    yield from ("\n" + _table(place, group, f" {word}") for word, group in averages.items())


def _key(network: Contents) -> str:
    """Return the line that says which state dict of a file is the network, where it holds several."""
    if network.in_parts:
        return f"key = {toml(network.keys)}  # its parts, joined\n"
    return f"key = {toml(network.keys[0])}  # or {', '.join(map(toml, network.keys[1:]))}\n" if network.keys else ""


def _table(place: str, group: CheckpointGroup, ending: str) -> str:
    variant = (group.variant or "{variant}") + ending
    pattern = toml(_join_pattern(place, group.pattern))
    return f"[[population.checkpoints]]\nvariant = {toml(variant)}\npattern = {pattern}\n"


def _further(place: str, groups: Sequence[CheckpointGroup]) -> Iterator[str]:
    for group in groups:
        yield f"# Also there, {_count(len(group.files), 'network')}: {toml(_join_pattern(place, group.pattern))}\n"


def _join_pattern(place: str, pattern: str) -> str:
    return pattern if place == "." else f"{place}/{pattern}"


def _task(options: Mapping[str, Any]) -> str:
    rows = "".join(f"{bare(name)} = {toml(value)}\n" for name, value in options.items())
    return f"[task]                        # recognised; is this the data?\n{rows}"
