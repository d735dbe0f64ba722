"""Sweeps: what a table [sweep] means, what is told of a wrong one, what a kill leaves, and what is computed again."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY, Notes
from test_messages import GOOD, assert_lines, told
from typer.testing import CliRunner

import globscope
from globscope.cli import app
from globscope.errors import RunError
from globscope.report.matrix import Scales
from globscope.session import project, results
from globscope.spec.read import read
from globscope.study.run import run as outcome
from globscope.sweep.finished import Finished
from globscope.sweep.matrices import tiles
from globscope.sweep.table import Run, Runs
from globscope.topology.distance import diagram

# One epoch of two tiny networks; PCA on 3 × 3 samples.
SMALL = (
    TINY.replace("epochs = 2", "epochs = 1")
    .replace("resolution = 5", "resolution = 3")
    .partition('[[population.variant]]\nname = "C"')[0]
    + '[[reducer]]\nuse = "pca"\n[[sampler]]\nuse = "grid"\nresolution = 3\n[evaluator]\nuse = "torch"\nexamples = 32\n'
)
BETA = "[sweep]\n" + '"reducer.0.latent_dim" = [1, 2]\n'


def sweep(text, path=Path("study.toml"), *overrides):
    """Return the study or sweep of a spec, with its results beside it."""
    path.write_text(text, "utf-8")
    return globscope.load(path, overrides, path.parent.absolute() / "runs" / path.stem)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


# What it means.


def test_a_spec_without_a_sweep_is_a_study_as_before(here):
    study = sweep(GOOD)
    assert study.spec == read(Path("study.toml"))


def test_the_cells_are_all_combinations_with_readable_names(here):
    found = sweep(GOOD + '[sweep]\nseed = [0, 1]\n"reducer.0.latent_dim" = [1, 2]\n')
    names = ["seed=0,latent_dim=1", "seed=0,latent_dim=2", "seed=1,latent_dim=1", "seed=1,latent_dim=2"]
    assert [cell.name for cell in found.spec.cells] == names
    values = [(cell.spec.seed, cell.spec.reducer[0].component.latent_dim) for cell in found.spec.cells]
    assert values == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert found.study(found.spec.cells[1]).folder == here / "runs/study/cells" / names[1]


def test_a_cell_is_the_spec_that_set_gives(here):
    [cell] = sweep(GOOD + '[sweep]\n"population.train.epochs" = [3]\n').spec.cells
    Path("study.toml").write_text('title = "study: epochs=3"\n' + GOOD)
    assert cell.spec == read(Path("study.toml"), ["population.train.epochs=3"])


def test_keys_may_stand_as_tables_and_be_overridden_from_the_command_line(here):
    text = GOOD + "[sweep]\nreducer.0.latent_dim = [1, 2]\npopulation.train.epochs = [1]\n"
    found = sweep(text, Path("study.toml"), "sweep.reducer.0.latent_dim=[3]", 'sweep."population.train.epochs"=[4, 5]')
    assert [cell.name for cell in found.spec.cells] == ["latent_dim=3,epochs=4", "latent_dim=3,epochs=5"]


def test_a_whole_table_can_be_swept_and_its_options_after_it(here):
    text = GOOD + '[sweep]\n"reducer.0" = [{use = "pca"}, {use = "kernel-pca"}]\n"reducer.0.latent_dim" = [1, 2]\n'
    cells = sweep(text).spec.cells
    assert [cell.name for cell in cells[:3]] == [
        "reducer.0=pca,latent_dim=1",
        "reducer.0=pca,latent_dim=2",
        "reducer.0=kernel-pca,latent_dim=1",
    ]
    assert [(cell.spec.reducer[0].use, cell.spec.reducer[0].component.latent_dim) for cell in cells[1:3]] == [
        ("pca", 2),
        ("kernel-pca", 1),
    ]


def test_keys_with_one_ending_are_told_apart_by_more_of_them(here):
    variants = '[[population.variant]]\nname = "B"\n'
    keys = "population.variant.0.batch_size = [8]\npopulation.variant.1.batch_size = [16]\n"
    [cell] = sweep(GOOD.replace("[[reducer]]", variants + "[[reducer]]") + "[sweep]\n" + keys).spec.cells
    assert cell.name == "variant.0.batch_size=8,variant.1.batch_size=16"


def test_values_become_names_that_any_disk_takes(here):
    text = GOOD + "[sweep]\ntitle = ['a/b', '../..', 'x y', '-1', 'Größe']\ntask.hidden = [[8, 4]]\nseed = [7]\n"
    names = [cell.name.partition(",")[0] for cell in sweep(text).spec.cells]
    assert names == ["title=a-b", "title=-", "title=x-y", "title=-1", "title=Größe"]
    assert sweep(text).spec.cells[0].name == "title=a-b,hidden=8x4,seed=7"


# What is told.

WRONG = {
    "not a table": (
        "sweep = 3\n" + GOOD,
        ["F: sweep: expected a table [sweep] of keys and lists of their values, got 3 (integer)"],
    ),
    "empty": (GOOD + "[sweep]\n", ["F: sweep: needs at least one key with a list of its values"]),
    "empty list": (GOOD + "[sweep]\nseed = []\n", ["F: sweep.seed: needs at least one value"]),
    "no list": (GOOD + "[sweep]\nseed = 3\n", ["F: sweep.seed: expected a list of values, got 3 (integer)"]),
    "no key": (GOOD + '[sweep]\n"a b" = [3]\n', ["F: sweep.\"a b\": is no key, such as 'reducer.0.latent_dim'"]),
    "unknown key": (
        GOOD + "[sweep]\nreducr.0.latent_dim = [1, 2]\n",
        ["F: sweep: reducr: there is no such key; did you mean 'reducer'?"],
    ),
    "unknown option": (
        GOOD + "[sweep]\nreducer.0.latent_dims = [1, 2]\n",
        ["F: sweep: reducer.0.latent_dims: there is no such key; did you mean 'latent_dim'?"],
    ),
    "no such item": (
        GOOD + "[sweep]\nreducer.3.latent_dim = [1, 2]\n",
        ["F: sweep.reducer.3.latent_dim: there is no reducer.3; known: 0"],
    ),
    "below a number": (
        GOOD + "[sweep]\npopulation.train.epochs.x = [1]\n",
        ["F: sweep.population.train.epochs.x: population.train.epochs is 1 (integer), which has no keys (cell x=1)"],
    ),
    "wrong values": (
        GOOD + "[sweep]\nreducer.0.latent_dim = [0, 2, 2.5]\nseed = [0, 1]\n",
        [
            "F: sweep: reducer.0.latent_dim: must be >= 1, got 0 (cell latent_dim=0,seed=0 and 1 more)",
            "F: sweep: reducer.0.latent_dim: expected an integer, got 2.5 (number) "
            "(cell latent_dim=2.5,seed=0 and 1 more)",
        ],
    ),
    "the spec itself": (
        GOOD + "latent_dims = 2\n[sweep]\nseed = [0, 1]\n",
        ["F: reducer.0.latent_dims: there is no such key; did you mean 'latent_dim'?"],
    ),
    "a list for a key that is one": (
        GOOD + "[sweep]\ntask.hidden = [8, 4]\n",
        [
            "F: sweep: task.hidden: expected a list of integers, got 8 (integer) (cell hidden=8)",
            "F: sweep: task.hidden: expected a list of integers, got 4 (integer) (cell hidden=4)",
        ],
    ),
    "one value twice": (
        GOOD + "[sweep]\nseed = [0, 1, 1]\n",
        ["F: sweep.seed: values 1 and 1 give two cells of one name, 'seed=1'"],
    ),
    "names that some disks take for one": (
        GOOD + "[sweep]\ntitle = ['a', 'A']\n",
        ["F: sweep.title: values 'a' and 'A' give two cells of one name, 'title=A'"],
    ),
    "tables of one name": (
        GOOD + '[sweep]\n"reducer.0" = [{use = "pca"}, {use = "pca", latent_dim = 3}]\n',
        [
            "F: sweep.reducer.0: values {use = 'pca'} and {use = 'pca', latent_dim = 3} give two cells of one "
            "name, 'reducer.0=pca'; give tables a 'name' each"
        ],
    ),
    "a sweep of a sweep": (
        GOOD + "[sweep]\nsweep.seed = [[1], [2]]\n",
        ["F: sweep.sweep.seed: cannot be swept: [sweep] is of the sweep as a whole"],
    ),
    "a sweep of relations": (
        GOOD + '[sweep]\n"relations.draws" = [100]\n',
        ["F: sweep.relations.draws: cannot be swept: [relations] is of the sweep as a whole"],
    ),
    "too many": (
        GOOD + f"[sweep]\nseed = {list(range(40))}\nreducer.0.latent_dim = {list(range(1, 41))}\n",
        ["F: sweep: makes 1,600 cells; at most 1,000 are run at once"],
    ),
    "several at once": (
        GOOD + "[sweep]\nseed = []\nreducer.0.latent_dim = 2\n[relations]\ndraws = 1\nagainst = []\nfrom = []\n",
        [
            "F: relations.from: there is no such key; known: against, draws, of, seed",
            "F: relations.against: must not be empty, got []",
            "F: relations.draws: must be >= 100, got 1",
            "F: sweep.seed: needs at least one value",
            "F: sweep.reducer.0.latent_dim: expected a list of values, got 2 (integer)",
        ],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_verbatim(case, here):
    text, wanted = WRONG[case]
    assert_lines(told(sweep, text), [line.replace("F: ", "study.toml: ", 1) for line in wanted])


def test_an_override_without_a_place_is_told(here):
    assert told(sweep, GOOD + BETA, Path("study.toml"), "sweep.reducer.0.latent_dim.x=3") == [
        "study.toml: sweep.reducer.0.latent_dim.x: expected a list of values, got 3 (integer)"
    ]


def test_what_only_the_data_tells_is_told_of_all_cells_before_any_runs(here):
    text = SMALL + "[sweep]\nreducer.0.latent_dim = [1, 3, 4]\n"
    assert told(sweep(text).run) == [
        "study.toml: reducer.0.latent_dim: 4 members span at most 3 directions, got 4 (cell latent_dim=4)"
    ]
    assert not (here / "runs/study/cells").exists()


# What it does.


class Told(Notes):
    """Remembers which stages ran in which cell; stops where it is asked to."""

    def __init__(self, stop=None):
        super().__init__()
        self.cells, self.stop = {}, stop

    def cell(self, name, number, count):
        if number == self.stop:
            raise KeyboardInterrupt
        self.ran = self.cells[f"{number} of {count}: {name}"] = []


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A sweep of two cells that was stopped between them and continued: its folder, and what ran each time."""
    folder = tmp_path_factory.mktemp("swept")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        first, second = Told(stop=2), Told()
        with pytest.raises(KeyboardInterrupt):
            sweep(SMALL + BETA).run(first)
        result = sweep(SMALL + BETA).run(second)
    return folder, first, second, result


def test_a_sweep_that_was_stopped_between_cells_continues_with_the_next(swept):
    _, first, second, result = swept
    assert list(first.cells) == ["1 of 2: latent_dim=1"]
    assert list(second.cells) == ["1 of 2: latent_dim=1", "2 of 2: latent_dim=2"]
    assert second.cells["1 of 2: latent_dim=1"] == []
    assert [one.failed for one in result.cells] == ["", ""]


def test_what_does_not_depend_on_the_swept_key_is_computed_once(swept):
    _, first, second, _ = swept
    [one], other = first.cells.values(), second.cells["2 of 2: latent_dim=2"]
    assert {"train A", "train B", "evaluate members", "fit pca", "decode pca"} <= set(one)
    assert "fit pca" in other
    assert {"train A", "train B", "evaluate members", "read checkpoints", "weight space"} & set(other) == set()


def test_every_cell_is_a_run_with_its_report_whose_table_links_it(swept):
    folder, _, _, result = swept
    root = folder / "runs/study"
    for cell in result.cells:
        assert cell.record["title"] == f"tiny: {cell.name}"
        assert results(root / "cells" / cell.name) == cell.record
        assert f'href="cells/{cell.name.replace("=", "%3D")}/report.html"' in (root / "sweep.html").read_text("utf-8")
        assert (root / "cells" / cell.name / "report.html").is_file()


def test_the_table_has_swept_values_and_the_cells_figures(swept):
    folder, _, _, result = swept
    with (folder / "runs/study/sweep.csv").open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [(row["run"], row["latent_dim"]) for row in rows] == [("latent_dim=1", "1"), ("latent_dim=2", "2")]
    for row, cell in zip(rows, result.cells, strict=True):
        [figures] = cell.record["reducers"]
        assert float(row["mse_per_weight"]) == figures["mse_per_weight"]
        assert int(row["saddles"]) == figures["saddles"]
        assert float(row["test_accuracy"]) == cell.record["population"]["last"]["test_accuracy"]
    assert rows[0]["test_accuracy"] == rows[1]["test_accuracy"], "the cells share their networks"


def test_a_cell_gives_its_result_again_from_the_shared_stages(swept, monkeypatch):
    folder, _, _, result = swept
    monkeypatch.chdir(folder)
    root = Path("runs/study/cells") / result.cells[1].name
    checkpoint = next(Path("runs/study/stages/train").glob("*/epoch1.safetensors"))
    notes = Notes()
    [row] = project(root, [checkpoint], notes)
    assert len(row["point"]) == 2
    assert "train A" not in notes.ran
    assert not (root / "stages").exists()


def test_a_sweep_is_no_run_itself(swept):
    folder = swept[0] / "runs/study"
    with pytest.raises(RunError, match="is a sweep, whose cells are the runs"):
        results(folder)


def test_show_prints_the_table_again(swept):
    folder = swept[0] / "runs/study"
    plain = CliRunner().invoke(app, ["show", str(folder)])
    assert plain.exit_code == 0
    assert [line.split()[0] for line in plain.stdout.splitlines()] == [
        "tiny",
        "cell",
        "latent_dim=1",
        "latent_dim=2",
        f"{folder}/sweep.html",
    ]
    found = json.loads(CliRunner().invoke(app, ["show", str(folder), "--json"]).stdout)
    assert [cell["figures"]["latent_dim"] for cell in found["cells"]] == [1, 2]


def test_check_counts_a_shared_training_once(swept):
    found = sweep(SMALL + BETA, swept[0] / "again.toml").estimate()
    assert found.trained == 2
    assert [one.members for one in found.cells.values()] == [4, 4]
    assert found.evaluations == (4 + 4 + 3) + (4 + 4 + 9)
    plan = CliRunner().invoke(app, ["check", str(swept[0] / "again.toml")])
    assert plan.exit_code == 0
    assert "2, each once" in plan.stdout
    assert "at most 28; cells share some" in plan.stdout


def test_a_changed_value_computes_its_cells_alone(swept, here):
    shutil.copytree(swept[0] / "runs", here / "runs")
    # The file lies elsewhere now, but nothing of a study depends on that.
    notes = Told()
    result = sweep(SMALL + BETA.replace("[1, 2]", "[2, 3]")).run(notes)
    assert [cell.name for cell in result.cells] == ["latent_dim=2", "latent_dim=3"]
    kept, ran = notes.cells.values()
    assert kept == []
    assert "fit pca" in ran
    assert not any(label.startswith("train") for label in ran)
    assert [cell["name"] for cell in result.record["cells"]] == ["latent_dim=2", "latent_dim=3"]


def test_a_cell_that_fails_is_told_and_stops_no_other(here, spec_file):
    text = SMALL + '[sweep]\n"population.variant.0.learning_rate" = [1e30, 1e-2]\n'
    found = CliRunner().invoke(app, ["study", str(spec_file(text, "fails.toml")), "--out", str(here / "runs/fails")])
    assert found.exit_code == 3
    assert "cell learning_rate=1e+30 failed: variant 'A' diverged in epoch 1" in found.stderr
    assert found.stderr.endswith("error: 1 of 2 cells failed; the same command tries them again\n")
    record = json.loads((here / "runs/fails/sweep.json").read_text("utf-8"))
    assert [(cell["name"], bool(cell["failed"])) for cell in record["cells"]] == [
        ("learning_rate=1e+30", True),
        ("learning_rate=0.01", False),
    ]
    assert "learning_rate=1e+30: failed" in (here / "runs/fails/sweep.html").read_text("utf-8")


def test_the_pictures_show_every_cell_on_one_scale(swept):
    root = swept[0] / "runs/study"
    stems = {path.stem for path in (root / "figures").glob("*.svg")}
    assert stems == {f"{look}-grid-gudhi-train-loss" for look in ("landscapes", "profiles")}
    page = (root / "sweep.html").read_text("utf-8")
    assert all(f'src="figures/{stem}.png"' in page for stem in stems)
    runs = Runs(runs=tuple(run_of(root / "cells" / cell.name, cell.name) for cell in swept[3].cells))
    [every] = tiles(runs).values()
    scale = Scales.of(list(every.values())).values
    finite = np.concatenate([tile.values for tile in every.values()])
    assert (scale.low, scale.high) == (finite.min(), finite.max())


def run_of(folder, name):
    return Run(name=name, finished=Finished.of(folder, name))


def test_a_finished_runs_tree_is_read_as_it_was_written(swept):
    folder = swept[0] / "runs/study/cells/latent_dim=2"
    [live] = outcome(swept[3].cell("latent_dim=2").study.context()).atlas.maps
    run = Finished.of(folder, "one")
    [(names, path)] = run.trees.items()
    landscape, found = run.topology(names)
    assert names == ("pca", "grid", "gudhi")
    assert path.name == "pca-grid-gudhi.json"
    for name in ("nodes", "values", "kinds", "arcs", "pairs", "births", "deaths", "elders", "arc", "basin"):
        assert np.array_equal(getattr(found.tree, name), getattr(live.topology.tree, name)), name
    assert np.array_equal(diagram(found.full), diagram(live.topology.full))
    assert np.array_equal(landscape.fields["train_loss"], live.landscape.fields["train_loss"])
