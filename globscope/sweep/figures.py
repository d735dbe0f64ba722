"""The results of a finished run as figures by name."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import evolve

from globscope.sweep.subjects import ORIGIN, SUBJECT
from globscope.values.field import Field
from globscope.values.findings import Cell

# Whose score a field is, in words, by what stands before its key.
WHOSE = {"": "", ORIGIN: " at the slice's centre", SUBJECT: " of the networks concerned"}
# Entries of a map's record that are not figures of the landscape, or that differ between equal runs.
NO_FIGURES = ("name", "hidden", "fit_seconds", "decode_seconds", "evaluate_seconds")


def figures(record: Mapping[str, Any], *, bare: bool, about: Container[str] = ()) -> dict[str, Cell]:
    """Return every figure of a run by name, from its results.

    Figures of the population keep their names, such as the means of the runs' final networks (`test_accuracy`). Those
    of a map are `<map>.<figure>`, or `<figure>` if `bare`, where there is one map. Columns of an analysis' table are
    `<analysis>.<column>`, or `<analysis>.<table>.<column>` if several of its tables have the column: the mean over the
    table's rows; where a sampler explains what it found, `<map>: <sampler>` stands for the analysis. For analyses that
    are `about` certain networks, the means of these networks' fields are `<analysis>.subject_<field>`.
    """
    population = record["population"]
    values: dict[str, Cell] = {name: value for name, value in population.items() if _is_number(value)}
    values |= population.get("last", {})
    for reducer in record["reducers"]:
        values |= {name if bare else f"{reducer['name']}.{name}": value for name, value in _map_figures(reducer)}
    for analysis, tables in (record["tables"] | record.get("explanations", {})).items():
        values |= _table_figures(analysis, tables)
    for aligner, tables in record.get("aligners", {}).items():
        values |= _table_figures(f"aligner {aligner}", tables)
    for analysis, subject in record.get("subjects", {}).items():
        if analysis in about:
            values |= {f"{analysis}.{SUBJECT}{name}": value for name, value in subject["fields"].items()}
    return values


def _map_figures(record: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    for name, value in {**record["notes"], **record}.items():
        if name not in NO_FIGURES and (value is None or _is_number(value)):
            yield name, value


def _table_figures(analysis: str, tables: Sequence[Mapping[str, Any]]) -> dict[str, Cell]:
    columns = [column for table in tables for column in table["columns"]]
    values: dict[str, Cell] = {}
    for table in tables:
        for column in table["columns"]:
            known = [row[column] for row in table["rows"] if _is_number(row.get(column))]
            if known:
                place = analysis if columns.count(column) == 1 else f"{analysis}.{table['name']}"
                values[f"{place}.{column}"] = sum(known) / len(known)
    return values


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def full_name(name: str, figures: Iterable[str]) -> str | None:
    """Return the full name of a figure; a name without map or analysis stands for the first that has it."""
    names = list(figures)
    return name if name in names else next((known for known in names if known.endswith(f".{name}")), None)


def figure_value(name: str, figures: Mapping[str, Cell]) -> Cell:
    """Return a figure of a run by its full name, or by the end of it."""
    known = full_name(name, figures)
    return None if known is None else figures[known]


def known_fields(records: Iterable[Mapping[str, Any]]) -> dict[str, Field]:
    """Return how people read what results describe, by key without a map or analysis in front."""
    known: dict[str, Field] = {}
    for record in records:
        for field in (Field(**one) for one in record.get("fields", ())):
            known |= {before + field.key: evolve(field, name=field.name + whose) for before, whose in WHOSE.items()}
        known |= {one["key"]: Field(key=one["key"], name=one["label"]) for one in record.get("comparison", ())}
    return known


def field_of(figure: str, known: Mapping[str, Field]) -> Field:
    """Return how people read a figure, by its key alone where results do not describe it."""
    place, dot, key = figure.rpartition(".")
    field = known.get(key) or Field.of(key)
    return evolve(field, key=figure, name=f"{place}{': ' * len(dot)}{field.name}")


def comparison_keys(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the keys of the figures by which maps are compared in any of the results, without times."""
    keys = dict.fromkeys(figure["key"] for record in records for figure in record.get("comparison", ()))
    return [key for key in keys if key not in NO_FIGURES]


def page_figures(
    fields: Iterable[str],
    rows: Sequence[Mapping[str, Cell]],
    maps: Sequence[str],
    keys: Sequence[str],
    extra: Iterable[str],
) -> list[str]:
    """Return the names of the figures that a page shows, among those that any run has.

    Args:
        fields: The fields that the task measures.
        rows: The runs' figures by name.
        maps: Names of their maps; none where figures need no map's name.
        keys: Keys of the figures by which maps are compared.
        extra: Further names, which need no map or analysis in front.
    """
    known = {name: None for row in rows for name, value in row.items() if value is not None}
    of_maps = [f"{map_name}.{name}" for map_name in maps for name in keys] if maps else list(keys)
    whole = [full_name(name, known) for name in extra]
    return [name for name in dict.fromkeys([*fields, *of_maps, *whole]) if name in known]
