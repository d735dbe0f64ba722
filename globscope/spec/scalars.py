"""Values that are not attrs classes: numbers, text, references, choices, and tables for user code."""

from collections.abc import Callable, Iterator
from datetime import date, time
from math import isfinite
from pathlib import Path
from typing import Any, get_args

from globscope.references import Code, Pattern
from globscope.spec import paths
from globscope.spec.paths import InvalidError, Typed, suggestion, wrong
from globscope.spec.words import arms, bare, is_literal, is_union, short, toml, type_in_words, under


def scalars(folder: Path) -> dict[type, Callable[[Any], Any]]:
    """Return the hooks of scalar types."""
    return {
        int: _integer,
        float: _number,
        str: lambda value: str(exactly(str, value, Typed)),
        Path: lambda value: paths.path(value, folder),
        Pattern: lambda value: paths.pattern(value, folder),
        Code: lambda value: paths.code(value, folder),
    }


def scalar(kind: type, hook: Callable[[Any], Any], value: Any, wanted: Any) -> Any:
    """Structure a type but not its subclasses, such as an Enum of texts, which cattrs would treat alike."""
    return hook(value) if wanted is kind else refuse_unsupported(value, wanted)


def refuse_unsupported(_: Any, kind: Any) -> Any:
    """Refuse every value: the component's author must choose another type.

    Raises:
        InvalidError: Always.
    """
    raise InvalidError(("", f"cannot be set from a spec: its type is {type_in_words(kind)}, a defect of the component"))


def exactly(kind: type, value: Any, *also: type) -> Any:
    """Return a value of exactly this type: true is not an integer."""
    if type(value) not in (kind, *also):
        raise wrong(kind, value)
    return value


def _integer(value: Any) -> int:
    integer: int = exactly(int, value)
    if not -(2**63) <= integer < 2**63:
        raise InvalidError(("", f"must be an integer of 64 bits, got {short(toml(value))}"))
    return integer


def _number(value: Any) -> float:
    number = _integer(value) if type(value) is int else exactly(float, value)
    if not isfinite(number):
        raise InvalidError(("", f"must be finite, got {toml(value)}"))
    if float(number) != number:  # an integer beyond 2**53
        raise InvalidError(("", f"{number} would be rounded to {float(number):.0f}; write that, or a smaller number"))
    return float(number)


def literal(value: Any, kind: Any) -> Any:
    """Return one of the choices of a Literal; 1, 1.0 and true are different."""
    for word in get_args(kind):
        if word == value and isinstance(value, type(word)) and isinstance(value, bool) == isinstance(word, bool):
            return word
    raise wrong(kind, value, close(value, kind))


def close(value: Any, kind: Any) -> str:
    """Return `; did you mean …?` if a literal of the type is similar."""
    literals = [arm for arm in (arms(kind) if is_union(kind) else (kind,)) if is_literal(arm)]
    words = [word for literal in literals for word in get_args(literal) if isinstance(word, str)]
    return suggestion(value, words) if isinstance(value, str) else ""


def table(value: Any, kind: Any) -> dict[str, Any]:
    """Return a table that is passed on to the user's code."""
    if not isinstance(value, dict):
        raise wrong(kind, value)
    problems = [(place, "dates and times are not passed on; write them as text") for place in _dates(value)]
    if problems:
        raise InvalidError(*problems)
    return {key: _plain_text(item) for key, item in value.items()}


def _dates(value: Any) -> Iterator[str]:
    """Yield the places of dates, which neither stage keys nor JSON can hold."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(item, date | time):
            yield bare(str(key))
        elif isinstance(item, dict | list):
            yield from (under(bare(str(key)), below) for below in _dates(item))


def _plain_text(value: Any) -> Any:
    return str(value) if isinstance(value, Typed) else value
