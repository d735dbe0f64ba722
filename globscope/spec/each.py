"""`[reducer.each]`: one [[reducer]] → the tables of all combinations of the values of some of its keys."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import product
from math import prod
from typing import Any

from attrs import define

from globscope.bounds import COMPONENTS
from globscope.spec.axes import SweepAxis, table_axes
from globscope.spec.overrides import assign, steps
from globscope.spec.words import name_of, short, toml, under

EACH = "each"
# Keys that tell which entry a table is, so that no combination can choose them.
SHARED = ("use", "name", EACH)


@define(frozen=True, kw_only=True)
class EntryPlace:
    """Where the file has the keys of a component.

    Attributes:
        entry: The place of its entry, such as `reducer.0`; all components of one entry share it.
        chosen: The keys that have their values from `each`.
        name: The name that the components of an entry with `each` have in common.
    """

    entry: str
    chosen: tuple[str, ...] = ()
    name: str | None = None

    def of(self, key: str) -> str:
        """Return the place of a key, which for a chosen one is in `each`; that of the entry where there is no key."""
        chosen = key.partition(".")[0] in self.chosen
        return under(self.entry, *([EACH] if chosen else []), *filter(None, [key]))


@define(frozen=True, kw_only=True)
class ComponentTable:
    """A component's table, as it was read or as one combination of values completes it."""

    place: EntryPlace
    table: Any


def number_tables(role: str, tables: Sequence[Any]) -> list[ComponentTable]:
    """Return the tables of a role that a spec lists, in its order."""
    return [
        ComponentTable(place=EntryPlace(entry=f"{role}.{number}"), table=table) for number, table in enumerate(tables)
    ]


def take_apart(tables: Sequence[ComponentTable], problems: list[tuple[str, str]]) -> list[ComponentTable]:
    """Return the tables with every `each` replaced by its combinations; problems are appended to `problems`.

    An entry whose `each` has problems is left out.
    """
    return [part for one in tables for part in _combinations(one, problems)]


def _combinations(one: ComponentTable, problems: list[tuple[str, str]]) -> Iterator[ComponentTable]:
    if not isinstance(one.table, dict) or EACH not in one.table:
        yield one
        return
    own = {key: value for key, value in one.table.items() if key != EACH}
    found = list[tuple[str, str]]()
    axes = table_axes(one.table[EACH], one.place.of(EACH), "maps", found)
    found += [*_faults(one, own, axes)]
    problems += found
    if not found:
        chosen = tuple(steps(axis.key)[0] for axis in axes)
        place = EntryPlace(entry=one.place.entry, chosen=chosen, name=name_of(own))
        for places in product(*(range(len(axis.values)) for axis in axes)):
            yield ComponentTable(place=place, table=_combination(own, axes, places))


def _faults(one: ComponentTable, own: Mapping[str, Any], axes: Sequence[SweepAxis]) -> Iterator[tuple[str, str]]:
    """Yield the keys that cannot have several values, or have one already, and a number of maps beyond all reason."""
    for axis in axes:
        place = under(one.place.of(EACH), axis.key)
        key = steps(axis.key)[0]
        if key in SHARED:
            yield place, "must be the same for all maps of the entry"
        elif key in own:
            yield place, f"has a value in the entry too, {short(toml(own[key]))}; remove one of them"
    count = prod(len(axis.values) for axis in axes)
    if count > COMPONENTS.bound:
        yield one.place.of(EACH), f"makes {count:,} maps, which {COMPONENTS.words}"


def _combination(own: Mapping[str, Any], axes: Sequence[SweepAxis], places: Sequence[int]) -> dict[str, Any]:
    """Return the table of one combination, whose name ends in the chosen values."""
    table = deepcopy(dict(own))
    for axis, i in zip(axes, places, strict=True):
        assign(table, steps(axis.key), deepcopy(axis.values[i]), axis.key)
    if (name := name_of(own)) is not None:
        values = ",".join(f"{axis.label}={axis.names[i]}" for axis, i in zip(axes, places, strict=True))
        table["name"] = f"{name} {values}"
    return table
