"""A module's forward pass with tensors in the place of its own, after which it is as before."""

from collections.abc import Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

# By module, the further places of its tensors, by their first names: looking through all layers takes time.
_PLACES: WeakKeyDictionary[Any, Mapping[str, tuple[str, ...]]] = WeakKeyDictionary()


def stateless_call(module: Any, tensors: dict[str, Any], inputs: tuple[Any, ...]) -> Any:
    """Return what a module makes of inputs with tensors, by their first names, in the place of its own.

    What `torch.func.functional_call` does, but for a layer that is used under several names: that function puts
    tensors into it once for each name, and leaves the first in it for ever.

    Args:
        module: Of torch.
        tensors: Parameters and buffers; one that the module replaces by another tensor is replaced here too.
        inputs: By position.
    """
    from torch.func import functional_call

    if module not in _PLACES:
        _PLACES[module] = {name: tuple(further) for name, further in _further(module)}
    everywhere = dict(tensors)
    for name, further in _PLACES[module].items():
        everywhere.update({place: tensors[name] for place in further if name in tensors})
    returned = functional_call(module, everywhere, inputs, tie_weights=False)
    tensors.update({name: everywhere[name] for name in tensors})
    return returned


def _further(module: Any) -> Iterator[tuple[str, list[str]]]:
    """Yield each tensor that several layers share, with its names in the layers beyond the first."""
    places: dict[int, dict[tuple[int, str], str]] = {}
    for at, layer in module.named_modules():
        own = {**layer._parameters, **layer._buffers}
        for name, tensor in ((name, tensor) for name, tensor in own.items() if tensor is not None):
            names = places.setdefault(id(tensor), {})
            names.setdefault((id(layer), name), f"{at}.{name}" if at else name)
    for names in places.values():
        first, *further = names.values()
        if further:
            yield first, further
