"""What holds for statistics and other buffers with which networks are scored."""

import numpy as np
from attrs import evolve

from globscope.api import GivesBuffers, Networks, Probe, Unit, capability
from globscope.testing.check import after, covers
from globscope.testing.checks.evaluation.suite import OTHER_CUT, EvaluationSuite, tiny_networks
from globscope.testing.claims import require, require_near
from globscope.testing.tiny.task import tiny_task
from globscope.testing.unit_scores import score_units


class BufferChecks(EvaluationSuite):
    """Checks of whose buffers a network is scored with."""

    @after("records_networks_with_statistics", "another_cut_gives_nearly_the_same_numbers")
    def calibrates_statistics(self) -> None:
        """A network of a model with statistics is scored with its own, re-estimated ones.

        With the statistics of a fresh network or of another one, its loss would mean nothing.
        """
        task = tiny_task(normalised=True)
        found = self._normalised["train_loss"]
        probe, weights = task.build("cpu"), tiny_networks().weights(Unit(start=0, stop=12))
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
            probe, networks = task.build("cpu"), tiny_networks()
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
        weights = tiny_networks().weights(Unit(start=0, stop=12))
        shift = np.full(4, 0.5, np.float32)
        own: dict[str, np.ndarray] = {"shift": shift, "mean": np.zeros(6), "variance": np.ones(6)}
        buffers = [giving.buffers_of(task, row, own, None) for row in weights]
        missing = {"shift", "mean", "variance"} - set(buffers[0])
        require(not missing, f"gives no buffers {sorted(missing)} of a network")
        scored = self._scores(Networks.of(weights, [own] * len(weights)), task)["train_loss"]
        keeping = giving.with_own_statistics()
        again = score_units(keeping, Networks.of(weights, buffers), task)["train_loss"]
        require_near(again, scored, OTHER_CUT, "scores a network otherwise with the buffers that it gives")


def _loss(probe: Probe, row: np.ndarray, shift: np.ndarray | None = None, *, calibrated: bool) -> float:
    import torch

    parameters = probe.layout.unflatten(torch.from_numpy(row))
    batch = probe.batch("train", torch.arange(probe.examples("train")))
    buffers = probe.initialise(0)[1] | ({} if shift is None else {"shift": torch.from_numpy(shift)})
    buffers = probe.calibrate(parameters, buffers, [batch]) if calibrated else buffers
    total, count = probe.reduce(parameters, buffers, batch)["loss"]
    return float(total) / count
