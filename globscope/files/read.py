"""A landscape from a file of any known kind."""

from collections.abc import Callable
from pathlib import Path

from globscope.errors import FileError
from globscope.files.classic import MAGIC as HDF5
from globscope.files.classic import read as read_classic
from globscope.files.landscaper import read as read_landscaper
from globscope.files.plain import Arrays, lattice_values, of_run, scattered
from globscope.reading import names_in_npz, read_npz
from globscope.values.landscape import Landscape

ZIP = b"PK"
ACCEPTED = (
    "accepted: an .npz with 'values' (a lattice), with 'points' and 'values', with landscaper's 'loss' and "
    "'coordinates', or of a run's landscapes/; the HDF5 surface of tomgoldstein/loss-landscape"
)

# Arrays by which a kind of .npz is known, those that it may have besides (None: any), and its reader; the first counts.
KINDS: tuple[tuple[set[str], set[str] | None, Callable[[Path, Arrays], Landscape]], ...] = (
    ({"points", "values"}, {"edges"}, scattered),
    ({"values"}, {"edges"}, lattice_values),
    ({"loss", "coordinates"}, set(), read_landscaper),
    ({"points", "trusted"}, None, of_run),
)


def read(path: Path) -> Landscape:
    """Return the landscape of a file. Its samples are numbered in the C order of the file's arrays.

    Raises:
        FileError: With what is wrong, and what is accepted.
    """
    if not path.is_file():
        raise FileError(f"{path}: {'is a folder' if path.is_dir() else 'there is no such file'}; {ACCEPTED}")
    with path.open("rb") as opened:
        start = opened.read(len(HDF5))
    if start == HDF5:
        return read_classic(path)
    if not start.startswith(ZIP):
        raise FileError(f"{path}: is neither an .npz nor an HDF5 file; {ACCEPTED}")
    return _of_npz(path)


def _of_npz(path: Path) -> Landscape:
    names = names_in_npz(path)
    for wanted, optional, make in KINDS:
        if wanted <= set(names):
            known = (name for name in names if optional is None or name in wanted | optional)
            return make(path, read_npz(path, known))
    held = ", ".join(map(repr, sorted(names))) or "no array"
    raise FileError(f"{path}: holds {held}; {ACCEPTED}")
