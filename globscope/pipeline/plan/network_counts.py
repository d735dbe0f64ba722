"""How many networks a study scores, counted from its spec: samples of maps, and what analyses ask for."""

from globscope.pipeline.plan.announced import budget_of, count, lattice_shape, map_dimension, sample_count
from globscope.pipeline.workshop import Workshop
from globscope.returned.numbers import checked_count
from globscope.roles import AnalysisTraits, Evaluates, FillsLattice, ReducerTraits, Refits, capability, traits
from globscope.spec.component_entry import Entry, ReducerEntry
from globscope.spec.study_spec import Spec


def evaluations(workshop: Workshop) -> int:
    """Return how many networks a study scores at most, without those of which only a run can tell how many."""
    spec = workshop.spec
    members, variants = count(spec)
    decoding = [entry for entry in spec.reducer if not lacks_inverse(entry)]
    known = sum(samples(workshop, entry) or 0 for entry in spec.reducer)
    # Members are scored aligned; a map of them as they are given asks for them so, too.
    scored = 1 + (spec.population.align is not None and any(not entry.align for entry in decoding))
    return (
        members * (scored + len(decoding))
        + known
        + sum(evaluations_of(workshop, one, members, len(variants)) for one in spec.analysis)
    )


def samples(workshop: Workshop, entry: ReducerEntry) -> int | None:
    """Return how many points a reducer's samplers ask for; None where only a run can tell."""
    if lacks_inverse(entry):
        return 0
    dimension, total = map_dimension(workshop, entry), 0
    for sampler in workshop.spec.samplers_of(entry):
        count = sample_count(sampler.component, sampler.name, dimension)
        if count is None:
            return None
        total += count
    return total


def search_budgets(workshop: Workshop, entry: ReducerEntry) -> dict[str, int]:
    """Return the budgets of the searches on a reducer's map, by sampler's name."""
    if lacks_inverse(entry):
        return {}
    dimension, samplers = map_dimension(workshop, entry), workshop.spec.samplers_of(entry)
    budgets = {sampler.name: budget_of(sampler.component, dimension) for sampler in samplers}
    return {name: budget for name, budget in budgets.items() if budget is not None}


def lattices(workshop: Workshop, analysis: Entry) -> list[tuple[int, ...]]:
    """Return the samples per axis of every lattice that fills a map that an analysis looks at."""
    maps = decoding_maps(workshop.spec, analysis)
    asked = [(sampler, entry) for entry in maps for sampler in workshop.spec.samplers_of(entry)]
    filling = [(sampler, entry) for sampler, entry in asked if capability(sampler.component, FillsLattice) is not None]
    return [
        lattice_shape(sampler.component, sampler.name, map_dimension(workshop, entry)) for sampler, entry in filling
    ]


def evaluations_of(workshop: Workshop, analysis: Entry, members: int, variants: int) -> int:
    """Return how many networks an analysis will score at most, where it tells."""
    maps, own, again = decoding_maps(workshop.spec, analysis), own_count(workshop, analysis, variants), refits(analysis)
    return (own or 0) + again * sum(members + (samples(workshop, entry) or 0) for entry in maps if not _slices(entry))


def own_count(workshop: Workshop, analysis: Entry, variants: int) -> int | None:
    """Return how many networks an analysis says it scores, 0 where it says nothing; None where only a run can tell."""
    counting, maps = capability(analysis.component, Evaluates), decoding_maps(workshop.spec, analysis)
    most = 0 if counting is None else counting.evaluations(lattices(workshop, analysis), len(maps), variants)
    return None if most is None else checked_count(f"analysis {analysis.name!r}: evaluations", most)


def refits(analysis: Entry) -> int:
    """Return how often an analysis fits every map again."""
    fitting = capability(analysis.component, Refits)
    return checked_count(f"analysis {analysis.name!r}: refits", 0 if fitting is None else fitting.refits())


def decoding_maps(spec: Spec, analysis: Entry) -> list[ReducerEntry]:
    """Return the maps with an inverse that an analysis looks at."""
    named = traits(analysis.component, AnalysisTraits).reducers
    return [entry for entry in spec.reducer if not lacks_inverse(entry) and (not named or entry.name in named)]


def _slices(entry: ReducerEntry) -> bool:
    return traits(entry.component, ReducerTraits).own_space


def lacks_inverse(entry: ReducerEntry) -> bool:
    """Return whether no point of a reducer's map can be decoded."""
    return bool(traits(entry.component, ReducerTraits).why_no_inverse)
