"""What holds for what an analysis announces before it works, and offers after it."""

from typing import Any

import numpy as np

from globscope.api import (
    AnalysisTraits,
    Atlas,
    Evaluates,
    FindsCurves,
    GlobscopeError,
    MergedNetwork,
    Merges,
    Networks,
    Plans,
    Refits,
    capability,
    traits,
)
from globscope.testing.check import after, covers
from globscope.testing.checks.work import Suite
from globscope.testing.claims import require, require_near
from globscope.testing.tiny.bench import ALIGNER, TinyBench, fit_key, tiny_bench
from globscope.testing.tiny.landscapes import SIDE
from globscope.testing.tiny.population import VARIANTS, tiny_population
from globscope.testing.tiny.task import LAYOUT, tiny_task

# Maps of the atlas, and those of them that have an inverse, and so a lattice.
MAPS, INVERTIBLE = 3, 2
LATTICES = [(SIDE, SIDE)] * INVERTIBLE
# Float32 sums over six units in another order.
SAME_LOSS = 1e-5


class AnnouncementChecks(Suite):
    """Checks of one analysis against what its first run asked of the bench."""

    @property
    def _atlas(self) -> Atlas:
        raise NotImplementedError

    @property
    def _bench(self) -> TinyBench:
        raise NotImplementedError

    @covers("field", "fields", "reducers", "aligners")
    def names_what_it_looks_at(self) -> None:
        """Its traits name fields, maps and aligners by texts, and every aligner that it uses.

        Unknown names in a spec are refused before anything long.
        """
        known = traits(self.component, AnalysisTraits)
        require(known.field is None or known.field, f"its traits name the field {known.field!r}")
        for what in ("fields", "reducers", "aligners"):
            names = getattr(known, what)
            fits = isinstance(names, tuple) and all(isinstance(name, str) and name for name in names)
            require(fits, f"its traits name {what} {names!r}; a tuple of names is wanted")
        used = {key.removeprefix(ALIGNER) for key in self._bench.counts if key.startswith(ALIGNER)}
        silent = sorted(used - {*known.aligners})
        require(not silent, f"uses aligners {silent}, which its traits do not name")

    @covers("evaluations")
    def foretells_its_evaluations(self) -> None:
        """Where it foretells its evaluations, and not that only a run can tell, it scores no more networks than that.

        Estimates of a study's time rest on that number.
        """
        foretelling, asked = capability(self.component, Evaluates), self._bench.counts["networks"]
        if foretelling is None:
            return
        most = foretelling.evaluations(LATTICES, INVERTIBLE, len(VARIANTS))
        if most is None:
            return
        require(isinstance(most, int) and most >= 0, f"evaluations() says {most!r}; a number of networks is wanted")
        require(asked <= most, f"scores {asked} networks, {most} are foretold")

    @covers("refits")
    def foretells_its_refits(self) -> None:
        """It refits maps to landscapes no more often than `refits` says, and never where it does not offer that.

        Estimates of a study's time rest on that number.
        """
        foretelling, own = capability(self.component, Refits), self._atlas
        asked = len(self._bench.fitted - {fit_key(one.name, own.population) for one in own.maps})
        most = 0 if foretelling is None else foretelling.refits()
        require(isinstance(most, int) and most >= 0, f"refits() says {most!r}; a number of fits is wanted")
        require(asked <= MAPS * most, f"fits {asked} maps again, {most} for each of {MAPS} maps are foretold")

    @covers("plan")
    def plans_in_a_line(self) -> None:
        """Where it has a line in the plan, that is one line of text.

        It stands behind the analysis' name in the table that `globscope check` prints.
        """
        planning = capability(self.component, Plans)
        if planning is not None:
            line = planning.plan(INVERTIBLE, len(VARIANTS))
            require(isinstance(line, str) and line.strip() and "\n" not in line, f"plan() says {line!r}, not one line")

    @covers("curve_point")
    def curves_join_the_runs(self) -> None:
        """Where it finds a curve between two runs, that leads from the final network of one to the other's.

        `globscope take` gives its points away as networks.

        Their hidden units may be in another order, as after a re-basin, so the losses there are compared.
        """
        finding = capability(self.component, FindsCurves)
        if finding is None:
            return
        members, ends = tiny_population(), {"A": 3, "B": 7}
        for t, run in enumerate(ends):
            found = finding.curve_point(("A", "B"), float(t), tiny_task(), members, self._bench)
            if found is not None:
                shape = np.shape(found)
                require(shape == (LAYOUT.size,), f"a point of its curve has shape {shape}, not ({LAYOUT.size},)")
                text = f"at t = {t}, its curve from A to B is not the final network of {run}"
                require_near(_loss(found), _loss(members.weights[ends[run]]), SAME_LOSS, text)

    @covers("merged_network")
    @after("finding_is_json_without_nan")
    def merges_networks_of_the_layout(self) -> None:
        """Where it merges networks, the best one has the layout's weights, or it says that there is none.

        `globscope take` writes it as a checkpoint.
        """
        merging = capability(self.component, Merges)
        if merging is not None:
            found = _best_merge(merging, self._atlas, self._bench)
            shape = () if found is None else np.shape(found.weights)
            require(
                found is None or shape == (LAYOUT.size,), f"merges to weights of shape {shape}, not ({LAYOUT.size},)"
            )


def _loss(weights: np.ndarray) -> np.ndarray:
    """Return the (1,) training loss of (D,) weights."""
    return tiny_bench().measure(Networks.of(np.asarray(weights, np.float32)[None]))["train_loss"]


def _best_merge(merging: Any, atlas: Atlas, bench: TinyBench) -> MergedNetwork | None:
    try:
        found: MergedNetwork = merging.merged_network("best", (), atlas, bench)
    except GlobscopeError:
        return None
    return found
