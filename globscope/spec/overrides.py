"""Overriding keys of a spec, from the command line (`--set reducer.0.latent_dim=3`) or by a sweep."""

from collections.abc import Sequence
from typing import Any

from globscope.errors import SpecError, near
from globscope.reading import toml_document
from globscope.spec.paths import Typed
from globscope.spec.words import bare, short, under, value_in_words


def override(document: dict[str, Any], text: str) -> str:
    """Set one key of a document from `dotted.key=value`; list items are named by their number.

    Returns:
        The key, or the first table on the path to it that is new.

    Raises:
        SpecError: There is no `=`, or the place does not exist.
    """
    key, equals, value = text.partition("=")
    parts = steps(key) if equals else []
    if not parts:
        raise SpecError([f"--set {short(text)}: expected key=value, such as reducer.0.latent_dim=3"])
    return assign(document, parts, _value(value), f"--set {short(text)}")


def assign(document: dict[str, Any], parts: Sequence[str], value: Any, where: str) -> str:
    """Set the key of a document that has these parts; messages begin with `where`.

    Returns:
        The key, or the first table on the path to it that is new.

    Raises:
        SpecError: The place does not exist.
    """
    names = [under("", *map(bare, parts[:end])) for end in range(1, len(parts) + 1)]
    place: Any = document
    new = names[-1]
    for step, name in zip(parts[:-1], names[:-1], strict=True):
        new = min(new, name, key=len) if isinstance(place, dict) and step not in place else new
        place = _enter(place, step, where, name)
    if isinstance(place, list):
        place[_number(place, parts[-1], where, names[-1])] = value
    else:
        place[parts[-1]] = value
    return new


def steps(key: str) -> list[str]:
    """Return the parts of a dotted key, parsed as TOML; none if it is not a key."""
    below: Any = _parse(f"{key} = 0")
    parts = []
    while isinstance(below, dict) and len(below) == 1:
        [(step, below)] = below.items()
        parts.append(step)
    return parts if below == 0 else []


def _parse(text: str) -> dict[str, Any]:
    try:
        return toml_document(text)
    except ValueError:
        return {}


def _enter(place: Any, step: str, where: str, path: str) -> Any:
    below = place[_number(place, step, where, path)] if isinstance(place, list) else place.setdefault(step, {})
    if not isinstance(below, dict | list):
        raise SpecError([f"{where}: {path} is {value_in_words(below)}, which has no keys"])
    return below


def _number(place: list[Any], step: str, where: str, path: str) -> int:
    numbers = [str(n) for n in range(len(place))]
    if step not in numbers:
        raise SpecError([f"{where}: there is no {path}; {near(step, numbers)}"])
    return int(step)


def _value(text: str) -> Any:
    """Return a TOML value; other text is taken literally, so that quotes may be omitted."""
    document = _parse(f"value = {text}")
    return _mark_as_typed(document["value"]) if [*document] == ["value"] else Typed(text.strip())


def _mark_as_typed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _mark_as_typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mark_as_typed(item) for item in value]
    return Typed(value) if isinstance(value, str) else value
