"""Checkpoints of a declared study: patterns and paths, and networks in memory, as files of the run folder."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from globscope.declaration.inputs import Inputs
from globscope.errors import SpecError
from globscope.spec.pattern import absolute

FOLDER = "networks"
ACCEPTED = "a pattern, a list of patterns, paths or tables, or a path, state dict or module, or several, by run"


def checkpoints_of(given: Any, inputs: Inputs) -> Any:
    """Return the value of `population.checkpoints`.

    Raises:
        SpecError: They are none.
    """
    if isinstance(given, Mapping):
        return [table for run, own in given.items() for table in _of_run(str(run), own, inputs)]
    if isinstance(given, str | Path) and "{" in str(given):
        return absolute(str(given), Path.cwd())
    listed: Any = [given] if isinstance(given, str | Path) else given
    if not isinstance(listed, Sequence):
        raise SpecError([f"checkpoints: {type(given).__name__} are none; {ACCEPTED} are accepted"])
    if all(isinstance(one, Mapping) for one in listed):
        return [_absolute_table(one) for one in listed]
    if not all(isinstance(one, str | Path) for one in listed):
        raise SpecError(["checkpoints: networks in memory have no names of runs; give a mapping of runs to networks"])
    if all("{" in str(one) for one in listed):
        return [absolute(str(one), Path.cwd()) for one in listed]
    return [_file(run, 0, path) for run, path in zip(_runs([Path(one) for one in listed]), listed, strict=True)]


def _of_run(run: str, own: Any, inputs: Inputs) -> Iterator[dict[str, Any]]:
    """Yield the tables of one run's networks, in the order of their steps."""
    if isinstance(own, str | Path) and "{" in str(own):
        yield {"variant": run, "pattern": absolute(str(own), Path.cwd())}
        return
    if isinstance(own, Mapping) and all(isinstance(step, int) for step in own):
        steps = dict(own)
    else:
        steps = dict(enumerate(own)) if isinstance(own, list | tuple) else {0: own}
    folder = inputs.names.unique(run)
    for step, network in steps.items():
        if isinstance(network, str | Path):
            yield _file(run, step, network)
        else:
            name = f"{FOLDER}/{folder}/{step}.safetensors"
            yield {"variant": run, "step": step, "path": inputs.tensors(name, _state_dict(run, network))}


def _file(run: str, step: int, path: str | Path) -> dict[str, Any]:
    return {"variant": run, "step": step, "path": str(Path(path).expanduser().absolute())}


def _absolute_table(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table of checkpoints whose pattern or path starts from the current folder."""
    places = {name: str(table[name]) for name in ("pattern", "path") if isinstance(table.get(name), str | Path)}
    moved = {name: absolute(place, Path.cwd()) for name, place in places.items()}
    return {**table, **moved}


def _state_dict(run: str, network: Any) -> Mapping[str, Any]:
    """Return the tensors of a module or a state dict.

    Raises:
        SpecError: It is neither.
    """
    held = network.state_dict() if hasattr(network, "state_dict") else network
    if not isinstance(held, Mapping) or not held or not all(hasattr(one, "detach") for one in held.values()):
        what = f"{type(network).__name__} is no network"
        raise SpecError([f"checkpoints: run {run!r}: {what}; a path, a state dict of tensors or a module is accepted"])
    return held


def _runs(paths: Sequence[Path]) -> list[str]:
    """Return the names of the runs of which several paths are the only networks: the ends in which they differ."""
    parts = [path.absolute().with_suffix("").parts for path in paths]
    for count in range(1, max(map(len, parts)) + 1):
        names = ["/".join(one[-count:]) for one in parts]
        if len(set(names)) == len(names):
            return names
    return names
