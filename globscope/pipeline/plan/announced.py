"""What is known before a run: the networks that components announce, checked, and the devices of stages."""

from typing import Any

from globscope.bounds import SAMPLES
from globscope.device import device
from globscope.errors import EvaluationError, PopulationError
from globscope.pipeline.workshop import Workshop
from globscope.population.find import find_checkpoints
from globscope.returned.numbers import checked_count, checked_shape
from globscope.roles import Counts, EvaluatorTraits, ReducerTraits, SamplerTraits, capability, traits
from globscope.spec.component_entry import ReducerEntry
from globscope.spec.network_source import NetworkSource
from globscope.spec.study_spec import Spec


def count(spec: Spec) -> tuple[int, tuple[str, ...]]:
    """Return how many members the population has, and the variants' names."""
    return count_networks(spec.population, spec)


def count_networks(source: NetworkSource, spec: Spec) -> tuple[int, tuple[str, ...]]:
    """Return how many networks a source has, and the names of their runs."""
    if source.reads_files:
        found = find_checkpoints(source, spec.folder)
        return len(found), tuple(dict.fromkeys(one.variant for one in found))
    assert source.train is not None
    runs = source.runs()
    return sum(len(source.train.steps(run)) for run in runs), tuple(run.name for run in runs)


def networks_of(variant: str, spec: Spec) -> list[str]:
    """Return the names `variant@step` of the networks that a run of the population will have."""
    source = spec.population
    if source.reads_files:
        steps = [one.step for one in find_checkpoints(source, spec.folder) if one.variant == variant]
    else:
        assert source.train is not None
        steps = [step for run in source.runs() if run.name == variant for step in source.train.steps(run)]
    return [f"{variant}@{step}" for step in steps]


def sample_count(sampler: Any, name: str, dimension: int) -> int | None:
    """Return how many samples a sampler asks for on a chart of so many axes; None where only a run can tell.

    Of a search that is its budget, in forward passes: it scores no more networks than these.

    Raises:
        PopulationError: They are more than any study could score.
        PluginError: It is no count.
    """
    announcing = capability(sampler, Counts)
    announced = None if announcing is None else announcing.count(dimension)
    announced = traits(sampler, SamplerTraits).budget if announced is None else announced
    if announced is None:
        return None
    count = checked_count(f"sampler {name!r}: count", announced)
    if count > SAMPLES.bound:
        raise PopulationError(f"asks for {readable(count)} samples, which {SAMPLES.words}; {_fewer(dimension)}")
    return count


def _fewer(dimension: int) -> str:
    """Return how to have fewer samples; beyond three axes, hardly any lattice is small enough."""
    lower = "take a lower resolution"
    return lower if dimension <= 3 else f"{lower}, or a sampler without a lattice: 'sobol' or 'critical-points'"


def map_dimension(workshop: Workshop, entry: ReducerEntry) -> int:
    """Return how many axes a reducer's maps have; at most so many where that follows from the members.

    Raises:
        PluginError: Its function of the members returns no count.
    """
    known = traits(entry.component, ReducerTraits).latent_dim
    if not callable(known):
        return known
    members, variants = count(workshop.spec)
    axes = checked_count(f"reducer {entry.name!r}: latent_dim", known(members, len(variants)))
    return min(axes, workshop.task.build("cpu").layout.size)


def budget_of(sampler: Any, dimension: int) -> int | None:
    """Return the forward passes that a search takes at most; None of a sampler that announces its samples."""
    announcing = capability(sampler, Counts)
    counted = announcing is not None and announcing.count(dimension) is not None
    return None if counted else traits(sampler, SamplerTraits).budget


def lattice_shape(sampler: Any, name: str, dimension: int) -> tuple[int, ...]:
    """Return the samples per axis that a sampler announces for a chart of so many axes.

    Raises:
        PluginError: They are no positive integers.
    """
    return checked_shape(f"sampler {name!r}", sampler.shape(dimension))


def readable(number: int) -> str:
    """Return a count with its thousands set apart; of one beyond 18 digits the magnitude alone."""
    return f"{number:,}" if number < 10**18 else f"more than 10^{int(number.bit_length() * 0.30102)}"


def devices(spec: Spec) -> dict[str, str]:
    """Return by stage the device on which this machine computes it; of an evaluator that has the option.

    A device that this machine lacks stays what the spec asks for: stages may have been computed elsewhere.
    """
    train, zoo = spec.population.train, spec.zoo and spec.zoo.train
    places = {
        "training": ("population.train", train and train.device),
        "training of the zoo": ("zoo.train", zoo and zoo.device),
        "evaluation": ("evaluator", traits(spec.evaluator.component, EvaluatorTraits).device),
    }
    return {stage: _resolve(wanted, place) for stage, (place, wanted) in places.items() if isinstance(wanted, str)}


def _resolve(wanted: str, place: str) -> str:
    try:
        return device(wanted, f"{place}.device")
    except EvaluationError:
        return wanted
