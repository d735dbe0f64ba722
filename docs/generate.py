"""Writes the reference pages that follow from the code: `python docs/generate.py`."""

import ast
import inspect
from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from docstring_parser import DocstringStyle
from docstring_parser import parse as parse_docstring

from globscope import hookspecs, roles
from globscope.registry import HOOKS, Component, installed
from globscope.spec.cells import Relations
from globscope.spec.describe import options
from globscope.spec.entries import common
from globscope.spec.model import PopulationSpec, Recipe, Spec, Train, Variant, Zoo
from globscope.values.findings import Figure, Finding, Table
from globscope.values.pictures import HeatMap, Overlay, Panel, Plot, Series, Trail

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py (`make docs`); edit the docstrings instead. -->"
PROTOCOLS = {
    "task": (roles.Task, roles.Probe, *roles.OPTIONAL["probe"]),
    "reducer": (roles.Reducer,),
    "sampler": (roles.Sampler,),
    "evaluator": (roles.Evaluator, roles.UnitScorer),
    "topology": (roles.TopologyMethod,),
    "aligner": (roles.Aligner,),
    "analysis": (roles.Analysis, roles.Bench, Finding, Figure, Table, Plot, Panel, Series, HeatMap, Overlay, Trail),
}
# Tables of a spec beside `title` and `seed`: how it is written, whether it must be there, what it is.
TABLES = (
    ("`[task]`", "required", "One task: model, data, loss."),
    ("`[population]`", "required", "Where the networks come from; below."),
    ("`[zoo]`", "none", "Further networks of the task, from which aligners learn; below."),
    ("`[[reducer]]`", "at least one", "Maps, side by side."),
    (
        "`[[sampler]]`",
        "one `grid`",
        "Which points of a map are decoded; a reducer uses the first unless it names others.",
    ),
    ("`[evaluator]`", "`torch`", "How decoded networks are scored."),
    ("`[[topology]]`", "one `gudhi`", "Which fields are condensed into merge trees."),
    ("`[[aligner]]`", "none", "How units of networks are matched, for analyses that align."),
    ("`[[analysis]]`", "none", "Further questions."),
    ("`[fidelity]`", "its defaults", "Options of the analysis `fidelity`, which every study runs."),
)

ZOO = (
    "Networks from which an aligner such as `deep-align` learns, given as the population is; maps and analyses "
    "see nothing of them. It learns from the last network of every run. `[zoo.train]`, `[[zoo.variant]]` and "
    "`[zoo.parent]` are written as in `[population]`; a run of the zoo is another network than one of the population "
    "with its name. Most easily: one `[[zoo.variant]]` with `repeat = 400`."
)
SWEEP = (
    "Any key of a spec, dotted as `--set` takes it, with the list of its values; list items go by their number. A key "
    'may stand in quotes or as TOML\'s own tables: `"reducer.0.latent_dim" = [2, 3]` is '
    "`reducer.0.latent_dim = [2, 3]`. Every combination is a cell, at most 1,000 of them. "
    "[How a sweep runs](../how-to/sweep.md)."
)
RELATIONS = (
    "Goes with `[sweep]`: every figure of `of` is set against every one of `against`, over the cells. A figure is "
    "called as in `sweep.csv`; the name of its map or analysis in front may be left out: the first that has it."
)


def pages() -> dict[str, str]:
    """Return the generated pages by file name."""
    return {"components.md": components(), "spec.md": spec(), "hooks.md": hooks()}


def components() -> str:
    """Return every built-in component with its options, whatever else is installed."""
    parts = ["# Components", "`globscope plugins` lists those of your environment, other packages' included."]
    for role in HOOKS:
        parts.append(f"## {role}")
        for found in installed().components:
            if (found.role, found.distribution) == (role, "globscope"):
                parts += _component(found)
    return _page(parts)


def spec() -> str:
    """Return the keys of a spec that are no component's options."""
    plain = [option for option in options(Spec) if option.name in ("title", "seed")]
    parts = [
        "# Keys of a spec",
        "A spec is a TOML file; relative paths in it start from its folder. "
        "What is not listed here or with a [component](components.md) is refused, with the near name.",
        _options(plain),
        _table(("table", "where left out", "what it is"), TABLES),
        "## [population]",
        "Exactly one of `checkpoints` and `[population.train]`.",
        _options(options(PopulationSpec)),
    ]
    named = (("[population.train]", Train), ("[[population.variant]]", Variant), ("[population.parent]", Recipe))
    for title, cls in named:
        parts += [f"## {title}", _options(options(cls))]
    parts += ["## [zoo]", ZOO, _options(options(Zoo))]
    parts += ["## Keys of every component's table", _options(options(common("task")))]
    own = {option.name for option in options(common("task"))}
    for role in ("reducer", "aligner"):
        more = [option for option in options(common(role)) if option.name not in own]
        parts += [f"## More keys of every [[{role}]]", _options(more)]
    parts += ["## [sweep]", SWEEP, "## [relations]", RELATIONS, _options(options(Relations))]
    return _page(parts)


def hooks() -> str:
    """Return every hook, and the protocol of the classes that it returns."""
    parts = [
        "# Hooks and roles",
        "A plugin is a module in the entry-point group `globscope` with functions marked `@hookimpl`, "
        "which states the [version of the API](api-versions.md) for which it is written: `GLOBSCOPE_API = 2`. "
        "Every hook is called once, when the registry is first needed, before any spec is read. "
        "Everything below is imported from `globscope.api`.",
    ]
    for role, name in HOOKS.items():
        hook = getattr(hookspecs, name)
        parts += [f"## {name}", _code(f"@hookimpl\n{_header(hook)} ..."), inspect.getdoc(hook) or ""]
        for protocol in (*PROTOCOLS[role], *roles.OPTIONAL[role]):
            parts += _protocol(protocol)
    return _page(parts)


def _component(found: Component) -> list[str]:
    told = parse_docstring(inspect.getdoc(found.cls) or "", DocstringStyle.GOOGLE)
    listed = list(options(found.cls))
    table = _options(listed) if listed else "It has no options."
    return [f"### {found.role} `{found.name}`", found.summary, told.long_description or "", table]


def _protocol(protocol: type) -> list[str]:
    told = parse_docstring(inspect.getdoc(protocol) or "", DocstringStyle.GOOGLE)
    parts = [f"### {protocol.__name__}", told.short_description or "", told.long_description or ""]
    if told.params:
        parts.append(_table(("attribute", "meaning"), [(f"`{p.arg_name}`", _line(p.description)) for p in told.params]))
    for name, method in vars(protocol).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            text = indent(f'"""{inspect.getdoc(method)}"""', "    ")
            parts.append(_code(f"{_header(method)}\n{text}"))
    return parts


def _header(function: Any) -> str:
    """Return a function's header as its source has it, without comments."""
    source = dedent(inspect.getsource(function))
    [written] = ast.parse(source).body
    assert isinstance(written, ast.FunctionDef)
    lines = source.splitlines()[written.lineno - 1 : written.body[0].lineno - 1]
    return "\n".join(line.partition("  #")[0] for line in lines)


def _options(found: Iterable[Any]) -> str:
    rows = [(f"`{o.name}`", o.kind, f"`{o.default}`" if o.default else "", o.meaning) for o in found]
    return _table(("key", "type", "default", "meaning"), rows)


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(headings), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def _page(parts: Iterable[str]) -> str:
    return "\n\n".join([NOTE, *(part for part in parts if part)]) + "\n"


if __name__ == "__main__":
    for file, text in pages().items():
        (FOLDER / file).write_text(text, "utf-8")
