"""The cells of a sweep side by side in worker processes."""

from pathlib import Path

import pytest
from support.study import TINY, Notes

import globscope

SMALL = TINY.partition('[[population.variant]]\nname = "C"')[0].replace("epochs = 2", "epochs = 1")
SMALL += '[[reducer]]\nuse = "pca"\n[[sampler]]\nuse = "grid"\nresolution = 3\n[evaluator]\nexamples = 32\n'
FAILING = SMALL + '[sweep]\n"population.variant.0.learning_rate" = [1e30, 2e30, 3e30]\n'
CELLS = SMALL + '[sweep]\n"reducer.0.latent_dim" = [1, 2]\nseed = [0, 1]\n'


def sweep(folder, text, pool):
    path = folder / "sweep.toml"
    path.write_text(text, "utf-8")
    workers = ["run.workers=2"] if pool == "processes" else []
    return globscope.load(path, [f"run.pool={pool}", "run.threads=1", *workers], folder / pool)


class Cells(Notes):
    def __init__(self):
        super().__init__()
        self.cells = []

    def cell(self, name, number, count):
        self.cells.append((name, number, count))


@pytest.mark.slow
def test_cells_that_fail_side_by_side_are_named_as_those_that_fail_here(tmp_path, monkeypatch):
    monkeypatch.setattr("globscope.sweep.write.write_sweep", lambda *_: ({}, Path("sweep.html")))  # takes seconds
    heard = {pool: Cells() for pool in ("here", "processes")}
    here, there = (sweep(tmp_path, FAILING, pool).run(notes) for pool, notes in heard.items())
    assert [cell.failed for cell in there.cells] == [cell.failed for cell in here.cells]
    assert all("diverged" in cell.failed for cell in there.cells)
    assert sorted(heard["processes"].warned) == sorted(heard["here"].warned)
    assert (
        sorted(heard["processes"].cells)
        == heard["here"].cells
        == [(cell.name, number, 3) for number, cell in enumerate(here.cells, 1)]
    )


@pytest.mark.slow
def test_cells_have_the_same_results_side_by_side(tmp_path):
    here, there = (sweep(tmp_path, CELLS, pool).run() for pool in ("here", "processes"))
    assert not there.failed
    assert stored(tmp_path / "here") == stored(tmp_path / "processes")
    notes = Cells()
    again = sweep(tmp_path, CELLS, "processes").run(notes)
    assert [cell.name for cell in again.cells] == [cell.name for cell in here.cells]
    assert notes.kept == ["all of it"] * 4


def stored(folder):
    """Return the bytes of the weights and losses of all stages, by their path."""
    files = [file for kind in ("safetensors", "npz") for file in folder.glob(f"stages/*/*/*.{kind}")]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}
