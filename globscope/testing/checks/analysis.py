"""What holds for analyses."""

from collections.abc import Iterable
from functools import cached_property

import numpy as np
from attrs import evolve

from globscope.api import Atlas, Derives, Finding, Population, capability
from globscope.testing.check import after, covers
from globscope.testing.checks.announcements import AnnouncementChecks
from globscope.testing.claims import require, require_same
from globscope.testing.findings import plain, require_drawable, require_json, require_pictures, require_tables
from globscope.testing.tiny.atlas import tiny_atlas
from globscope.testing.tiny.bench import TinyBench, tiny_bench
from globscope.testing.tiny.population import tiny_population
from globscope.testing.tiny.task import LAYOUT, tiny_task


class AnalysisChecks(AnnouncementChecks):
    """Checks of one analysis, on finished maps of a tiny population of the variants A, B and C.

    Where it derives members, they are in the population before the maps, as in a study.
    """

    def finding_is_json_without_nan(self) -> None:
        """The finding is a Finding whose figures JSON holds; one that cannot be had is None.

        Scripts and other runs read it from a file.
        """
        require(isinstance(self._finding, Finding), f"returns a {type(self._finding).__name__}, not a Finding")
        require_json(self._finding)

    @after("finding_is_json_without_nan")
    def tables_have_their_columns(self) -> None:
        """Tables have distinct names and captions, and no row has a key that is no column.

        Each is written as a CSV file under its name, and shown under its caption.
        """
        require_tables(self._finding)

    @after("finding_is_json_without_nan")
    def pictures_can_be_told_apart(self) -> None:
        """Pictures have distinct names and titles, and captions.

        Each is a file of its name, and a heading of the report.
        """
        require_pictures(self._finding)

    @after("finding_is_json_without_nan")
    def pictures_can_be_drawn(self) -> None:
        """Series have as many x as y, matrices a figure a cell, and trails lie on maps that exist.

        A report is drawn long after the analysis has ended.
        """
        require_drawable(self._finding, {one.name: one.chart.dimension for one in self._atlas.maps})

    @after("finding_is_json_without_nan")
    def records_are_of_maps(self) -> None:
        """Figures for scripts are kept by the name of a map.

        They are shown with that map, and nowhere else.
        """
        stray = set(self._finding.records) - {one.name for one in self._atlas.maps}
        require(not stray, f"has records of {sorted(stray)}, which are no maps")

    @after("finding_is_json_without_nan")
    def comparison_is_of_records(self) -> None:
        """Maps are compared by figures that are recorded, each declared once and with a label.

        The comparison is a table with a row for each map, filled from the records.
        """
        keys = [figure.key for figure in self._finding.comparison]
        require(len(set(keys)) == len(keys), f"declares a figure twice: {keys}")
        unknown = set(keys) - {key for record in self._finding.records.values() for key in record}
        require(not unknown, f"compares maps by {sorted(unknown)}, which are in no record")
        dumb = [figure.key for figure in self._finding.comparison if not figure.label.strip()]
        require(not dumb, f"figures {dumb} have no label")

    @after("finding_is_json_without_nan")
    def paths_join_runs(self) -> None:
        """Known paths lead between two runs that are there, with a finite value of a field that is measured.

        A study compares them with all others, and with the passes of its maps.
        """
        runs, fields = self._atlas.population.variants, self._atlas.truth
        for path in self._finding.paths:
            label = f"path {path.found_by!r}"
            require({path.one, path.other} <= set(runs), f"{label} joins {path.one!r} and {path.other!r}: no such runs")
            require(path.one != path.other, f"{label} joins {path.one!r} with itself")
            require(path.field in fields, f"{label} is of field {path.field!r}, which is not measured")
            require(np.isfinite(path.worst), f"{label} has no finite value")

    @after("finding_is_json_without_nan")
    def survives_maps_without_inverse(self) -> None:
        """It gives a finding where a map has no landscape.

        A map that only places networks is no reason to fail.
        """
        require_json(self._alone("scatter"))

    @after("finding_is_json_without_nan")
    def survives_an_empty_topology(self) -> None:
        """It gives a finding where no loss of a map is finite.

        That happens to maps, and is itself worth reporting.
        """
        require_json(self._alone("barren"))

    @after("finding_is_json_without_nan", "leaves_global_random_state_alone")
    def same_generator_gives_the_same_finding(self) -> None:
        """Equal inputs and generator give an equal finding, whatever the global random state.

        A finding is stored under its inputs, and computed again where a study is continued.
        """
        again, _ = self._again
        require(plain(again) == plain(self._finding), "finds something else when asked again with equal arguments")

    @covers("derive")
    def derives_members_that_fit(self) -> None:
        """Derived members have the population's layout, finite weights, and say what they are.

        They are members of the population like all others, and are fitted and scored with them.
        """
        found = self._derived
        if found is None:
            return
        require(found.layout == LAYOUT, "derives members of another layout than the population's")
        shape = (len(found.members), LAYOUT.size)
        require(found.weights.shape == shape, f"derives weights of shape {found.weights.shape}, wanted {shape}")
        require(np.isfinite(found.weights).all(), "derives weights that are not finite")
        trained = [member.label for member in found.members if member.kind == "trained"]
        require(not trained, f"calls derived members {trained} trained")
        labels = [member.label for member in (*tiny_population().members, *found.members)]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        require(not twice, f"derives members with labels that are taken: {twice}")

    def leaves_inputs_untouched(self) -> None:
        """The finished values are as they were.

        The other analyses and the report read the same arrays.
        """
        atlas, clean = tiny_atlas(self._derived), tiny_atlas(self._derived)
        self._analyse(atlas, tiny_bench())
        for name, one, two in zip(_NAMES, _arrays(atlas), _arrays(clean), strict=True):
            require_same(one, two, f"the {name} were written to")

    @cached_property
    def _bench(self) -> TinyBench:
        """The bench of the first analysis, and of what it derived before."""
        return tiny_bench()

    @cached_property
    def _atlas(self) -> Atlas:
        return tiny_atlas(self._derived)

    @property
    def _finding(self) -> Finding:
        found: Finding = self._first
        return found

    def _work(self) -> Finding:
        return self._analyse(self._atlas, self._bench)

    def _work_again(self) -> Finding:
        return self._analyse(self._atlas, tiny_bench())

    @cached_property
    def _derived(self) -> Population | None:
        if capability(self.component, Derives) is None:
            return None
        rng = np.random.default_rng(0)
        found: Population = self.component.derive(tiny_task(), tiny_population(), self._bench, rng)
        return found

    def _analyse(self, atlas: Atlas, bench: TinyBench) -> Finding:
        found: Finding = self.component.analyse(atlas, bench, np.random.default_rng(0))
        return found

    def _alone(self, name: str) -> Finding:
        only = tuple(one for one in self._atlas.maps if one.name == name)
        return self._analyse(evolve(self._atlas, maps=only), tiny_bench())


_NAMES = ("population's weights", "true losses", "map's latents", "landscape's losses")


def _arrays(atlas: Atlas) -> Iterable[np.ndarray]:
    one = atlas.maps[0]
    assert one.landscape is not None
    weights, losses = np.asarray(atlas.population.weights), one.landscape.fields["train_loss"]
    return (weights, atlas.truth["train_loss"], one.chart.latents, losses)
