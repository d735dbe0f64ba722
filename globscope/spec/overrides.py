"""`--set reducer.0.latent_dim=3`: keys of a spec overridden from the command line."""

import tomllib
from typing import Any

from globscope.errors import SpecError, near
from globscope.spec.structure import Typed


def override(document: dict[str, Any], text: str) -> None:
    """Set one key of a document from `dotted.key=value`; list items are named by their number.

    Raises:
        SpecError: No `=`, or a place that does not exist.
    """
    key, equals, value = text.partition("=")
    steps = key.strip().split(".")
    if not equals or not all(steps):
        raise SpecError([f"--set {text}: expected key=value, such as reducer.0.latent_dim=3"])
    place: Any = document
    for at, step in enumerate(steps[:-1]):
        place = _enter(place, step, f"--set {text}", ".".join(steps[: at + 1]))
    if isinstance(place, list):
        place[_number(place, steps[-1], f"--set {text}", key)] = _value(value)
    else:
        place[steps[-1]] = _value(value)


def _enter(place: Any, step: str, where: str, path: str) -> Any:
    if isinstance(place, list):
        place = place[_number(place, step, where, path)]
    else:
        place = place.setdefault(step, {})
    if not isinstance(place, dict | list):
        raise SpecError([f"{where}: {path} is {place!r}, not a table"])
    return place


def _number(place: list[Any], step: str, where: str, path: str) -> int:
    numbers = [str(n) for n in range(len(place))]
    if step not in numbers:
        raise SpecError([f"{where}: there is no {path}; {near(step, numbers)}"])
    return int(step)


def _value(text: str) -> Any:
    """Return a TOML value; text that is none stands for itself, so that quotes may be left out."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return Typed(text.strip())
    return Typed(value) if isinstance(value, str) else value
