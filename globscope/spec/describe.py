"""Descriptions of components' options, and the resolved spec as TOML."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomli_w
from attrs import NOTHING, Factory, asdict, define
from docstring_parser import DocstringStyle, parse

from globscope.references import Code
from globscope.spec.component_entry import Entry
from globscope.spec.study_spec import Spec
from globscope.spec.words import is_class, keys_of, toml, type_in_words


@define(frozen=True, kw_only=True)
class Option:
    """One key of a table.

    Attributes:
        name: Name of the key.
        kind: Its type in words.
        default: Its default in TOML; `required` where there is none.
        meaning: Its meaning, from the class's docstring.
    """

    name: str
    kind: str
    default: str
    meaning: str


def meanings(cls: type) -> dict[str, str]:
    """Return the meaning of each attribute, from the docstrings of a class and its parents."""
    texts: dict[str, str] = {}
    for owner in reversed(cls.__mro__):
        text = inspect.cleandoc(owner.__dict__.get("__doc__") or "")
        for entry in parse(text, DocstringStyle.GOOGLE).params:
            texts[entry.arg_name] = " ".join((entry.description or "").split())
    return texts


def options(cls: Any) -> Iterator[Option]:
    """Yield the options of a component's class."""
    texts = meanings(cls)
    for attribute in keys_of(cls):
        yield Option(
            name=attribute.name,
            kind=type_in_words(attribute.type),
            default=_default(default_of(attribute)),
            meaning=texts.get(attribute.name, ""),
        )


def default_of(attribute: Any) -> Any:
    """Return an attribute's default: NOTHING where it is required, None where it is unset or follows from others."""
    default = attribute.default
    if not isinstance(default, Factory):  # type: ignore[arg-type]
        return default
    return None if default.takes_self else default.factory()


def _default(default: Any) -> str:
    if default is NOTHING:
        return "required"
    return "unset" if default is None else toml(plain(default))


def plain(value: Any) -> Any:
    """Return a value in types that TOML has."""
    if isinstance(value, Code | Path | str):
        return str(value)
    if is_class(type(value)):
        return _option_values(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items() if item is not None}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def resolved_document(spec: Spec) -> dict[str, Any]:
    """Return a spec with every default written out, as a TOML document."""
    document: dict[str, Any] = {"title": spec.title, "seed": spec.seed}
    document["task"] = _table(spec.task)
    document["population"] = plain(asdict(spec.population))
    document |= {} if spec.zoo is None else {"zoo": plain(asdict(spec.zoo))}
    document |= {"evaluator": _table(spec.evaluator), "fidelity": _option_values(spec.fidelity.component)}
    for role in ("reducer", "sampler", "topology", "aligner", "analysis"):
        document[role] = [_table(entry) for entry in getattr(spec, role)]
    document |= {} if spec.run is None else {"run": {"pool": spec.run.use, **_option_values(spec.run.component)}}
    document |= {"plugins": plain(spec.plugins)} if spec.plugins.disable else {}
    document["report"] = plain(spec.report)
    return document


def _table(entry: Entry) -> dict[str, Any]:
    return {**_option_values(entry), **_option_values(entry.component)}


def _option_values(component: Any) -> dict[str, Any]:
    document: dict[str, Any] = plain({key.name: getattr(component, key.name) for key in keys_of(type(component))})
    return document


def as_toml(spec: Spec) -> str:
    """Return the resolved spec as TOML text."""
    return tomli_w.dumps(resolved_document(spec))
