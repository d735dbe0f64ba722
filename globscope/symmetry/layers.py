"""How axes pass through layers with weights, and which axes of both are tied."""

import numpy as np

from globscope.symmetry.flow import Axes, Call, broadcast, fixed_axis


def linear(call: Call) -> Axes | None:
    """Sum over the input's last axis."""
    x, weight, bias = call.required_axes("input"), call.required_axes("weight"), call.axes("bias")
    if len(weight) != 2:
        return None
    out, summed = weight
    call.tie(x[-1], summed)
    call.tie(out, _only(bias))
    call.read(call.argument("input"), len(x) - 1)
    return (*x[:-1], out)


def convolution(call: Call) -> Axes:
    """Sum over channels and places; depthwise, each channel by itself."""
    x, weight, bias = call.required_axes("input"), call.required_axes("weight"), call.axes("bias")
    (out, summed), places = weight[:2], len(weight) - 2
    channels, groups = x[-places - 1], call.argument("groups")
    if groups == 1:
        call.tie(channels, summed)
    elif groups == len(channels):
        call.tie(np.repeat(channels, len(out) // groups), out)
    else:
        call.freeze(channels, out, summed)
    return _convolution_axes(call, x, (out, bias), weight[2:])


def transposed_convolution(call: Call) -> Axes:
    """Sum over channels, whose axis is the weight's first."""
    x, weight, bias = call.required_axes("input"), call.required_axes("weight"), call.axes("bias")
    (summed, out), places = weight[:2], len(weight) - 2
    channels, groups = x[-places - 1], call.argument("groups")
    if groups == 1:
        call.tie(channels, summed)
    else:
        call.freeze(channels, out, summed)
        out = fixed_axis(len(out) * groups)
    return _convolution_axes(call, x, (out, bias), weight[2:])


def _convolution_axes(call: Call, x: Axes, outputs: tuple[np.ndarray, Axes | None], kernel: Axes) -> Axes:
    (out, bias), places = outputs, len(kernel)
    call.tie(out, _only(bias))
    call.read(call.argument("input"), len(x) - places - 1)
    for slots in (*kernel, *x[-places:]):
        call.slots.freeze(slots)
    return (*x[: -places - 1], out, *map(fixed_axis, call.shape[-places:]))


def embedding(call: Call) -> Axes:
    """Look rows up; the data determine which row is which."""
    rows, features = call.required_axes("weight")
    call.slots.freeze(rows)
    return (*call.required_axes("indices"), features)


def product(call: Call) -> Axes:
    """Multiply matrices, which may be vectors or stacks."""
    names = [argument.name for argument in call.node.target._schema.arguments[:2]]
    left, right = map(call.required_axes, names)
    call.slots.tie(left[-1], right[-2:][0])
    for name, axis in zip(names, (len(left) - 1, max(len(right) - 2, 0)), strict=True):
        call.read(call.argument(name), axis)
    lead = broadcast(call, left[:-2], right[:-2])
    return (*lead, *left[-2:-1], *(right[-1:] if len(right) > 1 else ()))


def attention(call: Call) -> Axes:
    """Average values with the softmax of products of queries and keys; in groups, query heads share a key head."""
    queries, keys, values = (call.required_axes(name) for name in ("query", "key", "value"))
    call.tie(queries[-1], keys[-1])
    call.tie(keys[-2], values[-2])
    if call.argument("is_causal"):
        call.freeze(queries[-2], keys[-2])
    if call.argument("enable_gqa"):
        shared = len(queries[-3]) // len(keys[-3])
        keys, values = ((*axes[:-3], np.repeat(axes[-3], shared), *axes[-2:]) for axes in (keys, values))
    scores = (*broadcast(call, queries[:-2], keys[:-2], values[:-2]), queries[-2], keys[-2])
    mask = call.axes("attn_mask")
    lead = (scores if mask is None else broadcast(call, scores, mask))[:-2]
    return (*lead, queries[-2], values[-1])


def product_and_sum(call: Call) -> Axes:
    """Multiply two matrices and add a third."""
    left, right, added = call.required_axes("mat1"), call.required_axes("mat2"), call.required_axes("self")
    call.slots.tie(left[1], right[0])
    call.read(call.argument("mat1"), 1)
    call.read(call.argument("mat2"), 0)
    return broadcast(call, (left[0], right[1]), added)


def summation(call: Call) -> Axes | None:
    """Multiply and sum as the letters of an `einsum` say, where it names every axis."""
    before, arrow, after = call.argument("equation").replace(" ", "").partition("->")
    nodes = call.argument("tensors")
    slots_of: dict[str, np.ndarray] = {}
    for node, letters in zip(nodes, before.split(","), strict=True):
        axes: Axes = call.flow.values[node]
        if not arrow or "." in letters:
            return None
        for axis, (letter, slots) in enumerate(zip(letters, axes, strict=True)):
            if len(slots_of.setdefault(letter, slots)) != len(slots):
                return None
            call.slots.tie(slots_of[letter], slots)
            if letter not in after:
                call.read(node, axis)
    return tuple(slots_of[letter] for letter in after)


def channel_norm(call: Call) -> Axes:
    """Normalise every channel by its own statistics."""
    x = call.required_axes("input")
    for name in ("weight", "bias", "running_mean", "running_var"):
        call.tie(x[1], _only(call.axes(name)))
    return x


def group_norm(call: Call) -> Axes:
    """Normalise groups of channels together; the channels of one group are exchangeable."""
    x, groups = call.required_axes("input"), call.argument("num_groups")
    for name in ("weight", "bias"):
        call.tie(x[1], _only(call.axes(name)))
    if 1 < groups < len(x[1]):
        for part in np.split(x[1], groups):
            call.flow.mark(part)
    return x


def layer_norm(call: Call) -> Axes:
    """Normalise over the last axes, whatever their order; `rms_norm` has no bias."""
    x = call.required_axes("input")
    known = {argument.name for argument in call.node.target._schema.arguments}
    for name in ("weight", "bias"):
        axes = (call.axes(name) if name in known else None) or ()
        for input_slots, slots in zip(x[len(x) - len(axes) :], axes, strict=True):
            call.slots.tie(input_slots, slots)
    return x


def prelu(call: Call) -> Axes:
    """Scale negative values by a slope for each channel, or one for all."""
    x, (slopes,) = call.required_axes("self"), call.required_axes("weight")
    if len(slopes) > 1:
        call.slots.tie(x[1], slopes)
    return x


def _only(axes: Axes | None) -> np.ndarray | None:
    """Return the only axis of a vector; None where there is no vector."""
    return axes[0] if axes else None


LAYERS = {
    "linear": linear,
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), convolution),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), transposed_convolution),
    "embedding": embedding,
    **dict.fromkeys(("matmul", "mm", "bmm", "mv", "dot"), product),
    "scaled_dot_product_attention": attention,
    "addmm": product_and_sum,
    "einsum": summation,
    **dict.fromkeys(("batch_norm", "instance_norm"), channel_norm),
    "group_norm": group_norm,
    **dict.fromkeys(("layer_norm", "rms_norm"), layer_norm),
    "prelu": prelu,
}
