"""BatchNorm and InstanceNorm layers through whose running statistics gradients flow; torch's stop there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from inspect import signature
from typing import Any, Protocol


class Normalise(Protocol):
    """Takes the place of torch's `batch_norm` or `instance_norm`."""

    def __call__(self, function: Any, arguments: dict[str, Any]) -> Any:
        """Return what torch's function of all these arguments by name is replaced with."""
        ...


@contextmanager
def replaced_norms(normalise: Normalise) -> Iterator[None]:
    """Let torch call another function in place of `batch_norm` and `instance_norm`; calls inside it are torch's own."""
    with _mode_class()(normalise):
        yield


@cache
def _mode_class() -> Any:
    from torch.nn.functional import batch_norm, instance_norm
    from torch.overrides import TorchFunctionMode

    signatures = {batch_norm: signature(batch_norm), instance_norm: signature(instance_norm)}

    class ReplacedNorms(TorchFunctionMode):
        def __init__(self, normalise: Normalise) -> None:
            super().__init__()
            self._normalise = normalise

        def __torch_function__(
            self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
        ) -> Any:
            if func not in signatures:
                return func(*args, **(kwargs or {}))
            bound = signatures[func].bind(*args, **(kwargs or {}))
            bound.apply_defaults()
            return self._normalise(func, bound.arguments)

    return ReplacedNorms


def graft(value: Any, source: Any) -> Any:
    """Return a tensor's value, to the last bit, with the gradient of another that equals it up to rounding."""
    return _graft_class().apply(value.detach(), source.to(value.dtype))


@cache
def _graft_class() -> Any:
    import torch

    class Graft(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(value: Any, source: Any) -> Any:
            del source
            return value.clone()

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            pass

        @staticmethod
        def backward(ctx: Any, *gradients: Any) -> Any:
            del ctx
            return None, gradients[0]

    return Graft


class DifferentiableNorms:
    """Normalises as torch does, with the gradients that torch leaves out.

    A layer that normalises by given statistics passes gradients on to them. One that updates its statistics also
    records them as functions of its inputs.
    """

    def __init__(self) -> None:
        """Begin with no statistics recorded."""
        self._recorded = dict[int, tuple[Any, Any]]()  # the updated tensor too, so that no other gets its number

    def __call__(self, function: Any, arguments: dict[str, Any]) -> Any:
        """Return the normalised input."""
        if arguments["running_mean"] is None:
            return function(**arguments)
        if arguments.get("training", arguments.get("use_input_stats")):
            self._record(arguments)
            return function(**arguments)
        return function(**with_moved_gradients(arguments))

    def recorded_statistic(self, statistic: Any) -> Any:
        """Return a statistic as a function of what it was estimated from; None where no layer updated this tensor."""
        recorded = self._recorded.get(id(statistic))
        return None if recorded is None else graft(statistic, recorded[1])

    def _record(self, arguments: Mapping[str, Any]) -> None:
        """Record the update that torch makes: an average with the unbiased variance, over instances the mean of it."""
        import torch

        inputs, momentum = arguments["input"], arguments["momentum"]
        # Over examples and places, or over the places of each example.
        axes = [axis for axis in range(inputs.ndim) if axis > 1 or (axis == 0 and "training" in arguments)]
        wide = inputs.to(torch.promote_types(inputs.dtype, torch.float32))
        variance, mean = torch.var_mean(wide, dim=axes)
        for name, found in (("running_mean", mean), ("running_var", variance)):
            kept = arguments[name]
            before = self._recorded[id(kept)][1] if id(kept) in self._recorded else kept.detach().clone()
            average = found.mean(0) if found.ndim > 1 else found
            self._recorded[id(kept)] = kept, (1 - momentum) * before + momentum * average


def with_moved_gradients(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a layer that normalises by given statistics, whose gradients go by its weight and bias.

    With constants μ', v' equal to the statistics μ and v, γ √((v' + ε)/(v + ε)) is γ, and β + γ (μ' − μ)/√(v + ε) is β;
    by them as weight and bias (x − μ')/√(v' + ε) becomes γ (x − μ)/√(v + ε) + β, with all derivatives.
    """
    import torch

    mean, variance, epsilon = (arguments[name] for name in ("running_mean", "running_var", "eps"))
    if not (mean.requires_grad or variance.requires_grad):
        return dict(arguments)
    constant = {"running_mean": mean.detach(), "running_var": variance.detach()}
    weight = torch.ones_like(mean) if arguments["weight"] is None else arguments["weight"]
    bias = torch.zeros_like(mean) if arguments["bias"] is None else arguments["bias"]
    scale = weight / (variance + epsilon).sqrt()
    moved = {
        "weight": graft(weight, scale * (constant["running_var"] + epsilon).sqrt()),
        "bias": graft(bias, bias + scale * (constant["running_mean"] - mean)),
    }
    return {**arguments, **constant, **moved}
