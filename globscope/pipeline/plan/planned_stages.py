"""The stages of a study in words, before any has run."""

from globscope.pipeline.plan.network_counts import decoding_maps, evaluations_of, lacks_inverse, search_budgets
from globscope.pipeline.stages.align.pairs import learners
from globscope.pipeline.workshop import Workshop, several
from globscope.population.stacking import training_groups
from globscope.population.training_run import TrainingRun
from globscope.roles import Plans, capability
from globscope.scoring.draws import REPEATS


def planned_stages(workshop: Workshop, runs: list[TrainingRun], members: int, variants: int) -> list[str]:
    """Return what a study will do, in order; `runs` are all its trainings."""
    spec = workshop.spec
    trained = [f"train {several([run.name for run in one])} ({one[0].epochs} epochs)" for one in training_groups(runs)]
    names = trained or ["read checkpoints"]
    names.append("evaluate members")
    names += [f"evaluate draws: {REPEATS} of {variants} networks"] if workshop.task.draws else []
    names += [f"{one.entry.name}: learn from the zoo" for one in learners(workshop)]
    for entry in spec.reducer:
        if lacks_inverse(entry):
            names.append(f"{entry.name}: fit; no landscape, it has no inverse")
            continue
        within = {n: f" (at most {budget:,} evaluations)" for n, budget in search_budgets(workshop, entry).items()}
        points = " and ".join(f"{one.name}{within.get(one.name, '')}" for one in spec.samplers_of(entry))
        names.append(f"{entry.name}: fit, decode {points}, evaluate, merge tree")
    for asked in (spec.fidelity, *spec.analysis):
        maps = len(decoding_maps(spec, asked))
        planning, more = capability(asked.component, Plans), evaluations_of(workshop, asked, members, variants)
        name = asked.name if planning is None else planning.plan(maps, variants)
        names.append(f"{name}: up to {more:,} more networks" if more else name)
    return names
