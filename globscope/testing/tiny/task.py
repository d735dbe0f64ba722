"""A tiny task: three classes of points, a network of 51 weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define

from globscope.api import Layout, Probe, ProbeTraits, categorical_fisher

LAYOUT = Layout(names=("inner.weight", "inner.bias", "outer.weight", "outer.bias"), shapes=((6, 4), (6,), (3, 6), (3,)))
EXAMPLES: Mapping[str, int] = {"train": 48, "test": 24}
Tensors = Mapping[str, Any]


@define(frozen=True, kw_only=True)
class TinyTask:
    """Tell three classes of points apart with one hidden layer.

    Attributes:
        normalised: Whether the hidden layer has BatchNorm statistics, so that evaluators must calibrate.
        shifted: Whether points are moved by a buffer that is no statistic, and that is each network's own.
        drawing: Whether normal numbers are added to the points whenever a network is scored.
        fails_on: A network whose first weight is this raises while its loss is reduced.
    """

    normalised: bool = False
    shifted: bool = False
    drawing: bool = False
    fails_on: float | None = None

    def build(self, device: str) -> Probe:
        """Return the task on a device."""
        return TinyProbe(self, device)


class TinyProbe:
    """The tiny task's network as a pure function of weights, statistics and points."""

    layout = LAYOUT
    splits: tuple[str, ...] = ("train", "test")
    measures: tuple[str, ...] = ("loss", "accuracy")
    grad_inside = False

    def __init__(self, task: TinyTask, device: str) -> None:
        """Draw the points."""
        import torch

        self._task, self._device = task, device
        self.statistics: tuple[str, ...] = ("mean", "variance") if task.normalised else ()
        # Neither a branch on values nor statistics can be stacked.
        self.vmappable = not task.normalised and task.fails_on is None
        rng = np.random.default_rng(0)
        centres = rng.normal(size=(3, 4))
        self._data = {}
        for split, count in EXAMPLES.items():
            classes = np.arange(count) % 3
            points = (centres[classes] + 0.5 * rng.normal(size=(count, 4))).astype(np.float32)
            self._data[split] = torch.from_numpy(points).to(device), torch.from_numpy(classes).to(device)
        self.traits = ProbeTraits(module=_module(self).to(device).eval())

    def inputs(self, batch: Any) -> tuple[Any]:
        """Return what the module takes of a batch."""
        return (batch[0],)

    def initialise(self, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a fresh network's parameters and buffers."""
        import torch

        rng = np.random.default_rng(seed)
        vector = torch.from_numpy(rng.normal(size=LAYOUT.size).astype(np.float32)).to(self._device)
        parameters = {name: tensor.clone() for name, tensor in LAYOUT.unflatten(vector).items()}
        fresh = {"mean": torch.zeros(6, device=self._device), "variance": torch.ones(6, device=self._device)}
        own = {"shift": torch.zeros(4, device=self._device)}
        return parameters, (fresh if self.statistics else {}) | (own if self._task.shifted else {})

    def examples(self, split: str) -> int:
        """Return how many points a split has."""
        return EXAMPLES[split]

    def batch(self, split: str, indices: Any) -> Any:
        """Return (points, classes)."""
        return tuple(part[indices.to(self._device)] for part in self._data[split])

    def objective(self, parameters: Tensors, buffers: Tensors, batch: Any, *, training: bool) -> Any:
        """Return the mean cross-entropy."""
        import torch

        points, classes = batch
        hidden = self._hidden(parameters, buffers, points)
        if self.statistics and training:
            mean, variance = hidden.mean(0), hidden.var(0, correction=0)
            for name, found in (("mean", mean), ("variance", variance)):
                buffers[name].lerp_(found.detach(), 0.1)
            buffers = {"mean": mean, "variance": variance}
        return torch.nn.functional.cross_entropy(self._outputs(parameters, buffers, hidden), classes)

    def reduce(self, parameters: Tensors, buffers: Tensors, batch: Any) -> dict[str, tuple[Any, float]]:
        """Return the summed cross-entropy and the number of correctly classified points."""
        import torch

        points, classes = batch
        fails_on = self._task.fails_on
        if fails_on is not None and float(parameters["inner.weight"].detach().flatten()[0]) == fails_on:
            raise ArithmeticError("this network was made to fail")
        if not all(name in buffers for name in self.statistics):
            buffers = self.calibrate(parameters, buffers, [batch])
        outputs = self._outputs(parameters, buffers, self._hidden(parameters, buffers, points))
        total = torch.nn.functional.cross_entropy(outputs, classes, reduction="sum")
        count = float(len(classes))
        return {"loss": (total, count), "accuracy": ((outputs.argmax(1) == classes).sum(), count)}

    def outputs(self, parameters: Tensors, buffers: Tensors, batch: Any) -> Any:
        """Return the (points, classes) logits."""
        return self.predictions(parameters, buffers, batch)

    def predictions(self, parameters: Tensors, buffers: Tensors, batch: Any) -> Any:
        """Return the (points, classes) logits."""
        return self._outputs(parameters, buffers, self._hidden(parameters, buffers, batch[0]))

    def loss_of_predictions(self, predictions: Any, batch: Any) -> Any:
        """Return the mean cross-entropy."""
        import torch

        return torch.nn.functional.cross_entropy(predictions, batch[1])

    def predictions_fisher(self, predictions: Any, batch: Any, vectors: Any) -> Any:
        """Return the mean Fisher information of the predicted classes, times vectors."""
        return categorical_fisher(predictions, vectors) / len(batch[1])

    def calibrate(self, parameters: Tensors, buffers: Tensors, batches: Sequence[Any]) -> dict[str, Any]:
        """Return the buffers with the mean and variance of the hidden layer over all batches."""
        import torch

        hidden = torch.cat([self._hidden(parameters, buffers, points) for points, _ in batches])
        return {**buffers, "mean": hidden.mean(0), "variance": hidden.var(0, correction=0)}

    def _hidden(self, parameters: Tensors, buffers: Tensors, points: Any) -> Any:
        points = points - buffers["shift"] if self._task.shifted else points
        points = points + _noise(points) if self._task.drawing else points
        return points @ parameters["inner.weight"].T + parameters["inner.bias"]

    def _outputs(self, parameters: Tensors, buffers: Tensors, hidden: Any) -> Any:
        if self.statistics:
            hidden = (hidden - buffers["mean"]) / (buffers["variance"] + 1e-5).sqrt()
        return hidden.relu() @ parameters["outer.weight"].T + parameters["outer.bias"]


def _noise(points: Any) -> Any:
    import torch

    return 0.3 * torch.randn(points.shape, device=points.device)


def _module(probe: TinyProbe) -> Any:
    """Return the same network as a torch module: its hidden layer and what follows."""
    import torch
    from torch import nn

    class TinyModule(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.outer = nn.Linear(4, 6), nn.Linear(6, 3)
            for name, buffer in probe.initialise(0)[1].items():
                self.register_buffer(name, buffer)

        def forward(self, points: Any) -> Any:
            buffers = dict(self.named_buffers())
            hidden = self.inner(points - buffers["shift"] if "shift" in buffers else points)
            return probe._outputs(dict(self.named_parameters()), buffers, hidden)

    with torch.random.fork_rng():  # its weights are drawn, and mean nothing
        return TinyModule()


def tiny_task(
    *, normalised: bool = False, shifted: bool = False, drawing: bool = False, fails_on: float | None = None
) -> TinyTask:
    """Return the tiny task; its networks are the members of `tiny_inputs`."""
    return TinyTask(normalised=normalised, shifted=shifted, drawing=drawing, fails_on=fails_on)
