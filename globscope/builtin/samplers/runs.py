"""The members of a training run on a chart."""

from globscope.api import Chart, PopulationError, near

VARIANT = "variant:"


def rows_of(chart: Chart, variant: str, sampler: str) -> list[int]:
    """Return the rows of one variant's trained members, by rising step.

    Raises:
        PopulationError: There is no such variant; the message names the sampler.
    """
    # Derived members (curve points, re-based networks) may have a variant's name.
    trained = {row: member for row, member in enumerate(chart.members) if member.kind == "trained"}
    rows = [row for row, member in trained.items() if member.variant == variant]
    if not rows:
        known = {member.variant for member in trained.values()}
        raise PopulationError(f"sampler {sampler!r}: there is no variant {variant!r}; {near(variant, known)}")
    return sorted(rows, key=lambda row: chart.members[row].step)
