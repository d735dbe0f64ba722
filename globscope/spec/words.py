"""Types and values in words, for messages; values are quoted as in TOML."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from attrs import fields, has, resolve_types

from globscope.references import Code, Pattern
from globscope.visible import visible

LONGEST = 72
# The most bits of an integer that is written in full.
WHOLE = 13_000
# Metadata of an attribute that no key of a table sets.
NO_KEY = MappingProxyType({"no_key": True})
# Singular and plural of a type.
NAMES = {
    int: ("an integer", "integers"),
    float: ("a number", "numbers"),
    str: ("text", "texts"),
    bool: ("true or false", "true or false"),
    Path: ("a path", "paths"),
    Pattern: ("a pattern of paths", "patterns of paths"),
    Code: ("'file.py:name'", "'file.py:name'"),
}


def type_in_words(kind: Any, *, several: bool = False) -> str:
    """Return the words for a type."""
    if is_literal(kind) or is_union(kind):
        return either(_alternatives(kind, several=several))
    if is_tuple(kind):
        return _list(kind, several=several)
    if is_class(kind) or is_dict(kind):
        return "tables" if several else "a table"
    if kind in NAMES:
        return NAMES[kind][several]
    return kind.__name__ if hasattr(kind, "__name__") else str(kind)


def _alternatives(kind: Any, *, several: bool) -> Iterator[str]:
    if is_literal(kind):
        yield from map(toml, get_args(kind))
    elif is_union(kind):
        for arm in arms(kind):
            yield from _alternatives(arm, several=several)
    else:
        yield type_in_words(kind, several=several)


def _list(kind: Any, *, several: bool) -> str:
    items = get_args(kind)
    if items[-1] is Ellipsis:
        return f"{'lists' if several else 'a list'} of {type_in_words(items[0], several=True)}"
    return f"[{', '.join(type_in_words(item) for item in items)}]"


def either(words: Iterable[str]) -> str:
    """Return `a, b or c`."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def value_in_words(value: Any, kind: Any = None) -> str:
    """Return a value as in TOML, shortened if it is long, with its type unless that is `kind`."""
    name = "" if isinstance(value, str) and _is_text(kind) else _type_name(value)
    return short(toml(value)) + (f" ({name})" if name else "")


def _is_text(kind: Any) -> bool:
    return is_literal(kind) or kind in (str, Path, Pattern, Code) or (is_union(kind) and any(map(_is_text, arms(kind))))


def short(text: str) -> str:
    """Return text, without its middle if it is long."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 11]}…{text[-10:]}"


def _type_name(value: Any) -> str:
    if isinstance(value, bool):
        return ""
    kinds = {int: "integer", float: "number", str: "text", list: "list", dict: "table", date: "date", time: "time"}
    return next((name for kind, name in kinds.items() if isinstance(value, kind)), type(value).__name__)


def toml(value: Any) -> str:
    """Return a value on one line, as in TOML."""
    if isinstance(value, str):
        return f"'{value}'" if value.isprintable() and "'" not in value else quote(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return f"{{{', '.join(f'{bare(name)} = {toml(item)}' for name, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, int) and value.bit_length() > WHOLE:  # Python refuses to print integers of very many digits
        return f"{'-' * (value < 0)}10^{int(value.bit_length() * 0.30102)}"
    return value.isoformat() if isinstance(value, date | time) else str(value)


def quote(text: str) -> str:
    """Return text as TOML's basic string."""
    return visible(json.dumps(text, ensure_ascii=False))


def bare(key: str) -> str:
    """Return a key as in TOML."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else quote(key)


def under(place: str, *below: str) -> str:
    """Return a dotted key."""
    return ".".join((place, *below) if place else below)


def name_of(table: Any) -> str | None:
    """Return the name of a component or variant, even if its table has problems; None where there is no name."""
    name = table.get("name", table.get("use")) if isinstance(table, dict) else None
    return name if isinstance(name, str) and name else None


def is_literal(kind: Any) -> bool:
    """Return whether a type is `Literal[…]`."""
    return get_origin(kind) is Literal


def is_dict(kind: Any) -> bool:
    """Return whether a type is `dict[…]`."""
    return get_origin(kind) is dict


def is_class(kind: Any) -> bool:
    """Return whether a type is an attrs class, written as a table."""
    return isinstance(kind, type) and has(kind) and kind is not Code


def keys_of(cls: Any) -> list[Any]:
    """Return the attributes of a class that are keys of its table."""
    return [a for a in fields(resolve_types(cls)) if a.init and not a.metadata.get("no_key")]


def is_union(kind: Any) -> bool:
    """Return whether a type is `A | B`."""
    return get_origin(kind) in (Union, UnionType)


def is_tuple(kind: Any) -> bool:
    """Return whether a type is `tuple[…]`."""
    return get_origin(kind) is tuple


def arms(kind: Any) -> Sequence[Any]:
    """Return the types of a union that TOML has: there is no null."""
    return [arm for arm in get_args(kind) if arm is not NoneType]
