"""Tables in CSV files."""

import csv
from io import StringIO
from pathlib import Path

from globscope.errors import FileError
from globscope.reading.bounds import CSV_BYTES, read_bytes


def read_csv(path: Path, what: str = "CSV with a heading") -> dict[str, tuple[str, ...]]:
    """Return the columns of a CSV file by their names, as text.

    Raises:
        FileError: The file does not exist, is too large, has no heading, or has rows of different lengths.
    """
    raw = read_bytes(path, CSV_BYTES, what)
    try:
        rows = list(csv.reader(StringIO(raw.decode("utf-8"), newline="")))
        heading, *rest = rows
        columns = list(zip(*rest, strict=True)) or [()] * len(heading)
        return dict(zip(heading, columns, strict=True))
    except (ValueError, csv.Error) as error:  # also where it is no UTF-8
        raise FileError(f"{path}: is damaged ({error}); expected {what}") from error
