"""Writes the pages of the Python reference, which the site fills from docstrings: `python docs/python_reference.py`."""

import ast
import inspect
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import globscope
from globscope import api, testing

DOCS = Path(__file__).parent
NOTE = "<!-- Written by docs/python_reference.py (`make docs`); edit the docstrings instead. -->"
# The pages on Python: their titles, for whom they are, and the packages whose names they have.
API = {
    "values": (
        "Values",
        "for everyone who reads results in Python, and for authors of plugins. It has the values that components take "
        "and return. They are immutable, and made with keywords",
        "globscope.values globscope.isometry",
    ),
    "roles": (
        "Roles",
        "for authors of plugins. It has the protocols of all roles: what a component must do, and what it may offer",
        "globscope.hookspecs globscope.roles globscope.added_options globscope.search",
    ),
    "scoring": (
        "Scoring",
        "for authors of plugins. It has the functions by which networks are run and their losses measured",
        "globscope.scoring globscope.stateless",
    ),
    "topology": (
        "Topology",
        "for everyone who computes with merge trees, and for authors of plugins. It has the functions on fields of "
        "samples",
        "globscope.topology",
    ),
    "curvature": (
        "Curvature and symmetry",
        "for authors of plugins. It has the matrices of a loss's curvature, and the permutation symmetry of a network",
        "globscope.curvature globscope.symmetry",
    ),
    "surroundings": (
        "Errors, files, devices and workers",
        "for authors of plugins. It has what components need of their surroundings",
        "globscope.errors globscope.bounds globscope.references globscope.reading globscope.device globscope.memory "
        "globscope.torch_settings globscope.workers",
    ),
    "testing": (
        "The contract kit",
        "for authors of plugins. It has what `globscope.testing` offers to their tests",
        "globscope.testing",
    ),
}
# What a study is made of and returns, which nobody imports.
RETURNED = (
    *("globscope.session.Study", "globscope.session.Result", "globscope.sweep.Sweep", "globscope.sweep.SweepResult"),
    *("globscope.sweep.outcome.CellOutcome", "globscope.sweep.compare.RunComparison"),
    *("globscope.pipeline.take.TakenNetwork", "globscope.pipeline.plan.estimate.Estimate"),
    *("globscope.sweep.estimate.SweepEstimate", "globscope.pipeline.observer.Observer"),
)


def pages() -> dict[str, str]:
    """Return the pages by their path in `docs/`."""
    written = {"studies": studies()} | {name: python_page(*about) for name, about in API.items()}
    return {f"reference/api/{name}.md": text for name, text in written.items()}


def studies() -> str:
    """Return the page with what `globscope` itself offers."""
    purpose = "for everyone who runs studies from Python. It has what `globscope` offers, and what its functions return"
    offered = [f"globscope.{name}" for name in globscope.__all__]
    sections = [("Offered by `globscope`", "", offered), ("Returned", "", RETURNED)]
    return _page("Studies from Python", purpose, sections)


def python_page(title: str, purpose: str, packages: str) -> str:
    """Return the page with what plugins and their tests are offered of some packages, a section a module."""
    named = [*_offered(api, packages), *_offered(testing, packages)]
    places = list(dict.fromkeys(module for module, _ in named))
    texts = [(inspect.getdoc(import_module(module)) or "").partition("\n")[0] for module in places]
    names = [[name for where, name in named if where == module] for module in places]
    headings = [module.rpartition(".")[2].replace("_", " ").capitalize() for module in places]
    return _page(title, purpose, zip(headings, texts, names, strict=True))


def _offered(door: ModuleType, packages: str) -> Iterator[tuple[str, str]]:
    """Yield what a door offers of some packages: the module, and the name by which it is imported from the door."""
    for node in ast.parse(inspect.getsource(door)).body:
        for name in [one.asname for one in node.names] if isinstance(node, ast.ImportFrom) else []:
            home = inspect.getmodule(getattr(door, name or ""))
            module = home.__name__ if home and home.__name__.startswith("globscope.") else str(node.module)
            if any(f"{module}.".startswith(f"{package}.") for package in packages.split()):
                yield module, f"{door.__name__}.{name}"


def _page(title: str, purpose: str, sections: Iterable[tuple[str, str, Iterable[str]]]) -> str:
    """Return a page that the site fills from docstrings."""
    parts = [
        NOTE,
        f"# {title}",
        f"This page is {purpose}. On the documentation's site it is filled from the docstrings.",
    ]
    for heading, text, names in sections:
        parts += [f"## {heading}", text, *(f"::: {name}" for name in names)]
    return "\n\n".join(part for part in parts if part) + "\n"


if __name__ == "__main__":
    for file, text in pages().items():
        (DOCS / file).write_text(text, "utf-8")
