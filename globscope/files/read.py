"""A landscape from a file of any known kind."""

from collections.abc import Callable
from pathlib import Path

from globscope.errors import FileError
from globscope.files.classic import MAGIC as HDF5
from globscope.files.classic import read_classic
from globscope.files.landscaper import read_landscaper
from globscope.files.plain import Arrays, lattice_values, run_landscape, scattered_values
from globscope.reading import names_in_npz, read_npz
from globscope.values.landscape import Landscape

ZIP = b"PK"
ACCEPTED = (
    "accepted: an .npz with 'values' (a lattice), with 'points' and 'values', with landscaper's 'loss' and "
    "'coordinates', or of a run's landscapes/; the HDF5 surface of tomgoldstein/loss-landscape"
)

# The arrays that identify a kind of .npz, optional ones (None: any), and its reader; the first match counts.
KINDS: tuple[tuple[set[str], set[str] | None, Callable[[Path, Arrays], Landscape]], ...] = (
    ({"points", "values"}, {"edges"}, scattered_values),
    ({"values"}, {"edges"}, lattice_values),
    ({"loss", "coordinates"}, set(), read_landscaper),
    ({"points", "trusted"}, None, run_landscape),
)


def read_landscape(path: Path) -> Landscape:
    """Return the landscape of a file. Its samples are numbered in the C order of the file's arrays.

    Raises:
        FileError: It holds no landscape; the message says what is wrong and what is accepted.
    """
    if not path.is_file():
        raise FileError(f"{path}: {'is a folder' if path.is_dir() else 'there is no such file'}; {ACCEPTED}")
    with path.open("rb") as opened:
        start = opened.read(len(HDF5))
    if start == HDF5:
        return read_classic(path)
    if not start.startswith(ZIP):
        raise FileError(f"{path}: is neither an .npz nor an HDF5 file; {ACCEPTED}")
    return _read_npz_landscape(path)


def _read_npz_landscape(path: Path) -> Landscape:
    names = names_in_npz(path)
    for required, optional, reader in KINDS:
        if required <= set(names):
            known = (name for name in names if optional is None or name in required | optional)
            return reader(path, read_npz(path, known))
    held = ", ".join(map(repr, sorted(names))) or "no array"
    raise FileError(f"{path}: holds {held}; {ACCEPTED}")
