"""How axes pass through operations that only move numbers."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from math import prod

import numpy as np

from globscope.symmetry.flow import Axes, Call, broadcast, fixed


def reordered(call: Call) -> Axes:
    """Put the axes in another order, told by what happens to strides that are all different."""
    import torch

    x = call.given("self")
    strides = [2**at for at in range(len(x))]
    like = torch.empty_strided([len(slots) for slots in x], strides, device="meta")
    # An axis of length 1 may be told another stride; no order is lost with it.
    moved = call.node.target(like, *call.node.args[1:], **call.node.kwargs)
    return tuple(x[strides.index(stride)] for stride in moved.stride())


def expanded(call: Call) -> Axes:
    """Repeat axes of length 1, and the whole along new ones."""
    x = next(call.inputs())
    lead = len(call.shape) - len(x)
    new = tuple(map(call.flow.uniform, call.shape[:lead]))
    return new + tuple(
        call.flow.uniform(count) if len(slots) == 1 < count else slots
        for slots, count in zip(x, call.shape[lead:], strict=True)
    )


def reshaped(call: Call) -> Axes | None:
    """Merge neighbouring axes and split them, in blocks of equal size; axes of length 1 come and go."""
    if not prod(call.shape):
        return None
    wide = [slots for slots in call.given("self") if len(slots) > 1]
    new = [count for count in call.shape if count > 1]
    made = [slots for ins, outs in _blocks(wide, new) for slots in _split(call, _merged(call, ins), outs)]
    left = iter(made)
    return tuple(fixed(1) if count == 1 else next(left) for count in call.shape)


def _blocks(wide: list[np.ndarray], new: list[int]) -> Iterator[tuple[list[np.ndarray], list[int]]]:
    """Yield the least runs of axes, before and after, that have as many elements."""
    before, after = ([*accumulate(sizes, int.__mul__, initial=1)] for sizes in (map(len, wide), new))
    cuts = [(at, after.index(size)) for at, size in enumerate(before) if size in after]
    for (i, j), (k, m) in pairwise(cuts):
        yield wide[i:k], new[j:m]


def _merged(call: Call, axes: list[np.ndarray]) -> np.ndarray:
    """Return axes as one: what stands along one of them is repeated for every place along the others."""
    moving = [at for at, slots in enumerate(axes) if call.slots.moves(slots)]
    shape = [len(slots) for slots in axes]
    if len(moving) != 1:
        call.freeze(*axes)
        return fixed(prod(shape))
    [at] = moving
    return np.broadcast_to(_along(axes[at], at, len(shape)), shape).ravel()


def _split(call: Call, slots: np.ndarray, shape: list[int]) -> list[np.ndarray]:
    """Return an axis as several, where along all but one of them the same stands everywhere."""
    blocks = call.slots.roots(slots).reshape(shape)
    for axis, count in enumerate(shape):
        first = np.moveaxis(slots.reshape(shape), axis, 0).reshape(count, -1)[:, 0]
        if (blocks == _along(call.slots.roots(first), axis, len(shape))).all():
            return [first if at == axis else fixed(length) for at, length in enumerate(shape)]
    call.freeze(slots)
    return [fixed(length) for length in shape]


def _along(slots: np.ndarray, axis: int, rank: int) -> np.ndarray:
    return slots.reshape([-1 if at == axis else 1 for at in range(rank)])


def selected(call: Call) -> Axes:
    """Take one index of an axis."""
    x, dim, index = call.given("self"), call.argument("dim"), call.argument("index")
    call.flow.mark(x[dim][[index]])
    return tuple(slots for at, slots in enumerate(x) if at != dim % len(x))


def sliced(call: Call) -> Axes:
    """Take every so many indices of an axis."""
    part = slice(call.argument("start"), call.argument("end"), call.argument("step"))
    return _part(call, call.given("self"), call.argument("dim"), part)


def narrowed(call: Call) -> Axes:
    """Take some indices of an axis in a row."""
    start = call.argument("start")
    return _part(call, call.given("self"), call.argument("dim"), slice(start, start + call.argument("length")))


def parted(call: Call) -> list[Axes]:
    """Cut an axis into parts in a row."""
    x, dim = call.given("self"), call.argument("dim")
    stops = [0, *accumulate(part.shape[dim] for part in call.node.meta["val"])]
    return [_part(call, x, dim, slice(start, stop)) for start, stop in pairwise(stops)]


def unbound(call: Call) -> list[Axes]:
    """Cut an axis into its single indices."""
    x, dim = call.given("self"), call.argument("dim")
    for at in range(len(x[dim])):
        call.flow.mark(x[dim][[at]])
    return [tuple(slots for at, slots in enumerate(x) if at != dim % len(x))] * len(x[dim])


def _part(call: Call, x: Axes, dim: int, part: slice) -> Axes:
    found = list(x)
    found[dim] = x[dim][part]
    if len(found[dim]) < len(x[dim]):
        call.flow.mark(found[dim])
    return tuple(found)


def joined(call: Call) -> Axes:
    """Put tensors one after another along an axis."""
    parts = [call.flow.values[node] for node in call.argument("tensors")]
    parts = [axes for axes in parts if len(axes) == len(call.shape)]  # an empty vector may stand for nothing
    dim = call.argument("dim") % len(call.shape)
    rest = broadcast(call, *(_without(axes, dim) for axes in parts))
    return (*rest[:dim], np.concatenate([axes[dim] for axes in parts]), *rest[dim:])


def stacked(call: Call) -> Axes:
    """Put tensors side by side along a new axis."""
    parts: Sequence[Axes] = [call.flow.values[node] for node in call.argument("tensors")]
    dim = call.argument("dim") % len(call.shape)
    rest = broadcast(call, *parts)
    return (*rest[:dim], fixed(len(parts)), *rest[dim:])


def _without(axes: Axes, dim: int) -> Axes:
    return (*axes[:dim], *axes[dim + 1 :])


def padded(call: Call) -> Axes | None:
    """Add equal numbers at the ends of axes."""
    mode = "constant" if _pads_constants_only(call) else call.argument("mode")
    pad = call.argument("pad")
    if mode != "constant" or min(pad) < 0:
        return None
    found = list(call.given("self"))
    for at in range(len(pad) // 2):
        before, after = pad[2 * at : 2 * at + 2]
        ends = call.flow.uniform(before + after)
        found[-1 - at] = np.concatenate([ends[:before], found[-1 - at], ends[before:]])
    return tuple(found)


def _pads_constants_only(call: Call) -> bool:
    """Return whether an operation pads by a constant only."""
    return all(one.name != "mode" for one in call.node.target._schema.arguments)


MOVES = {
    **dict.fromkeys(("permute", "transpose", "t", "numpy_T", "mT", "movedim", "moveaxis", "swapaxes"), reordered),
    **dict.fromkeys(("expand", "expand_as"), expanded),
    **dict.fromkeys(("view", "reshape", "_unsafe_view", "view_as", "reshape_as"), reshaped),
    **dict.fromkeys(("flatten", "unflatten", "squeeze", "unsqueeze"), reshaped),
    "select": selected,
    "slice": sliced,
    "narrow": narrowed,
    **dict.fromkeys(("split", "chunk", "split_with_sizes", "tensor_split"), parted),
    "unbind": unbound,
    **dict.fromkeys(("cat", "concat", "concatenate"), joined),
    "stack": stacked,
    **dict.fromkeys(("pad", "constant_pad_nd"), padded),
}
