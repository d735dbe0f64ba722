"""Strict structuring: every problem of a table at once, each with its place and what is accepted.

cattrs dispatches on types; its own defaults are too kind (2.9 becomes 2, "false" becomes True) and
stop at the first validator, so the hooks here replace them.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from attrs import NOTHING, fields, has, resolve_types
from cattrs import Converter

from globscope.errors import near
from globscope.references import Code
from globscope.spec.validators import objection


class InvalidError(ValueError):
    """Problems of one value: (place below it, sentence) each."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        self.problems = problems
        super().__init__(problems)

    def under(self, place: str) -> Iterator[tuple[str, str]]:
        """Yield the problems as seen from one level above."""
        for below, text in self.problems:
            yield (f"{place}.{below}" if below else place), text


class Typed(str):
    """Text from the command line: paths in it are relative to the current directory."""

    __slots__ = ()


def converter(folder: Path) -> Converter:
    """Return a strict converter; relative paths of a spec start at `folder`."""
    strict = Converter()
    for kind, also in ((int, ()), (bool, ()), (float, (int,)), (str, (Typed,))):
        strict.register_structure_hook(kind, _scalar(kind, also))
    strict.register_structure_hook(Path, lambda value, _: _path(value, folder))
    strict.register_structure_hook(Code, lambda value, _: _code(value, folder))
    strict.register_structure_hook_func(_is_literal, _literal)
    strict.register_structure_hook_func(_is_union, lambda value, kind: _union(strict, value, kind))
    strict.register_structure_hook_func(_is_tuple, lambda value, kind: _tuple(strict, value, kind))
    strict.register_structure_hook_func(_is_table, _table)
    strict.register_structure_hook_func(
        lambda t: isinstance(t, type) and has(t) and t is not Code,
        lambda value, cls: _class(strict, value, cls),
    )
    return strict


def expected(kind: Any) -> str:
    """Return the words for a type in messages."""
    if _is_union(kind):
        return " or ".join(expected(arm) for arm in get_args(kind) if arm is not NoneType)
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    if _is_tuple(kind):
        return f"a list of {expected(get_args(kind)[0])}"
    names = {float: "number", str: "text", Path: "a path", Code: '"file.py:name"', bool: "true or false"}
    return names.get(kind, getattr(kind, "__name__", str(kind)))


def _wrong(kind: Any, value: Any, hint: str = "") -> InvalidError:
    shown = {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
    name = "table" if isinstance(value, dict) else type(value).__mro__[-2].__name__
    return InvalidError(("", f"expected {expected(kind)}, got {shown} ({name}){hint}"))


def _scalar(kind: type, also: tuple[type, ...]) -> Callable[[Any, Any], Any]:
    def hook(value: Any, _: Any) -> Any:
        if type(value) is kind or type(value) in also:
            return kind(value)
        raise _wrong(kind, value)

    return hook


def _resolved(value: Any, folder: Path) -> Path:
    path = Path(value).expanduser()
    return path if path.is_absolute() else (Path.cwd() if isinstance(value, Typed) else folder) / path


def _path(value: Any, folder: Path) -> Path:
    if not isinstance(value, str):
        raise _wrong(Path, value)
    path = _resolved(value, folder).resolve()
    if not path.exists():
        raise InvalidError(("", f"no file or folder {path}{_beside(path)}"))
    return path


def _beside(path: Path) -> str:
    names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    hint = near(path.name, names)
    return f"; {hint}" if hint.startswith("did") else ""


def _code(value: Any, folder: Path) -> Code:
    if not isinstance(value, str) or ":" not in value:
        raise _wrong(Code, value)
    module, _, name = value.rpartition(":")
    if not module or not name.isidentifier():
        raise _wrong(Code, value)
    if not module.endswith(".py"):
        return Code(module, name)
    return Code(str(_path(Typed(module) if isinstance(value, Typed) else module, folder)), name)


def _literal(value: Any, kind: Any) -> Any:
    if value in get_args(kind) and not isinstance(value, bool):
        return str(value) if isinstance(value, str) else value
    raise _wrong(kind, value, _suggestion(value, kind))


def _suggestion(value: Any, kind: Any) -> str:
    """Return `; did you mean …?` where a literal of the type is near."""
    arms = get_args(kind) if _is_union(kind) else (kind,)
    words = [w for arm in arms if get_origin(arm) is Literal for w in get_args(arm)]
    hint = near(value, words) if isinstance(value, str) else ""
    return f"; {hint}" if hint.startswith("did") else ""


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, UnionType)


def _union(strict: Converter, value: Any, kind: Any) -> Any:
    reasons = []
    for arm in get_args(kind):
        try:
            return strict.structure(value, arm)
        except InvalidError as invalid:
            reasons.append((arm, invalid))
    # A list or a reference is clearly meant as such: its own problems say more than the union's.
    for arm, reason in reasons:
        if _meant(value, arm):
            raise reason
    raise _wrong(kind, value, _suggestion(value, kind))


def _meant(value: Any, arm: Any) -> bool:
    if arm is Code:
        return isinstance(value, str) and ":" in value
    return _is_tuple(arm) if isinstance(value, list) else isinstance(value, dict) and has(arm)


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _is_table(kind: Any) -> bool:
    return get_origin(kind) is dict


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _tuple(strict: Converter, value: Any, kind: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _wrong(kind, value)
    items, problems = [], list[tuple[str, str]]()
    for place, item in enumerate(value):
        try:
            items.append(strict.structure(item, get_args(kind)[0]))
        except InvalidError as invalid:
            problems += invalid.under(str(place))
    if problems:
        raise InvalidError(*problems)
    return tuple(items)


def _table(value: Any, kind: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return dict(value)
    raise _wrong(kind, value)


def _class(strict: Converter, value: Any, cls: type) -> Any:
    if not isinstance(value, dict):
        raise InvalidError(("", f"expected a table, got {value!r} ({type(value).__name__})"))
    options = {a.name: a for a in fields(resolve_types(cls)) if a.init}
    problems = [(key, f"there is no such key; {near(key, options)}") for key in value if key not in options]
    found: dict[str, Any] = {}
    for name, attribute in options.items():
        try:
            found |= _option(strict, value, attribute)
        except InvalidError as invalid:
            problems += invalid.under(name)
    if problems:
        raise InvalidError(*problems)
    try:
        return cls(**found)
    except ValueError as error:  # a rule over several options
        raise InvalidError(("", str(error))) from error


def _option(strict: Converter, table: dict[str, Any], attribute: Any) -> dict[str, Any]:
    """Return {name: value} of one option, or nothing where its default serves."""
    if attribute.name not in table:
        if attribute.default is NOTHING:
            raise InvalidError(("", f"is required: {expected(attribute.type)}"))
        return {}
    value = strict.structure(table[attribute.name], attribute.type)
    wrong = objection(attribute.validator, value)
    if wrong:
        raise InvalidError(("", f"{wrong}, got {table[attribute.name]!r}"))
    return {attribute.name: value}
