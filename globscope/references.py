"""References in options: to the user's own code (`file.py:name`) and to files.

Importing a reference is the one place where code from outside runs.
"""

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from modulefinder import ModuleFinder
from pathlib import Path
from typing import Any

from attrs import define

from globscope.errors import UserCodeError, near


@define(frozen=True)
class Code:
    """An object in the user's own code.

    Attributes:
        module: A `.py` file's absolute path, or a dotted module.
        name: Of the object in it.
    """

    module: str
    name: str

    def __str__(self) -> str:
        """As a spec writes it."""
        return f"{self.module}:{self.name}"

    @property
    def is_file(self) -> bool:
        """Whether the module is a `.py` file."""
        return self.module.endswith(".py")

    def load(self) -> Any:
        """Return the object. This runs the user's module.

        Raises:
            UserCodeError: The module is missing or fails, or has no such name.
        """
        module = _import_file(Path(self.module)) if self.is_file else self._import_dotted()
        if not hasattr(module, self.name):
            known = [name for name in vars(module) if not name.startswith("_")]
            raise UserCodeError(f"{self.module} has no {self.name!r}; {near(self.name, known)}")
        return getattr(module, self.name)

    def call(self, *args: Any, **options: Any) -> Any:
        """Return what the object returns, with a failure told as the user's.

        Raises:
            UserCodeError: It raised.
        """
        function = self.load()
        try:
            return function(*args, **options)
        except Exception as error:
            raise UserCodeError(f"{self} raised {describe(error)}") from error

    def _import_dotted(self) -> Any:
        try:
            return importlib.import_module(self.module)
        except Exception as error:
            raise UserCodeError(f"cannot import {self.module}: {describe(error)}") from error

    def digest(self) -> str:
        """Return the hash of the module's bytes and of every module beside it that it imports."""
        return hashlib.sha256(b"".join(file.read_bytes() for file in self.files())).hexdigest()

    def files(self) -> list[Path]:
        """Return the module's file, then those in its folder that it imports, found without running it."""
        source = Path(self.module) if self.is_file else _file_of(self.module)
        finder = ModuleFinder(path=[str(source.parent)])
        try:
            finder.run_script(str(source))
        except (SyntaxError, UnicodeDecodeError, AttributeError):
            return [source]  # Importing it will tell what is wrong, with the line.
        places = (getattr(module, "__file__", None) for module in finder.modules.values())
        local = {Path(place) for place in places if place}
        return [source, *sorted(local - {source})]


def describe(error: BaseException) -> str:
    """Return an exception's name, text, and the last line of the user's code that it passed."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        place = f" ({Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno})"
        trace = trace.tb_next
    text = str(error)
    return f"{type(error).__name__}{': ' + text if text else ''}{place}"


def _file_of(module: str) -> Path:
    try:
        spec = importlib.util.find_spec(module)
    except Exception as error:
        raise UserCodeError(f"cannot import {module}: {describe(error)}") from error
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        raise UserCodeError(f"no module named {module!r} in this environment")
    return Path(spec.origin)


def _import_file(path: Path) -> Any:
    """Import a file under a name of its own, with its folder importable as if it were run."""
    if not path.is_file():
        raise UserCodeError(f"no file {path}")
    name = f"globscope_user_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that classes in it can be pickled
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserCodeError(f"cannot import {path}: {describe(error)}") from error
    finally:
        sys.path.remove(str(path.parent))
    return module


def digest_files(path: Path, read: Callable[[Path], bytes] = Path.read_bytes) -> str:
    """Return the hash of a file's bytes, or of all files of a folder with their names."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    total = hashlib.sha256()
    for file in files:
        total.update(str(file.relative_to(path)).encode() + b"\0" + read(file))
    return total.hexdigest()
