"""Sweeps: what a table [sweep] means, how a wrong one is refused, what a kill leaves, and what is computed again."""

import csv
import json
import shutil
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from safetensors.torch import save_file
from support.messages import GOOD, assert_lines, error_lines
from support.study import TINY, Notes
from typer.testing import CliRunner

import globscope
from globscope.builtin.tasks.classification import Classification
from globscope.cli import app
from globscope.errors import RunError
from globscope.pipeline.run import run as outcome
from globscope.report.explorer.read import read_explorer
from globscope.report.topology.landscape_profile import ProfileScales
from globscope.session import project, results
from globscope.spec.read import read_spec
from globscope.spec.style import Style
from globscope.store import read_json
from globscope.sweep.averages import averages
from globscope.sweep.compare import _names
from globscope.sweep.finished import FinishedRun
from globscope.sweep.matrices import tiles_by_tree
from globscope.sweep.table import ComparedRun, ComparedRuns
from globscope.topology.distance import bottleneck, diagram, wasserstein

# One epoch of two tiny networks; PCA on 3 × 3 samples.
SMALL = (
    TINY.replace("epochs = 2", "epochs = 1")
    .replace("resolution = 5", "resolution = 3")
    .partition('[[population.variant]]\nname = "C"')[0]
    + '[[reducer]]\nuse = "pca"\n[[sampler]]\nuse = "grid"\nresolution = 3\n[evaluator]\nuse = "torch"\nexamples = 32\n'
)
# The second rate makes a training diverge, so that two of four cells have no results.
SWEEP = '[sweep]\n"reducer.0.latent_dim" = [1, 2]\n"population.variant.0.learning_rate" = [1e-2, 1e30]\n'
# One figure against another, for every picture takes its time.
SWEEP += '[relations]\nof = ["saddles"]\nagainst = ["test_accuracy"]\n'
GOOD_CELLS = ["latent_dim=1,learning_rate=0.01", "latent_dim=2,learning_rate=0.01"]


def sweep(text, path=Path("study.toml"), *overrides):
    """Return the study or sweep of a spec, with its results beside it."""
    path.write_text(text, "utf-8")
    return globscope.load(path, overrides, path.parent.absolute() / "runs" / path.stem)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


# What it means.


def test_a_figure_of_the_only_map_may_have_its_name_or_not(here):
    text = SMALL + '[sweep]\nseed = [0, 1]\n[relations]\nof = ["pca.saddles", "minima", "umap.smad"]\n'
    assert sweep(text).spec.relations.of == ("saddles", "minima", "umap.smad")
    two = text.replace("[sweep]", '[[reducer]]\nuse = "mds"\n[sweep]')
    assert sweep(two).spec.relations.of == ("pca.saddles", "minima", "umap.smad")


def test_a_spec_without_a_sweep_is_a_study_as_before(here):
    study = sweep(GOOD)
    assert study.spec == read_spec(Path("study.toml"))


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
    assert cell.spec == read_spec(Path("study.toml"), ["population.train.epochs=3"])


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


def test_keys_with_one_ending_are_reported_apart_by_more_of_them(here):
    variants = '[[population.variant]]\nname = "B"\n'
    keys = "population.variant.0.batch_size = [8]\npopulation.variant.1.batch_size = [16]\n"
    [cell] = sweep(GOOD.replace("[[reducer]]", variants + "[[reducer]]") + "[sweep]\n" + keys).spec.cells
    assert cell.name == "variant.0.batch_size=8,variant.1.batch_size=16"


def test_values_become_names_that_any_disk_takes(here):
    text = GOOD + "[sweep]\ntitle = ['a/b', '../..', 'x y', '-1', 'Größe']\ntask.hidden = [[8, 4]]\nseed = [7]\n"
    names = [cell.name.partition(",")[0] for cell in sweep(text).spec.cells]
    assert names == ["title=a-b", "title=-", "title=x-y", "title=-1", "title=Größe"]
    assert sweep(text).spec.cells[0].name == "title=a-b,hidden=8x4,seed=7"


# Messages.

WRONG = {
    "not a table": (
        "sweep = 3\n" + GOOD,
        ["F: sweep: expected a table [sweep] of keys and lists of their values, got 3 (integer)"],
    ),
    "empty": (GOOD + "[sweep]\n", ["F: sweep: needs at least one key with a list of its values"]),
    "empty list": (GOOD + "[sweep]\nseed = []\n", ["F: sweep.seed: needs at least one value"]),
    "no list": (GOOD + "[sweep]\nseed = 3\n", ["F: sweep.seed: expected a list of values, got 3 (integer)"]),
    "no key": (GOOD + '[sweep]\n"a b" = [3]\n', ["F: sweep.\"a b\": is not a key, such as 'reducer.0.latent_dim'"]),
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
def test_what_is_wrong_is_reported_verbatim(case, here):
    text, wanted = WRONG[case]
    assert_lines(error_lines(sweep, text), [line.replace("F: ", "study.toml: ", 1) for line in wanted])


def test_an_override_without_a_place_is_reported(here):
    assert error_lines(sweep, GOOD + SWEEP, Path("study.toml"), "sweep.reducer.0.latent_dim.x=3") == [
        "study.toml: sweep.reducer.0.latent_dim.x: expected a list of values, got 3 (integer)"
    ]


def test_what_only_the_data_tells_is_reported_of_all_cells_before_any_runs(here):
    text = SMALL + "[sweep]\nreducer.0.latent_dim = [1, 3, 4]\n"
    assert error_lines(sweep(text).run) == [
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
    """A sweep of four cells that was stopped before its third and continued: its folder, and what ran each time."""
    folder, first, second = tmp_path_factory.mktemp("swept"), Told(stop=3), Told()
    with pytest.raises(KeyboardInterrupt):
        sweep(SMALL + SWEEP, folder / "study.toml").run(first)
    return folder / "runs/study", first, second, sweep(SMALL + SWEEP, folder / "study.toml").run(second)


def test_a_sweep_that_was_stopped_between_cells_continues_with_those_without_results(swept):
    _, first, second, _ = swept
    assert [len(ran) > 3 for ran in first.cells.values()] == [True, False]
    assert list(second.cells) == [
        "1 of 4: latent_dim=1,learning_rate=0.01",
        "2 of 4: latent_dim=1,learning_rate=1e+30",
        "3 of 4: latent_dim=2,learning_rate=0.01",
        "4 of 4: latent_dim=2,learning_rate=1e+30",
    ]
    kept, again, new, failed = second.cells.values()
    assert (kept, again, failed) == ([], ["train A"], ["train A", "report of the sweep"])
    assert "fit pca" in new


def test_what_does_not_depend_on_the_swept_key_is_computed_once(swept):
    _, first, second, _ = swept
    one, failed = first.cells.values()
    assert {"train A", "train B", "evaluate members", "weight space", "fit pca", "decode pca"} <= set(one)
    assert failed == ["train A"], "the other network is that of the first cell"
    other = set(second.cells["3 of 4: latent_dim=2,learning_rate=0.01"])
    assert {"train A", "train B", "evaluate members", "read checkpoints", "weight space"} & other == set()


def test_a_cell_that_fails_is_reported_and_stops_no_other(swept):
    root, _, notes, result = swept
    assert [cell.name for cell in result.cells if not cell.failed] == GOOD_CELLS
    assert [text.partition(":")[0] for text in notes.warned] == [
        "cell latent_dim=1,learning_rate=1e+30 failed",
        "cell latent_dim=2,learning_rate=1e+30 failed",
    ]
    for cell in result.failed:
        assert cell.failed.startswith("variant 'A' diverged in epoch 1: its weights are no longer finite")
        with pytest.raises(RunError, match="has no results: variant 'A' diverged"):
            _ = cell.record
        assert f"{cell.name}: failed" in (root / "sweep.html").read_text("utf-8")
    assert [bool(cell["failed"]) for cell in result.record["cells"]] == [False, True, False, True]


def test_every_cell_is_a_run_with_its_report_which_the_page_links(swept):
    root, _, _, result = swept
    page = (root / "sweep.html").read_text("utf-8")
    for cell in map(result.cell, GOOD_CELLS):
        assert cell.record["title"] == f"tiny: {cell.name}"
        assert results(root / "cells" / cell.name) == cell.record
        assert f'href="{quote(f"cells/{cell.name}/report.html")}"' in page
        assert (root / "cells" / cell.name / "report.html").is_file()
        assert not (root / "cells" / cell.name / "stages").exists()


def test_the_table_has_swept_values_and_the_cells_figures(swept):
    root, _, _, result = swept
    with (root / "sweep.csv").open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [(row["latent_dim"], row["learning_rate"], bool(row["failed"])) for row in rows] == [
        ("1", "0.01", False),
        ("1", "1e+30", True),
        ("2", "0.01", False),
        ("2", "1e+30", True),
    ]
    for row, cell in zip(rows[::2], map(result.cell, GOOD_CELLS), strict=True):
        [figures] = cell.record["reducers"]
        assert row["run"] == cell.name
        assert float(row["mse_per_weight"]) == figures["mse_per_weight"]
        assert int(row["saddles"]) == figures["saddles"]
        assert float(row["test_accuracy"]) == cell.record["population"]["last"]["test_accuracy"]
    assert rows[0]["test_accuracy"] == rows[2]["test_accuracy"], "the cells share their networks"
    assert rows[1]["test_accuracy"] == ""


def test_a_new_network_is_put_on_a_cells_map_from_the_shared_stages(swept):
    root, _, _, _ = swept
    checkpoint = next((root / "stages/train").glob("*/epoch1.safetensors"))
    notes = Notes()
    [row] = project(root / "cells" / GOOD_CELLS[1], [checkpoint], notes)
    assert len(row["point"]) == 2
    assert not any(label.startswith("train") for label in notes.ran)


def test_a_sweep_is_no_run_itself(swept):
    with pytest.raises(RunError, match="is a sweep, whose cells are the runs"):
        results(swept[0])


def test_show_prints_the_table_again(swept):
    root = swept[0]
    plain = CliRunner().invoke(app, ["show", str(root)])
    assert plain.exit_code == 0
    lines = [line.split()[0] for line in plain.stdout.splitlines()]
    assert lines[:2] == ["tiny", "cell"]
    assert lines[2:6] == [cell.name for cell in swept[3].cells]
    assert lines[-1] == f"{root}/sweep.html"
    found = json.loads(CliRunner().invoke(app, ["show", str(root), "--json"]).stdout)
    assert [cell["figures"]["latent_dim"] for cell in found["cells"]] == [1, 1, 2, 2]


def test_check_counts_a_shared_training_once(tmp_path):
    found = sweep(SMALL + SWEEP, tmp_path / "study.toml").estimate()
    assert found.trained == 3
    assert [one.members for one in found.cells.values()] == [4] * 4
    assert found.evaluations == 2 * ((4 + 4 + 3) + (4 + 4 + 9))
    plan = CliRunner().invoke(app, ["check", str(tmp_path / "study.toml")])
    assert plan.exit_code == 0
    assert "3, each once" in plan.stdout
    assert "at most 56; cells share some" in plan.stdout


def test_a_sweep_names_what_its_cells_do_not_count_once(tmp_path):
    lowest = '[[analysis]]\nuse = "low-loss-pass"\n'
    words = sweep(SMALL + lowest + SWEEP, tmp_path / "study.toml").estimate().in_words
    assert words["loss evaluations"] == "at most 56; cells share some, without low-loss-pass: only a run can tell"
    assert words["evaluation"].endswith(", without low-loss-pass: only a run can tell")


DATA = """
from pathlib import Path
import numpy as np

def load(seed=0):
    with Path("reads").open("a") as opened:
        opened.write(f"{seed} ")
    x = np.random.default_rng(seed).normal(size=(64, 4)).astype("float32")
    return x, np.arange(64) % 2, x[:16], np.arange(16) % 2
"""


def test_cells_of_one_task_after_another_read_its_data_once(here):
    Path("data.py").write_text(DATA)
    text = SMALL.replace("hidden = [8]", 'hidden = [8]\ndata = "data.py:load"')
    found = sweep(text + "[sweep]\ntask.data_options.seed = [3, 4]\nseed = [0, 1, 2]\n")
    assert found.estimate().trained == 2 * 3 * 2
    assert Path("reads").read_text() == "3 4 "
    keys = found.cell_keys()
    assert len(set(keys)) == 6
    alone = sweep(text + "[sweep]\ntask.data_options.seed = [4]\nseed = [1]\n").cell_keys()
    assert keys[4:5] == alone, "whatever the cells before it have left"


READ = """
[task]
use = "classification"
hidden = [4]
[population]
checkpoints = "nets/{variant}.safetensors"
table = "figures.csv"
[zoo]
checkpoints = "zoo/{variant}.safetensors"
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
resolution = 3
[[aligner]]
use = "deep-align"
[[analysis]]
use = "rebasin"
aligners = ["deep-align"]
[sweep]
seed = [0, 1]
"""


def figures(value):
    Path("figures.csv").write_text(f"run,step,width\nn0,0,{value}\nn1,0,2\n")


def network(folder, number, seed):
    Path(folder).mkdir(exist_ok=True)
    parameters = Classification(hidden=(4,)).build("cpu").initialise(seed)[0]
    save_file(parameters, f"{folder}/n{number}.safetensors")


@pytest.mark.parametrize(
    "change",
    [lambda: figures(3), lambda: network("zoo", 0, 99), lambda: network("nets", 0, 99)],
    ids=["a figure of a table", "a network of the zoo", "a network of the population"],
)
def test_a_cell_runs_again_where_a_file_that_it_reads_has_changed(here, change):
    for folder, count in (("nets", 2), ("zoo", 8)):
        for number in range(count):
            network(folder, number, number)
    figures(1)
    found = sweep(READ)
    before = found.cell_keys()
    assert found.cell_keys() == before
    change()
    assert set(found.cell_keys()).isdisjoint(before)


@pytest.mark.usefixtures("blank_pictures")
def test_a_changed_value_computes_its_cells_alone(swept, tmp_path):
    shutil.copytree(swept[0], tmp_path / "run")
    spec = swept[0].parent.parent / "study.toml"
    changed = ["study", str(spec), "--set", "sweep.reducer.0.latent_dim=[2, 3]", "--out", str(tmp_path / "run")]
    found = CliRunner().invoke(app, changed)
    assert found.exit_code == 3
    assert found.stderr.endswith("error: 2 of 4 cells failed; the same command tries them again\n")
    cells = found.stderr.split("cell ")
    [kept] = [text for text in cells if text.startswith("1 of 4: latent_dim=2,learning_rate=0.01")]
    [ran] = [text for text in cells if text.startswith("3 of 4: latent_dim=3,learning_rate=0.01")]
    assert kept.splitlines()[1:] == ["all of it: kept from an earlier run"]
    assert {"train A: kept from an earlier run", "train B: kept from an earlier run", "fit pca"} <= {*ran.splitlines()}


def test_the_pictures_show_every_cell_on_one_scale(swept):
    root, _, _, result = swept
    sides = {path.stem for path in (root / "figures").glob("*.svg")}
    assert sides >= {f"{look}-training-loss" for look in ("landscapes", "profiles")}
    page = (root / "sweep.html").read_text("utf-8")
    assert all(f'data-picture="figures/{stem}"' in page for stem in sides)
    [every] = tiles_by_tree(ComparedRuns(runs=tuple(run_of(result.cell(name)) for name in GOOD_CELLS))).values()
    scale = ProfileScales.of(tile.tree for tile in every.values()).heights
    finite = np.concatenate([tile.tree.values for tile in every.values()])
    assert (scale.low, scale.high) == (finite.min(), finite.max())


def test_the_pictures_of_all_cells_have_the_scale_and_the_colours_of_the_report(swept):
    runs = ComparedRuns(runs=tuple(run_of(swept[-1].cell(name)) for name in GOOD_CELLS))
    for kind in ("linear", "log"):
        [every] = tiles_by_tree(runs, Style(scale=kind, colours="viridis", limits=(1.0, 2.0))).values()
        scales = ProfileScales.of(tile.tree for tile in every.values())
        assert {scales.heights.log, scales.colours.log} == {kind == "log"}
        assert scales.colours.colours == "viridis"
        assert scales.colours.high != 2.0  # limits are those of one run's pictures


def test_the_means_of_the_figures_stand_by_two_keys_without_cells_that_failed(swept):
    root, _, _, result = swept
    with (root / "averages.csv").open(encoding="utf-8", newline="") as opened:
        rows = [row for row in csv.DictReader(opened) if row["figure"] == "saddles"]
    assert [(row["row"], row["column"], row["n"], row["failed"]) for row in rows] == [
        ("1", "0.01", "1", "0"),
        ("1", "1e+30", "0", "1"),
        ("2", "0.01", "1", "0"),
        ("2", "1e+30", "0", "1"),
    ]
    assert float(rows[2]["mean"]) == result.cell(GOOD_CELLS[1]).record["reducers"][0]["saddles"]
    page = (root / "sweep.html").read_text("utf-8")
    assert 'data-picture="figures/mean-saddles"' in page
    assert (root / "figures/mean-saddles.svg").is_file()
    assert "mean-test-accuracy" not in page, "a network scores the same on every map"
    assert "One cell each: Saddles by reducer.0.latent_dim and " in page
    assert "Left out: 2 cells that failed." in page


def asked(text, losses, failed=()):
    """Return a sweep's averages where its cells ended with these losses."""
    spec = sweep(GOOD + text).spec
    who = [{"population": {"last": {"test_loss": loss}}, "reducers": [], "tables": {}} for loss in losses]
    runs = [
        ComparedRun(
            name=cell.name,
            places=cell.places,
            finished=None if k in failed else FinishedRun(name=cell.name, folder=Path(), record=who[k], trees={}),
        )
        for k, cell in enumerate(spec.cells)
    ]
    return averages(ComparedRuns(runs=tuple(runs), labels=tuple(axis.label for axis in spec.axes)), spec)


def test_an_average_is_over_seeds_and_further_keys_wherever_they_stand(here):
    text = "[sweep]\nseed = [0, 1]\n" + '"population.train.save_every" = [1, 2]\n"population.train.epochs" = [1, 2]\n'
    [found] = asked(text + "task.hidden = [[8], [4]]\n", [2.0**k for k in range(16)], failed=(0,))
    by = {(row["row"], row["column"]): row for row in found.rows}
    cells = {(k // 4 % 2, k // 2 % 2): [] for k in range(16)}
    for k in range(1, 16):
        cells[k // 4 % 2, k // 2 % 2].append(2.0**k)
    for (one, two), values in cells.items():
        row = by["12"[one], "12"[two]]
        assert (row["mean"], row["n"], row["failed"]) == (np.mean(values), len(values), one == two == 0)
        assert row["deviation"] == np.std(values, ddof=1)
    assert found.picture.sides == ("save every", "epochs")
    assert found.picture.values[0][1] == by["1", "2"]["mean"]
    assert found.picture.headline == "Mean test loss by save every and epochs"
    assert found.picture.notes[0][0].endswith("\nn = 3")
    assert found.picture.log
    assert found.picture.flaw == ""
    assert "over seed and task.hidden." in found.picture.caption
    assert found.picture.caption.endswith("Left out: 1 cell that failed.")


def test_an_average_leaves_out_what_is_not_finite_and_says_so(here):
    text = '[sweep]\n"population.train.save_every" = [1, 2]\nseed = [0, 1]\ntask.hidden = [[8], [4]]\n'
    [found] = asked(text, [1.0, None, 3.0, 0.0, np.inf, np.inf, 5.0, np.nan])
    rows = [(row["row"], row["column"], row["mean"], row["n"], row["not_finite"]) for row in found.rows]
    assert rows == [("1", "8", 2, 2, 0), ("1", "4", 0, 1, 1), ("2", "8", 5, 1, 1), ("2", "4", None, 0, 2)]
    assert found.picture.caption.endswith("Left out: 4 cells without a finite figure.")
    assert found.picture.notes == (("sd 1.4\nn = 2", "n = 1"), ("n = 1", "n = 0"))
    assert not found.picture.log, "a mean of 0 stands on no log scale"


def test_a_sweep_without_two_keys_that_are_no_seed_has_no_averages(here):
    assert asked('[sweep]\nseed = [0, 1]\n"population.train.save_every" = [1, 2]\n', [1.0] * 4) == []


def test_what_networks_score_does_not_stand_by_options_of_a_map(here):
    """It would be the same in every column, and count as often as there are columns."""
    text = '[sweep]\n"reducer.0.latent_dim" = [1, 2]\n"population.train.epochs" = [1, 2]\n'
    assert asked(text, [1.0, 2.0, 1.0, 2.0]) == []
    [found] = asked(text + "task.hidden = [[8], [4]]\n", [1.0, 2.0, 3.0, 4.0] * 2)
    assert found.picture.sides == ("epochs", "hidden")
    assert [(row["mean"], row["n"]) for row in found.rows] == [(1.0, 1), (2.0, 1), (3.0, 1), (4.0, 1)]
    assert found.picture.caption == "One cell each: test loss by population.train.epochs and task.hidden."


def test_what_networks_score_is_known_where_one_of_their_maps_failed(here):
    text = '[sweep]\n"reducer.0.latent_dim" = [1, 2]\n"population.train.epochs" = [1, 2]\ntask.hidden = [[8], [4]]\n'
    [found] = asked(text, [1.0, 2.0, 3.0, 4.0] * 2, failed=(0, 3, 7))
    rows = [(row["mean"], row["n"], row["failed"]) for row in found.rows]
    assert rows == [(1.0, 1, 0), (2.0, 1, 0), (3.0, 1, 0), (None, 0, 1)]


def run_of(cell):
    return ComparedRun(name=cell.name, finished=FinishedRun.of(cell.study.folder, cell.name))


def live(swept, name):
    """Return the one map of a cell as a study has it, not as its folder does."""
    [found] = outcome(swept[3].cell(name).study.workshop()).atlas.maps
    return found


def test_a_finished_runs_tree_is_read_as_it_was_written(swept):
    drawn, run = live(swept, GOOD_CELLS[1]), run_of(swept[3].cell(GOOD_CELLS[1])).finished
    [(names, path)] = run.trees.items()
    landscape, found = run.topology(names)
    assert names == ("pca", "grid", "gudhi")
    assert path.name == "pca-grid-gudhi.json"
    for name in ("nodes", "values", "kinds", "arcs", "pairs", "births", "deaths", "elders", "arc", "basin"):
        assert np.array_equal(getattr(found.tree, name), getattr(drawn.topology.tree, name)), name
    assert np.array_equal(diagram(found.full), diagram(drawn.topology.full))
    assert np.array_equal(landscape.fields["train_loss"], drawn.landscape.fields["train_loss"])


# Finished runs compared.


def compare(*arguments):
    return CliRunner().invoke(app, ["compare", *map(str, arguments)])


def test_a_comparison_has_the_runs_figures_and_the_distances_of_their_diagrams(swept):
    found = globscope.compare([swept[0] / "cells" / name for name in GOOD_CELLS])
    assert [one["name"] for one in found.record["runs"]] == GOOD_CELLS
    for one, name in zip(found.record["runs"], GOOD_CELLS, strict=True):
        assert one["figures"]["smad"] == swept[3].cell(name).record["reducers"][0]["smad"]
    [row] = found.record["distances"]
    trees = [live(swept, name).topology.tree for name in GOOD_CELLS]
    assert (row["topology"], row["one"], row["other"]) == ("training loss", *GOOD_CELLS)
    assert row["bottleneck"] == bottleneck(*trees) > 0
    assert row["wasserstein"] == wasserstein(*trees) >= row["bottleneck"]


def test_a_comparison_of_a_sweep_is_of_its_cells_with_results(swept, tmp_path):
    found = compare(swept[0], "--out", tmp_path / "out", "--json")
    assert found.exit_code == 0, found.output
    assert [one["name"] for one in json.loads(found.stdout)["runs"]] == GOOD_CELLS
    assert json.loads(found.stdout) == read_json(tmp_path / "out/comparison.json")
    page = (tmp_path / "out/comparison.html").read_text("utf-8")
    for look in ("landscapes", "profiles", "bottleneck", "wasserstein"):
        assert f'data-picture="figures/{look}-training-loss"' in page
        assert (tmp_path / f"out/figures/{look}-training-loss.png").is_file()
    with (tmp_path / "out/distances.csv").open(encoding="utf-8", newline="") as opened:
        [row] = csv.DictReader(opened)
    assert [row["one"], row["other"]] == GOOD_CELLS


def test_the_cells_of_a_sweep_are_explored_on_one_page(swept, tmp_path):
    assert compare(swept[0], "--explorer", "--out", tmp_path / "out").exit_code == 0
    studies = read_explorer(tmp_path / "out/explorer.html")
    assert [study.data["title"] for study in studies] == GOOD_CELLS


def test_sweeps_and_comparisons_say_that_basins_are_a_maps_and_heights_upper_bounds(swept, tmp_path):
    printed = compare(swept[0], "--out", tmp_path / "out").stdout
    pages = [swept[0] / "sweep.html", tmp_path / "out/comparison.html"]
    for text in (printed, *(page.read_text("utf-8") for page in pages)):
        assert "The height of a saddle is an upper bound" in " ".join(text.split())


def test_runs_of_one_name_are_reported_apart_by_the_folders_above():
    places = [Path(text) for text in ("/a/x/run", "/a/y/run", "/a/y/cells/z")]
    assert _names(places) == ["x/run", "y/run", "y/z"]


def test_what_cannot_be_compared_is_reported(swept):
    one = swept[0] / "cells" / GOOD_CELLS[0]
    assert compare(one).stderr == "error: compare needs at least two finished runs\n"
    assert compare(one, one).stderr == f"error: {one}: is named twice\n"
    wanted = f"error: {one}1: there is no run here; did you mean '{one.name}'?\n"
    assert compare(one, f"{one}1").stderr == wanted


def test_a_run_of_an_earlier_version_is_reported(swept, tmp_path):
    one = swept[0] / "cells" / GOOD_CELLS[0]
    shutil.copytree(one, tmp_path / "old")
    (tmp_path / "old/files.jsonl").unlink()
    with pytest.raises(RunError, match=r"old: its files\.jsonl, the list of what GlobScope wrote there, is missing"):
        globscope.compare([one, tmp_path / "old"])


@pytest.mark.usefixtures("blank_pictures")
def test_a_cell_whose_files_were_damaged_is_written_again_from_its_stages(swept, tmp_path):
    root = tmp_path / "runs/study"
    shutil.copytree(swept[0], root)
    damaged = [root / "cells" / GOOD_CELLS[0] / "results.json", root / "cells" / GOOD_CELLS[1] / "cell.json"]
    before = [path.read_bytes() for path in damaged]
    for path in damaged:
        path.write_bytes(path.read_bytes()[:40])
    notes = Told()
    sweep(SMALL + SWEEP, tmp_path / "study.toml").run(notes)
    assert json.loads(damaged[0].read_text())["reducers"] == json.loads(before[0])["reducers"]
    assert damaged[1].read_bytes() == before[1]
    assert [ran for ran in notes.cells.values() if "fit pca" in ran] == []


def test_a_run_whose_files_were_edited_is_not_compared(swept, tmp_path):
    one = swept[0] / "cells" / GOOD_CELLS[0]
    shutil.copytree(one, tmp_path / "edited")
    [path] = (tmp_path / "edited/topology").glob("*.json")
    path.write_text(path.read_text().replace("map", "mop", 1))
    with pytest.raises(RunError, match=rf"{path.name}: is not as GlobScope wrote it, but damaged or edited"):
        globscope.compare([one, tmp_path / "edited"])


def test_a_sweep_of_very_many_networks_is_begun_only_where_somebody_agrees(spec_file, tmp_path):
    many = SMALL.replace("resolution = 3", "resolution = 400") + SWEEP
    found = CliRunner().invoke(app, ["study", str(spec_file(many)), "--out", str(tmp_path / "run")])
    assert found.exit_code == 2
    # Of two cells each: a line of 400 samples and a lattice of 400 × 400, with 4 members as they are and decoded.
    count = 2 * (400 + 400**2 + 4 * 4)
    wanted = f"error: this sweep scores up to {count:,} networks, more than 200,000, which needs your consent: "
    assert found.stderr.startswith(wanted)
    assert not (tmp_path / "run").exists()
