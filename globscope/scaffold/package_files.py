"""The files of a package, from templates."""

import ast
import builtins
from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined

from globscope.hookspecs import API_VERSION
from globscope.scaffold.package_name import PackageName


def package_files(name: PackageName, role: str) -> Mapping[str, str]:
    """Return the contents of a package's files by their paths."""
    values = {
        "name": name.component,
        "distribution": name.distribution,
        "module": name.module,
        "role": role,
        "api_version": API_VERSION,
        "cls": _class_name(name, role),
    }
    values["fragment"] = _render(f"{role}.toml", values)
    module = _render(f"{role}.py", values)
    values["description"] = (ast.get_docstring(ast.parse(module)) or "").rstrip(".")
    return {
        "pyproject.toml": _render("pyproject.toml", values),
        "README.md": _render("README.md", values),
        "study.toml": _render("study.toml", values),
        f"{name.module}.py": module,
        f"tests/test_{name.module}.py": _render("test.py", values),
    }


def _class_name(name: PackageName, role: str) -> str:
    """Return the name of the class, which is none of the names that the module uses for something else."""
    module = ast.parse(_render(f"{role}.py", {"cls": "_", "name": "", "api_version": 0}))
    used = {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}
    own = {node.name for node in ast.walk(module) if isinstance(node, ast.alias | ast.ClassDef)}
    return name.class_name(role, frozenset(used | own | set(dir(builtins))))


def _render(template: str, values: Mapping[str, object]) -> str:
    environment = Environment(  # noqa: S701 - no HTML
        loader=PackageLoader("globscope.scaffold"),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(f"{template}.jinja").render(values)
