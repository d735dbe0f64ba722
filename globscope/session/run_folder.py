"""The folder of a run: what its files are called, whose it is, and where its stages lie."""

from collections.abc import Iterable
from multiprocessing import current_process
from pathlib import Path

from globscope.errors import RunError
from globscope.pipeline.observer import Observer
from globscope.store import claim, is_claimed

RUNS, RESULTS, SPEC, STAGES = "runs", "results.json", "spec.toml", "stages"
# Names in a sweep's folder: its spec, its results, and the folder of its cells' run folders.
SWEEP, TABLE, CELLS = "sweep.toml", "sweep.json", "cells"


def results_folder(path: str | Path, folder: str | Path | None) -> Path:
    """Return the chosen folder of a spec's results; by default `runs/<stem>/`."""
    return Path(folder) if folder else Path(RUNS) / Path(path).stem


def stages_root(folder: Path) -> Path:
    """Return the folder that holds a run's stages: its own, or the sweep's if it is a cell of a sweep."""
    above = folder.absolute().parent
    return above.parent if above.name == CELLS and (above.parent / SWEEP).is_file() else folder


def begin(folder: Path, kind: str, spec: Path, missing: Iterable[str], observer: Observer) -> None:
    """Claim the folder of a study or a sweep, and report it and the plugins that are missing to the observer.

    Raises:
        RunError: It holds other files, is of another kind, or the spec would be overwritten.
    """
    if hasattr(current_process(), "_inheriting"):
        raise SystemExit(1)  # a worker that starts imports the script that started it, and would run the study again
    for name in (SPEC, SWEEP):
        if (folder / name).exists() and (folder / name).samefile(spec):
            raise RunError(
                f"{folder}: its {name} is the spec that is read, which is never written over; copy it elsewhere"
            )
    claim(folder, kind)
    is_new = not (folder / STAGES).exists()
    observer.folder(folder, is_new=is_new, other=other_run(folder, kind, spec) if is_new else None)
    for text in missing:
        observer.warning(text)


def other_run(folder: Path, kind: str, spec: Path) -> Path | None:
    """Return another run folder of a spec: in `runs/` beside it, or in a folder above the current one."""
    places = [place / RUNS / spec.stem for place in (spec.absolute().parent, *Path.cwd().parents)]
    return next((place for place in places if is_claimed(place, kind) and not place.samefile(folder)), None)
