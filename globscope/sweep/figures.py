"""What a finished run amounts to, as figures by name."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import evolve

from globscope.sweep.subjects import ORIGIN, SUBJECT
from globscope.values.field import Field
from globscope.values.findings import Cell

# Of a map's record: no figures of the landscape, and different each time.
ASIDE = ("name", "hidden", "fit_seconds", "decode_seconds", "evaluate_seconds")


def figures(record: Mapping[str, Any], *, bare: bool, about: Container[str] = ()) -> dict[str, Cell]:
    """Return every figure of a run by name, from its results.

    Those of the population by their own names, the means of the runs' last networks among them (`test_accuracy`);
    a map's as `<map>.<figure>`, or as they are where `bare` says that there is one map; what an analysis tells in a
    table as `<analysis>.<column>`, or `<analysis>.<table>.<column>` where several of its tables have the column: the
    mean over the table's rows. Of the analyses that are `about` networks of their own, these networks' mean fields are
    `<analysis>.subject_<field>`.
    """
    who = record["population"]
    found: dict[str, Cell] = {name: value for name, value in who.items() if _is_number(value)}
    found |= who.get("last", {})
    for one in record["reducers"]:
        found |= {name if bare else f"{one['name']}.{name}": value for name, value in _of_map(one)}
    for analysis, tables in record["tables"].items():
        found |= _of_tables(analysis, tables)
    for aligner, tables in record.get("aligners", {}).items():
        found |= _of_tables(f"aligner {aligner}", tables)
    for analysis, subject in record.get("subjects", {}).items():
        if analysis in about:
            found |= {f"{analysis}.{SUBJECT}{name}": value for name, value in subject["fields"].items()}
    return found


def _of_map(record: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    for name, value in {**record["notes"], **record}.items():
        if name not in ASIDE and (value is None or _is_number(value)):
            yield name, value


def _of_tables(analysis: str, tables: Sequence[Mapping[str, Any]]) -> dict[str, Cell]:
    columns = [column for table in tables for column in table["columns"]]
    found: dict[str, Cell] = {}
    for table in tables:
        for column in table["columns"]:
            known = [row[column] for row in table["rows"] if _is_number(row.get(column))]
            if known:
                place = analysis if columns.count(column) == 1 else f"{analysis}.{table['name']}"
                found[f"{place}.{column}"] = sum(known) / len(known)
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def full(name: str, found: Iterable[str]) -> str | None:
    """Return the whole name of a figure; without a map or analysis in front, that of the first that has it."""
    names = list(found)
    return name if name in names else next((known for known in names if known.endswith(f".{name}")), None)


def named(name: str, found: Mapping[str, Cell]) -> Cell:
    """Return a figure of a run by its whole name, or by the end of that."""
    known = full(name, found)
    return None if known is None else found[known]


def field_of(figure: str, records: Iterable[Mapping[str, Any]]) -> Field:
    """Return how people read a figure: as the results describe the field, or the comparison of maps the figure."""
    known = {one["key"]: Field(**one) for record in records for one in record.get("fields", ())}
    labels = {one["key"]: one["label"] for record in records for one in record.get("comparison", ())}
    place, dot, key = figure.rpartition(".")
    before = next((prefix for prefix in (ORIGIN, SUBJECT) if key.startswith(prefix)), "")
    field = known.get(key.removeprefix(before)) or Field.of(key.removeprefix(before))
    name = labels.get(key) or f"{before.replace('_', ' ')}{field.name}"
    return evolve(field, key=figure, name=f"{place}{': ' * len(dot)}{name}")


def compared(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the keys of the figures by which maps are compared in any of several results, without times."""
    keys = dict.fromkeys(figure["key"] for record in records for figure in record.get("comparison", ()))
    return [key for key in keys if key not in ASIDE]


def shown(
    fields: Iterable[str],
    rows: Sequence[Mapping[str, Cell]],
    maps: Sequence[str],
    keys: Sequence[str],
    asked: Iterable[str],
) -> list[str]:
    """Return the names of the figures that a page shows, of those that any run has.

    Args:
        fields: What the task measures.
        rows: The runs' figures.
        maps: Their maps' names; none where figures need no map's name.
        keys: Of the figures by which maps are compared.
        asked: Further names, which need no map or analysis in front.
    """
    known = {name: None for row in rows for name, value in row.items() if value is not None}
    of_maps = [f"{one}.{name}" for one in maps for name in keys] if maps else list(keys)
    whole = [full(name, known) for name in asked]
    return [name for name in dict.fromkeys([*fields, *of_maps, *whole]) if name in known]
