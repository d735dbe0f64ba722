"""What holds for evaluators."""

import pickle
from functools import cached_property
from typing import Any

import numpy as np
from attrs import define, evolve, field

from globscope.api import (
    GRADIENT,
    AddsFields,
    AffineSpace,
    CountsExamples,
    EvaluatorTraits,
    GivesBuffers,
    Lifting,
    Networks,
    OffersFields,
    Probe,
    Renews,
    TriesScoring,
    Unit,
    capability,
    traits,
)
from globscope.testing.check import after, covers
from globscope.testing.checks.work import Suite
from globscope.testing.claims import ContractError, require, require_near, require_same
from globscope.testing.surroundings import restored_process
from globscope.testing.tiny.population import tiny_inputs
from globscope.testing.tiny.task import TinyTask, tiny_task
from globscope.testing.unit_scores import plan_of_width, score_units

# A product cut otherwise sums its float32 terms in another order.
OTHER_CUT = 1e-6
# Of a gradient, whose terms in float32 partly cancel.
FLOAT32 = 1e-4
# Of central differences in float64, which leave errors of 1e-10.
STEP = 1e-5
FIELDS = {"train_loss", "train_accuracy", "test_loss", "test_accuracy"}


class EvaluatorChecks(Suite):
    """Checks of one evaluator, on 12 networks of 51 weights."""

    def records_every_network_once(self) -> None:
        """Each split's measures for every network, and nothing of others.

        A landscape has a value of every field at every sample.
        """
        _require_complete(self._plain)

    @after("records_every_network_once")
    def answers_in_float64_arrays(self) -> None:
        """What the scorer returns are numpy arrays of float64, by the name of the field.

        Losses that differ in the eighth digit are compared, and a list would be converted for every unit.
        """
        networks, task = _networks(), tiny_task()
        plan = plan_of_width(self.component, networks, task, 3)
        for name, values in self.component.scorer(networks, task, plan).score(plan.units[0]).items():
            require(isinstance(values, np.ndarray), f"{name} is a {type(values).__name__}, not an array")
            require(values.dtype == np.float64, f"{name} is {values.dtype}, not float64")

    @after("records_every_network_once")
    def records_networks_with_statistics(self) -> None:
        """So it does where statistics must be calibrated first.

        Most models have BatchNorm.
        """
        _require_complete(self._normalised)

    @covers("added_fields")
    @after("records_every_network_once")
    def adds_the_fields_that_it_names(self) -> None:
        """Networks are scored by what the task measures, and by the fields that it says it adds, also as members.

        A spec may ask for a field, and is refused where nobody scores it.
        """
        task = tiny_task()
        adding = capability(self.component, AddsFields)
        added = [] if adding is None else [one.key for one in adding.added_fields(task.build("cpu"))]
        require(not FIELDS & set(added), f"adds fields that the task measures: {sorted(FIELDS & set(added))}")
        for networks in (_networks(), Networks.of(tiny_inputs().population.weights)):
            more = set(self._scores(networks, task)) - FIELDS
            require(more == set(added), f"adds fields {sorted(added)} by name, but scores {sorted(more)}")

    @covers("offered_fields")
    def offers_fields_that_it_does_not_score(self) -> None:
        """Where it names options that would add fields, networks are not scored by these fields yet.

        A message that a field is missing names the option that adds it.
        """
        offering = capability(self.component, OffersFields)
        offered = {} if offering is None else offering.offered_fields(tiny_task().build("cpu"))
        both = sorted(set(offered) & set(self._plain))
        require(not both, f"offers fields that it scores already: {both}")

    @covers("scored_examples")
    def counts_the_examples_of_every_split(self) -> None:
        """Where it says on how many examples it scores, it does for every split: one at least, and no more than are.

        The error of a loss on a share of the examples is estimated from it.
        """
        probe = tiny_task().build("cpu")
        counting = capability(self.component, CountsExamples)
        counts = dict.fromkeys(probe.splits, 1) if counting is None else counting.scored_examples(probe)
        wrong = [split for split in probe.splits if not 1 <= counts.get(split, 0) <= probe.examples(split)]
        require(not wrong, f"says of {wrong} that it scores {[counts.get(split) for split in wrong]} examples")

    @covers("trial")
    @after("records_every_network_once")
    def trial_scores_the_same_fields(self) -> None:
        """Where it offers a trial, that one records the same fields, and takes no longer than itself.

        `globscope check` multiplies the trial's time.
        """
        task = tiny_task()
        trying = capability(self.component, TriesScoring)
        if trying is not None:
            quick, times = trying.trial(task.build("cpu"))
            found = score_units(quick, _networks(), task)
            require(set(found) == set(self._plain), "its trial records other fields")
            require(np.isfinite(times) and times >= 1, f"takes {times} times as long as its trial, not 1 or more")

    @after("records_networks_with_statistics", "another_cut_gives_nearly_the_same_numbers")
    def calibrates_statistics(self) -> None:
        """A network of a model with statistics is scored with its own, re-estimated ones.

        With the statistics of a fresh network or of another one, its loss would mean nothing.
        """
        task = tiny_task(normalised=True)
        found = self._normalised["train_loss"]
        probe, weights = task.build("cpu"), _networks().weights(Unit(start=0, stop=12))
        fresh = np.array([_loss(probe, row, calibrated=False) for row in weights])
        wanted = np.array([_loss(probe, row, calibrated=True) for row in weights])
        off = np.abs(found - wanted)
        require(
            (off < np.abs(found - fresh)).all(), "scores a network with fresh statistics instead of calibrated ones"
        )

    @after("calibrates_statistics")
    def scores_a_network_with_its_own_buffers(self) -> None:
        """Buffers that are no statistics are those of each network, or of the member nearest to it.

        A mask or a normaliser is part of the network.
        """
        for task in (tiny_task(shifted=True), tiny_task(shifted=True, normalised=True)):
            probe, networks = task.build("cpu"), _networks()
            weights = networks.weights(Unit(start=0, stop=12))
            shifts = np.random.default_rng(1).normal(size=(12, 4)).astype(np.float32)
            buffers = [{"shift": shift, "mean": np.zeros(6), "variance": np.ones(6)} for shift in shifts]
            nearest = np.arange(12) // 2
            found = self._scores(evolve(networks, buffers=buffers, nearest=nearest), task)["train_loss"]
            calibrated = bool(probe.statistics)
            wanted = [_loss(probe, *pair, calibrated=calibrated) for pair in zip(weights, shifts[nearest], strict=True)]
            text = "does not score a network with the buffers of the member nearest to it"
            require_near(found, wanted, OTHER_CUT, text)

    @covers("buffers_of", "with_own_statistics")
    @after("scores_a_network_with_its_own_buffers")
    def gives_the_buffers_with_which_it_scores(self) -> None:
        """Where it gives a network's buffers, a network that brings these, its statistics too, scores the same.

        A network that is taken out of a study must have the loss that its map shows.
        """
        giving = capability(self.component, GivesBuffers)
        if giving is None:
            return
        task = tiny_task(normalised=True, shifted=True)
        weights = _networks().weights(Unit(start=0, stop=12))
        shift = np.full(4, 0.5, np.float32)
        own: dict[str, np.ndarray] = {"shift": shift, "mean": np.zeros(6), "variance": np.ones(6)}
        buffers = [giving.buffers_of(task, row, own, None) for row in weights]
        missing = {"shift", "mean", "variance"} - set(buffers[0])
        require(not missing, f"gives no buffers {sorted(missing)} of a network")
        scored = self._scores(Networks.of(weights, [own] * len(weights)), task)["train_loss"]
        keeping = giving.with_own_statistics()
        again = score_units(keeping, Networks.of(weights, buffers), task)["train_loss"]
        require_near(again, scored, OTHER_CUT, "scores a network otherwise with the buffers that it gives")

    @after("same_plan_gives_the_same_bits", "another_cut_gives_nearly_the_same_numbers")
    def draws_the_same_numbers_for_all_networks(self) -> None:
        """What scoring draws follows from the networks' seed alone, and is the same for each of them.

        Networks are compared with each other, and again after a study was continued.
        """
        found = self._drawn["train_loss"]
        require_near(found[7], found[0], OTHER_CUT, "draws other numbers for two equal networks")
        again = self._again[0][1]["train_loss"]
        require_same(again, found, "draws other numbers when it scores the same networks again")
        other = self._scores(_twins(4), tiny_task(drawing=True))["train_loss"]
        require((other != found).all(), "draws the same numbers whatever the seed")

    @after("records_every_network_once", "leaves_global_random_state_alone")
    def same_plan_gives_the_same_bits(self) -> None:
        """Equal units give equal numbers, in whatever order they are taken, and whatever the global random state.

        Workers take units as they come, and a study that is continued scores what is left.
        """
        again = self._again[0][0]
        forwards = self._cut(5)
        turned = self._scores(_networks(), tiny_task(), width=5, backwards=True)
        for name, values in self._plain.items():
            require_same(values, again[name], f"{name} differs between two equal evaluations")
            require_same(forwards[name], turned[name], f"{name} depends on the order of the units")

    @covers("gradients")
    @after("gradient_changes_no_field")
    def gradient_is_that_of_differences(self) -> None:
        """Where its traits say that it scores gradients, they are those with respect to the networks' coordinates.

        Searches for minima and saddles follow them.
        """
        if not traits(self.component, EvaluatorTraits).gradients:
            return
        for split in ("train", "test"):
            networks = evolve(_in_a_plane(), gradient=f"{split}_loss")
            wanted, found = _differences(networks, split), self._scores(networks, tiny_task())
            text = f"the gradient of {split}_loss is not that of central differences"
            require_near(found[GRADIENT], wanted, FLOAT32, text)

    @after("same_plan_gives_the_same_bits", "draws_the_same_numbers_for_all_networks")
    def gradient_changes_no_field(self) -> None:
        """Fields are the same beside a gradient, up to rounding, also where scoring draws.

        Else a map would depend on which sampler asks for gradients.
        """
        if not traits(self.component, EvaluatorTraits).gradients:
            return
        for task, seed in ((tiny_task(), None), (tiny_task(drawing=True), 3)):
            networks = evolve(_in_a_plane(), seed=seed)
            without = self._scores(networks, task)
            beside = self._scores(evolve(networks, gradient="train_loss"), task)
            for name, values in without.items():
                require_near(beside[name], values, OTHER_CUT, f"{name} is another beside a gradient")

    @after("records_every_network_once")
    def another_cut_gives_nearly_the_same_numbers(self) -> None:
        """A network's numbers are its own, whatever it is evaluated with.

        Memory decides how many networks make a unit.
        """
        for width in (1, 5):
            for name, values in self._cut(width).items():
                text = f"{name} differs beyond {OTHER_CUT:g} when {width} networks make a unit"
                require_near(values, self._plain[name], OTHER_CUT, text)

    @after("another_cut_gives_nearly_the_same_numbers")
    def keeps_losses_that_are_not_finite(self) -> None:
        """A network of NaN has loss NaN and an enormous one inf or NaN; its neighbours are not affected.

        A loss is never repaired: where a network diverges is a finding.
        """
        weights = _networks().weights(Unit(start=0, stop=12)).copy()
        weights[3], weights[7] = np.nan, 1e30
        found, rest = self._scores(Networks.of(weights), tiny_task()), np.delete(np.arange(12), [3, 7])
        for name in ("train_loss", "test_loss"):
            require(np.isnan(found[name][3]), f"{name} of a network of NaN is {found[name][3]}, not NaN")
            require(not np.isfinite(found[name][7]), f"{name} of an enormous network was repaired to {found[name][7]}")
            text = f"{name} of a network changes when others of its unit are not finite"
            require_near(found[name][rest], self._plain[name][rest], OTHER_CUT, text)

    @after("same_plan_gives_the_same_bits", "another_cut_gives_nearly_the_same_numbers")
    @after("answers_in_float64_arrays")
    def scores_what_a_unit_has_and_no_more(self) -> None:
        """Scoring a unit lifts its own networks only, and gives what they have in any order.

        A rerun scores the units that are left, and must not pay for the others.
        """
        space = _Watched(space=_networks().space)
        networks, task = evolve(_networks(), space=space), tiny_task()
        plan = plan_of_width(self.component, networks, task, 3)
        scorer = self.component.scorer(networks, task, plan)
        space.lifted.clear()
        found = scorer.score(plan.units[2])
        require(sum(space.lifted) <= 3, f"lifts {sum(space.lifted)} networks to score a unit of 3")
        for name, values in found.items():
            require_same(values, self._cut(3)[name][6:9], f"{name} of a unit depends on what was scored before")

    @covers("renew")
    @after("same_plan_gives_the_same_bits")
    @after("answers_in_float64_arrays")
    def renewed_scorer_scores_as_a_new_one(self) -> None:
        """Where a scorer offers renew, the other networks get the numbers that a new scorer would give.

        Rounds of a search reuse what a scorer has prepared.
        """
        networks, task = _networks(), tiny_task()
        plan = plan_of_width(self.component, networks, task, 5)
        before = self.component.scorer(evolve(networks, coordinates=networks.coordinates[::-1]), task, plan)
        renewing = capability(before, Renews)
        if renewing is None:
            return
        before.score(plan.units[0])
        scorer = renewing.renew(networks, plan)
        for unit in plan.units:
            for name, values in scorer.score(unit).items():
                require_same(values, self._cut(5)[name][unit.start : unit.stop], f"{name} differs once renewed")

    @after("same_plan_gives_the_same_bits")
    @after("answers_in_float64_arrays")
    def scores_in_another_process(self) -> None:
        """What was pickled scores the same: the evaluator, the networks, the task and the plan.

        Workers of a pool get it so.
        """
        networks, task = _networks(), tiny_task()
        plan = plan_of_width(self.component, networks, task, 5)
        sent = pickle.loads(pickle.dumps((self.component, networks, task, plan)))  # noqa: S301 - made here
        scorer = sent[0].scorer(*sent[1:])
        for unit in plan.units:
            for name, values in scorer.score(unit).items():
                require_same(values, self._cut(5)[name][unit.start : unit.stop], f"{name} differs once pickled")

    @after("same_plan_gives_the_same_bits")
    def survives_a_failing_network(self) -> None:
        """What a task raises is passed on, and changes neither torch's state nor later numbers.

        A study that goes on in this process must compute what it would have computed.
        """
        task = tiny_task(fails_on=123.0)
        weights = _networks().weights(Unit(start=0, stop=12)).copy()
        weights[5, 0] = 123.0
        clean = self._scores(_networks(), task)
        with restored_process() as changes:
            try:
                self._scores(Networks.of(weights), task)
            except Exception:  # noqa: BLE001 - of whatever kind: here it is enough that it is not hidden
                hidden = False
            else:
                hidden = True
        require(not hidden, "hides what the task raises")
        require(not changes, f"after an exception it {'; '.join(changes)}")
        for name, values in self._scores(_networks(), task).items():
            require_same(values, clean[name], f"{name} differs after an exception in another evaluation")

    def leaves_inputs_untouched(self) -> None:
        """The networks' coordinates are as they were.

        Other evaluations of the study read the same array.
        """
        networks = Networks.of(tiny_inputs().population.weights.copy())
        self._scores(networks, tiny_task())
        require_same(networks.coordinates, tiny_inputs().population.weights, "the networks were written to")

    @covers("device")
    def announces_where_it_scores(self) -> None:
        """The device of its traits is one that torch knows by name, or `auto`, or None.

        A study finds out before anything long whether that device is there.
        """
        import torch

        known = traits(self.component, EvaluatorTraits).device
        try:
            torch.device("cpu" if known in (None, "auto") else known)
        except (RuntimeError, TypeError) as error:
            raise ContractError(f"its traits say device = {known!r}: {str(error).partition(chr(10))[0]}") from error

    def _work(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        return self._scores(_networks(), tiny_task()), self._scores(_twins(3), tiny_task(drawing=True))

    @cached_property
    def _normalised(self) -> dict[str, np.ndarray]:
        return self._scores(_networks(), tiny_task(normalised=True))

    @property
    def _plain(self) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = self._first[0]
        return found

    @property
    def _drawn(self) -> dict[str, np.ndarray]:
        """The fields of twelve networks, two of them equal, on a task that draws."""
        found: dict[str, np.ndarray] = self._first[1]
        return found

    def _cut(self, width: int) -> dict[str, np.ndarray]:
        if width not in self._cuts:
            self._cuts[width] = self._scores(_networks(), tiny_task(), width=width)
        return self._cuts[width]

    @cached_property
    def _cuts(self) -> dict[int, dict[str, np.ndarray]]:
        """By networks a unit, the fields; filled as they are asked for."""
        return {}

    def _scores(self, networks: Networks, task: TinyTask, **cut: Any) -> dict[str, np.ndarray]:
        return score_units(self.component, networks, task, **cut)


@define(frozen=True, kw_only=True)
class _Watched:
    """A space that remembers how many networks were lifted."""

    space: Lifting
    lifted: list[int] = field(factory=list)

    @property
    def rank(self) -> int:
        return self.space.rank

    def lift(self, coordinates: np.ndarray) -> np.ndarray:
        self.lifted.append(len(coordinates))
        return self.space.lift(coordinates)


def _networks() -> Networks:
    inputs = tiny_inputs()
    return Networks(space=inputs.space, coordinates=inputs.coordinates)


def _require_complete(found: dict[str, np.ndarray]) -> None:
    """Require a value of every field for each of the twelve networks."""
    missing = FIELDS - set(found)
    require(not missing, f"fields {sorted(missing)} are missing")
    wrong = [name for name, values in found.items() if values.shape != (12,)]
    require(not wrong, f"fields {wrong} have not one value a network")
    require(np.isfinite(found["train_loss"]).all(), "losses of finite networks are not finite")


def _twins(seed: int) -> Networks:
    """Return networks of which the first and the eighth are equal, scored with numbers that this seed draws."""
    weights = _networks().weights(Unit(start=0, stop=12)).copy()
    weights[7] = weights[0]
    return evolve(Networks.of(weights), seed=seed)


def _in_a_plane() -> Networks:
    """Return six networks on three axes around the first member."""
    rng, origin = np.random.default_rng(4), tiny_inputs().population.weights[0]
    basis = np.linalg.qr(rng.normal(size=(len(origin), 3)))[0].T
    return Networks(space=AffineSpace(origin=origin, basis=basis), coordinates=rng.normal(size=(6, 3)))


def _differences(networks: Networks, split: str) -> np.ndarray:
    """Return the (n, r) gradients of a split's loss, as central differences of plain torch in float64."""
    import torch

    probe, space = tiny_task().build("cpu"), networks.space
    assert isinstance(space, AffineSpace)
    points, classes = probe.batch(split, torch.arange(probe.examples(split)))

    def loss(coordinates: np.ndarray) -> float:
        row = torch.from_numpy(space.origin + coordinates @ space.basis)
        total, count = probe.reduce(probe.layout.unflatten(row), {}, (points.double(), classes))["loss"]
        return float(total) / count

    moves = STEP * np.eye(space.rank)
    return np.array([[(loss(z + m) - loss(z - m)) / (2 * STEP) for m in moves] for z in networks.coordinates])


def _loss(probe: Probe, row: np.ndarray, shift: np.ndarray | None = None, *, calibrated: bool) -> float:
    import torch

    parameters = probe.layout.unflatten(torch.from_numpy(row))
    batch = probe.batch("train", torch.arange(probe.examples("train")))
    buffers = probe.initialise(0)[1] | ({} if shift is None else {"shift": torch.from_numpy(shift)})
    buffers = probe.calibrate(parameters, buffers, [batch]) if calibrated else buffers
    total, count = probe.reduce(parameters, buffers, batch)["loss"]
    return float(total) / count
