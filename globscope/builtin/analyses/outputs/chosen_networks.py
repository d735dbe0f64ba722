"""The networks that an analysis compares, as a spec names them."""

from collections.abc import Sequence

from globscope.api import EvaluationError, Population, near


def require_networks(analysis: str, names: Sequence[str], variants: Sequence[str]) -> None:
    """Refuse fewer than two networks, one that is named twice, and names of runs that are not there.

    Args:
        analysis: Name of the analysis.
        names: Names of networks, `variant` or `variant@step`; empty for the final networks of all runs.
        variants: Names of the training runs.

    Raises:
        EvaluationError: One of these.
    """
    if len(names or variants) < 2:
        raise EvaluationError(f"analysis {analysis}: compares two networks or more, and there is one")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise EvaluationError(f"analysis {analysis}: of names {twice!r} twice")
    for name in names:
        if name not in variants and name.rpartition("@")[0] not in variants:
            raise EvaluationError(f"analysis {analysis}: of: there is no network {name!r}; {near(name, variants)}")


def network_rows(analysis: str, names: Sequence[str], population: Population) -> list[int]:
    """Return the rows of the named networks, or of the final ones of all runs.

    Raises:
        PopulationError: There is no network of a name.
    """
    return [population.row(name, f"analysis {analysis}: of") for name in names] or population.finals
