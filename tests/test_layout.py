"""Where tests lie: folders mirror the packages, helpers are in `support`, and no test module imports another."""

import ast

from support.paths import ROOT

TESTS = ROOT / "tests"
MODULES = sorted(TESTS.rglob("test_*.py"))
# What is of no one package.
WHOLE = {
    "architectures",
    "distribution",
    "docs",
    "documented_code",
    "docstrings",
    "first_look",
    "fuzz",
    "layout",
    "plugin_sizes",
    "notebooks",
    "package_names",
    "site",
    "third_party",
}


def imported(path):
    """Return the names of the modules that a module imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    named = {node.module or "." for node in nodes if isinstance(node, ast.ImportFrom)}
    return named | {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}


def test_no_module_imports_a_test_module_or_the_fixtures():
    taken = {module.stem for module in MODULES} | {"conftest", "."}
    wrong = {
        path.name: names
        for path in TESTS.rglob("*.py")
        if (names := taken & {name.rpartition(".")[2] for name in imported(path)})
    }
    assert wrong == {}


def test_the_folders_mirror_the_packages():
    """A folder's path is that of a package, or its end: `explorer` is `globscope/report/explorer`."""
    folders = {path.parent.relative_to(TESTS) for path in MODULES}
    packages = {path.parent.relative_to(ROOT) for path in (ROOT / "globscope").rglob("__init__.py")}
    endings = {package.parts[start:] for package in packages for start in range(1, len(package.parts) + 1)}
    assert [str(folder) for folder in folders if folder.parts not in endings] == []


def test_a_test_of_a_package_lies_in_its_folder():
    own = {path.stem for path in (ROOT / "globscope").iterdir()} | WHOLE
    assert [path.name for path in TESTS.glob("test_*.py") if path.stem.removeprefix("test_") not in own] == []


def test_helpers_lie_in_support():
    others = [path for path in TESTS.rglob("*.py") if path not in MODULES and path.name != "conftest.py"]
    assert {path.relative_to(TESTS).parts[0] for path in others} == {"support"}
