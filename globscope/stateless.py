"""A module's forward pass with given tensors instead of its own, which are restored afterwards."""

from collections.abc import Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

# The further names of each module's tensors by their first names, cached since searching all layers takes time.
_PLACES: WeakKeyDictionary[Any, Mapping[str, tuple[str, ...]]] = WeakKeyDictionary()


def stateless_call(module: Any, tensors: dict[str, Any], inputs: tuple[Any, ...]) -> Any:
    """Return a module's outputs with given tensors, by their first names, instead of its own.

    Like `torch.func.functional_call`, which fails for a layer that is used under several names: it puts tensors into
    the layer once for each name, and leaves the first in it.

    Args:
        module: The torch module.
        tensors: Parameters and buffers by name; one that the module replaces is replaced here too.
        inputs: The positional arguments of the module.
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
    """Yield the first name of each tensor that several layers share, and its other names."""
    places: dict[int, dict[tuple[int, str], str]] = {}
    for place, layer in module.named_modules():
        tensors = {**layer._parameters, **layer._buffers}
        for name, tensor in ((name, tensor) for name, tensor in tensors.items() if tensor is not None):
            names = places.setdefault(id(tensor), {})
            names.setdefault((id(layer), name), f"{place}.{name}" if place else name)
    for names in places.values():
        first, *further = names.values()
        if further:
            yield first, further
