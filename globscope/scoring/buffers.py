"""The buffers with which a network is run: its own, with statistics according to a mode."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Literal

import numpy as np

from globscope.errors import EvaluationError
from globscope.roles import Probe, ProbeTraits, Tensors, traits
from globscope.scoring.differentiable_norms import DifferentiableNorms, replaced_norms
from globscope.scoring.draws import fixed_seed, seed_of

Mode = Literal["recalibrate", "batch", "stored", "encoded", "initial", "unknown"]
Arrays = Mapping[str, np.ndarray]

# BatchNorm's count of batches: no forward pass in evaluation mode uses it, and files of old versions of torch lack it.
COUNTER = "num_batches_tracked"
# Takes the place of a split's number in the seeds of draws.
CALIBRATION = 2**31


class NetworkBuffers:
    """The rule by which a network gets its buffers, wherever it is run.

    Buffers that are not statistics (see `Probe.statistics`) are the network's own. A decoded network takes those of
    the nearest member, or decodes its own where buffers are flattened. Statistics depend on the mode:
    `recalibrate` re-estimates them, `batch` leaves them out, so that every batch has its own, `stored` takes the
    network's, `encoded` decodes them, `initial` takes a fresh model's, and `unknown` NaN, for whoever replaces them.
    """

    def __init__(
        self,
        probe: Probe,
        mode: Mode = "recalibrate",
        batches: Sequence[Any] = (),
        *,
        seed: int | None = None,
        device: str = "cpu",
        differentiable: bool = False,
    ) -> None:
        """Use a task on a device, and the batches on which `recalibrate` estimates statistics.

        Where scoring draws, the seed fixes the draws on these batches, the same for all networks. `differentiable`
        statistics are functions of the parameters, whose gradients pass through layers inside `replaced_norms`.
        """
        self._probe, self._mode, self._batches = probe, mode, batches
        self._differentiable = differentiable
        self._seed, self._device = None if seed is None else seed_of(seed, CALIBRATION), device
        self._fresh, names = probe.initialise(0)[1], frozenset(probe.statistics)
        self._names = {kind: [name for name in self._fresh if (name in names) == kind] for kind in (False, True)}
        self._again: Tensors | None = None  # a second fresh network's, to see which buffers all have in common
        self._cache: dict[str, tuple[np.ndarray, Any]] = {}  # the last arrays as tensors: members often share one

    def __call__(self, parameters: Tensors, own: Arrays) -> dict[str, Any]:
        """Return the buffers of one network, new tensors on the device.

        Args:
            parameters: The network's parameters by name.
            own: Buffers by name, of the network, or of the member nearest to a decoded network.

        Raises:
            EvaluationError: The network lacks a buffer that differs between fresh models.
        """
        buffers = self.before_calibration(parameters, own)
        return buffers | self.estimate_statistics(parameters, buffers)

    def before_calibration(self, parameters: Tensors, own: Arrays) -> dict[str, Any]:
        """Return the buffers that take no forward pass, new tensors on the device: all but re-estimated statistics."""
        decoded = self._decode(parameters)
        others = {n: decoded[n] if n in decoded else self._own_buffer(n, own) for n in self._names[False]}
        return others | self._statistics(own, decoded)

    def estimate_statistics(self, parameters: Tensors, buffers: Tensors) -> dict[str, Any]:
        """Return the statistics that are re-estimated with the other buffers; nothing in another mode."""
        names = self._names[True]
        if self._mode != "recalibrate" or not names:
            return {}
        if self._differentiable:
            return self._differentiable_statistics(parameters, buffers)
        with nullcontext() if self._probe.grad_inside else _no_grad(), fixed_seed(self._seed, self._device):
            calibrated = self._probe.calibrate(parameters, buffers, self._batches)
        return {name: calibrated[name].detach() for name in names}

    def _differentiable_statistics(self, parameters: Tensors, buffers: Tensors) -> dict[str, Any]:
        """Return the re-estimated statistics as functions of the parameters.

        Raises:
            EvaluationError: One is estimated by other layers than BatchNorm and InstanceNorm, and not differentiably.
        """
        norms = DifferentiableNorms()
        with replaced_norms(norms), fixed_seed(self._seed, self._device):
            calibrated = self._probe.calibrate(parameters, buffers, self._batches)
        statistics = dict[str, Any]()
        for name in self._names[True]:
            value, recorded = calibrated[name], norms.recorded_statistic(calibrated[name])
            statistics[name] = value if recorded is None else recorded
            if recorded is None and value.is_floating_point() and not value.requires_grad:
                raise EvaluationError(
                    f"the statistic {name!r} is estimated in a way that torch cannot differentiate; "
                    "evaluator.gradient_statistics = 'held' takes it as a constant"
                )
        return statistics

    def stack(self, parameters: Tensors, own: Sequence[Arrays]) -> tuple[dict[str, Any], dict[str, int | None]]:
        """Return the buffers of n networks with (n, …) parameters for `torch.vmap`, and the axis of the networks.

        A buffer that all networks share is returned once, without an axis.
        """
        return self.stack_rows([{n: tensor[i] for n, tensor in parameters.items()} for i in range(len(own))], own)

    def stack_rows(
        self, rows: Sequence[Tensors], own: Sequence[Arrays]
    ) -> tuple[dict[str, Any], dict[str, int | None]]:
        """Return what `stack` does, of networks whose parameters are given one network after another."""
        import torch

        if not self._fresh:
            return {}, {}
        networks = [self(*pair) for pair in zip(rows, own, strict=True)]
        first = networks[0]
        alike = {
            name: not tensor.requires_grad and all(buffers[name].equal(tensor) for buffers in networks)
            for name, tensor in first.items()
        }
        stacked = {
            n: first[n] if same else torch.stack([buffers[n] for buffers in networks]) for n, same in alike.items()
        }
        return stacked, {name: None if same else 0 for name, same in alike.items()}

    def _decode(self, parameters: Tensors) -> dict[str, Any]:
        """Return the buffers among a network's flattened tensors, in the model's precision."""
        if not traits(self._probe, ProbeTraits).encodes_statistics:
            return {}
        buffers: Tensors = self._probe.decode_buffers(parameters)  # type: ignore[attr-defined]
        return {name: tensor.to(self._fresh[name].dtype) for name, tensor in buffers.items()}

    def _statistics(self, own: Arrays, decoded: Tensors) -> dict[str, Any]:
        names = self._names[True]
        if self._mode in ("recalibrate", "batch"):
            return {}
        if self._mode == "stored":
            return {name: self._stored_statistic(name, own) for name in names}
        if self._mode == "unknown":
            return {name: self._unknown_statistic(name) for name in names}
        return {n: decoded[n] if self._mode == "encoded" and n in decoded else self._fresh[n].clone() for n in names}

    def _own_buffer(self, name: str, own: Arrays) -> Any:
        if name in own:
            return self._tensor(name, own)
        self._again = self._probe.initialise(1)[1] if self._again is None else self._again
        if not self._fresh[name].equal(self._again[name]):
            raise EvaluationError(
                f"a network comes without its buffer {name!r}, and every fresh model has another one; pass in "
                "networks with the buffers of their members"
            )
        return self._fresh[name].clone()

    def _stored_statistic(self, name: str, own: Arrays) -> Any:
        if name not in own and not name.endswith(COUNTER):
            raise EvaluationError(f"batch_norm: 'stored' needs the networks' own statistics; {name!r} is missing")
        return self._tensor(name, own) if name in own else self._fresh[name].clone()

    def _unknown_statistic(self, name: str) -> Any:
        fresh = self._fresh[name]
        return fresh.new_full(fresh.shape, float("nan")) if fresh.is_floating_point() else fresh.clone()

    def _tensor(self, name: str, own: Arrays) -> Any:
        import torch

        if name not in self._cache or self._cache[name][0] is not own[name]:
            self._cache[name] = own[name], torch.tensor(own[name]).to(self._fresh[name])
        # A copy: a forward pass may write to it, as a counter does.
        return self._cache[name][1].clone()


def _no_grad() -> Any:
    import torch

    return torch.no_grad()
