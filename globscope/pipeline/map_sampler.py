"""A sampler on one map: with what other samplers measured there before it, if it builds on that."""

from collections.abc import Mapping
from typing import Any

from attrs import define, field

from globscope.errors import PluginError
from globscope.pipeline.workshop import Workshop
from globscope.roles import BuildsOn, Sampler, capability
from globscope.spec.component_entry import Entry
from globscope.store import key
from globscope.values.findings import Map
from globscope.values.landscape import Landscape


@define(frozen=True, kw_only=True)
class MapSampler:
    """A sampler on one map.

    Attributes:
        entry: The sampler as the spec names it.
        asked: The component that is asked for samples, and that explains them.
        key: Of map, sampler, seed, and of the landscapes on which it builds.
    """

    entry: Entry
    asked: Any = field(repr=False)
    key: str

    @classmethod
    def of(cls, workshop: Workshop, fitted: Map, entry: Entry, earlier: Mapping[str, Landscape]) -> "MapSampler":
        """Return a sampler on a map, of which landscapes were measured before it, by their keys.

        Raises:
            PluginError: It returns what is no sampler.
        """
        parts = (fitted.key, workshop.key_of(entry.component), workshop.spec.seed)
        building = capability(entry.component, BuildsOn)
        if building is None:
            return cls(entry=entry, asked=entry.component, key=key(*parts))
        with workshop.errors_of(entry.component):
            asked = building.build_on(tuple(earlier.values()))
        if capability(asked, Sampler) is None:
            label = workshop.label_of(entry.component)
            raise PluginError(f"{label}: build_on returned {type(asked).__name__}, which has no method ask")
        return cls(entry=entry, asked=asked, key=key(*parts, *([list(earlier)] if earlier else [])))
