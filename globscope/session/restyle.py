"""The style of a study's pictures with other options, each of which has to fit what the study holds."""

from collections.abc import Mapping
from typing import Any

from globscope.errors import RunError, near
from globscope.spec.style import Style
from globscope.values.findings import Atlas


def restyle(style: Style, options: Mapping[str, Any], atlas: Atlas) -> Style:
    """Return a study's style with some options of another value.

    Raises:
        RunError: An option does not exist, or asks for a field, a figure or a run that is not there.
    """
    restyled, runs = style.evolve(options), atlas.population.variants
    fields = {key: None for map_ in atlas.maps for one in map_.landscapes.values() for key in one.fields}
    if restyled.field is not None and restyled.field not in fields:
        raise RunError(
            f"field: no landscape of this study has a field {restyled.field!r}; {near(restyled.field, fields)}"
        )
    figures = {name for member in atlas.population.members for name in member.figures}
    if restyled.figure is not None and restyled.figure not in figures:
        raise RunError(f"figure: no table has a figure {restyled.figure!r}; {near(restyled.figure, figures)}")
    for name in restyled.labels if isinstance(restyled.labels, tuple) else ():
        if name not in runs:
            raise RunError(f"labels: this study has no run {name!r}; {near(name, runs)}")
    return restyled
