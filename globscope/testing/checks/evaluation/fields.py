"""What holds for the fields by which an evaluator scores networks."""

import numpy as np

from globscope.api import (
    AddsFields,
    CountsExamples,
    EvaluatorTraits,
    Networks,
    OffersFields,
    TriesScoring,
    Unit,
    capability,
    traits,
)
from globscope.testing.check import after, covers
from globscope.testing.checks.evaluation.suite import FIELDS, OTHER_CUT, EvaluationSuite, tiny_networks
from globscope.testing.claims import ContractError, require, require_near
from globscope.testing.tiny.population import tiny_inputs
from globscope.testing.tiny.task import tiny_task
from globscope.testing.unit_scores import plan_of_width, score_units


class FieldChecks(EvaluationSuite):
    """Checks of which fields there are, of what kind, and of what is announced of them."""

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
        networks, task = tiny_networks(), tiny_task()
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
        for networks in (tiny_networks(), Networks.of(tiny_inputs().population.weights)):
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
            found = score_units(quick, tiny_networks(), task)
            require(set(found) == set(self._plain), "its trial records other fields")
            require(np.isfinite(times) and times >= 1, f"takes {times} times as long as its trial, not 1 or more")

    @after("another_cut_gives_nearly_the_same_numbers")
    def keeps_losses_that_are_not_finite(self) -> None:
        """A network of NaN has loss NaN and an enormous one inf or NaN; its neighbours are not affected.

        A loss is never repaired: where a network diverges is a finding.
        """
        weights = tiny_networks().weights(Unit(start=0, stop=12)).copy()
        weights[3], weights[7] = np.nan, 1e30
        found, rest = self._scores(Networks.of(weights), tiny_task()), np.delete(np.arange(12), [3, 7])
        for name in ("train_loss", "test_loss"):
            require(np.isnan(found[name][3]), f"{name} of a network of NaN is {found[name][3]}, not NaN")
            require(not np.isfinite(found[name][7]), f"{name} of an enormous network was repaired to {found[name][7]}")
            text = f"{name} of a network changes when others of its unit are not finite"
            require_near(found[name][rest], self._plain[name][rest], OTHER_CUT, text)

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


def _require_complete(found: dict[str, np.ndarray]) -> None:
    """Require a value of every field for each of the twelve networks."""
    missing = FIELDS - set(found)
    require(not missing, f"fields {sorted(missing)} are missing")
    wrong = [name for name, values in found.items() if values.shape != (12,)]
    require(not wrong, f"fields {wrong} have not one value a network")
    require(np.isfinite(found["train_loss"]).all(), "losses of finite networks are not finite")
