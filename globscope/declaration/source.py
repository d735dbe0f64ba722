"""The source of a function or a class that a notebook or a script defines, with all that it uses, as one module."""

import ast
import inspect
import linecache
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from symtable import SymbolTable, symtable
from sysconfig import get_paths
from types import CodeType, ModuleType
from typing import Any

from attrs import define, field

from globscope.errors import UserCodeError

# Folders of installed packages.
PACKAGES = frozenset({"site-packages", "dist-packages"})
HEAD = '"""Source that was defined in a notebook or a script when this study was declared in it."""'


def source_text(thing: Any) -> str:
    """Return a module with the source of a function or class and of all that it uses, whose text follows from these.

    Raises:
        UserCodeError: The source is not to be had, or uses a value that cannot be written.
    """
    source = _Source(root=thing.__name__)
    source.add(thing)
    return "\n".join([HEAD, "", *sorted(source.imports), *source.constants, "", *source.definitions])


@define
class _Source:
    """Collects the parts of a module, each once and after what it uses.

    Attributes:
        root: Name of what is wanted, for messages.
        imports: Lines that import what installed packages have.
        constants: Lines that define values.
        definitions: Sources of functions and classes.
        known: The objects that are written already, by name.
    """

    root: str
    imports: list[str] = field(factory=list)
    constants: list[str] = field(factory=list)
    definitions: list[str] = field(factory=list)
    known: dict[str, Any] = field(factory=dict)

    def add(self, thing: Any) -> None:
        """Add the source of a function or a class, after that of what it uses."""
        code, names = _code(thing)
        text = _definition(thing, code)
        self.known[thing.__name__] = thing
        for name in dict.fromkeys(_globals(text)):
            if name in names and name not in self.known:
                self._add_value(name, names[name])
        self.definitions.append(f"\n{text}")

    def _add_value(self, name: str, value: Any) -> None:
        if (inspect.isfunction(value) or inspect.isclass(value)) and value.__module__ == "__main__":
            self.add(value)
            return
        self.known[name] = value
        if (line := _import_of(name, value)) is not None:
            self.imports.append(line)
        elif _is_literal(value):
            self.constants.append(f"{name} = {value!r}")
        else:
            raise UserCodeError(
                f"{self.root!r} uses {name!r}, a {type(value).__name__} of this session that its source does not make; "
                "make it inside of the function, or put both into a file and import them from there"
            )


def _code(thing: Any) -> tuple[CodeType, Mapping[str, Any]]:
    """Return the code of a function, or of a method of a class, and the names that its module has.

    Raises:
        UserCodeError: There is none.
    """
    functions = (
        [thing] if inspect.isfunction(thing) else [one for one in vars(thing).values() if inspect.isfunction(one)]
    )
    own = [one for one in functions if one.__module__ == thing.__module__]
    if not own:
        raise UserCodeError(f"the source of {thing.__name__!r} is not to be had; put it into a file and import it")
    return own[0].__code__, own[0].__globals__


def _definition(thing: Any, code: CodeType) -> str:
    """Return the source of a function or class: the statement of its name that holds the first line of its code."""
    lines = linecache.getlines(code.co_filename) or linecache.getlines(str(Path(code.co_filename).absolute()))
    try:
        statements = ast.parse("".join(lines)).body
    except SyntaxError:
        statements = []
    for one in statements:
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and one.name == thing.__name__:
            first = min([one.lineno, *(decorator.lineno for decorator in one.decorator_list)])
            if first <= code.co_firstlineno <= (one.end_lineno or first):
                return "".join(lines[first - 1 : one.end_lineno])
    raise UserCodeError(f"the source of {thing.__name__!r} is not to be had; put it into a file and import it")


def _globals(text: str) -> Iterator[str]:
    """Yield the names that a definition takes from its module, in a fixed order."""
    tables = [symtable(text, "source", "exec")]
    for table in tables:
        tables += table.get_children()
        yield from sorted(symbol.get_name() for symbol in table.get_symbols() if _is_global(table, symbol))


def _is_global(table: SymbolTable, symbol: Any) -> bool:
    return bool(symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module"))


def _import_of(name: str, value: Any) -> str | None:
    """Return the line that imports a module, or something of one; None where no other process finds it there."""
    module = value.__name__ if isinstance(value, ModuleType) else _module_of(value)
    if module not in sys.modules or module == "__main__" or not _is_importable(sys.modules[module]):
        return None
    if isinstance(value, ModuleType):
        return f"import {module}" if name == module else f"import {module} as {name}"
    own = value.__qualname__
    if vars(sys.modules[module]).get(own) is not value:
        return None
    return f"from {module} import {own}" if own == name else f"from {module} import {own} as {name}"


def _is_importable(module: ModuleType) -> bool:
    """Return whether a module is built into Python, or installed; a package may have a folder and no file."""
    names = vars(module)
    place = names.get("__file__") or next(iter(names.get("__path__", ())), None)
    return place is None or is_installed(Path(place))


def is_installed(file: Path) -> bool:
    """Return whether a file belongs to Python or to an installed package, which every process finds."""
    of_python = (file.is_relative_to(get_paths()[name]) for name in ("stdlib", "platstdlib"))
    return not PACKAGES.isdisjoint(file.parts) or any(of_python)


def _module_of(value: Any) -> str:
    is_named = inspect.isfunction(value) or inspect.isclass(value) or inspect.isbuiltin(value)
    return str(value.__module__) if is_named else ""


def _is_literal(value: Any) -> bool:
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
