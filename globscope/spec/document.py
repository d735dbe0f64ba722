"""A file → its TOML document, or an error that names the line; and the starter spec."""

import re
import tomllib
from errno import ENAMETOOLONG
from importlib.resources import files
from pathlib import Path
from typing import Any

from globscope.errors import SpecError, near, similar_name
from globscope.reading import toml_document
from globscope.reading.bounds import MIB, TOML_BYTES
from globscope.spec.words import short
from globscope.visible import visible


def parse(path: Path) -> dict[str, Any]:
    """Return the TOML document of a file.

    Raises:
        SpecError: The file does not exist, or is not UTF-8 or not TOML; the message names the line.
    """
    try:
        if path.is_fifo():  # opening it would wait for a writer
            raise SpecError([f"{path}: is a pipe, not a file"])
        with path.open("rb") as opened:
            raw = opened.read(TOML_BYTES + 1)
    except (OSError, ValueError) as error:
        raise SpecError([_unreadable(path, error)]) from error
    if len(raw) > TOML_BYTES:
        raise SpecError([f"{path}: is larger than {TOML_BYTES // MIB} MiB, which no spec needs; data go into files"])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problem = f"byte 0x{raw[error.start]:02x} on line {line}"
        raise SpecError([f"{path}: not UTF-8 text: {problem}; save the file as UTF-8"]) from error
    try:
        return toml_document(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError([f"{path}: not TOML: {_sentence(str(error), text)}"]) from error
    except ValueError as error:  # too deep, or a number too long
        raise SpecError([f"{path}: {error}"]) from error


def _sentence(error: str, text: str) -> str:
    """Return the parser's message with names as in TOML, and the line that it is about."""
    error = error[0].lower() + error[1:]
    error = re.sub(r"\((('[^']*',? ?)+)\)", lambda m: "[" + ".".join(re.findall("'([^']*)'", m[1])) + "]", error)
    place = re.search(r"at line (\d+)", error)
    line = text.split("\n")[int(place[1]) - 1].strip() if place else ""
    return f"{error}: {short(visible(line))}" if line else error


def _unreadable(path: Path, error: Exception) -> str:
    if not isinstance(error, OSError) or error.errno == ENAMETOOLONG:
        return f"{short(visible(str(path)))}: cannot be a file's name"
    if path.is_dir():
        return f"{path}: is a folder, not a spec"
    if not path.exists():
        return f"{path}: no such file; {_other_specs(path)}"
    return f"{path}: cannot be read: {error.strerror}"


def _other_specs(path: Path) -> str:
    """Return the end of a message about a missing file: the spec of a similar name, without regard to its ending."""
    specs = {one.stem: one.name for one in path.parent.glob("*.toml")} if path.parent.is_dir() else {}
    if not specs:
        return "`globscope init` writes a starter spec"
    similar = similar_name(path.stem, specs)
    return near("", specs.values()) if similar is None else f"did you mean {specs[similar]!r}?"


def write_starter(path: Path) -> None:
    """Write the starter spec.

    Raises:
        SpecError: The file exists already, or its folder does not.
    """
    if path.exists() or path.is_symlink():
        raise SpecError([f"{path}: exists already; give another name, such as globscope init other.toml"])
    if not path.parent.is_dir():
        raise SpecError([f"{path}: there is no folder {path.parent}"])
    with path.open("x", encoding="utf-8") as opened:  # not through a broken link
        opened.write(files("globscope.spec").joinpath("starter.toml").read_text("utf-8"))
