"""What holds for units: how networks are divided changes none of their numbers."""

import pickle

import numpy as np
from attrs import define, evolve, field

from globscope.api import Lifting, Networks, Renews, Unit, capability
from globscope.testing.check import after, covers
from globscope.testing.checks.evaluation.suite import OTHER_CUT, EvaluationSuite, tiny_networks, twins
from globscope.testing.claims import require, require_near, require_same
from globscope.testing.surroundings import restored_process
from globscope.testing.tiny.population import tiny_inputs
from globscope.testing.tiny.task import tiny_task
from globscope.testing.unit_scores import plan_of_width


class UnitChecks(EvaluationSuite):
    """Checks of which numbers are the same however often, wherever and beside whatever a network is scored."""

    @after("same_plan_gives_the_same_bits", "another_cut_gives_nearly_the_same_numbers")
    def draws_the_same_numbers_for_all_networks(self) -> None:
        """What scoring draws follows from the networks' seed alone, and is the same for each of them.

        Networks are compared with each other, and again after a study was continued.
        """
        found = self._drawn["train_loss"]
        require_near(found[7], found[0], OTHER_CUT, "draws other numbers for two equal networks")
        again = self._again[0][1]["train_loss"]
        require_same(again, found, "draws other numbers when it scores the same networks again")
        other = self._scores(twins(4), tiny_task(drawing=True))["train_loss"]
        require((other != found).all(), "draws the same numbers whatever the seed")

    @after("records_every_network_once", "leaves_global_random_state_alone")
    def same_plan_gives_the_same_bits(self) -> None:
        """Equal units give equal numbers, in whatever order they are taken, and whatever the global random state.

        Workers take units as they come, and a study that is continued scores what is left.
        """
        again = self._again[0][0]
        forwards = self._cut(5)
        turned = self._scores(tiny_networks(), tiny_task(), width=5, backwards=True)
        for name, values in self._plain.items():
            require_same(values, again[name], f"{name} differs between two equal evaluations")
            require_same(forwards[name], turned[name], f"{name} depends on the order of the units")

    @after("records_every_network_once")
    def another_cut_gives_nearly_the_same_numbers(self) -> None:
        """A network's numbers are its own, whatever it is evaluated with.

        Memory decides how many networks make a unit.
        """
        for width in (1, 5):
            for name, values in self._cut(width).items():
                text = f"{name} differs beyond {OTHER_CUT:g} when {width} networks make a unit"
                require_near(values, self._plain[name], OTHER_CUT, text)

    @after("same_plan_gives_the_same_bits", "another_cut_gives_nearly_the_same_numbers")
    @after("answers_in_float64_arrays")
    def scores_what_a_unit_has_and_no_more(self) -> None:
        """Scoring a unit lifts its own networks only, and gives what they have in any order.

        A rerun scores the units that are left, and must not pay for the others.
        """
        space = _Watched(space=tiny_networks().space)
        networks, task = evolve(tiny_networks(), space=space), tiny_task()
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
        networks, task = tiny_networks(), tiny_task()
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
        networks, task = tiny_networks(), tiny_task()
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
        weights = tiny_networks().weights(Unit(start=0, stop=12)).copy()
        weights[5, 0] = 123.0
        clean = self._scores(tiny_networks(), task)
        with restored_process() as changes:
            try:
                self._scores(Networks.of(weights), task)
            except Exception:  # noqa: BLE001 - of whatever kind: here it is enough that it is not hidden
                hidden = False
            else:
                hidden = True
        require(not hidden, "hides what the task raises")
        require(not changes, f"after an exception it {'; '.join(changes)}")
        for name, values in self._scores(tiny_networks(), task).items():
            require_same(values, clean[name], f"{name} differs after an exception in another evaluation")

    def leaves_inputs_untouched(self) -> None:
        """The networks' coordinates are as they were.

        Other evaluations of the study read the same array.
        """
        networks = Networks.of(tiny_inputs().population.weights.copy())
        self._scores(networks, tiny_task())
        require_same(networks.coordinates, tiny_inputs().population.weights, "the networks were written to")


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
