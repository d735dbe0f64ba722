"""Which of the networks that are there a study takes: those for which a condition holds, every k-th, the last k."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from globscope.errors import PopulationError, near
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.recorded_scores import ACCURACIES, LOSSES, recorded_scores
from globscope.references import describe
from globscope.spec.network_source import NetworkSource
from globscope.spec.pattern import STEP, VARIANT
from globscope.spec.query import Condition
from globscope.spec.words import toml

SCORES = frozenset((*LOSSES.values(), *ACCURACIES.values()))


def subset(files: Sequence[CheckpointFile], source: NetworkSource, place: str) -> list[CheckpointFile]:
    """Return the files that a spec takes, of files that are sorted by variant and step.

    Raises:
        PopulationError: Its condition fits no network, or cannot be evaluated; `place` is the table of the spec.
    """
    kept = files if source.where is None else _where(files, Condition(source.where), f"{place}.where")
    runs = ([*run] for _, run in groupby(kept, key=lambda file: file.variant))
    strided = (run[::-1][:: source.every or 1][::-1] for run in runs)
    return [file for run in strided for file in run[-(source.last or len(run)) :]]


def _where(files: Sequence[CheckpointFile], condition: Condition, place: str) -> list[CheckpointFile]:
    columns = _columns(files, condition, place)
    try:
        held = _evaluate(condition, columns)
    except Exception as error:  # pandas has many, by the kinds of columns
        raise PopulationError(f"{place}: {toml(condition.text)} cannot be evaluated: {describe(error)}") from error
    if held.shape != (len(files),) or held.dtype != bool:
        raise PopulationError(f"{place}: {toml(condition.text)} is not true or false of each network")
    kept = [file for file, holds in zip(files, held, strict=True) if holds]
    if not kept:
        none = f"{place}: {toml(condition.text)} holds for none of {len(files):,} networks"
        raise PopulationError(none + _ranges(columns))
    return kept


def _columns(files: Sequence[CheckpointFile], condition: Condition, place: str) -> dict[str, list[Any]]:
    """Return the values that a condition compares, by name; None where a network has none."""
    rows: list[Mapping[str, Any]] = [{**file.figures, VARIANT: file.variant, STEP: file.step} for file in files]
    known = {name for row in rows for name in row}
    if scores := SCORES.intersection(condition.names) - known:
        rows = [{**row, **_scores_of(file)} for row, file in zip(rows, files, strict=True)]
        known |= {name for row in rows for name in row}
    for name in condition.names:
        if name not in known:
            what = "is recorded in no file" if name in scores else "is no figure of these networks"
            raise PopulationError(f"{place}: {name!r} {what}; {near(name, known)}")
    return {name: [row.get(name) for row in rows] for name in condition.names}


def _scores_of(file: CheckpointFile) -> dict[str, float]:
    return recorded_scores(file.path, file.step, file.read().scores)


def _evaluate(condition: Condition, columns: Mapping[str, list[Any]]) -> np.ndarray:
    try:
        from pandas import DataFrame
    except ImportError as error:
        raise PopulationError("it needs pandas: pip install 'globscope[tables]'") from error
    frame = DataFrame({condition.stand_ins.get(name, name): values for name, values in columns.items()})
    return np.asarray(frame.eval(condition.code, engine="python"))


def _ranges(columns: Mapping[str, list[Any]]) -> str:
    """Return what the columns of a condition hold, as the end of a message."""
    numbers = {name: [v for v in values if isinstance(v, int | float)] for name, values in columns.items()}
    ranges = [f"{name} is from {min(known):.6g} to {max(known):.6g}" for name, known in numbers.items() if known]
    return f"; {', '.join(ranges)}" if ranges else ""
