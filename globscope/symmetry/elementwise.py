"""How axes pass through operations without weights: elementwise, along an axis, over places."""

from typing import Any

from globscope.symmetry.flow import Axes, Call, broadcast, fixed


def elementwise(call: Call) -> Axes:
    """Combine numbers that stand at the same place; tensors are broadcast."""
    return broadcast(call, *call.inputs())


def kept(call: Call) -> Axes:
    """Leave every axis as it is: what happens along one does not ask for its order."""
    return next(call.inputs())


def uniform(call: Call) -> Axes:
    """Make a tensor of equal numbers."""
    return tuple(call.flow.uniform(count) for count in call.shape)


def reduction(call: Call) -> Axes:
    """Sum, average, or whatever else does not ask for the order, over some axes or all."""
    x = next(call.inputs())
    known = {one.name for one in call.node.target._schema.arguments}
    wanted = call.argument("dim") if "dim" in known else None
    dims = [wanted] if isinstance(wanted, int) else wanted or range(len(x))
    gone = {dim % len(x) for dim in dims} if x else set()
    keeps = "keepdim" in known and call.argument("keepdim")
    slots = ((fixed(1) if at in gone else axis) for at, axis in enumerate(x) if keeps or at not in gone)
    return tuple(slots)


def pooling(places: int) -> Any:
    """Return the rule of what moves or merges places: the last axes."""

    def pooled(call: Call) -> Axes:
        x = next(call.inputs())
        for slots in x[-places:]:
            call.slots.freeze(slots)
        return (*x[:-places], *map(fixed, call.shape[-places:]))

    return pooled


def gated(call: Call) -> Axes:
    """Multiply one half with the sigmoid of the other."""
    x, dim = call.given("self"), call.argument("dim")
    half = len(x[dim]) // 2
    one, two = call.flow.mark(x[dim][:half]), call.flow.mark(x[dim][half:])
    call.slots.tie(one, two)
    found = list(x)
    found[dim] = one
    return tuple(found)


POOLINGS = ("max_pool{}d", "avg_pool{}d", "adaptive_avg_pool{}d", "upsample_nearest{}d")
# Those that torch tags `pointwise` need no name here.
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
    **dict.fromkeys(("contiguous", "to", "_to_copy", "type_as", "detach", "alias", "lift_fresh_copy"), kept),
    **dict.fromkeys(("softmax", "log_softmax", "_softmax", "_log_softmax"), kept),
    **dict.fromkeys(("zeros", "ones", "full", "zeros_like", "ones_like", "full_like"), uniform),
    **dict.fromkeys(("new_zeros", "new_ones", "new_full"), uniform),
    **dict.fromkeys(("mean", "sum", "prod", "var", "std", "amax", "amin", "logsumexp"), reduction),
    **dict.fromkeys(("norm", "linalg_vector_norm", "all", "any"), reduction),
    **{name.format(places): pooling(places) for name in POOLINGS for places in (1, 2, 3)},
    **{f"upsample_{kind}": pooling(places) for kind, places in (("linear1d", 1), ("bilinear2d", 2), ("bicubic2d", 2))},
    "glu": gated,
}
