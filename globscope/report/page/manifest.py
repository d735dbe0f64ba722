"""The manifest and the costs of a study, in forms that the page can show."""

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import fields

from globscope.pipeline.cost_table import HEADINGS, cost_table, cost_texts
from globscope.report.style.text import cell_text, join_words
from globscope.values.cost import Cost
from globscope.values.field import in_words
from globscope.values.findings import Cell, Table

# Of a stage in the manifest: what a table of its own shows.
COSTS = {field.name for field in fields(Cost)}


def costs(record: Mapping[str, Any]) -> Table | None:
    """Return what the stages cost, in units for people; None where results list no stage."""
    table = cost_table(record)
    if table is None:
        return None
    rows = tuple(dict(zip(HEADINGS, texts, strict=True)) for texts in cost_texts(table.rows))
    return Table(name="what the stages cost", caption=table.caption, columns=HEADINGS, rows=rows)


def manifest(entries: Mapping[str, Any], names: Mapping[str, str]) -> Iterable[tuple[str, Any]]:
    """Yield each entry with its form on the page: a text, pairs, or a table; `names` are those of fields."""
    for name, value in entries.items():
        if isinstance(value, Mapping):
            yield name, [(key, _text(item, names)) for key, item in value.items()]
        elif isinstance(value, list | tuple) and value and all(isinstance(row, Mapping) for row in value):
            columns = tuple(dict.fromkeys(key for row in value for key in row if key not in COSTS))
            rows = tuple({key: _text(item, names) for key, item in row.items()} for row in value)
            yield name, Table(name=name, caption="", columns=columns, rows=rows)
        else:
            yield name, _text(value, names)


def _text(value: Any, names: Mapping[str, str]) -> Cell:
    if isinstance(value, Mapping):
        return join_words(f"{names.get(key) or in_words(key)}: {_text(item, names)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(cell_text(_text(item, names)) for item in value)
    return value if value is None or isinstance(value, int | float) else str(value)
