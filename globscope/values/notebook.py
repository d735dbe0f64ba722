"""Values as a notebook shows them: plain tables and lists of facts, in the notebook's own style."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from globscope.values.number import number

# Of more rows, a notebook shows the first.
ROWS = 60
# Notebooks set all cells flush right, which suits columns of numbers.
LEFT = ' style="text-align:left"'


def table_html(headings: Mapping[str, str], rows: Sequence[Mapping[str, Any]], caption: str = "") -> str:
    """Return a table of the columns that `headings` names; of many rows the first, with how many there are.

    Args:
        headings: Names of the columns for people, by the rows' keys.
        rows: One mapping for each row.
        caption: What the rows show; it stands below, over the whole width, since a table may be narrow.
    """
    sides = {name: LEFT * any(isinstance(row.get(name), str) for row in rows[:ROWS]) for name in headings}
    heads = "".join(f'<th scope="col"{sides[name]}>{escape(heading)}</th>' for name, heading in headings.items())
    lines = ("".join(f"<td{sides[name]}>{_cell(row.get(name))}</td>" for name in headings) for row in rows[:ROWS])
    body = "".join(f"<tr>{cells}</tr>" for cells in lines)
    more = f"<p>The first {ROWS} of {len(rows):,} rows.</p>" if len(rows) > ROWS else ""
    below = f"<p><small>{escape(caption)}</small></p>" if caption else ""
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{more}{below}"


def facts_html(title: str, facts: Iterable[tuple[str, Any]]) -> str:
    """Return a heading, and below it names and values; what is empty or unknown is left out."""
    known = [(name, value) for name, value in facts if value not in (None, "")]
    rows = "".join(
        f'<tr><th scope="row"{LEFT}>{escape(name)}</th><td{LEFT}>{_cell(value)}</td></tr>' for name, value in known
    )
    return f"<p><strong>{escape(title)}</strong></p><table><tbody>{rows}</tbody></table>"


def paragraph_html(text: str) -> str:
    """Return a paragraph; nothing where the text is empty."""
    return f"<p>{escape(text)}</p>" if text else ""


def list_html(title: str, sentences: Sequence[str]) -> str:
    """Return a list, below its title if it has one; nothing where the list is empty."""
    lines = "".join(f"<li>{escape(text)}</li>" for text in sentences)
    above = f"<p><strong>{escape(title)}</strong></p>" if title else ""
    return f"{above}<ul>{lines}</ul>" if sentences else ""


def folded_html(summary: str, html: str, *, is_open: bool = False) -> str:
    """Return a part that the reader can fold."""
    return f"<details{' open' * is_open}><summary>{escape(summary)}</summary>{html}</details>"


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return number(value, 4)
    return escape(str(value))
