"""Keys with lists of their values, as in `[sweep]`, and the values' names."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import define

from globscope.spec.overrides import steps
from globscope.spec.words import bare, name_of, short, toml, under, value_in_words

# How many letters of a value a folder's name has.
LONGEST = 40
# Tables of the sweep as a whole, which cells cannot have.
WHOLE = ("sweep", "relations")


@define(frozen=True, kw_only=True)
class SweepAxis:
    """One key of a sweep, or of another table of lists.

    Attributes:
        key: The dotted key, as for `--set`.
        label: Its last parts, as many as distinguish it from the other keys.
        values: The values that it takes.
        names: The values' names in the names of cells.
    """

    key: str
    label: str
    values: tuple[Any, ...]
    names: tuple[str, ...]


def sweep_axes(table: Any, problems: list[tuple[str, str]]) -> tuple[SweepAxis, ...]:
    """Return the axes of a table [sweep]; problems are appended to `problems`."""
    axes = table_axes(table, "sweep", "cells", problems)
    whole = [(axis, axis.key.partition(".")[0]) for axis in axes]
    problems += [
        (f"sweep.{axis.key}", f"cannot be swept: [{key}] is of the sweep as a whole")
        for axis, key in whole
        if key in WHOLE
    ]
    return tuple(axis for axis, key in whole if key not in WHOLE)


def table_axes(table: Any, place: str, made: str, problems: list[tuple[str, str]]) -> tuple[SweepAxis, ...]:
    """Return the axes of a table of keys and lists of their values.

    Args:
        table: The table.
        place: Its place in the spec, for messages.
        made: What the combinations are, in the plural.
        problems: Takes what is wrong, each a (place, sentence).
    """
    found = list[tuple[str, str]]()
    if not isinstance(table, dict):
        text = f"expected a table [{place}] of keys and lists of their values, got {value_in_words(table)}"
        problems.append((place, text))
        return ()
    keys = dict(_flat(table, (), found))  # of two equal keys, the later one is from the command line
    if not keys and not found:
        found.append(("", "needs at least one key with a list of its values"))
    labels = _labels(list(keys))
    axes = [_axis(under("", *map(bare, parts)), labels[parts], values, made, found) for parts, values in keys.items()]
    problems += [(under(place, *filter(None, [below])), text) for below, text in found]
    return tuple(axis for axis in axes if axis)


def _flat(
    table: Mapping[str, Any], above: tuple[str, ...], problems: list[tuple[str, str]]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every key's parts with its values, for keys in quotes and for nested tables."""
    for key, value in table.items():
        parts = (*above, *steps(key))
        if not steps(key):
            problems.append((under("", *map(bare, above), bare(key)), "is not a key, such as 'reducer.0.latent_dim'"))
        elif isinstance(value, dict):
            yield from _flat(value, parts, problems)
        else:
            yield parts, value


def _axis(key: str, label: str, values: Any, made: str, problems: list[tuple[str, str]]) -> SweepAxis | None:
    """Return a key's axis; None if it has a problem, which is appended."""
    if not isinstance(values, list):
        problems.append((key, f"expected a list of values, got {value_in_words(values)}"))
    elif not values:
        problems.append((key, "needs at least one value"))
    else:
        names = tuple(map(_value_name, values))
        folded = [name.casefold() for name in names]
        firsts: dict[str, int] = {}
        twice = next((i for i, name in enumerate(folded) if firsts.setdefault(name, i) < i), None)
        if twice is None:
            return SweepAxis(key=key, label=label, values=tuple(values), names=names)
        first = values[firsts[folded[twice]]]
        same = f"values {short(toml(first))} and {short(toml(values[twice]))} give two {made} of one name, "
        hint = "; give tables a 'name' each" if isinstance(first, dict) else ""
        problems.append((key, f"{same}{toml(f'{label}={names[twice]}')}{hint}"))
    return None


def _labels(keys: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Return each key's shortest ending that no other key has and that does not begin with a number."""
    labels = {}
    for parts in keys:
        endings = (parts[-size:] for size in range(1, len(parts) + 1))
        unique = (end for end in endings if not end[0].isdigit() and sum(k[-len(end) :] == end for k in keys) == 1)
        labels[parts] = _safe(".".join(next(unique, parts)))
    return labels


def _value_name(value: Any) -> str:
    """Return a value's name in the names of cells."""
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
    """Return text that is valid in a folder's name and cannot be mistaken for another key."""
    return re.sub(r"[^\w.+-]+", "-", text).strip(".")
