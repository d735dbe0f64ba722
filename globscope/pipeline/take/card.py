"""The model card of a network that left a study: what it is, where it comes from, and what was measured of it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import define, field

from globscope.pipeline.results import libraries
from globscope.pipeline.take.choice import Choice
from globscope.spec.describe import as_toml
from globscope.spec.study_spec import Spec
from globscope.values.field import Field, in_words
from globscope.visible import visible


@define(frozen=True, kw_only=True)
class Card:
    """All that a model card says.

    Attributes:
        choice: The network that the card is about.
        fields: Its fields, measured on the tensors as they are written.
        nearest: The members nearest to it, with their distances in weight space.
        facts: What is known of its file, by what it is.
        folder: The run folder.
        spec: The spec of the study.
    """

    choice: Choice
    fields: Mapping[str, float]
    nearest: Sequence[tuple[str, float]]
    facts: Mapping[str, str]
    folder: Path
    spec: Spec = field(repr=False)

    @property
    def text(self) -> str:
        """The card as Markdown, with the metadata that model hubs read."""
        return "\n\n".join(("---\ntags:\n- globscope\n---", *self._sections())) + "\n"

    def _sections(self) -> Iterator[str]:
        yield f"# {_cell(_capital(self.choice.title))}"
        yield f"GlobScope took this network out of the study {_cell(self.spec.title or self.spec.source.stem)}."
        yield from (f"**Warning:** {_cell(text)}." for text in self.choice.warnings)
        yield "## What was measured"
        yield self._measured
        yield "## Where it comes from"
        yield _table(("", ""), [("run folder", f"`{self.folder}`"), *self.choice.about.items(), *self._origin])
        yield "The members nearest to it, by Euclidean distance in weight space:"
        yield _table(("member", "distance"), [(name, f"{distance:.6g}") for name, distance in self.nearest])
        yield "## The spec of the study"
        yield _code_block(as_toml(self.spec).strip())

    @property
    def _measured(self) -> str:
        """The table of fields, beside what the study has of them."""
        known = self.choice.known
        heading = ("", "this network", *(["in the study"] if known else []))
        rows = [
            (Field.of(key).name, f"{value:.8g}", *([_number(known.get(key))] if known else []))
            for key, value in self.fields.items()
        ]
        said = "By the evaluator of the study on the study's data, with the tensors of this file as they are written."
        return f"{said}\n\n{_table(heading, rows)}"

    @property
    def _origin(self) -> Iterator[tuple[str, str]]:
        yield from self.facts.items()
        versions = libraries()
        yield "written by", f"GlobScope {versions['globscope']}, Python {versions['python']}"
        yield "libraries", ", ".join(f"{name} {one}" for name, one in versions["libraries"].items() if one)


def _code_block(text: str) -> str:
    """Return text as a block of code, in a fence that is longer than any in it."""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text) or [""]))
    return f"{fence}toml\n{text}\n{fence}"


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *([in_words(row[0]), *row[1:]] for row in rows)]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    """Return text that ends no cell and no line of a table."""
    return visible(" ".join(text.split())).replace("|", "\\|")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.8g}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
