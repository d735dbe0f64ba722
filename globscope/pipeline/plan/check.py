"""What a spec asks of this task and this population, checked before anything long has started."""

from collections.abc import Iterator

from attrs import evolve

from globscope.boundary import within_boundary
from globscope.errors import EvaluationError, GlobscopeError, SpecError, near
from globscope.pipeline.plan.announced import count, count_networks, map_dimension, networks_of, sample_count
from globscope.pipeline.scored_fields import added_fields, offered_fields
from globscope.pipeline.stages.align.pairs import RANDOM, aligners, aligners_in_use
from globscope.pipeline.stages.evaluate import draw_seed
from globscope.pipeline.workshop import Workshop
from globscope.population.adapter import is_adapter
from globscope.population.find import find_checkpoints
from globscope.population.open_network import open_network
from globscope.roles import (
    AlignerTraits,
    AnalysisTraits,
    CheckFacts,
    Checks,
    Derives,
    EvaluatorTraits,
    Probe,
    ReducerTraits,
    SamplerTraits,
    Scores,
    TopologyTraits,
    capability,
    traits,
)
from globscope.spec.component_entry import Entry, ReducerEntry
from globscope.spec.study_spec import Spec
from globscope.torch_settings import float32_by_default


@within_boundary
@float32_by_default()
def check(workshop: Workshop) -> None:
    """Refuse what would fail after the training or after a fit.

    Raises:
        SpecError: With every key that asks for something that is not there.
        PopulationError: Adapters have no base, or one of another model.
        EvaluationError: The task's loss gives other values each time, in a way that no seed repeats.
    """
    spec, (members, variants) = workshop.spec, count(workshop.spec)
    probe = workshop.task.build("cpu")
    added = tuple(field.key for field in added_fields(workshop, probe))
    facts = CheckFacts(probe=probe, variants=variants, added=added, offered=offered_fields(workshop, probe))
    wrong = [
        *_fields(spec, facts),
        *_figures(spec),
        *_named_runs(spec, variants),
        *dict.fromkeys(_dimensions(spec, members)),
        *_samplers(workshop, facts),
        *_maps(spec),
    ]
    wrong += [*_aligners(workshop, variants), *dict.fromkeys(_slices(spec, variants))]
    wrong = wrong or [*_learners(workshop)]
    if wrong:
        _require_fitting(spec, facts.probe)
        raise SpecError([f"{spec.source}: {text}" for text in wrong])
    used = [one.entry for one in aligners_in_use(workshop)]
    for entry in (*used, spec.evaluator, *spec.analysis, *spec.reducer, *spec.topology):
        checking = capability(entry.component, Checks)
        if checking is not None:
            with workshop.errors_of(entry.component):
                checking.check(facts)
    _require_readable_adapters(spec, facts.probe)
    _require_gradients(workshop, facts)
    draw_seed(workshop)  # a trial: a loss that no seed repeats is refused


def _require_readable_adapters(spec: Spec, probe: Probe) -> None:
    """Open the first adapter, and the base where it is a member, as a study opens them.

    Raises:
        PopulationError: They do not fit the model.
    """
    files = find_checkpoints(spec.population, spec.folder) if spec.population.reads_files else []
    adapters = [file for file in files if is_adapter(file.path)]
    for file in [*files[:1], *adapters[:1]] if adapters else []:
        open_network(file, probe)


def _require_fitting(spec: Spec, probe: Probe) -> None:
    """Let the first checkpoint refuse another model than its own, which may be why a spec asks for too much.

    Raises:
        PopulationError: It does not fit the model.
    """
    if spec.population.reads_files:
        for file in find_checkpoints(spec.population, spec.folder)[:1]:
            open_network(file, probe)


def _fields(spec: Spec, facts: CheckFacts) -> Iterator[str]:
    """Yield the fields that nothing measures."""
    topologies = [traits(entry.component, TopologyTraits).field for entry in spec.topology]
    wanted = [(f"topology.{at}.field", field) for at, field in enumerate(topologies)]
    analyses = [*((f"analysis.{at}", entry) for at, entry in enumerate(spec.analysis)), ("fidelity", spec.fidelity)]
    for place, entry in analyses:
        own = traits(entry.component, AnalysisTraits)
        wanted += [(f"{place}.field", own.field), *((f"{place}.fields", field) for field in own.fields)]
    samplers = enumerate(spec.sampler)
    wanted += [(f"sampler.{at}.field", traits(one.component, SamplerTraits).gradient) for at, one in samplers]
    wanted.append(("report.field", spec.report.field))
    for place, field in wanted:
        if field is not None and field not in facts.fields:
            yield f"{place}: {facts.why_unscored(field)}"


def _figures(spec: Spec) -> Iterator[str]:
    """Yield the figure that pictures are to show, if no table has it."""
    wanted, source = spec.report.figure, spec.population
    if wanted is None:
        return
    found = find_checkpoints(source, spec.folder) if source.tables else []
    known = {name for file in found for name in file.figures}
    if wanted not in known:
        yield f"report.figure: no table of the population has a figure {wanted!r}; {near(wanted, known)}"


def _named_runs(spec: Spec, variants: tuple[str, ...]) -> Iterator[str]:
    """Yield the runs that pictures are to name, and that there are not."""
    for name in spec.report.labels if isinstance(spec.report.labels, tuple) else ():
        if name not in variants:
            yield f"report.labels: there is no variant {name!r}; {near(name, variants)}"


def _require_gradients(workshop: Workshop, facts: CheckFacts) -> None:
    """Let the evaluator refuse each field that it is to differentiate, and name the sampler that asks for it."""
    spec, evaluator = workshop.spec, workshop.spec.evaluator.component
    checking = capability(evaluator, Checks)
    if checking is None or not traits(evaluator, EvaluatorTraits).gradients:
        return
    for at, entry in enumerate(spec.sampler):
        field = traits(entry.component, SamplerTraits).gradient
        if field is None:
            continue
        try:
            with workshop.errors_of(evaluator):
                checking.check(evolve(facts, gradients=(field,)))
        except EvaluationError as error:
            raise SpecError([f"{spec.source}: sampler.{at}.field: {error}"]) from error


def _dimensions(spec: Spec, members: int) -> Iterator[str]:
    """Yield the maps with more axes than the members, if all differ, have directions."""
    for entry in spec.reducer:
        known = traits(entry.component, ReducerTraits)
        wanted = known.latent_dim
        if callable(wanted) or known.own_space or _derives(spec):
            continue
        if wanted > members - 1:
            place = entry.place.of("latent_dim")
            some = "1 member spans" if members == 1 else f"{members} members span"
            yield f"{place}: {some} at most {members - 1} direction{'s' * (members != 2)}, got {wanted}"


def _derives(spec: Spec) -> bool:
    return any(capability(one.component, Derives) is not None for one in spec.analysis)


def _slices(spec: Spec, variants: tuple[str, ...]) -> Iterator[str]:
    """Yield the slices through networks of unknown variants, or unknown steps, unless an analysis may derive them."""
    if _derives(spec):
        return
    for entry in spec.reducer:
        for name in traits(entry.component, ReducerTraits).networks:
            variant = name.rpartition("@")[0]
            if not {name, variant} & set(variants):
                yield f"{entry.place.entry}: there is no variant {name!r}; {near(name, variants)}"
            elif name not in variants and name not in (networks := networks_of(variant, spec)):
                yield f"{entry.place.entry}: there is no network {name!r}; {near(name, networks)}"


def _aligners(workshop: Workshop, variants: tuple[str, ...]) -> Iterator[str]:
    """Yield the aligners that there are not, and the reference that is no variant."""
    spec = workshop.spec
    known = {*(entry.name for entry in spec.aligner), *workshop.registry.role("aligner")}
    wanted = [("population.align", name) for name in [spec.population.align] if name is not None]
    for at, entry in enumerate(spec.analysis):
        wanted += [(f"analysis.{at}.aligners", name) for name in aligners(entry)]
    starts = [
        (f"aligner.{at}.start", traits(one.component, AlignerTraits).start) for at, one in enumerate(spec.aligner)
    ]
    for place, name in [*wanted, *((place, name) for place, name in starts if name != RANDOM)]:
        if name not in known:
            yield f"{place}: there is no aligner {name!r}; {near(name, known)}"
    if spec.population.reference is not None and spec.population.reference not in variants:
        reference = spec.population.reference
        yield f"population.reference: there is no variant {reference!r}; {near(reference, variants)}"


def _learners(workshop: Workshop) -> Iterator[str]:
    """Yield the aligners that start from one without scores, and those that have too little to learn from."""
    for one in aligners_in_use(workshop):
        if one.before is not None and capability(one.before.entry.component, Scores) is None:
            yield f"aligner {one.entry.name!r} starts from {one.before.entry.name!r}, which has no scores"
        if one.learns and workshop.spec.zoo is None:
            yield (
                f"aligner {one.entry.name!r} learns from networks: give it a table [zoo], written as [population] is, "
                "or a file in which it was stored"
            )
        elif one.learns and workshop.spec.zoo is not None:
            fewest = traits(one.entry.component, AlignerTraits).fewest
            runs = count_networks(workshop.spec.zoo, workshop.spec)[1]
            if len(runs) < fewest:
                yield f"zoo: aligner {one.entry.name!r} learns from at least {fewest} networks; this is {len(runs)}"


def _maps(spec: Spec) -> Iterator[str]:
    """Yield the maps that an analysis asks for and that are not there, or have no inverse."""
    known = {entry.name: entry for entry in spec.reducer}
    for at, analysis in enumerate(spec.analysis):
        for name in traits(analysis.component, AnalysisTraits).reducers:
            if name not in known:
                yield f"analysis.{at}.reducers: there is no reducer {name!r}; {near(name, known)}"
            elif traits(known[name].component, ReducerTraits).why_no_inverse:
                yield f"analysis.{at}.reducers: {name!r} has no inverse, so no landscape"


def _samplers(workshop: Workshop, facts: CheckFacts) -> Iterator[str]:
    """Yield the samplers that ask for unknown variants, or for other axes than a map has."""
    spec = workshop.spec
    for at, sampler in enumerate(spec.sampler):
        for name in traits(sampler.component, SamplerTraits).variants:
            if name not in facts.variants:
                yield f"sampler.{at}: there is no variant {name!r}; {near(name, facts.variants)}"
        for entry in spec.reducer:
            if sampler in spec.samplers_of(entry):
                try:
                    _check_on_map(workshop, sampler, entry, facts)
                except GlobscopeError as error:
                    yield f"sampler.{at} on {entry.name!r}: {error}"


def _check_on_map(workshop: Workshop, sampler: Entry, entry: ReducerEntry, facts: CheckFacts) -> None:
    """Refuse a map that a sampler cannot sample.

    Raises:
        GlobscopeError: What the sampler says, or that it asks for too many samples.
    """
    dimension, centred = map_dimension(workshop, entry), traits(entry.component, ReducerTraits).centred
    sample_count(sampler.component, sampler.name, dimension)
    checking = capability(sampler.component, Checks)
    if checking is not None:
        checking.check(evolve(facts, dimension=dimension, centred=centred))
