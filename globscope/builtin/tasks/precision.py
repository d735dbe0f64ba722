"""The types of number in which a model computes: weight vectors are float32, a network has its own."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import define


@define(frozen=True)
class Precision:
    """What float32 tensors become where they enter a model; tensors of other types stay as they are.

    Curvature hands in float64, and is computed in it.

    Attributes:
        own: By name, the type of a parameter or buffer that is of floating numbers other than float32.
        inputs: Type of the inputs.
    """

    own: Mapping[str, Any]
    inputs: Any

    @property
    def data(self) -> Any:
        """The type in which examples are kept: float64 for a model that computes in it, else float32."""
        import torch

        return torch.promote_types(self.inputs, torch.float32)

    def tensors(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        """Return a network's tensors as the model has them; those that are so already are not copied."""
        return {name: _cast(tensor, self.own[name]) if name in self.own else tensor for name, tensor in tensors.items()}

    def fed(self, inputs: Any) -> Any:
        """Return inputs as the model takes them, in new memory: a model may write into them."""
        fed = _cast(inputs, self.inputs)
        return inputs.clone() if fed is inputs else fed


def _cast(tensor: Any, kind: Any) -> Any:
    import torch

    return tensor.to(kind) if tensor.dtype == torch.float32 else tensor


def precisions(module: Any) -> Iterator[Precision]:
    """Yield the precisions that a module's inputs may be wanted in, the widest first: of each of its parameters."""
    import torch

    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    own = {name: t.dtype for name, t in tensors.items() if t.is_floating_point() and t.dtype != torch.float32}
    kinds = {p.dtype for p in module.parameters() if p.is_floating_point() and p.requires_grad}
    for kind in sorted(kinds, key=lambda kind: torch.finfo(kind).eps):
        yield Precision(own, kind)


def full(tensor: Any) -> Any:
    """Return numbers in which sums are exact enough: float16 and bfloat16 as float32."""
    import torch

    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor
