"""How axes pass through operations without weights: elementwise, along an axis, over places."""

from typing import Any

from globscope.symmetry.flow import Axes, Call, broadcast, fixed_axis


def elementwise(call: Call) -> Axes:
    """Combine numbers at the same place; tensors are broadcast."""
    return broadcast(call, *call.inputs())


def identity(call: Call) -> Axes:
    """Leave every axis unchanged: the operation does not depend on the order along any."""
    return next(call.inputs())


def uniform(call: Call) -> Axes:
    """Make a tensor of equal numbers."""
    return tuple(call.flow.uniform(count) for count in call.shape)


def reduction(call: Call) -> Axes:
    """Reduce some axes or all by an operation that does not depend on the order, such as a sum."""
    x = next(call.inputs())
    known = {argument.name for argument in call.node.target._schema.arguments}
    dim = call.argument("dim") if "dim" in known else None
    dims = [dim] if isinstance(dim, int) else dim or range(len(x))
    reduced = {dim % len(x) for dim in dims} if x else set()
    keeps = "keepdim" in known and call.argument("keepdim")
    slots = ((fixed_axis(1) if i in reduced else axis) for i, axis in enumerate(x) if keeps or i not in reduced)
    return tuple(slots)


def pooling(places: int) -> Any:
    """Return the rule for operations that move or merge places, which are the last axes."""

    def rule(call: Call) -> Axes:
        x = next(call.inputs())
        for slots in x[-places:]:
            call.slots.freeze(slots)
        return (*x[:-places], *map(fixed_axis, call.shape[-places:]))

    return rule


def gated_linear_unit(call: Call) -> Axes:
    """Multiply one half with the sigmoid of the other."""
    x, dim = call.required_axes("self"), call.argument("dim")
    half = len(x[dim]) // 2
    values, gates = call.flow.mark(x[dim][:half]), call.flow.mark(x[dim][half:])
    call.slots.tie(values, gates)
    return (*x[:dim], values, *x[dim:][1:])


POOLINGS = ("max_pool{}d", "avg_pool{}d", "adaptive_avg_pool{}d", "upsample_nearest{}d")
# Operations that torch tags `pointwise` need no name here.
ELEMENTWISE = (
    *("dropout", "dropout_", "feature_dropout", "feature_dropout_", "alpha_dropout", "feature_alpha_dropout"),
    *("detach_", "copy_"),
    *("hardswish", "hardswish_", "gelu_", "log_sigmoid", "masked_fill", "masked_fill_", "where"),
    *("divide", "multiply", "negative", "floor_divide", "true_divide", "subtract"),
    # Its norm is a reduction over the axes along which its scale has length 1.
    "_weight_norm",
)
OPERATIONS = {
    **dict.fromkeys(ELEMENTWISE, elementwise),
    **dict.fromkeys(("contiguous", "to", "_to_copy", "type_as", "detach", "alias", "lift_fresh_copy"), identity),
    **dict.fromkeys(("softmax", "log_softmax", "_softmax", "_log_softmax"), identity),
    **dict.fromkeys(("zeros", "ones", "full", "zeros_like", "ones_like", "full_like"), uniform),
    **dict.fromkeys(("new_zeros", "new_ones", "new_full"), uniform),
    **dict.fromkeys(("mean", "sum", "prod", "var", "std", "amax", "amin", "logsumexp"), reduction),
    **dict.fromkeys(("norm", "linalg_vector_norm", "all", "any"), reduction),
    **{name.format(places): pooling(places) for name in POOLINGS for places in (1, 2, 3)},
    **{f"upsample_{kind}": pooling(places) for kind, places in (("linear1d", 1), ("bilinear2d", 2), ("bicubic2d", 2))},
    "glu": gated_linear_unit,
}
