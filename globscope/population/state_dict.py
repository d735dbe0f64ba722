"""Which state dict of a checkpoint file is the network, under the tensor names that a spec asks for."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import define, field

from globscope.errors import near

# Names under which training scripts put a network's state dict, first choice first.
WRAPPERS = ("state_dict", "model_state_dict", "model", "net")


@define(frozen=True, kw_only=True)
class StateDictChoice:
    """Which state dict of a file is the network, and how its tensors are renamed.

    Attributes:
        key: Name of the state dict in the file, dotted where it is nested; several names join the parts of a network;
            None where there is only one.
        rename: New prefixes of tensors' names, by their old prefixes; the longest old prefix counts.
    """

    key: str | tuple[str, ...] | None = None
    rename: Mapping[str, str] = field(factory=dict)


class ChoiceError(ValueError):
    """A file's content is not one state dict; the message ends a sentence that begins with the file.

    Attributes:
        names: The state dicts among which a key would choose.
    """

    def __init__(self, text: str, names: Sequence[str] = ()) -> None:
        self.names = tuple(names)
        super().__init__(text)


def state_dict(loaded: Any, choice: StateDictChoice) -> dict[str, Any]:
    """Return a network's tensors by name.

    Args:
        loaded: The file's content.
        choice: Which state dict of it, and how tensors are renamed.

    Raises:
        ChoiceError: There is none, or there are several.
    """
    if isinstance(choice.key, tuple):
        tensors = _joined_tensors(loaded, choice.key)
    else:
        tensors = _tensors(_only(loaded if choice.key is None else _at(loaded, choice.key)))
    return _rename_tensors(tensors, choice.rename)


def _joined_tensors(loaded: Any, keys: Sequence[str]) -> dict[str, Any]:
    """Return the tensors of several state dicts, each under the last word of its key: `generator.0.weight`."""
    parts = {key.rpartition(".")[2]: _tensors(_only(_at(loaded, key))) for key in keys}
    return {f"{part}.{name}": tensor for part, tensors in parts.items() for name, tensor in tensors.items()}


def rival_names(loaded: Any) -> tuple[str, ...]:
    """Return the names of the state dicts among which a key would choose; empty where there is no choice."""
    try:
        state_dict(loaded, StateDictChoice())
    except ChoiceError as error:
        return error.names
    return ()


def _tensors(content: Mapping[Any, Any]) -> dict[str, Any]:
    import torch

    return {str(name): tensor for name, tensor in content.items() if isinstance(tensor, torch.Tensor)}


def _only(loaded: Any) -> Mapping[Any, Any]:
    """Return the state dict that a file's content is, or the only one that it holds."""
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
    _require_one([*held], f", or join them with population.key = {sorted(map(str, held))}")
    return next(iter(held.values()), content)


def _require_one(names: list[Any], otherwise: str = "") -> None:
    if len(names) > 1:
        listed = ", ".join(sorted(map(str, names)))
        says = f"holds several state dicts: {listed}; choose one with population.key = {str(names[0])!r}{otherwise}"
        raise ChoiceError(says, [str(name) for name in names])


def _rivals(content: Mapping[Any, Any], name: str) -> Iterator[Any]:
    """Yield the names of further state dicts of the same shapes, such as a running average of the weights."""
    wanted = _shapes(content[name])
    for other, value in content.items():
        if other != name and wanted and _is_state_dict(value):
            shapes = _shapes(value)
            # An average of the trainable weights lacks statistics; the weights of a loss are not a network.
            if wanted <= shapes or (shapes <= wanted and 2 * shapes.total() >= wanted.total()):
                yield other


def _shapes(content: Any) -> Counter[tuple[int, ...]]:
    """Return how many tensors there are of each shape; numbers, such as counters, are left out."""
    tensors = _tensors(content) if isinstance(content, Mapping) else {}
    return Counter(tuple(tensor.shape) for tensor in tensors.values() if tensor.ndim)


def _is_state_dict(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(name, str) for name in value) and bool(_shapes(value))


def _at(loaded: Any, key: str) -> Any:
    """Return the content under a key: taken literally, or else dotted, or as the prefix of tensors' names."""
    content = loaded
    if isinstance(loaded, Mapping) and key not in loaded:
        for part in key.split("."):
            content = content.get(part) if isinstance(content, Mapping) else None
    elif isinstance(loaded, Mapping):
        content = loaded[key]
    if isinstance(content, Mapping):
        return content
    if tensors := _with_prefix(loaded, f"{key}."):
        return tensors
    raise ChoiceError(f"has no state dict {key!r} (population.key); {near(key, _keys(loaded))}")


def _with_prefix(loaded: Any, prefix: str) -> dict[str, Any]:
    """Return the tensors whose names have a prefix, of a file with one state dict."""
    try:
        tensors = _tensors(_only(loaded))
    except ChoiceError:
        return {}
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _keys(loaded: Any, above: str = "") -> Iterator[str]:
    """Yield the names of the state dicts that a file holds."""
    for name, value in loaded.items() if isinstance(loaded, Mapping) else ():
        if _is_state_dict(value):
            yield f"{above}{name}"
        elif isinstance(value, Mapping) and above.count(".") < 2:
            yield from _keys(value, f"{above}{name}.")


def _rename_tensors(tensors: Mapping[str, Any], rename: Mapping[str, str]) -> dict[str, Any]:
    renamed: dict[str, Any] = {}
    for name, tensor in tensors.items():
        new = new_name(name, rename)
        if new in renamed:
            raise ChoiceError(f"has two tensors that population.rename calls {new!r}, one of them {name!r}")
        renamed[new] = tensor
    return renamed


def new_name(name: str, rename: Mapping[str, str]) -> str:
    """Return the name of a tensor after its prefix is replaced; the longest old prefix counts."""
    starts = [start for start in rename if name.startswith(start)]
    longest = max(starts, key=len, default="")
    return rename[longest] + name.removeprefix(longest) if starts else name
