"""JSON, TOML and CSV, with bounds on size and depth."""

import csv
import json
import re
import tomllib
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from globscope.errors import FileError
from globscope.reading.bounds import CSV_BYTES, DEPTH, JSON_BYTES, MIB, TOML_BYTES, read_bytes


def read_csv(path: Path, what: str = "CSV with a heading") -> dict[str, tuple[str, ...]]:
    """Return the columns of a CSV file by their names, as text.

    Raises:
        FileError: The file does not exist, is too large, has no heading or one name twice, or has rows of different
            lengths.
    """
    raw = read_bytes(path, CSV_BYTES, what)
    try:
        rows = list(csv.reader(StringIO(raw.decode("utf-8-sig"), newline="")))  # spreadsheets begin UTF-8 with a mark
        while rows and not rows[-1]:
            rows.pop()
        heading, *rest = rows
        _require_even(heading, rest)
        columns = list(zip(*rest, strict=True)) or [()] * len(heading)
        return dict(zip(heading, columns, strict=True))
    except (ValueError, csv.Error) as error:  # also where it is not UTF-8
        raise FileError(f"{path}: is damaged ({error}); expected {what}") from error


def _require_even(heading: list[str], rows: list[list[str]]) -> None:
    """Refuse a heading with one name twice, and rows of other lengths than it; the heading is row 1."""
    twice = next((name for name in heading if heading.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two columns are called {twice!r}")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(heading):
            raise ValueError(f"row {number} has {len(row)} cells, the heading has {len(heading)}")


# Everything except structural brackets; brackets in texts are not structural.
_NO_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"|[^\[\]{}"]++', re.DOTALL)

# TOML's texts and comments, whose dots separate no parts of a key; and a key with more parts than tables may be deep.
_TEXTS = re.compile(r'"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*+"|\'[^\'\n]*+\'|#[^\n]*+', re.DOTALL)
# Python reads integers of at most 4,300 digits.
_DIGITS = re.compile(r"\d[\d_]{4000,}")
_DEEP = f"is nested more than {DEPTH} deep"
_LONG_KEY = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{DEPTH}}}")


def read_json(path: Path, what: str = "JSON") -> Any:
    """Return the value of a JSON file.

    Args:
        path: Where the file is.
        what: What would be accepted, for messages.

    Raises:
        FileError: The file does not exist, is too large, nested too deeply, or not JSON (NaN and Infinity are not).
    """
    return json_value(path, read_bytes(path, JSON_BYTES, what), what)


def json_value(path: Path, raw: bytes, what: str = "JSON") -> Any:
    """Return the value of JSON that was read from a file; arguments and errors are those of `read_json`."""
    if is_deep(raw):
        raise FileError(f"{path}: is nested more than {DEPTH} deep; expected {what}")
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
    except ValueError as error:  # also where it is not UTF-8
        raise FileError(f"{path}: is damaged, or not JSON ({error}); expected {what}") from error


def read_json_lines(path: Path, what: str) -> list[Any]:
    """Return the values of a file with a JSON value on each line; None for other lines, such as one that was cut off.

    Raises:
        FileError: The file does not exist, or is too large.
    """
    return [_line(line) for line in read_bytes(path, JSON_BYTES, what).split(b"\n") if line.strip()]


def _line(line: bytes) -> Any:
    try:
        return json.loads(line.decode("utf-8")) if not is_deep(line) else None
    except ValueError:
        return None


def is_deep(raw: bytes) -> bool:
    """Return whether JSON is nested more deeply than accepted; most files have fewer brackets altogether."""
    return raw.count(b"[") + raw.count(b"{") > DEPTH and depth(raw) > DEPTH


def depth(raw: bytes) -> int:
    """Return the nesting depth of JSON, counted without parsing it."""
    brackets = np.frombuffer(_NO_BRACKETS.sub(b"", raw), np.uint8)
    steps = np.isin(brackets, np.frombuffer(b"[{", np.uint8)) * 2 - 1
    return int(np.cumsum(steps).max(initial=0))


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def toml_document(text: str) -> dict[str, Any]:
    """Return the document of a TOML text.

    Raises:
        tomllib.TOMLDecodeError: The text is not TOML; the message names the line.
        ValueError: It is too large, nested too deeply, or a number has too many digits.
    """
    if len(text) > TOML_BYTES:
        raise ValueError(f"is larger than {TOML_BYTES // MIB} MiB")
    plain = _TEXTS.sub(lambda match: "text" + "\n" * match[0].count("\n"), text)
    if long := _LONG_KEY.search(plain):  # before parsing, which takes memory quadratic in the parts
        raise ValueError(f"{_line_of(plain, long.start())}: {_DEEP}")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except ValueError as error:
        digits = _DIGITS.search(plain)
        raise ValueError(f"{_line_of(plain, digits.start() if digits else 0)}: a number has too many digits") from error
    except RecursionError as error:
        raise ValueError(f"{_deepest_line(plain)}: {_DEEP}") from error
    for name, value in document.items():
        if _is_nested(value):
            raise ValueError(f"{name}: {_DEEP}")
    return document


def _line_of(text: str, place: int) -> str:
    return f"line {text.count(chr(10), 0, place) + 1}"


def _deepest_line(plain: str) -> str:
    """Return the line in which brackets first reach the greatest depth; texts must be removed."""
    letters = np.frombuffer(plain.encode("utf-32-le"), np.uint32)
    steps = np.isin(letters, [ord(letter) for letter in "[{"]) * 1 - np.isin(letters, [ord(letter) for letter in "]}"])
    return _line_of(plain, int(np.cumsum(steps).argmax()))


def _is_nested(document: Any) -> bool:
    """Return whether tables and lists are nested more than `DEPTH` deep, without recursion."""
    level: list[Any] = [document] if isinstance(document, dict | list) else []
    for _ in range(DEPTH):
        level = [
            item
            for value in level
            for item in (value.values() if isinstance(value, dict) else value)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True
