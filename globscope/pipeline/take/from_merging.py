"""Networks that an analysis merged from several, on their way out of a study."""

from attrs import evolve

from globscope.errors import RunError, near
from globscope.pipeline.bench import StudyBench
from globscope.pipeline.take.choice import Choice
from globscope.pipeline.workshop import Workshop
from globscope.roles import Merges, capability
from globscope.spec.component_entry import Entry
from globscope.values.findings import Atlas


def merged_network(
    workshop: Workshop, atlas: Atlas, recipe: str, members: tuple[str, ...], analysis: str | None
) -> Choice:
    """Return the network that a recipe makes of some members, or the best of all that an analysis merged.

    Args:
        workshop: The study at work.
        atlas: Its results.
        recipe: Name of the recipe, or `best`.
        members: Names of the members; those that the analysis merges if empty.
        analysis: Name of the analysis; the first that merges networks if unset.

    Raises:
        RunError: No analysis of the study merges networks, or it has no such recipe or set.
        PopulationError: A member is not there.
    """
    entry, merging = _merging(workshop, analysis)
    bench = evolve(StudyBench(workshop), asking=entry)
    with workshop.errors_of(entry.component):
        made = merging.merged_network(recipe, members, atlas, bench)
    like, population = made.members[0], atlas.population
    return Choice(
        title=made.title,
        weights=made.weights,
        buffers=population.members[population.row(like, "merge")].buffers,
        like=like,
        about={"analysis": entry.name, "made from": ", ".join(made.members), **made.about},
        known=made.fields,
        warnings=made.warnings,
    )


def _merging(workshop: Workshop, name: str | None) -> tuple[Entry, Merges]:
    entries = workshop.spec.analysis
    known = {entry.name: (entry, found) for entry in entries if (found := capability(entry.component, Merges))}
    if not known:
        remedy = "add the analysis merging to its spec and run the study again"
        raise RunError(f"merge: no analysis of this study merges networks; {remedy}")
    if name is not None and name not in known:
        raise RunError(f"merge: no analysis {name!r} of this study merges networks; {near(name, known)}")
    return known[name or next(iter(known))]
