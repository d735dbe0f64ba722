"""References in options: to the user's own code (`file.py:name`) and to files.

Importing a reference is the one place where code from outside runs.
"""

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from modulefinder import ModuleFinder
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from attrs import define

from globscope.errors import UserCodeError, near
from globscope.torch_settings import default_type, default_type_of_import

# How many bytes are read at once.
PIECE = 2**20
# Modules that users' files have imported from their folders, with the hashes of their files at that time.
_IMPORTED_BESIDE: dict[str, tuple[Path, bytes]] = {}
# The last reference that imported each module, by the module's name.
_LOADED: "dict[str, Code]" = {}
# How many letters of an exception's text a message has.
LONGEST = 500
# torch's default floating-point type after importing each user module; None for a module without torch.
_DEFAULTS: WeakKeyDictionary[ModuleType, Any] = WeakKeyDictionary()


class Pattern(str):
    """A path with placeholders, such as `/runs/{variant}/epoch{step}.pt`; absolute once a spec is read."""

    __slots__ = ()


@define(frozen=True)
class Code:
    """An object in the user's own code.

    Attributes:
        module: Absolute path of a `.py` file, or a dotted module.
        name: Name of the object in the module, dotted where it lies in a class.
    """

    module: str
    name: str

    def __str__(self) -> str:
        """Return the reference as in a spec."""
        return f"{self.module}:{self.name}"

    @property
    def is_file(self) -> bool:
        """Whether the module is a `.py` file."""
        return self.module.endswith(".py")

    @property
    def folder(self) -> str | None:
        """The folder of its file; None for an installed module."""
        return str(Path(self.module).parent) if self.is_file else None

    def load(self, place: str = "") -> Any:
        """Return the object. This runs the user's module, once as long as its files stay the same.

        Args:
            place: The key of the spec that refers to it, with which an error's message begins.

        Raises:
            UserCodeError: The module is missing or fails, or has no such name.
        """
        try:
            return self._in(self._import())
        except UserCodeError as error:
            raise UserCodeError(f"{place}: {error}" if place else str(error)) from error

    def _in(self, module: ModuleType) -> Any:
        value: Any = module
        for part in self.name.split("."):
            if not hasattr(value, part):
                known = [name for name in dir(value) if not name.startswith("_")]
                raise UserCodeError(f"{self.module} has no {self.name!r}; {near(part, known)}")
            value = getattr(value, part)
        return value

    def call(self, *args: Any, **options: Any) -> Any:
        """Call the object and return its result; errors are raised as UserCodeErrors.

        Raises:
            UserCodeError: The object raised an exception, or cannot be called.
        """
        module = self._import()
        function = self._in(module)
        if not callable(function):
            raise UserCodeError(f"{self} cannot be called: it is of type {type(function).__name__}")
        with self._user_errors(f"{self} raised"), default_type(_DEFAULTS.get(module)):
            return function(*args, **options)

    def default_type(self) -> Any:
        """Return torch's default floating-point type as set by importing the module; None where it is unknown.

        Raises:
            UserCodeError: As `load` does.
        """
        return _DEFAULTS.get(self._import())

    def _import(self) -> ModuleType:
        module = self._import_file() if self.is_file else self._import_dotted()
        _LOADED[module.__name__] = self
        return module

    def _import_dotted(self) -> ModuleType:
        if sys.modules.get(self.module) is None:
            with self._user_errors(f"cannot import {self.module}:"), default_type_of_import() as kinds:
                importlib.import_module(self.module)
            _DEFAULTS[sys.modules[self.module]] = kinds[-1]
        return sys.modules[self.module]

    def _import_file(self) -> ModuleType:
        """Import a file under a unique name; modules in its folder can be imported, as in a script."""
        path = Path(self.module)
        if not path.is_file():
            raise UserCodeError(f"no file {path}")
        name = f"globscope_user_{hashlib.sha256(f'{path}:{self.digest()}'.encode()).hexdigest()[:12]}"
        if name not in sys.modules:
            with (
                self._user_errors(f"cannot import {path}:"),
                _reimport_changed(self._local()),
                default_type_of_import() as kinds,
            ):
                _execute(name, path)
            _DEFAULTS[sys.modules[name]] = kinds[-1]
        return sys.modules[name]

    @contextmanager
    def _user_errors(self, what: str) -> Iterator[None]:
        """Run the user's code with its folder importable; raise its errors, including `sys.exit`, as UserCodeErrors."""
        folder = self.folder
        sys.path[:0] = [folder] if folder else []
        try:
            yield
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise UserCodeError(f"{what} {describe(error, folder)}") from error
        finally:
            if folder in sys.path:
                sys.path.remove(folder)

    def digest(self) -> str:
        """Return the hash of the module's bytes and of every module beside it that it imports."""
        return hashlib.sha256(b"".join(file.read_bytes() for file in self.files())).hexdigest()

    def files(self) -> list[Path]:
        """Return the module's file, then the files in its folder that it imports, without running it."""
        source = self._source()
        return [source, *sorted(set(self._local().values()) - {source})]

    def _source(self) -> Path:
        return Path(self.module) if self.is_file else _file_of(self.module)

    def _local(self) -> dict[str, Path]:
        """Return the files of the modules that it imports from its folder or its package, by name."""
        source = self._source()
        if "site-packages" in source.parts:
            return {}  # All installed packages are beside it; following them would take minutes.
        levels = 0 if self.is_file else self.module.count(".") + (source.name == "__init__.py")
        finder = ModuleFinder(path=[str(source.parents[levels])])
        try:
            if self.is_file:
                finder.run_script(str(source))
            else:
                finder.import_hook(self.module)  # in a package, where imports may be relative
        except (SyntaxError, ValueError, AttributeError, ImportError):
            return {}  # Importing it will raise the error, with the line.
        places = {name: vars(module)["__file__"] for name, module in finder.modules.items()}
        return {name: Path(place) for name, place in places.items() if place and name != "__main__"}


def describe(error: BaseException, folder: str | None = None) -> str:
    """Return an exception's name and text, and the last line of user code (in `folder`) in its traceback."""
    where = "" if isinstance(error, SyntaxError) else _last_line(error, folder)  # a SyntaxError contains its own place
    text = " ".join(_text(error).split())
    return f"{type(error).__name__}{': ' + text if text else ''}{where}"


def users_line(error: BaseException) -> str:
    """Return the last line in an exception's traceback of a file that was referred to, or of one beside such a file.

    Returns:
        Such as ` (nets.py, line 3)`; empty where there is none.
    """
    folders = {code.folder for code in _LOADED.values() if code.folder is not None}
    lines = (_last_line(error, folder) for folder in sorted(folders))
    return next(filter(None, lines), "")


def _last_line(error: BaseException, folder: str | None) -> str:
    frames = [frame for frame in extract_tb(error.__traceback__) if _is_users(frame.filename, folder)]
    return "".join(f" ({Path(frame.filename).name}, line {frame.lineno})" for frame in frames[-1:])


def loaded_code(module: str) -> Code | None:
    """Return the reference that imported a module; None for other modules."""
    return _LOADED.get(module)


def _text(error: BaseException) -> str:
    """Return an exception's text, shortened if it is long; empty if its class cannot produce it."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - a user's __str__ may raise anything
        return ""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _is_users(file: str, folder: str | None) -> bool:
    if folder is None:
        return not file.startswith("<") and Path(file).parent != Path(__file__).parent
    return Path(file).is_relative_to(folder) and "site-packages" not in file


def _file_of(module: str) -> Path:
    try:
        spec = importlib.util.find_spec(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise UserCodeError(f"cannot import {module}: {describe(error)}") from error
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        raise UserCodeError(f"no module named {module!r} in this environment")
    return Path(spec.origin)


@contextmanager
def _reimport_changed(local: Mapping[str, Path]) -> Iterator[None]:
    """Import modules beside the user's file again if a file has changed, or belongs to another folder.

    Only modules that were imported in this way are dropped.
    """
    if any(name in _IMPORTED_BESIDE and _IMPORTED_BESIDE[name] != _stamp(file) for name, file in local.items()):
        for name in local.keys() & _IMPORTED_BESIDE.keys():
            sys.modules.pop(name, None)
    before = set(sys.modules)
    yield
    _IMPORTED_BESIDE.update({name: _stamp(local[name]) for name in local.keys() & (sys.modules.keys() - before)})


def _stamp(file: Path) -> tuple[Path, bytes]:
    return file, hashlib.sha256(file.read_bytes()).digest()


def _execute(name: str, path: Path) -> None:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that classes in it can be pickled
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]  # a half-imported module must not be used
        raise


def digest_files(path: Path) -> str:
    """Return the hash of a file's bytes, or of all files of a folder with their names."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    total = hashlib.sha256()
    for file in files:
        total.update(str(file.relative_to(path)).encode() + b"\0")
        with file.open("rb") as opened:  # in pieces: checkpoints have gigabytes
            while piece := opened.read(PIECE):
                total.update(piece)
    return total.hexdigest()
