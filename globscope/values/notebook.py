"""Values as a notebook shows them: plain tables and lists of facts, in the notebook's own style."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from globscope.values.number import number

# Of more rows, a notebook shows the first.
ROWS = 60


def table_html(headings: Mapping[str, str], rows: Sequence[Mapping[str, Any]], caption: str = "") -> str:
    """Return a table of the columns that `headings` names; of many rows the first, with how many there are."""
    heads = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings.values())
    lines = ("".join(f"<td>{_cell(row.get(name))}</td>" for name in headings) for row in rows[:ROWS])
    body = "".join(f"<tr>{cells}</tr>" for cells in lines)
    more = f"<p>The first {ROWS} of {len(rows):,} rows.</p>" if len(rows) > ROWS else ""
    above = f'<caption style="text-align:left">{escape(caption)}</caption>' if caption else ""
    return f"<table>{above}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{more}"


def facts_html(title: str, facts: Iterable[tuple[str, Any]]) -> str:
    """Return a heading, and below it names and values; what is empty or unknown is left out."""
    known = [(name, value) for name, value in facts if value not in (None, "")]
    rows = "".join(f'<tr><th scope="row">{escape(name)}</th><td>{_cell(value)}</td></tr>' for name, value in known)
    return f"<p><strong>{escape(title)}</strong></p><table><tbody>{rows}</tbody></table>"


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
