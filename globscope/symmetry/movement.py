"""How axes pass through operations that only move numbers."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from math import prod

import numpy as np

from globscope.symmetry.flow import Axes, Call, broadcast, fixed_axis


def reorder(call: Call) -> Axes:
    """Put the axes in another order, which is seen from strides that are all different."""
    import torch

    x = call.required_axes("self")
    strides = [2**axis for axis in range(len(x))]
    like = torch.empty_strided([len(slots) for slots in x], strides, device="meta")
    # An axis of length 1 may get another stride; it has no order to lose.
    moved = call.node.target(like, *call.node.args[1:], **call.node.kwargs)
    return tuple(x[strides.index(stride)] for stride in moved.stride())


def expand(call: Call) -> Axes:
    """Repeat axes of length 1, and the whole tensor along new axes."""
    x = next(call.inputs())
    lead = len(call.shape) - len(x)
    new = tuple(map(call.flow.uniform, call.shape[:lead]))
    return new + tuple(
        call.flow.uniform(count) if len(slots) == 1 < count else slots
        for slots, count in zip(x, call.shape[lead:], strict=True)
    )


def reshape(call: Call) -> Axes | None:
    """Merge neighbouring axes and split them, in blocks of equal size; axes of length 1 come and go."""
    if not prod(call.shape):
        return None
    wide = [slots for slots in call.required_axes("self") if len(slots) > 1]
    new = [count for count in call.shape if count > 1]
    axes = iter([slots for ins, outs in _blocks(wide, new) for slots in _split_axis(call, _merge(call, ins), outs)])
    return tuple(fixed_axis(1) if count == 1 else next(axes) for count in call.shape)


def _blocks(wide: list[np.ndarray], new: list[int]) -> Iterator[tuple[list[np.ndarray], list[int]]]:
    """Yield the shortest runs of axes, before and after, that have equally many elements."""
    before, after = ([*accumulate(sizes, int.__mul__, initial=1)] for sizes in (map(len, wide), new))
    cuts = [(i, after.index(size)) for i, size in enumerate(before) if size in after]
    for (i, j), (k, m) in pairwise(cuts):
        yield wide[i:k], new[j:m]


def _merge(call: Call, axes: list[np.ndarray]) -> np.ndarray:
    """Return axes as one, with a slot for every combination of units that may move."""
    roots, shape = [call.slots.roots(slots) for slots in axes], [len(slots) for slots in axes]
    moving = [axis for axis, slots in enumerate(axes) if call.slots.moves(slots)]
    if not moving:
        return fixed_axis(prod(shape))
    if len(moving) == 1:
        [axis] = moving
        return np.broadcast_to(_along(axes[axis], axis, len(shape)), shape).ravel()
    units, places = zip(*(np.unique(roots[axis], return_inverse=True) for axis in moving), strict=True)
    grid = np.indices([len(one) for one in units]).reshape(len(units), -1)
    whole = call.slots.fresh(grid.shape[1])
    call.multiply(whole, np.stack([one[index] for one, index in zip(units, grid, strict=True)]))
    along = (_along(places_of, axis, len(shape)) for places_of, axis in zip(places, moving, strict=True))
    combined = np.ravel_multi_index(np.broadcast_arrays(*along), [len(one) for one in units])
    return np.broadcast_to(whole[combined], shape).ravel()


def _split_axis(call: Call, slots: np.ndarray, shape: list[int]) -> list[np.ndarray]:
    """Return an axis as several; where its slots vary along more than one, each has slots of its own."""
    blocks = call.slots.roots(slots).reshape(shape)
    parts = [np.moveaxis(blocks, axis, 0).reshape(count, -1) for axis, count in enumerate(shape)]
    varying = [axis for axis, part in enumerate(parts) if (part != part[0]).any()]
    axes = list(map(fixed_axis, shape))
    if len(varying) < 2:
        axis = varying[0] if varying else 0
        axes[axis] = parts[axis][:, 0]
        return axes
    for axis in varying:
        different, places = np.unique(parts[axis], axis=0, return_inverse=True)
        axes[axis] = call.slots.fresh(len(different))[places.ravel()]
    factors = [np.broadcast_to(_along(axes[axis], axis, len(shape)), shape).ravel() for axis in varying]
    rows = np.unique(np.stack([blocks.ravel(), *factors]), axis=1)
    call.multiply(rows[0], rows[1:])
    return axes


def _along(slots: np.ndarray, axis: int, rank: int) -> np.ndarray:
    return slots.reshape([-1 if i == axis else 1 for i in range(rank)])


def select(call: Call) -> Axes:
    """Take one index of an axis."""
    x, dim, index = call.required_axes("self"), call.argument("dim"), call.argument("index")
    call.flow.mark(x[dim][[index]])
    return _without(x, dim % len(x))


def take_slice(call: Call) -> Axes:
    """Take a slice of an axis, with a step."""
    part = slice(call.argument("start"), call.argument("end"), call.argument("step"))
    return _part(call, call.required_axes("self"), call.argument("dim"), part)


def narrow(call: Call) -> Axes:
    """Take consecutive indices of an axis."""
    start = call.argument("start")
    return _part(call, call.required_axes("self"), call.argument("dim"), slice(start, start + call.argument("length")))


def split(call: Call) -> list[Axes]:
    """Cut an axis into consecutive parts."""
    x, dim = call.required_axes("self"), call.argument("dim")
    stops = [0, *accumulate(part.shape[dim] for part in call.node.meta["val"])]
    return [_part(call, x, dim, slice(start, stop)) for start, stop in pairwise(stops)]


def unbind(call: Call) -> list[Axes]:
    """Cut an axis into its single indices."""
    x, dim = call.required_axes("self"), call.argument("dim")
    for i in range(len(x[dim])):
        call.flow.mark(x[dim][[i]])
    return [_without(x, dim % len(x))] * len(x[dim])


def _part(call: Call, x: Axes, dim: int, part: slice) -> Axes:
    axes = list(x)
    axes[dim] = x[dim][part]
    if len(axes[dim]) < len(x[dim]):
        call.flow.mark(axes[dim])
    return tuple(axes)


def concatenate(call: Call) -> Axes:
    """Concatenate tensors along an axis."""
    parts = [call.flow.values[node] for node in call.argument("tensors")]
    parts = [axes for axes in parts if len(axes) == len(call.shape)]  # an empty vector may stand for nothing
    dim = call.argument("dim") % len(call.shape)
    rest = broadcast(call, *(_without(axes, dim) for axes in parts))
    return (*rest[:dim], np.concatenate([axes[dim] for axes in parts]), *rest[dim:])


def stack(call: Call) -> Axes:
    """Stack tensors along a new axis."""
    parts: Sequence[Axes] = [call.flow.values[node] for node in call.argument("tensors")]
    dim = call.argument("dim") % len(call.shape)
    rest = broadcast(call, *parts)
    return (*rest[:dim], fixed_axis(len(parts)), *rest[dim:])


def _without(axes: Axes, dim: int) -> Axes:
    return (*axes[:dim], *axes[dim + 1 :])


def pad(call: Call) -> Axes | None:
    """Add equal numbers at the ends of axes."""
    mode = "constant" if _pads_constants_only(call) else call.argument("mode")
    pad = call.argument("pad")
    if mode != "constant" or min(pad) < 0:
        return None
    axes = list(call.required_axes("self"))
    for i in range(len(pad) // 2):
        before, after = pad[2 * i : 2 * i + 2]
        ends = call.flow.uniform(before + after)
        axes[-1 - i] = np.concatenate([ends[:before], axes[-1 - i], ends[before:]])
    return tuple(axes)


def _pads_constants_only(call: Call) -> bool:
    """Return whether an operation pads by a constant only."""
    return all(argument.name != "mode" for argument in call.node.target._schema.arguments)


MOVES = {
    **dict.fromkeys(("permute", "transpose", "t", "numpy_T", "mT", "movedim", "moveaxis", "swapaxes"), reorder),
    **dict.fromkeys(("expand", "expand_as"), expand),
    **dict.fromkeys(("view", "reshape", "_unsafe_view", "view_as", "reshape_as"), reshape),
    **dict.fromkeys(("flatten", "unflatten", "squeeze", "unsqueeze"), reshape),
    "select": select,
    "slice": take_slice,
    "narrow": narrow,
    **dict.fromkeys(("split", "chunk", "split_with_sizes", "tensor_split"), split),
    "unbind": unbind,
    **dict.fromkeys(("cat", "concat", "concatenate"), concatenate),
    "stack": stack,
    **dict.fromkeys(("pad", "constant_pad_nd"), pad),
}
