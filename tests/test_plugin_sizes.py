"""The packages that add a map and a term stay small, and know the interface alone."""

import ast

import pytest
from support.paths import ROOT

PACKAGES = {"flow": "globscope-flow/globscope_flow/*.py", "geometry": "globscope-geometry/*.py"}


def sources(name):
    """The texts of a package's modules."""
    texts = [path.read_text("utf-8") for path in sorted((ROOT / "plugins").glob(PACKAGES[name]))]
    assert texts
    return texts


def code_lines(text):
    """How many lines hold code: no blanks, comments or docstrings."""
    strings = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)]
    prose = {line for node in strings for line in range(node.lineno, node.end_lineno + 1)}
    lines = enumerate(map(str.strip, text.splitlines()), 1)
    return sum(bool(line) and not line.startswith("#") and number not in prose for number, line in lines)


def imported_names(text):
    """Every name that a module imports, with its package before it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{one.name}" for one in node.names)


def test_lines_that_hold_code_are_counted():
    assert code_lines('"""Doc."""\n\n# why\nx = f(\n    1,  # one\n)\n') == 3


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_has_at_most_120_lines_of_code(name):
    assert sum(map(code_lines, sources(name))) <= 120


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_imports_of_globscope_the_interface_alone(name):
    names = [one for text in sources(name) for one in imported_names(text) if one.split(".")[0] == "globscope"]
    assert names
    assert all(one == "globscope.api" or one.startswith("globscope.api.") for one in names)
