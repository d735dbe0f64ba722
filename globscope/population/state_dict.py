"""Which of what a checkpoint file holds is the network: one state dict, under the names that a spec gives it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import define, field

from globscope.errors import near

# Names under which training scripts put a network's state dict, first choice first.
WRAPPERS = ("state_dict", "model_state_dict", "model", "net")


@define(frozen=True, kw_only=True)
class Reading:
    """How a checkpoint file is read.

    Attributes:
        key: Name of the state dict in the file, dotted where it lies deeper; None where there is but one.
        rename: By what a tensor's name begins with, what it begins with instead; the longest beginning counts.
    """

    key: str | None = None
    rename: Mapping[str, str] = field(factory=dict)


class ChoiceError(ValueError):
    """What keeps a file's content from being one state dict, as the end of a sentence that begins with the file.

    Attributes:
        names: Of the state dicts among which none is chosen.
    """

    def __init__(self, text: str, names: Sequence[str] = ()) -> None:
        self.names = tuple(names)
        super().__init__(text)


def state_dict(loaded: Any, reading: Reading) -> dict[str, Any]:
    """Return a network's tensors by name.

    Args:
        loaded: What a file holds.
        reading: Which of it is wanted.

    Raises:
        ChoiceError: There is none, or there are several.
    """
    chosen = _only(loaded) if reading.key is None else _only(_at(loaded, reading.key))
    return _renamed(_tensors(chosen), reading.rename)


def several(loaded: Any) -> tuple[str, ...]:
    """Return the names of the state dicts between which a key would choose; empty where there is no choice."""
    try:
        state_dict(loaded, Reading())
    except ChoiceError as error:
        return error.names
    return ()


def _tensors(content: Mapping[Any, Any]) -> dict[str, Any]:
    import torch

    return {str(name): tensor for name, tensor in content.items() if isinstance(tensor, torch.Tensor)}


def _only(loaded: Any) -> Mapping[Any, Any]:
    """Return the state dict that a file's content is, or holds and there is no other like it."""
    if not isinstance(loaded, Mapping):
        raise ChoiceError(f"holds a {type(loaded).__name__}, not a state dict")
    content: Mapping[Any, Any] = loaded
    for name in WRAPPERS:
        if isinstance(content.get(name), Mapping):
            _require_one([name, *_rivals(content, name)])
            content = content[name]
    if _tensors(content):
        return content
    held = {name: value for name, value in content.items() if _is_state_dict(value)}
    _require_one([*held])
    return next(iter(held.values()), content)


def _require_one(names: list[Any]) -> None:
    if len(names) > 1:
        listed = ", ".join(sorted(map(str, names)))
        says = f"holds several state dicts: {listed}; choose one with population.key = {str(names[0])!r}"
        raise ChoiceError(says, [str(name) for name in names])


def _rivals(content: Mapping[Any, Any], name: str) -> Iterator[Any]:
    """Yield the names of further state dicts of the same shapes, such as a running average of the weights."""
    wanted = _shapes(content[name])
    for other, value in content.items():
        if other != name and wanted and _is_state_dict(value):
            shapes = _shapes(value)
            # An average of the trainable weights lacks statistics; the weights of a loss are no network.
            if wanted <= shapes or (shapes <= wanted and 2 * shapes.total() >= wanted.total()):
                yield other


def _shapes(content: Any) -> Counter[tuple[int, ...]]:
    """Return how many tensors there are of each shape; numbers, such as counters, are left out."""
    tensors = _tensors(content) if isinstance(content, Mapping) else {}
    return Counter(tuple(tensor.shape) for tensor in tensors.values() if tensor.ndim)


def _is_state_dict(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(name, str) for name in value) and bool(_shapes(value))


def _at(loaded: Any, key: str) -> Any:
    """Return what stands under a key: as it is written, or else dotted, or as the beginning of tensors' names."""
    content = loaded
    if isinstance(loaded, Mapping) and key not in loaded:
        for part in key.split("."):
            content = content.get(part) if isinstance(content, Mapping) else None
    elif isinstance(loaded, Mapping):
        content = loaded[key]
    if isinstance(content, Mapping):
        return content
    if found := _beginning(loaded, f"{key}."):
        return found
    raise ChoiceError(f"has no state dict {key!r} (population.key); {near(key, _keys(loaded))}")


def _beginning(loaded: Any, start: str) -> dict[str, Any]:
    """Return the tensors whose names begin so, of a file with one state dict."""
    try:
        tensors = _tensors(_only(loaded))
    except ChoiceError:
        return {}
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}


def _keys(loaded: Any, above: str = "") -> Iterator[str]:
    """Yield the names of the state dicts that a file holds."""
    for name, value in loaded.items() if isinstance(loaded, Mapping) else ():
        if _is_state_dict(value):
            yield f"{above}{name}"
        elif isinstance(value, Mapping) and above.count(".") < 2:
            yield from _keys(value, f"{above}{name}.")


def _renamed(tensors: Mapping[str, Any], rename: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, tensor in tensors.items():
        new = _new_name(name, rename)
        if new in found:
            raise ChoiceError(f"has two tensors that population.rename calls {new!r}, one of them {name!r}")
        found[new] = tensor
    return found


def _new_name(name: str, rename: Mapping[str, str]) -> str:
    starts = [start for start in rename if name.startswith(start)]
    longest = max(starts, key=len, default="")
    return rename[longest] + name.removeprefix(longest) if starts else name
