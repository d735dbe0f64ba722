"""Strict structuring: all problems of a table at once, each with its place and what is accepted.

cattrs dispatches on types; its defaults are too lenient (2.9 becomes 2, "false" becomes True) and
stop at the first validator, so the hooks here replace them.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, get_args

from attrs import NOTHING
from cattrs import Converter

from globscope.errors import near
from globscope.references import Code, Pattern, describe
from globscope.spec.paths import InvalidError, wrong
from globscope.spec.scalars import close, exactly, literal, refuse_unsupported, scalar, scalars, table
from globscope.spec.validators import objections, objections_to_items
from globscope.spec.words import (
    arms,
    bare,
    is_class,
    is_dict,
    is_literal,
    is_tuple,
    is_union,
    keys_of,
    type_in_words,
    under,
    value_in_words,
)


def below_place(place: str, problems: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the problems of a value with their places relative to the level above."""
    for below, text in problems:
        yield (under(place, below) if below else place), text


def converter(folder: Path) -> Converter:
    """Return a strict converter; relative paths of a spec start at `folder`."""
    strict = Converter()
    strict.register_structure_hook_func(lambda _: True, refuse_unsupported)  # before all others, so tried last
    strict.register_structure_hook(bytes, refuse_unsupported)
    strict.register_structure_hook(bool, lambda value, _: exactly(bool, value))
    strict.register_structure_hook_func(is_class, lambda value, cls: _class(strict, value, cls))
    for kind, hook in scalars(folder).items():
        strict.register_structure_hook(kind, partial(scalar, kind, hook))
    strict.register_structure_hook_func(is_literal, literal)
    strict.register_structure_hook_func(is_dict, table)
    strict.register_structure_hook_func(is_union, lambda value, kind: _union(strict, value, kind))
    strict.register_structure_hook_func(is_tuple, lambda value, kind: _tuple(strict, value, kind))
    return strict


def _union(strict: Converter, value: Any, kind: Any) -> Any:
    if len(arms(kind)) == 1:
        return strict.structure(value, arms(kind)[0])
    reasons = []
    for arm in arms(kind):
        try:
            return strict.structure(value, arm)
        except InvalidError as invalid:
            reasons.append((arm, invalid))
    # If the value is clearly meant as one of the types, that type's problems are more helpful than the union's.
    for arm, reason in reasons:
        if _is_meant_as(value, arm):
            raise reason
    raise wrong(kind, value, close(value, kind))


def _is_meant_as(value: Any, arm: Any) -> bool:
    if arm is Code:
        return isinstance(value, str) and ":" in value
    if arm in (int, float):
        return type(value) in (arm, int)
    if isinstance(value, list):
        tables = bool(value) and all(isinstance(item, dict) for item in value)
        return is_tuple(arm) and tables == is_class(get_args(arm)[0])
    if isinstance(value, dict):
        return is_class(arm) or (is_tuple(arm) and is_class(get_args(arm)[0]))
    return isinstance(value, str) and arm is Pattern


def _tuple(strict: Converter, value: Any, kind: Any) -> tuple[Any, ...]:
    kinds = get_args(kind)
    if isinstance(value, dict) and is_class(kinds[0]):
        raise InvalidError(("", "expected a list of tables in [[double brackets]], got one table"))
    if not isinstance(value, list):
        raise wrong(kind, value)
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    elif len(kinds) != len(value):
        raise wrong(kind, value)
    sound, problems = dict[int, Any](), list[tuple[str, str]]()
    for place, (item, item_kind) in enumerate(zip(value, kinds, strict=True)):
        try:
            sound[place] = strict.structure(item, item_kind)
        except InvalidError as invalid:
            problems += below_place(str(place), invalid.problems)
    if problems:
        raise InvalidError(*problems, sound=sound)
    return tuple(sound.values())


def _class(strict: Converter, value: Any, cls: type) -> Any:
    if not isinstance(value, dict):
        raise InvalidError(("", f"expected a table, got {value_in_words(value)}{_brackets(value)}"))
    options = {key.name: key for key in keys_of(cls)}
    problems = [(bare(key), f"there is no such key; {near(key, options)}") for key in value if key not in options]
    values: dict[str, Any] = {}
    for attribute in options.values():
        try:
            values |= option(strict, value, attribute)
        except InvalidError as invalid:
            problems += invalid.problems
    if problems:
        raise InvalidError(*problems)
    return _make(cls, values)


def _brackets(value: Any) -> str:
    is_list = isinstance(value, list) and all(isinstance(item, dict) for item in value)
    return "; [single brackets] write one table" if is_list else ""


def _make(cls: type, values: dict[str, Any]) -> Any:
    try:
        return cls(**values)
    except ValueError as error:  # a rule over several options
        raise InvalidError(("", str(error))) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise InvalidError(("", f"{cls.__name__} cannot be made: {describe(error)}")) from error


def option(strict: Converter, table_: Mapping[str, Any], attribute: Any) -> dict[str, Any]:
    """Return {name: value} of one key, or nothing where its default applies.

    A field's metadata may hold a `remedy`: a function of the table as written, whose text ends messages about the key.
    """
    name = attribute.name
    if name not in table_:
        if attribute.default is NOTHING:
            raise InvalidError((name, f"is required: {type_in_words(attribute.type)}"))
        return {}
    try:
        value = strict.structure(table_[name], attribute.type)
        problems = [*objections(attribute, value, table_[name])]
    except InvalidError as invalid:
        problems = [*invalid.problems, *objections_to_items(attribute, invalid.sound, table_[name])]
    if problems:
        remedy = attribute.metadata.get("remedy", lambda _: "")(table_)
        raise InvalidError(*((place, _with_remedy(text, remedy)) for place, text in below_place(name, problems)))
    return {name: value}


def _with_remedy(text: str, remedy: str) -> str:
    return f"{text}{' ' if text.endswith('?') else '; '}{remedy}" if remedy else text
