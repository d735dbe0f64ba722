"""Networks whose tensors are formed when a forward pass uses them, and freed afterwards."""

from collections.abc import Callable
from itertools import accumulate
from typing import Any

from globscope.scoring.network_parts import NetworkParts
from globscope.values.members import Layout


def mixed_networks(parts: NetworkParts, layout: Layout) -> Callable[[Any], dict[str, Any]]:
    """Return a function from the (P,) selector of a network to its parameters, which take no memory until used.

    Any function of tensors takes them. Under `torch.vmap` over selectors, a tensor that is used is formed for all
    networks at once, so that each of their parts is read once. It is differentiable with respect to selectors, and
    forms tensors again for that. Neither the weights of all networks, nor all weights of one network are ever held.

    Args:
        parts: Forms columns of the networks' weights.
        layout: Names and shapes of the tensors in them.
    """
    from globscope.scoring.mixed_tensor import MixedTensor
    from globscope.scoring.tensor_recipe import TensorRecipe

    starts = accumulate(layout.sizes, initial=0)
    places = zip(layout.names, starts, layout.shapes, strict=False)
    recipes = [TensorRecipe(parts, name, start, shape) for name, start, shape in places]
    return lambda selector: {recipe.name: MixedTensor(recipe, selector) for recipe in recipes}
