"""The probe of a supervised task: a torch module without weights of its own, and tensors."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from globscope.api import Layout, UserCodeError, within_memory
from globscope.builtin.tasks.averaging import cumulative_average
from globscope.builtin.tasks.data import Arrays
from globscope.builtin.tasks.kinds import CLASSES, Kind
from globscope.builtin.tasks.pixels import Normalise, crop_and_flip, scale
from globscope.builtin.tasks.trial import a_module, require_mean, require_outputs, told

Tensors = Mapping[str, Any]

LARGE_MODEL = "task.model: does not fit into memory; give it fewer weights (task.hidden is the mlp's)"


class Supervised:
    """Inputs → module → loss and accuracy, for any weights handed in; nothing is kept between calls."""

    splits: tuple[str, ...] = ("train", "test")
    grad_inside = False

    def __init__(
        self,
        *,
        make: Callable[[], Any],
        arrays: Arrays,
        loss: Callable[..., Any],
        device: str,
        vmappable: bool,
        normalise: Normalise = "unit",
        augment: bool = False,
        aliases: Mapping[str, str] | None = None,
        chance: float | None = None,
        kind: Kind = CLASSES,
    ) -> None:
        """Build the module's skeleton and move the data."""
        self._make, self._loss, self._device, self._augment = make, loss, device, augment
        self._kind, self.measures, self.roots = kind, kind.measures, kind.roots
        self.aliases = dict(aliases or {})
        self.chance = {} if chance is None else {f"{split}_loss": chance for split in self.splits}
        self._module = self._fresh(0).eval()
        self._data = {"train": _tensors(arrays.train, device), "test": _tensors(arrays.test, device)}
        self._require_finite()
        self._scale = scale(normalise, self._data["train"][0])
        if augment and len(arrays.shape) != 3:
            raise UserCodeError(f"task.augment: crop-flip is for images; the data's examples have shape {arrays.shape}")
        trained = {name: p for name, p in self._module.named_parameters() if p.requires_grad}
        self.fixed = {name: p.detach() for name, p in self._module.named_parameters() if not p.requires_grad}
        self.layout = Layout(names=tuple(trained), shapes=tuple(tuple(p.shape) for p in trained.values()))
        self.ties = dict(_ties(self._module))
        norms = _norms(self._module)
        self._norms = list(norms.values())
        self.statistics = tuple(f"{at}{name}" for at, norm in norms.items() for name, _ in norm.named_buffers())
        self.unsaved = tuple(_unsaved(self._module))
        self.vmappable = vmappable and not self.statistics
        self._try()

    @property
    def module(self) -> Any:
        """The skeleton, in evaluation mode."""
        return self._module

    def inputs(self, batch: Any) -> tuple[Any]:
        """Return what the module takes of a batch."""
        return (batch[0],)

    def _try(self) -> None:
        """Run two examples, so that a model or a loss that does not fit fails before anything long.

        Raises:
            UserCodeError: With the model's own words, or with what it or the loss returned.
        """
        import torch

        initial, buffers = self.initialise(0)
        parameters = {name: p.requires_grad_() for name, p in initial.items()}
        batch = self.batch("train", torch.arange(min(2, self.examples("train"))))
        with told("the task's model and loss fail on two examples of its data"):
            outputs = self._forward(parameters, buffers, batch[0])
            require_outputs(outputs, self._kind.axes, self._kind.shape)
            loss = self._loss(outputs, batch[1])
            require_mean(loss)
            torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
            self.reduce(initial, buffers, batch)

    def _require_finite(self) -> None:
        for split, (inputs, _) in self._data.items():
            if inputs.is_floating_point() and not inputs.isfinite().all():
                raise UserCodeError(f"task.data: the inputs of the {split} split have values that are not finite")

    def initialise(self, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a fresh network's parameters and all its buffers, the same for the same seed."""
        module = self._fresh(seed)
        buffers = {name: b.detach().clone() for name, b in module.named_buffers()}
        named = dict(module.named_parameters())
        return {name: named[name].detach().clone() for name in self.layout.names}, buffers

    def _fresh(self, seed: int) -> Any:
        """Return the module with new weights; the global generator stays where it was."""
        import torch

        with torch.random.fork_rng(), within_memory(UserCodeError, LARGE_MODEL):
            torch.manual_seed(seed)
            return a_module(self._make()).to(self._device)

    def digest(self) -> str:
        """Return the hash of the examples' bytes."""
        import torch

        total = hashlib.blake2b(digest_size=16)
        for tensor in (tensor for pair in self._data.values() for tensor in pair):
            total.update(repr((tensor.dtype, tuple(tensor.shape))).encode())
            total.update(tensor.cpu().contiguous().flatten().view(torch.uint8).numpy().data)
        return total.hexdigest()

    def examples(self, split: str) -> int:
        """Return how many examples a split has."""
        return len(self._data[split][0])

    def batch(self, split: str, indices: Any) -> Any:
        """Return (inputs, targets) of the examples with these indices."""
        inputs, targets = self._data[split]
        at = indices.to(self._device)
        return self._scale(inputs[at]), targets[at]

    def objective(self, parameters: Tensors, buffers: Tensors, batch: Any, *, training: bool) -> Any:
        """Return the mean loss of a batch, differentiable in the parameters."""
        inputs, targets = batch
        if training and self._augment:
            inputs = crop_and_flip(inputs)
        with self._training(self._module.modules() if training else ()):
            return self._loss(self._forward(parameters, buffers, inputs), targets)

    def reduce(self, parameters: Tensors, buffers: Tensors, batch: Any) -> dict[str, tuple[Any, float]]:
        """Return the summed loss and, where there are such, the number of right answers, each with its weight."""
        inputs, targets = batch
        outputs = self._scored(parameters, buffers, inputs)
        count = float(len(targets))
        return {"loss": (self._loss(outputs, targets) * count, count), **self._kind.counted(outputs, targets)}

    def outputs(self, parameters: Tensors, buffers: Tensors, batch: Any) -> Any:
        """Return what the module says of a batch's inputs: (examples, …, classes or values)."""
        return self._kind.said(self._forward(parameters, buffers, batch[0]))

    def _scored(self, parameters: Tensors, buffers: Tensors, inputs: Any) -> Any:
        if all(name in buffers for name in self.statistics):
            return self._forward(parameters, buffers, inputs)
        with self._training(self._norms):  # which move their statistics: those of a copy
            return self._forward(parameters, {**buffers, **self._no_statistics()}, inputs)

    def calibrate(self, parameters: Tensors, buffers: Tensors, batches: Sequence[Any]) -> dict[str, Any]:
        """Return `buffers` with statistics that are the plain average over `batches`.

        A decoded network has no statistics of its own (Garipov et al., 2018, re-estimate them
        likewise for every point of a curve). Dropout stays off.
        """
        estimated = {name: b.clone() for name, b in buffers.items()} | self._no_statistics()
        with self._training(self._norms), cumulative_average(self._norms):
            for inputs, _ in batches:
                self._forward(parameters, estimated, inputs)
        return {**buffers, **{name: estimated[name] for name in self.statistics}}

    def _no_statistics(self) -> dict[str, Any]:
        """Return the statistics of no batch yet; those of a model that was made with some would weigh in."""
        own = dict(self._module.named_buffers())
        return {name: own[name].new_zeros(own[name].shape) for name in self.statistics}

    def _forward(self, parameters: Tensors, buffers: Tensors, inputs: Any) -> Any:
        from torch.func import functional_call

        tensors = {**parameters, **buffers}
        outputs = functional_call(self._module, tensors, (inputs,))
        for name, buffer in buffers.items():
            # A module that puts a new tensor in the place of the old one; a cache that grows it makes anew each time.
            if tensors[name] is not buffer and tensors[name].shape == buffer.shape:
                buffer.copy_(tensors[name].detach())
        return outputs

    @contextmanager
    def _training(self, modules: Any) -> Iterator[None]:
        """Put modules into training mode, and all back into evaluation mode whatever happens."""
        try:
            for module in modules:
                module.training = True
            yield
        finally:
            self._module.eval()


def _norms(module: Any) -> dict[str, Any]:
    """Return the layers that keep running statistics, by where they are (`layer1.0.`).

    Only torch's own and what is derived from them: whether another layer's `running_mean` may be re-estimated, nobody
    knows, and torchvision's frozen ones must not be.
    """
    from torch.nn.modules.batchnorm import _NormBase

    kept = {at: m for at, m in module.named_modules() if isinstance(m, _NormBase) and m.running_mean is not None}
    return {f"{at}." if at else "": norm for at, norm in kept.items()}


def _unsaved(module: Any) -> Iterator[str]:
    """Yield the names of the buffers that a state dict leaves out."""
    for at, part in module.named_modules():
        yield from (f"{at}.{name}" if at else name for name in sorted(part._non_persistent_buffers_set))


def _ties(module: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each parameter that a module uses under several names, with the further ones."""
    names: dict[int, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    yield from ((first, tuple(rest)) for first, *rest in names.values() if rest)


def _tensors(pair: tuple[Any, Any], device: str) -> tuple[Any, Any]:
    import torch

    # One precision for all: losses and weights are float32.
    inputs, targets = (
        tensor.float() if tensor.is_floating_point() else tensor for tensor in map(torch.as_tensor, pair)
    )
    with within_memory(UserCodeError, f"task.data: the examples do not fit into the memory of the device {device!r}"):
        return inputs.to(device), targets.to(device)
