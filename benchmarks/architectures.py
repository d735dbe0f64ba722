"""Networks of many architectures, three seeds each: their losses in a study beside torch's own, as a Markdown table.

Run `python benchmarks/architectures.py` from the repository's root; no download, about half a minute on one core.
A cell is the largest relative difference of the training and test losses of all networks of one architecture, under
stored and under re-estimated statistics, or what stopped the study.
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.architectures import ARCHITECTURES, Architecture
from support.comparison import Scored, of_files, of_training

from globscope.errors import GlobscopeError

SAME = 1e-6


def compared(name: str, losses: Callable[[str, str, Path], Scored]) -> str:
    """Return the largest relative difference of an architecture's losses, or what stopped the study."""
    worst = 0.0
    for statistics in ("stored", "recalibrate"):
        with TemporaryDirectory() as folder:
            try:
                worst = max(worst, losses(name, statistics, Path(folder)).difference)
            except GlobscopeError:
                return "refused"
            except Exception as error:  # noqa: BLE001 - whatever a study raises is a result here
                return type(error).__name__
    return f"{worst:.0e}"


def row(one: Architecture) -> tuple[str, str]:
    """Return the two cells of an architecture: networks from files, and those that are trained here."""
    return compared(one.name, of_files) if one.in_files else "not in files", compared(one.name, of_training)


def table() -> Iterator[str]:
    """Yield the table's lines, and last how many cells are right."""
    yield "| architecture | from files | trained here |"
    yield "|---|---|---|"
    cells = list[str]()
    for name, one in ARCHITECTURES.items():
        found = row(one)
        cells += [cell for cell in found if cell != "not in files"]
        yield f"| {name} | {' | '.join(found)} |"
    right = [cell for cell in cells if "e" in cell and cell[0].isdigit() and float(cell) <= SAME]
    yield f"\n{len(right)} of {len(cells)} cells are at most {SAME:.0e}."


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for line in table():
        print(line, flush=True)
