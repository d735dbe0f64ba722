"""The keys of `[sweep]`, with their values and what these are called."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import define

from globscope.spec.entries import name_of
from globscope.spec.overrides import steps
from globscope.spec.words import bare, got, short, toml, under

# Letters of a value in a folder's name.
LONGEST = 40
# Tables that belong to the sweep as a whole, so that no cell can have its own.
WHOLE = ("sweep", "relations")


@define(frozen=True, kw_only=True)
class Axis:
    """One key of a sweep.

    Attributes:
        key: Dotted, as `--set` takes it.
        label: Its last part, with as many before it as tell it from the other keys.
        values: What it takes.
        names: Of these, as they stand in a cell's name.
    """

    key: str
    label: str
    values: tuple[Any, ...]
    names: tuple[str, ...]


def axes(table: Any, problems: list[tuple[str, str]]) -> tuple[Axis, ...]:
    """Return the axes that a table asks for; what is wrong is added to the problems."""
    if not isinstance(table, dict):
        problems.append(("sweep", f"expected a table [sweep] of keys and lists of their values, got {got(table)}"))
        return ()
    asked = dict(_flat(table, (), problems))  # of a key that is there twice, the later one is of the command line
    if not asked and not problems:
        problems.append(("sweep", "needs at least one key with a list of its values"))
    labels = _labels(list(asked))
    return tuple(
        axis
        for parts, values in asked.items()
        if (axis := _axis(under("", *map(bare, parts)), labels[parts], parts, values, problems))
    )


def _flat(
    table: Mapping[str, Any], above: tuple[str, ...], problems: list[tuple[str, str]]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every key's parts with its values, whether it is written as one key in quotes or as tables."""
    for key, value in table.items():
        parts = (*above, *steps(key))
        if not steps(key):
            problems.append((under("sweep", *map(bare, above), bare(key)), "is no key, such as 'reducer.0.latent_dim'"))
        elif isinstance(value, dict):
            yield from _flat(value, parts, problems)
        else:
            yield parts, value


def _axis(key: str, label: str, parts: tuple[str, ...], values: Any, problems: list[tuple[str, str]]) -> Axis | None:
    """Return a key's axis, or None with its problem noted."""
    said = f"sweep.{key}"
    if parts[0] in WHOLE:
        problems.append((said, f"cannot be swept: [{parts[0]}] is of the sweep as a whole"))
    elif not isinstance(values, list):
        problems.append((said, f"expected a list of values, got {got(values)}"))
    elif not values:
        problems.append((said, "needs at least one value"))
    else:
        names = tuple(map(_of_value, values))
        folded = [name.casefold() for name in names]
        firsts: dict[str, int] = {}
        twice = next((at for at, name in enumerate(folded) if firsts.setdefault(name, at) < at), None)
        if twice is None:
            return Axis(key=key, label=label, values=tuple(values), names=names)
        first = values[firsts[folded[twice]]]
        same = f"values {short(toml(first))} and {short(toml(values[twice]))} give two cells of one name, "
        hint = "; give tables a 'name' each" if isinstance(first, dict) else ""
        problems.append((said, f"{same}{toml(f'{label}={names[twice]}')}{hint}"))
    return None


def _labels(keys: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Return each key's shortest ending that no other key has, and that begins with no number."""
    found = {}
    for parts in keys:
        endings = (parts[-size:] for size in range(1, len(parts) + 1))
        alone = (end for end in endings if not end[0].isdigit() and sum(k[-len(end) :] == end for k in keys) == 1)
        found[parts] = _safe(".".join(next(alone, parts)))
    return found


def _of_value(value: Any) -> str:
    """Return a value as it stands in a cell's name."""
    return _safe(_words(value))[:LONGEST] or "empty"


def _words(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, list):
        return "x".join(map(_words, value))
    if isinstance(value, dict):
        return name_of(value) or "+".join(f"{key}-{_words(item)}" for key, item in value.items())
    return toml(value)


def _safe(text: str) -> str:
    """Return text that any disk takes as part of a folder's name, and that cannot be mistaken for another key."""
    return re.sub(r"[^\w.+-]+", "-", text).strip(".")
