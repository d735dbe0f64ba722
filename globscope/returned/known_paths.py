"""Checks of the known paths that an analysis returns."""

from globscope.errors import PluginError, near
from globscope.values.findings import Atlas, Finding


def check_paths(component: str, finding: Finding, atlas: Atlas) -> None:
    """Refuse paths between runs or of fields that do not exist.

    Raises:
        PluginError: A path joins a run with itself or with one that is not there, or has a field that is not measured.
    """
    variants, fields = atlas.population.variants, atlas.truth
    for path in finding.paths:
        place = f"{component}: path {path.found_by!r} from {path.one!r} to {path.other!r}"
        if path.one == path.other:
            raise PluginError(f"{place}: a path joins two runs")
        for name in (path.one, path.other):
            if name not in variants:
                raise PluginError(f"{place}: there is no run {name!r}; {near(name, variants)}")
        if path.field not in fields:
            raise PluginError(f"{place}: there is no field {path.field!r}; {near(path.field, fields)}")
