"""Relative paths of declared options, which start from the current folder, as absolute ones."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from globscope.declaration.inputs import InputPath
from globscope.references import Pattern
from globscope.spec.pattern import absolute
from globscope.spec.words import arms, is_literal, is_tuple, is_union, keys_of


def with_absolute_paths(cls: type, table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table of the options of a class, in which texts that the class takes for paths or patterns are absolute.

    A text that may be anything else is a path only where a file lies there.
    """
    kinds = {key.name: [*_kinds(key.type)] for key in keys_of(cls)}
    return {name: _absolute(value, kinds.get(name, [])) for name, value in table.items()}


def option_accepts(cls: type, option: str, word: str) -> bool:
    """Return whether an option of a component may have a word as its value."""
    declared = [kind for key in keys_of(cls) if key.name == option for kind in _kinds(key.type)]
    return any(is_literal(kind) and word in get_args(kind) for kind in declared)


def _kinds(declared: Any) -> Iterator[Any]:
    """Yield the types that an option, or an item of it, may have."""
    if is_union(declared):
        for one in arms(declared):
            yield from _kinds(one)
    elif is_tuple(declared):
        for one in get_args(declared):
            yield from _kinds(one)
    else:
        yield declared


def _absolute(value: Any, kinds: list[Any]) -> Any:
    if isinstance(value, list | tuple):
        return [_absolute(one, kinds) for one in value]
    if not isinstance(value, str) or isinstance(value, InputPath) or _is_word(value, kinds):
        return value
    if Pattern in kinds:
        return absolute(value, Path.cwd())
    is_path = Path in kinds and (str not in kinds or Path(value).expanduser().exists())
    return str(Path(value).expanduser().absolute()) if is_path else value


def _is_word(value: str, kinds: list[Any]) -> bool:
    return any(is_literal(kind) and value in get_args(kind) for kind in kinds)
