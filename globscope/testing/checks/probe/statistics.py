"""What holds for statistics, as those of BatchNorm, which are re-estimated for every network."""

import numpy as np

from globscope.testing.check import after
from globscope.testing.checks.probe.suite import ProbeSuite
from globscope.testing.claims import require, require_same


class StatisticsChecks(ProbeSuite):
    """Checks of a probe's statistics and their calibration."""

    def names_its_statistics(self) -> None:
        """Statistics are buffers, and are re-estimated from the data.

        An evaluator calibrates a task that names some.
        """
        names, buffers = self._probe.statistics, self._buffers()
        stray = sorted(set(names) - set(buffers))
        require(not stray, f"names statistics {stray}, which are no buffers")
        if names:
            found = self._calibrate(self._parameters(), buffers, [self._batch()])
            fresh = self._buffers()
            moved = [name for name in names if not np.array_equal(found[name], fresh[name])]
            require(moved, f"calibrates no statistic: {sorted(names)} stay as they are in a fresh network")

    @after("names_its_statistics")
    def calibration_leaves_other_buffers_alone(self) -> None:
        """Buffers that are no statistics come back as they were handed in; missing statistics do not matter.

        A mask or a normaliser is part of the network.
        """
        if not self._probe.statistics:
            return
        others = {name: b for name, b in self._buffers().items() if name not in self._probe.statistics}
        whole = self._calibrate(self._parameters(), self._buffers(), [self._batch()])
        found = self._calibrate(self._parameters(), others, [self._batch()])
        require(sorted(found) == sorted(self._buffers()), "calibrates other buffers than the network has")
        for name, value in found.items():
            require_same(value, whole[name], f"calibrated {name!r} depends on the statistics that were handed in")
        for name, value in self._buffers().items():
            if name in others:
                require_same(found[name], value, f"buffer {name!r} is no statistic, and a calibration changes it")

    @after("names_its_statistics", "builds_the_same_task_twice")
    def calibration_leaves_no_trace(self) -> None:
        """Statistics are re-estimated into new buffers, and do not depend on earlier calls.

        Networks are calibrated one after another with one probe.
        """
        if not self._probe.statistics:
            return
        before, parameters = self._means(self._parameters(), self._batch()), self._parameters()
        first = self._calibrate(parameters, self._buffers(), [self._batch()])
        kept = {name: np.asarray(value).copy() for name, value in first.items()}
        self._calibrate(self._probe.initialise(8)[0], self._buffers(), [self._batch()])
        for name, value in first.items():
            require_same(value, kept[name], f"a later calibration writes to earlier buffers {name!r}")
        again = self._calibrate(parameters, self._buffers(), [self._batch()])
        for name, value in again.items():
            require_same(value, kept[name], f"buffers {name!r} depend on earlier calibrations")
        self._require_unchanged(before, "after a calibration")

    @after("names_its_statistics")
    def reduces_by_the_batch_where_statistics_are_missing(self) -> None:
        """Without statistics, the loss is that by the statistics of the batch itself, and nothing is kept of it.

        So a decoded network has a loss before it is calibrated.
        """
        if not self._probe.statistics:
            return
        parameters, batch = self._parameters(), self._batch()
        others = {name: b for name, b in self._buffers().items() if name not in self._probe.statistics}
        before = self._means(parameters, batch)
        found = self._means(parameters, batch, others)
        require(self._means(parameters, batch, others) == found, "keeps something of a batch that it was scored by")
        require(
            not any(value == before[name] for name, value in found.items() if name == "loss"),
            "reduces to the same loss by a fresh network's statistics as by those of the batch",
        )
        self._require_unchanged(before, "after a batch that it was scored by")
