"""Axes that are products of others, such as the features of all heads: which of the others moves the whole."""

from collections.abc import Sequence

import numpy as np
from attrs import define, field

from globscope.symmetry.slots import FIXED, Slots
from globscope.symmetry.symmetry import Frozen


@define(frozen=True, eq=False)
class Product:
    """An axis that was split into several, or merged from several, of which more than one had units that may move.

    Attributes:
        where: The operation that split or merged it.
        whole: (n,) slots of the long axis, one for every combination.
        factors: (k, n) slots of the short axes, by combination.
    """

    where: Frozen
    whole: np.ndarray = field(repr=False)
    factors: np.ndarray = field(repr=False)


def resolve(slots: Slots, products: Sequence[Product]) -> list[Frozen]:
    """Let one short axis move the whole, and fix the order along the others.

    It is the first along which some units may move, once it is known what every operation of the network fixes. Heads
    are named before the features of a head, so heads move, each with its features in their order. The order within a
    head is no such unit of its own: it would have to be permuted in each head apart.

    Args:
        slots: The slots of all axes; they are tied and fixed.
        products: In the order of the operations.

    Returns:
        The operations by which some units lost their freedom.
    """
    lost = []
    for product in products:
        _spread(slots, products)
        alive = [factor for factor in product.factors if slots.moves(factor)]
        for other in alive[1:]:
            slots.freeze(other)
        if len(alive) > 1:
            lost.append(product.where)
        slots.tie(product.whole, alive[0]) if alive else slots.freeze(product.whole)
    _spread(slots, products)
    return lost


def _spread(slots: Slots, products: Sequence[Product]) -> None:
    """Fix what follows from what is fixed: a combination with its parts, and the parts with it."""
    before = -1
    while before != (before := sum(_spread_one(slots, product) for product in products)):
        pass


def _spread_one(slots: Slots, product: Product) -> int:
    """Fix what follows in one product; return how many of its slots are fixed."""
    whole, factors = slots.roots(product.whole) == FIXED, slots.roots(product.factors) == FIXED
    slots.freeze(product.factors[:, whole].ravel())
    slots.freeze(product.whole[factors.all(0)])
    return int(whole.sum() + factors.sum())
