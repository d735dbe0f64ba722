"""In which form a network leaves a study: like the checkpoint file that it came from, or as an adapter of the base."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import define, evolve

from globscope.errors import PopulationError, RunError
from globscope.pipeline.stages.population import checkpoints
from globscope.pipeline.take.choice import Choice
from globscope.pipeline.workshop import Workshop
from globscope.population.adapter_origin import AdapterOrigin
from globscope.population.find import CheckpointFile
from globscope.population.origin import Origin
from globscope.population.saved_network import SavedNetwork
from globscope.values.members import Population


@define(frozen=True, kw_only=True)
class SaveOptions:
    """How a network is written.

    Attributes:
        as_float32: Whether its floating numbers are float32, whatever they are in the files of its origin.
        rank: Of a population of adapters: the most ranks of a tensor; as many as there are if None.
        merged: Of a population of adapters: whether the whole network is written, like the base.
    """

    as_float32: bool = False
    rank: int | None = None
    merged: bool = False


def save(
    workshop: Workshop,
    population: Population,
    choice: Choice,
    whole: Mapping[str, Any],
    how: SaveOptions,
) -> SavedNetwork:
    """Return a network as a file holds it.

    Args:
        workshop: The study at work.
        population: Its members.
        choice: The network.
        whole: All of its tensors by the model's names.
        how: How it is written.

    Raises:
        PopulationError: A file is gone or cannot be read, or the rank is none.
        RunError: It is no adapter, and a rank or the whole network is asked for.
    """
    files = {f"{file.variant}@{file.step}": file for file in checkpoints(workshop, "population")}
    if choice.like not in files:
        raise PopulationError(f"the checkpoint file of {choice.like} is not there any more")
    file, probe = files[choice.like], workshop.task.build("cpu")
    if file.base is None and (how.merged or how.rank is not None):
        raise RunError(f"{'merged' if how.merged else 'rank'}: goes with adapters, and this population has none")
    if how.merged and how.rank is not None:
        raise RunError("rank: goes without merged, which writes the whole network")
    if file.base is None or how.merged or _is_base(file, population, choice):
        like, named = (file, choice.like) if file.base is None else (evolve(file, path=file.base), "the base")
        return _named_like(named, Origin.of(like, probe).save(whole, as_float32=how.as_float32))
    adapters = [one for one in files.values() if one.path != one.base]
    like = file if file in adapters else adapters[0]
    saved = AdapterOrigin.of(like, adapters, probe).save(
        whole, choice.factors, rank=how.rank, as_float32=how.as_float32
    )
    return _named_like(f"{like.variant}@{like.step}", saved)


def _named_like(file: str, saved: SavedNetwork) -> SavedNetwork:
    """Return the network with the fact whose file's names and configuration it has."""
    return evolve(saved, facts={"named like the file of": file, **saved.facts})


def _is_base(file: CheckpointFile, population: Population, choice: Choice) -> bool:
    """Return whether a network is the base itself."""
    row = population.row(choice.like, "take")
    return file.path == file.base and np.array_equal(np.asarray(population.weights[row]), choice.weights)
