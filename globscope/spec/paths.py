"""References and paths, relative to the spec's folder; on the command line, to the current folder."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

from globscope.errors import near
from globscope.references import Code, Pattern
from globscope.spec.pattern import problems
from globscope.spec.words import short, toml, type_in_words, value_in_words

NO_ITEMS: Mapping[int, Any] = MappingProxyType({})


class InvalidError(ValueError):
    """Problems of one value, each a (place below it, sentence); `sound` are the items of a list without problems."""

    def __init__(self, *problems: tuple[str, str], sound: Mapping[int, Any] = NO_ITEMS) -> None:
        self.problems = problems
        self.sound = sound
        super().__init__(problems)


class Typed(str):
    """Text from the command line: paths in it are relative to the current directory."""

    __slots__ = ()


def wrong(kind: Any, value: Any, hint: str = "") -> InvalidError:
    """Return the error for a value that has another type."""
    return InvalidError(("", f"expected {type_in_words(kind)}, got {value_in_words(value, kind)}{hint}"))


def _absolute(value: Any, folder: Path, kind: Any) -> Path:
    if not isinstance(value, str) or not value:
        raise wrong(kind, value)
    try:
        path = Path(value).expanduser()
        return (Path.cwd() if isinstance(value, Typed) else folder) / path
    except RuntimeError as error:
        raise InvalidError(("", f"there is no such user's home, got {toml(value)}")) from error


def path(value: Any, folder: Path) -> Path:
    """Return an existing file or folder."""
    absolute = _absolute(value, folder, Path)
    try:
        resolved = absolute.resolve()
        exists = resolved.exists()
    except (OSError, ValueError) as error:  # too long, or with a null character
        raise InvalidError(("", f"cannot be a path, got {short(toml(value))}")) from error
    if not exists:
        raise InvalidError(("", f"there is no file or folder {resolved}{_beside(resolved)}"))
    return resolved


def _beside(missing: Path) -> str:
    names = [p.name for p in missing.parent.iterdir()] if missing.parent.is_dir() else []
    return suggestion(missing.name, names)


def suggestion(word: str, known: list[str]) -> str:
    """Return `; did you mean …?` where a known word is near, else nothing."""
    hint = near(word, known)
    return f"; {hint}" if hint.startswith("did") else ""


def pattern(value: Any, folder: Path) -> Pattern:
    """Return a pattern of checkpoints, absolute."""
    absolute = Pattern(_absolute(value, folder, Pattern))
    if wrong_parts := [("", f"{text}, got {toml(value)}") for text in problems(value)]:
        raise InvalidError(*wrong_parts)
    return absolute


# The extras of GlobScope with which libraries whose models a spec can name are installed.
EXTRAS = {"timm": "vision", "torchvision": "vision", "transformers": "transformers"}


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _how(module: str, name: str) -> str:
    """Return how a missing module is installed, or what may have been meant by its name."""
    if module in EXTRAS:
        return f": pip install 'globscope[{EXTRAS[module]}]'"
    return f"; a file is written with its suffix, as in {toml(f'{module}.py:{name}')}" if "." not in module else ""


def code(value: Any, folder: Path) -> Code:
    """Return a reference whose file, or whose installed package, exists."""
    if not isinstance(value, str) or ":" not in value:
        raise wrong(Code, value)
    module, _, name = value.rpartition(":")
    if not module or not _is_dotted(name):
        raise wrong(Code, value)
    if module.endswith(".py"):
        return Code(str(path(type(value)(module), folder)), name)
    if not _is_dotted(module):
        raise wrong(Code, value)
    if find_spec(module.partition(".")[0]) is None:  # without running any of it
        raise InvalidError(("", f"there is no installed module {module!r}: install it{_how(module, name)}"))
    return Code(module, name)
