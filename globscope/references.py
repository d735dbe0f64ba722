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

from globscope.default_type import default_type, default_type_of_import
from globscope.errors import UserCodeError, near

# Bytes that are read at once.
PIECE = 2**20
# Modules that users' files have imported from beside them, as they were then.
_BESIDE: dict[str, tuple[Path, bytes]] = {}
# Modules that references have imported, by name, with the reference that did it last.
_LOADED: "dict[str, Code]" = {}
# Letters of an exception's own text in a message.
LONGEST = 500
# torch's default type of number as a user's module left it when it was imported; None where it uses no torch.
_DEFAULTS: WeakKeyDictionary[ModuleType, Any] = WeakKeyDictionary()


class Pattern(str):
    """A path with placeholders, such as `/runs/{variant}/epoch{step}.pt`; absolute once a spec is read."""

    __slots__ = ()


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

    @property
    def folder(self) -> str | None:
        """The folder of its file; None for a module that is installed."""
        return str(Path(self.module).parent) if self.is_file else None

    def load(self) -> Any:
        """Return the object. This runs the user's module, once for as long as its files stay the same.

        Raises:
            UserCodeError: The module is missing or fails, or has no such name.
        """
        return self._in(self._import())

    def _in(self, module: ModuleType) -> Any:
        if not hasattr(module, self.name):
            known = [name for name in vars(module) if not name.startswith("_")]
            raise UserCodeError(f"{self.module} has no {self.name!r}; {near(self.name, known)}")
        return getattr(module, self.name)

    def call(self, *args: Any, **options: Any) -> Any:
        """Return what the object returns, with a failure told as the user's.

        Raises:
            UserCodeError: It raised, or cannot be called.
        """
        module = self._import()
        function = self._in(module)
        if not callable(function):
            raise UserCodeError(f"{self} cannot be called: it is of type {type(function).__name__}")
        with self._told(f"{self} raised"), default_type(_DEFAULTS.get(module)):
            return function(*args, **options)

    def default_type(self) -> Any:
        """Return torch's default type of number as the module set it when it was imported; None where it is unknown.

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
            with self._told(f"cannot import {self.module}:"), default_type_of_import() as kinds:
                importlib.import_module(self.module)
            _DEFAULTS[sys.modules[self.module]] = kinds[-1]
        return sys.modules[self.module]

    def _import_file(self) -> ModuleType:
        """Import a file under a name of its own, with its folder importable as if it were run."""
        path = Path(self.module)
        if not path.is_file():
            raise UserCodeError(f"no file {path}")
        name = f"globscope_user_{hashlib.sha256(f'{path}:{self.digest()}'.encode()).hexdigest()[:12]}"
        if name not in sys.modules:
            with self._told(f"cannot import {path}:"), _fresh(self._local()), default_type_of_import() as kinds:
                _execute(name, path)
            _DEFAULTS[sys.modules[name]] = kinds[-1]
        return sys.modules[name]

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Run the user's code with its folder importable; tell its failures, `sys.exit` too, as the user's."""
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
        """Return the module's file, then those in its folder that it imports, found without running it."""
        source = self._source()
        return [source, *sorted(set(self._local().values()) - {source})]

    def _source(self) -> Path:
        return Path(self.module) if self.is_file else _file_of(self.module)

    def _local(self) -> dict[str, Path]:
        """Return the modules that it imports from the folder that it is found in, its package's too, by name."""
        source = self._source()
        if "site-packages" in source.parts:
            return {}  # Everything installed lies beside it; following that would take minutes.
        levels = 0 if self.is_file else self.module.count(".") + (source.name == "__init__.py")
        finder = ModuleFinder(path=[str(source.parents[levels])])
        try:
            if self.is_file:
                finder.run_script(str(source))
            else:
                finder.import_hook(self.module)  # in a package, where imports may be relative
        except (SyntaxError, ValueError, AttributeError, ImportError):
            return {}  # Importing it will tell what is wrong, with the line.
        places = {name: vars(module)["__file__"] for name, module in finder.modules.items()}
        return {name: Path(place) for name, place in places.items() if place and name != "__main__"}


def describe(error: BaseException, folder: str | None = None) -> str:
    """Return an exception's name and text, and the last line of the user's code (in `folder`) that it passed."""
    frames = [frame for frame in extract_tb(error.__traceback__) if _is_theirs(frame.filename, folder)]
    last = [] if isinstance(error, SyntaxError) else frames[-1:]  # a SyntaxError tells its own place
    where = "".join(f" ({Path(frame.filename).name}, line {frame.lineno})" for frame in last)
    text = " ".join(_text(error).split())
    return f"{type(error).__name__}{': ' + text if text else ''}{where}"


def loaded_code(module: str) -> Code | None:
    """Return the reference by which a module came; None for a module that came by another way."""
    return _LOADED.get(module)


def _text(error: BaseException) -> str:
    """Return an exception's own text, cut where it is long; nothing where its class cannot say it."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - a stranger's __str__ may raise anything
        return ""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _is_theirs(file: str, folder: str | None) -> bool:
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
def _fresh(local: Mapping[str, Path]) -> Iterator[None]:
    """Import modules beside the user's file anew where a file has changed since, or is another folder's.

    Only modules that came by this way are dropped: what else is loaded belongs to someone else.
    """
    if any(name in _BESIDE and _BESIDE[name] != _stamp(file) for name, file in local.items()):
        for name in local.keys() & _BESIDE.keys():
            sys.modules.pop(name, None)
    before = set(sys.modules)
    yield
    _BESIDE.update({name: _stamp(local[name]) for name in local.keys() & (sys.modules.keys() - before)})


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
        del sys.modules[name]  # half a module must not pass for a whole one
        raise


def digest_files(path: Path) -> str:
    """Return the hash of a file's bytes, or of all files of a folder with their names."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    total = hashlib.sha256()
    for file in files:
        total.update(str(file.relative_to(path)).encode() + b"\0")
        with file.open("rb") as opened:  # by pieces: checkpoints have gigabytes
            while piece := opened.read(PIECE):
                total.update(piece)
    return total.hexdigest()
