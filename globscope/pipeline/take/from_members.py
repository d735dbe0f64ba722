"""Networks that leave a study as they are, re-based to another run, or from a curve between two runs."""

from collections.abc import Sequence

import numpy as np
from attrs import evolve

from globscope.errors import RunError, near
from globscope.pipeline.bench import StudyBench
from globscope.pipeline.stages.align.pairs import AlignerStage, aligners_in_use
from globscope.pipeline.take.choice import Choice, factors_of_member, trained_label
from globscope.pipeline.workshop import Workshop
from globscope.roles import FindsCurves, capability
from globscope.symmetry.search import symmetry
from globscope.values.findings import Atlas
from globscope.values.members import Population


def member(atlas: Atlas, name: str) -> Choice:
    """Return a network of the population by its label, or a run's last one.

    Raises:
        PopulationError: There is none of this name.
    """
    population = atlas.population
    row = population.row(name, "member")
    chosen = population.members[row]
    made = {"made by": chosen.origin, "made from": ", ".join(chosen.parents)} if chosen.origin else {}
    return Choice(
        title=f"{chosen.label}, a network of the population",
        weights=np.array(population.weights[row]),
        buffers=chosen.buffers,
        like=trained_label(population, row),
        factors=factors_of_member(population, row),
        about=made,
        known={key: float(values[row]) for key, values in atlas.truth.items()},
    )


def aligned_network(
    workshop: Workshop, population: Population, names: tuple[str, str], aligner: str | None = None
) -> Choice:
    """Return a network whose units are in the order that fits another one best.

    Args:
        workshop: The study at work.
        population: Its members.
        names: The network that is re-based, and the one to which it is; a run stands for its last network.
        aligner: Name of the aligner; the first of the study if unset.

    Raises:
        PopulationError: A network does not exist.
        RunError: The study uses no such aligner.
        SymmetryError: The networks' units cannot be exchanged.
    """
    run, partner = (population.row(name, "aligned") for name in names)
    stage = _aligner(workshop, aligner)
    a, b, moved = population.tensors(partner), population.tensors(run), population.members[run]
    labels = moved.label, population.members[partner].label
    order = stage.permutations(a, b, f"{labels[0]} to {labels[1]}")
    tensors = symmetry(workshop.task.build("cpu")).permute(b, order)
    return Choice(
        title=f"{labels[0]}, re-based to {labels[1]} by {stage.entry.name}",
        weights=population.layout.flatten(tensors),
        buffers={name: tensors[name] for name in moved.buffers},
        like=trained_label(population, run),
        about={"aligner": stage.entry.name, "aligned to": labels[1]},
    )


def _aligner(workshop: Workshop, name: str | None) -> AlignerStage:
    known = {one.entry.name: one for one in aligners_in_use(workshop)}
    if not known:
        remedy = "add an [[aligner]], or the analysis rebasin, to its spec and run the study again"
        raise RunError(f"aligned: this study uses no aligner; {remedy}")
    if name is not None and name not in known:
        raise RunError(f"aligner: this study uses no aligner {name!r}; {near(name, known)}")
    return known[name or next(iter(known))]


def curve_network(workshop: Workshop, population: Population, runs: tuple[str, str], t: float) -> Choice:
    """Return the network at a place t in [0, 1] of the curve that an analysis found between two runs.

    Raises:
        PopulationError: A run does not exist.
        RunError: There is no such place, or no curve between the runs.
    """
    for name in runs:
        if name not in population.variants:
            raise RunError(f"curve: this study has no run {name!r}; {near(name, population.variants)}")
    if not 0 <= t <= 1:
        raise RunError(f"curve: t is {t:g}; a curve has the places from 0, {runs[0]}, to 1, {runs[1]}")
    ends = [population.of(name)[-1] for name in runs]
    nearer = ends[int(t > 0.5)]
    name, weights = _on_curve(workshop, population, runs, t)
    return Choice(
        title=f"{runs[0]}–{runs[1]} at t = {t:g}, on the curve of {name}",
        weights=weights,
        buffers=population.members[nearer].buffers,
        like=population.members[nearer].label,
        about={"ends of the curve": " and ".join(population.members[row].label for row in ends), "t": f"{t:g}"},
    )


def _on_curve(workshop: Workshop, population: Population, runs: tuple[str, str], t: float) -> tuple[str, np.ndarray]:
    """Return the name of the analysis that found the curve between two runs, and its (D,) weights at t."""
    for entry in workshop.spec.analysis:
        finding = capability(entry.component, FindsCurves)
        if finding is not None:
            bench = evolve(StudyBench(workshop), asking=entry)
            with workshop.errors_of(entry.component):
                weights = finding.curve_point(runs, t, workshop.task, population, bench)
            if weights is not None:
                return entry.name, np.asarray(weights, np.float32)
    between = f"no analysis of this study found a curve between {runs[0]!r} and {runs[1]!r}"
    raise RunError(f"curve: {between}; {_finders(workshop)}")


def _finders(workshop: Workshop) -> str:
    """Return the end of a message about a curve that is not there: which analyses find curves."""
    finders: Sequence[str] = [
        entry.name for entry in workshop.spec.analysis if capability(entry.component, FindsCurves) is not None
    ]
    if not finders:
        return "the analysis mode-connectivity finds some"
    return f"which runs are connected follows from the options of {' and '.join(finders)}"
