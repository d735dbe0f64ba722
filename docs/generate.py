"""Writes the reference pages that follow from the code: `python docs/generate.py`."""

import ast
import inspect
import runpy
import shlex
import tomllib
from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from attrs import Factory, fields
from docstring_parser import DocstringStyle, parse as parse_docstring

from globscope import hookspecs, roles
from globscope.registry import HOOKS, Component, installed_registry
from globscope.spec.cells import Relations
from globscope.spec.describe import options
from globscope.spec.entries import entry_class
from globscope.spec.network_source import Columns, Zoo
from globscope.spec.plugins import Plugins
from globscope.spec.population import Compress, PopulationSpec
from globscope.spec.study_spec import Spec
from globscope.spec.style import Style
from globscope.spec.training import Continuation, Recipe, Train, Variant
from globscope.testing.check import Check
from globscope.testing.checks.work import Suite
from globscope.testing.contract_run import CHECKS
from globscope.testing.unchecked import UNCHECKED
from globscope.values.field import Description
from globscope.values.findings import Figure, Finding, Table
from globscope.values.known_path import KnownPath
from globscope.values.pictures import HeatMap, Overlay, Panel, Plot, Series, Trail

DOCS = Path(__file__).parent
SPECS = DOCS.parent / "specs"
NOTE = "<!-- Written by docs/generate.py (`make docs`); edit the docstrings instead. -->"
PROTOCOLS = {
    "task": (roles.Task, roles.Probe, *roles.OPTIONAL["probe"], Description),
    "reducer": (roles.Reducer, roles.MapTerm, roles.MapFit),
    "sampler": (roles.Sampler,),
    "evaluator": (roles.Evaluator, roles.UnitScorer),
    "topology": (roles.TopologyMethod,),
    "aligner": (roles.Aligner,),
    "pool": (roles.Pool, roles.Workers),
    "analysis": (
        roles.Analysis,
        roles.Bench,
        roles.FitRequest,
        roles.Part,
        Finding,
        Figure,
        KnownPath,
        Table,
        Plot,
        Panel,
        Series,
        HeatMap,
        Overlay,
        Trail,
    ),
}
# Tables of a spec: its heading, its default, its meaning.
TABLES = (
    ("`[task]`", "required", "The task: model, data and loss."),
    ("`[population]`", "required", "Where the networks come from; see below."),
    ("`[zoo]`", "none", "Further networks of the task, from which aligners learn; see below."),
    ("`[[reducer]]`", "at least one", "The maps, one table each."),
    (
        "`[[sampler]]`",
        "one `grid`",
        "Which points of a map are decoded. A reducer uses the first unless it names others.",
    ),
    ("`[evaluator]`", "`torch`", "How decoded networks are scored."),
    ("`[[topology]]`", "one `gudhi`", "For which fields merge trees are computed."),
    ("`[[aligner]]`", "none", "How the hidden units of networks are matched, for analyses that align."),
    ("`[[analysis]]`", "none", "Further analyses of maps and networks."),
    (
        "`[run]`",
        "`here`",
        "Where the work is done: `pool` names a pool, and the other keys are its options. No result depends on it. "
        "[Use all cores](../how-to/use-all-cores.md).",
    ),
    (
        "`[plugins]`",
        "all of them",
        "Which installed plugins the study does without; see below. No result depends on it.",
    ),
    ("`[report]`", "its defaults", "How pictures look; see below. No result depends on it."),
    ("`[fidelity]`", "its defaults", "Options of the analysis `fidelity`, which every study runs."),
)

ZOO = (
    "Networks from which an aligner such as `deep-align` learns. Maps and analyses do not use them. The aligner learns "
    "from the final network of every run. `[zoo.train]`, `[[zoo.variant]]` and `[zoo.parent]` are written as in "
    "`[population]`. A run of the zoo is never the same network as a run of the population, even if their names are "
    "equal. The shortest zoo is one `[[zoo.variant]]` with `repeat = 400`."
)
EACH = (
    "Several maps that differ in a few options need one table: `[reducer.each]` with `latent_dim = [2, 3]` and "
    "`seed = [0, 1]` stands for four maps, named `pca latent_dim=2,seed=0` and so on. Values have the names that they "
    "have in the cells of a [sweep](../how-to/sweep.md). The maps belong to one study, which shows them side by side, "
    "whereas each cell of a sweep is a study of its own. `use` and `name` cannot have several values, and a study has "
    "at most 1,000 maps."
)
SWEEP = (
    "Each key is any key of a spec, dotted as for `--set`, and its value is the list of values to try. Items of a list "
    "are named by their number, from 0. You may put a key in quotes or write it as TOML's own tables: "
    '`"reducer.0.latent_dim" = [2, 3]` is the same as `reducer.0.latent_dim = [2, 3]`. Every combination of values is '
    "a cell; there may be at most 1,000 cells. [How a sweep runs](../how-to/sweep.md)."
)
RELATIONS = (
    "Used with `[sweep]`: every figure of `of` is compared with every figure of `against`, over the cells. Figures "
    "have their names in `sweep.csv`. You may leave out the name of the map or analysis in front; then the first "
    "figure with the rest of the name is used."
)

GALLERY = (
    "This page is for everyone who wants to see what GlobScope makes before using it. Each picture comes from a study "
    "whose command stands below it, with the time of the whole study on an x86-64 CPU or one GPU. Run in the folder of "
    "the repository, it writes figures, numbers and a report into `runs/`; `python docs/pictures.py` puts the pictures "
    "together. The linked pages say what they prove, and what they do not."
)

PLUGINS = (
    "A plugin that is broken, or that offers a component of the same name as another, can be switched off by the name "
    "of its distribution. No key of a stage depends on it. [Switch a plugin off](../how-to/switch-off-a-plugin.md)."
)
REPORT = (
    "How the pictures of a study look. No result depends on it: if you change nothing else, a run only draws its "
    "pictures again. The methods `plot`, `profile`, `network` and `picture` of a result take the same keys as "
    "arguments, and so does `globscope figure`. [A figure for a paper](../how-to/figure-for-a-paper.md)."
)

KIT = (
    "This page is for authors of plugins. It lists what `globscope plugin check NAME` checks, where NAME is an "
    "installed package or a component, and what `parametrize_contract` checks in a test. GlobScope's own components "
    "are checked by the same command, `globscope plugin check globscope`.\n\n"
    "A check that fails says what is wrong and why it matters; the exit code is then 1. Checks that would only repeat "
    "it are not reached. Work is done twice: the second time in an empty folder, on arrays that cannot be written, and "
    "under other global seeds, while all that the process shares is watched. Numbers are returned as numpy arrays of "
    "float64.\n\n"
    "The kit uses a component with its defaults, or with those of its class method "
    "[`quick_examples`](hooks.md#givesquickexamples), which returns components with options that make them quick. On "
    "the command line, `--set KEY=VALUE` gives other options. Where a check must fail, a test states so with the "
    'reason: `parametrize_contract([Mine()], expected_failures={"is_documented": "its options are generated"})`. If '
    "that check passes, the test fails, so that the list stays true. The command line has no such list."
)


def pages() -> dict[str, str]:
    """Return the generated pages by their path in `docs/`."""
    return {
        "reference/components.md": components(),
        "reference/spec.md": spec(),
        "reference/contract-kit.md": contract_kit(),
        "reference/hooks.md": hooks(),
        "gallery.md": gallery(),
    }


def components() -> str:
    """Return every built-in component with its options, whatever else is installed."""
    parts = [
        "# Components",
        "This page is for everyone who writes specs. It lists the built-in components with their options. "
        "`globscope plugins` lists all components in your environment, including those of other packages.",
    ]
    for role in HOOKS:
        parts.append(f"## {role}")
        for found in installed_registry().components:
            if (found.role, found.distribution) == (role, "globscope"):
                parts += _component(found)
    return _page(parts)


def spec() -> str:
    """Return the keys of a spec that are no component's options."""
    plain = [option for option in options(Spec) if option.name in ("title", "seed")]
    parts = [
        "# Keys of a spec",
        "This page is for everyone who writes specs. It lists all keys except the options of "
        "[components](components.md). A spec is a TOML file; relative paths in it start from its folder. "
        "Any other key is refused, and the message gives the most similar name.",
        _options(plain),
        _table(("table", "default", "meaning"), TABLES),
        "## [population]",
        "Give exactly one of `checkpoints` (or `table`, or both) and `[population.train]`.",
        _options(options(PopulationSpec)),
    ]
    named = (
        ("[population.columns]", Columns),
        ("[population.train]", Train),
        ("[[population.train.then]]", Continuation),
        ("[population.compress]", Compress),
        ("[[population.variant]]", Variant),
        ("[population.parent]", Recipe),
    )
    for title, cls in named:
        parts += [f"## {title}", _options(options(cls))]
    parts += ["## [zoo]", ZOO, _options(options(Zoo))]
    parts += ["## Keys of every component's table", _options(options(entry_class("task")))]
    own = {option.name for option in options(entry_class("task"))}
    for role in ("reducer", "aligner"):
        more = [option for option in options(entry_class(role)) if option.name not in own]
        parts += [f"## More keys of every [[{role}]]", _options(more)]
        parts += [EACH] if role == "reducer" else []
    parts += ["## [plugins]", PLUGINS, _options(options(Plugins))]
    parts += ["## [report]", REPORT, _options(options(Style))]
    parts += ["## [sweep]", SWEEP, "## [relations]", RELATIONS, _options(options(Relations))]
    return _page(parts)


def hooks() -> str:
    """Return every hook, and the protocol of the classes that it returns."""
    parts = [
        "# Hooks and roles",
        "This page is for authors of plugins. It lists the hooks, and what the classes that they return must offer. "
        "A plugin is a module in the entry-point group `globscope` with functions marked `@hookimpl`. It states the "
        "[version of the API](api-versions.md) that it was written for: `GLOBSCOPE_API = 2`. "
        "Every hook is called once, when components are first needed, before any spec is read. "
        "Import everything below from `globscope.api`. The [contract kit](contract-kit.md) checks what a class offers.",
    ]
    for role, name in HOOKS.items():
        hook = getattr(hookspecs, name)
        parts += [f"## {name}", _code(f"@hookimpl\n{_header(hook)} ..."), inspect.getdoc(hook) or ""]
        for protocol in (*PROTOCOLS[role], *roles.OPTIONAL[role]):
            parts += [] if protocol in (roles.Checks, roles.GivesQuickExamples) else _protocol(protocol)
    checking = [role for role, offered in roles.OPTIONAL.items() if roles.Checks in offered]
    parts += ["## What several roles may offer", f"Components of these roles may check: {', '.join(checking)}."]
    shared = (roles.Checks, roles.CheckFacts, roles.GivesQuickExamples)
    return _page([*parts, *(part for protocol in shared for part in _protocol(protocol))])


def contract_kit() -> str:
    """Return every check of the contract kit, with the reason for it."""
    parts = ["# The contract kit", KIT, "## Every role", _checks(Suite.all_checks())]
    common = {one.name for one in Suite.all_checks()}
    for role, suite in CHECKS.items():
        parts += [f"## {role}", _checks(one for one in suite.all_checks() if one.name not in common)]
    rows = [(f"`{n}`", role, why) for role, named in UNCHECKED.items() for n, why in named.items()]
    return _page([*parts, "## What is not checked", _table(("member", "role", "why"), rows)])


def _checks(found: Iterable[Check]) -> str:
    rows = [(f"`{one.name}`", one.wanted, one.reason, ", ".join(f"`{name}`" for name in one.covers)) for one in found]
    return _table(("check", "what must hold", "why", "is about"), rows)


def _component(found: Component) -> list[str]:
    docstring = parse_docstring(inspect.getdoc(found.cls) or "", DocstringStyle.GOOGLE)
    listed = list(options(found.cls))
    table = _options(listed) if listed else "It has no options."
    return [f"### {found.role} `{found.name}`", found.summary, docstring.long_description or "", table]


def _protocol(protocol: type) -> list[str]:
    docstring = parse_docstring(inspect.getdoc(protocol) or "", DocstringStyle.GOOGLE)
    parts = [f"### {protocol.__name__}", docstring.short_description or "", docstring.long_description or ""]
    rows = [(f"`{p.arg_name}`", _line(p.description)) for p in docstring.params]
    if protocol.__name__.endswith("Traits"):
        rows = [(*row, f"`{_default(one)}`") for row, one in zip(rows, fields(protocol), strict=True)]
        parts.append(_table(("trait", "meaning", "default"), rows))
    elif rows:
        parts.append(_table(("attribute", "meaning"), rows))
    for name, method in vars(protocol).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            text = indent(f'"""{inspect.getdoc(method)}"""', "    ")
            parts.append(_code(f"{_header(method)}\n{text}"))
    return parts


def gallery() -> str:
    """Return every picture with its study, and the specs without a picture."""
    listed = tomllib.loads((DOCS / "gallery.toml").read_text("utf-8"))
    made = runpy.run_path(str(DOCS / "pictures.py"))
    parts = ["# Gallery", GALLERY]
    for section in listed["section"]:
        parts.append(f"## {section['title']}")
        for entry in section["entry"]:
            parts += _picture(entry, made["RUNS"][made["PICTURES"][entry["picture"]].run])
    rows = [(_file(name), meaning) for name, meaning in sorted(listed["variants"].items())]
    parts += ["## Specs without a picture here", _table(("spec", "what it is"), rows)]
    return _page(parts, NOTE.replace("the docstrings", "docs/gallery.toml"))


def _picture(entry: dict[str, Any], run: Any) -> list[str]:
    """Return the parts of one picture: what it says, and the command of its study."""
    settings = [part for setting in run.settings for part in ("--set", setting)]
    command = shlex.join(["globscope", "study", f"specs/{run.spec}.toml", *settings])
    more = " · ".join(f"[{_title(link)}]({link})" for link in entry["more"])
    return [
        f"### {entry['title']}",
        f"![{entry['title']}](images/{entry['picture']}.png)",
        entry["says"],
        f"```sh\n{command}\n```",
        f"{_file(run.spec)}: {entry['takes']}. More: {more}",
    ]


def _file(spec: str) -> str:
    return f"`specs/{spec}.toml`"


def _title(link: str) -> str:
    """Return the heading of a page of `docs/`."""
    return (DOCS / link.partition("#")[0]).read_text("utf-8").partition("# ")[2].partition("\n")[0]


def _default(attribute: Any) -> str:
    """Return a trait's default as Python writes it."""
    default = attribute.default
    return repr(default.factory() if isinstance(default, Factory) else default).replace("'", '"')


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


def _page(parts: Iterable[str], note: str = NOTE) -> str:
    return "\n\n".join([note, *(part for part in parts if part)]) + "\n"


if __name__ == "__main__":
    for file, text in pages().items():
        (DOCS / file).write_text(text, "utf-8")
