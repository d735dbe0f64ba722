"""How axes pass through layers with weights, and what ties the two."""

import numpy as np

from globscope.symmetry.flow import Axes, Call, broadcast, fixed


def linear(call: Call) -> Axes | None:
    """Sum over the input's last axis."""
    x, weight, bias = call.given("input"), call.given("weight"), call.axes("bias")
    if len(weight) != 2:
        return None
    out, summed = weight
    call.tie(x[-1], summed)
    call.tie(out, _only(bias))
    call.read(call.argument("input"), len(x) - 1)
    return (*x[:-1], out)


def convolution(call: Call) -> Axes:
    """Sum over channels and places; depthwise, each channel by itself."""
    x, weight, bias = call.given("input"), call.given("weight"), call.axes("bias")
    (out, summed), places = weight[:2], len(weight) - 2
    channels, groups = x[-places - 1], call.argument("groups")
    if groups == 1:
        call.tie(channels, summed)
    elif groups == len(channels):
        call.tie(np.repeat(channels, len(out) // groups), out)
    else:
        call.freeze(channels, out, summed)
    return _convolved(call, x, (out, bias), weight[2:])


def transposed_convolution(call: Call) -> Axes:
    """Sum over channels, whose axis is the weight's first."""
    x, weight, bias = call.given("input"), call.given("weight"), call.axes("bias")
    (summed, out), places = weight[:2], len(weight) - 2
    channels, groups = x[-places - 1], call.argument("groups")
    if groups == 1:
        call.tie(channels, summed)
    else:
        call.freeze(channels, out, summed)
        out = fixed(len(out) * groups)
    return _convolved(call, x, (out, bias), weight[2:])


def _convolved(call: Call, x: Axes, made: tuple[np.ndarray, Axes | None], kernel: Axes) -> Axes:
    (out, bias), places = made, len(kernel)
    call.tie(out, _only(bias))
    call.read(call.argument("input"), len(x) - places - 1)
    for slots in (*kernel, *x[-places:]):
        call.slots.freeze(slots)
    return (*x[: -places - 1], out, *map(fixed, call.shape[-places:]))


def embedding(call: Call) -> Axes:
    """Look rows up: which row is which is said by the data."""
    rows, features = call.given("weight")
    call.slots.freeze(rows)
    return (*call.given("indices"), features)


def product(call: Call) -> Axes:
    """Multiply matrices, which may be vectors or stacks."""
    names = [one.name for one in call.node.target._schema.arguments[:2]]
    left, right = map(call.given, names)
    call.slots.tie(left[-1], right[-2:][0])
    for name, axis in zip(names, (len(left) - 1, max(len(right) - 2, 0)), strict=True):
        call.read(call.argument(name), axis)
    lead = broadcast(call, left[:-2], right[:-2])
    return (*lead, *left[-2:-1], *(right[-1:] if len(right) > 1 else ()))


def product_and_sum(call: Call) -> Axes:
    """Multiply two matrices and add a third."""
    left, right, added = call.given("mat1"), call.given("mat2"), call.given("self")
    call.slots.tie(left[1], right[0])
    call.read(call.argument("mat1"), 1)
    call.read(call.argument("mat2"), 0)
    return broadcast(call, (left[0], right[1]), added)


def summation(call: Call) -> Axes | None:
    """Multiply and sum as the letters of an `einsum` say, where it says them all."""
    before, arrow, after = call.argument("equation").replace(" ", "").partition("->")
    nodes = call.argument("tensors")
    found: dict[str, np.ndarray] = {}
    for node, letters in zip(nodes, before.split(","), strict=True):
        axes: Axes = call.flow.values[node]
        if not arrow or "." in letters:
            return None
        for axis, (letter, slots) in enumerate(zip(letters, axes, strict=True)):
            if len(found.setdefault(letter, slots)) != len(slots):
                return None
            call.slots.tie(found[letter], slots)
            if letter not in after:
                call.read(node, axis)
    return tuple(found[letter] for letter in after)


def channel_norm(call: Call) -> Axes:
    """Normalise every channel by itself, by statistics of its own."""
    x = call.given("input")
    for name in ("weight", "bias", "running_mean", "running_var"):
        own = call.axes(name)
        call.tie(x[1], _only(own))
    return x


def group_norm(call: Call) -> Axes:
    """Normalise groups of channels together: those of one group are exchangeable."""
    x, groups = call.given("input"), call.argument("num_groups")
    for name in ("weight", "bias"):
        own = call.axes(name)
        call.tie(x[1], _only(own))
    if 1 < groups < len(x[1]):
        for part in np.split(x[1], groups):
            call.flow.mark(part)
    return x


def layer_norm(call: Call) -> Axes:
    """Normalise over the last axes, in whatever order; `rms_norm` has no bias."""
    x = call.given("input")
    known = {one.name for one in call.node.target._schema.arguments}
    for name in ("weight", "bias"):
        own = (call.axes(name) if name in known else None) or ()
        for slots, mine in zip(x[len(x) - len(own) :], own, strict=True):
            call.slots.tie(slots, mine)
    return x


def prelu(call: Call) -> Axes:
    """Let every channel have its slope, or all one."""
    x, (slopes,) = call.given("self"), call.given("weight")
    if len(slopes) > 1:
        call.slots.tie(x[1], slopes)
    return x


def _only(axes: Axes | None) -> np.ndarray | None:
    """Return the one axis of a vector, where there is one."""
    return axes[0] if axes else None


LAYERS = {
    "linear": linear,
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), convolution),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), transposed_convolution),
    "embedding": embedding,
    **dict.fromkeys(("matmul", "mm", "bmm", "mv", "dot"), product),
    "addmm": product_and_sum,
    "einsum": summation,
    **dict.fromkeys(("batch_norm", "instance_norm"), channel_norm),
    "group_norm": group_norm,
    **dict.fromkeys(("layer_norm", "rms_norm"), layer_norm),
    "prelu": prelu,
}
