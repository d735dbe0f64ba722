"""Networks listed in tables: which are taken, what is known of them, and what is said of tables that do not fit."""

import json

import numpy as np
import pytest
import torch

from globscope.api import PopulationError
from globscope.population.find import find_checkpoints
from globscope.references import Pattern
from globscope.spec.network_source import Columns, NetworkSource

TABLE = """path,run,step,accuracy,learning rate,optimiser,pretrained
nets/a1.pt,a,1,0.5,0.1,sgd,true
nets/a2.pt,a,2,0.7,0.1,sgd,true
nets/a3.pt,a,3,0.9,0.1,sgd,true
nets/b1.pt,b,1,0.6,0.01,adam,false
nets/b2.pt,b,2,0.8,,adam,false
"""


def zoo(folder, text=TABLE, name="zoo.csv", **options):
    (folder / name).write_text(text)
    for network in ("a1", "a2", "a3", "b1", "b2"):
        (folder / "nets").mkdir(exist_ok=True)
        torch.save({"model": {"weight": torch.ones(1)}, "val_acc": 90.0}, folder / "nets" / f"{network}.pt")
    return files(folder, table=Pattern(name), **options)


def files(folder, **options):
    return find_checkpoints(NetworkSource(**options), folder)


def labels(found):
    return [f"{one.variant}@{one.step}" for one in found]


def refusal(folder, *arguments, **options):
    with pytest.raises(PopulationError) as caught:
        zoo(folder, *arguments, **options)
    return str(caught.value).replace(str(folder), "AT")


def test_a_table_names_files_runs_and_steps_from_its_own_folder(tmp_path):
    (tmp_path / "zoo").mkdir()
    found = zoo(tmp_path / "zoo")
    assert labels(found) == ["a@1", "a@2", "a@3", "b@1", "b@2"]
    assert found[0].path == tmp_path / "zoo/nets/a1.pt"
    assert labels(files(tmp_path, table=Pattern("zoo/zoo.csv"))) == labels(found)


def test_figures_are_numbers_and_texts_and_what_is_missing_is_none(tmp_path):
    found = zoo(tmp_path)
    assert found[0].figures == {"accuracy": 0.5, "learning rate": 0.1, "optimiser": "sgd", "pretrained": "true"}
    assert found[4].figures == {"accuracy": 0.8, "optimiser": "adam", "pretrained": "false"}
    assert zoo(tmp_path, figures=("accuracy",))[1].figures == {"accuracy": 0.7}


@pytest.mark.parametrize(
    ("options", "members"),
    [
        ({"where": "accuracy > 0.65"}, ["a@2", "a@3", "b@2"]),
        ({"where": "0.5 < accuracy <= 0.7 and optimiser == 'sgd'"}, ["a@2"]),
        ({"where": "optimiser not in ['sgd'] or step == 3"}, ["a@3", "b@1", "b@2"]),
        ({"where": "`learning rate` < 0.05"}, ["b@1"]),
        ({"where": "pretrained == True and not accuracy > 0.8"}, ["a@1", "a@2"]),
        ({"where": "variant == 'b'"}, ["b@1", "b@2"]),
        ({"where": "test_accuracy == 0.9 and variant == 'a'"}, ["a@1", "a@2", "a@3"]),
        ({"last": 1}, ["a@3", "b@2"]),
        ({"last": 2}, ["a@2", "a@3", "b@1", "b@2"]),
        ({"every": 2}, ["a@1", "a@3", "b@2"]),
        ({"every": 2, "last": 1}, ["a@3", "b@2"]),
        ({"where": "accuracy < 0.9", "last": 1}, ["a@2", "b@2"]),
    ],
)
def test_a_subset_is_chosen_by_condition_stride_and_the_last_of_every_run(tmp_path, options, members):
    pytest.importorskip("pandas")
    assert labels(zoo(tmp_path, **options)) == members


def test_columns_may_have_other_names_and_run_and_step_may_be_missing(tmp_path):
    text = "file,epoch\nnets/a1.pt,4\nnets/b1.pt,5\n"
    found = zoo(tmp_path, text, columns=Columns(path="file", step="epoch"))
    assert labels(found) == ["nets/a1@4", "nets/b1@5"]
    assert labels(zoo(tmp_path, "path\nnets/a1.pt\n")) == ["nets/a1@0"]


def test_files_that_are_not_chosen_need_not_be_there(tmp_path):
    pytest.importorskip("pandas")
    text = TABLE.replace("nets/b2.pt", "elsewhere/b2.pt")
    assert labels(zoo(tmp_path, text, where="variant == 'a'")) == ["a@1", "a@2", "a@3"]
    assert refusal(tmp_path, text) == "population.table: AT/zoo.csv row 6: AT/elsewhere/b2.pt is not there"


def test_parquet_holds_the_same_table(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    found = zoo(tmp_path)
    pandas.read_csv(tmp_path / "zoo.csv").to_parquet(tmp_path / "zoo.parquet")
    parquet = files(tmp_path, table=Pattern("zoo.parquet"))
    assert labels(parquet) == labels(found)
    assert [one.figures for one in parquet] == [one.figures for one in found]


def test_a_parquet_that_would_fill_the_memory_is_refused_before_it_is_unpacked(tmp_path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    zeros = arrow.array(np.zeros(20_000_001, np.int8))
    parquet.write_table(arrow.table({"step": zeros}), tmp_path / "zoo.parquet")
    assert (tmp_path / "zoo.parquet").stat().st_size < 20_000_000 / 100
    with pytest.raises(PopulationError, match="20,000,001 rows of 1 columns are more than 20,000,000 cells"):
        files(tmp_path, table=Pattern("zoo.parquet"))


def ray_tune(folder, *trials):
    """Lay trials out as Ray Tune does: checkpoint folders, `params.json`, and a line of `result.json` an iteration."""
    for trial, rate in trials:
        for step in (0, 10):
            path = folder / trial / f"checkpoint_{step:06d}" / "checkpoints"
            path.parent.mkdir(parents=True)
            torch.save({"weight": torch.ones(1)}, path)
        (folder / trial / "params.json").write_text(json.dumps({"lr": rate, "model": {"width": 8}}))
        lines = [{"training_iteration": s, "test_acc": rate + s, "time": float("nan")} for s in range(11)]
        (folder / trial / "result.json").write_text("\n".join(map(json.dumps, lines)))


def test_trials_of_ray_tune_are_a_pattern_with_tables_beside(tmp_path):
    ray_tune(tmp_path, ("trial_0", 0.5), ("trial_1", 0.25))
    found = files(
        tmp_path,
        checkpoints=Pattern("{variant}/checkpoint_{step}/checkpoints"),
        table=(Pattern("{variant}/params.json"), Pattern("{variant}/result.json")),
        columns=Columns(step="training_iteration"),
    )
    assert labels(found) == ["trial_0@0", "trial_0@10", "trial_1@0", "trial_1@10"]
    assert found[1].figures == {"lr": 0.5, "model/width": 8, "test_acc": 10.5}
    assert found[0].read().tensors["weight"] == 1


def test_a_log_whose_column_of_steps_is_not_named_is_refused(tmp_path):
    """Every network of a run would be given the figures of its last line."""
    ray_tune(tmp_path, ("trial_0", 0.5))
    with pytest.raises(PopulationError, match=r"result.json row 2: has 'test_acc' of run 'trial_0' again; if rows are"):
        files(
            tmp_path,
            checkpoints=Pattern("{variant}/checkpoint_{step}/checkpoints"),
            table=Pattern("{variant}/result.json"),
            figures=("test_acc",),
        )


REFUSALS = {
    "no such table": (
        TABLE,
        {"table": "zo.csv"},
        "no file below AT matches AT/zo.csv; nearest of 6: AT/zoo.csv, whose",
    ),
    "no path": ("run,step\na,1\n", {}, "AT/zoo.csv: has no column 'path'; known: run, step; columns = { path = "),
    "a column of a similar name": (
        TABLE.replace("step", "Step"),
        {},
        "AT/zoo.csv: has no column 'step'; did you mean 'Step'?; columns = { step = ",
    ),
    "a cell without a path": (TABLE.replace("nets/a2.pt", ""), {}, "AT/zoo.csv row 3: has no 'path'"),
    "a path without a name": (TABLE.replace("nets/a2.pt", "/"), {}, "AT/zoo.csv row 3: path '/' is no file"),
    "a path that is too long": (
        TABLE.replace("nets/a2.pt", 5000 * "a"),
        {},
        f"AT/zoo.csv row 3: path '{79 * 'a'} cannot be looked for: File name too long",
    ),
    "a step that is no number": (
        TABLE.replace("a,2", "a,two"),
        {},
        "AT/zoo.csv row 2: step must be a whole number from 0, got '1'",
    ),
    "a step between": (
        TABLE.replace("a,2", "a,2.5"),
        {},
        "AT/zoo.csv row 3: step must be a whole number from 0, got 2.5",
    ),
    "a name that is not shown": (
        TABLE.replace("nets/a1.pt,a,", "nets/a1.pt,a\u202e,"),
        {},
        "AT/zoo.csv row 2: the name 'a\\\\U0000202e' of its run has characters that are not shown",
    ),
    "a row that is too short": (
        TABLE + "nets/b2.pt,c\n",
        {},
        "AT/zoo.csv: is damaged (row 7 has 2 cells, the heading has",
    ),
    "two columns of one name": (
        TABLE.replace("accuracy", "run"),
        {},
        "AT/zoo.csv: is damaged (two columns are called 'run'",
    ),
    "a missing file": (
        TABLE.replace("nets/a2.pt", "nets/a_2.pt"),
        {},
        "AT/zoo.csv row 3: AT/nets/a_2.pt is not there; did you mean 'a2.pt'?",
    ),
    "an unknown figure": (
        TABLE,
        {"figures": ("accuracies",)},
        "has no values in a column 'accuracies', which `figures` names; did",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_table_that_does_not_fit_is_refused_with_its_row(tmp_path, case):
    text, options, says = REFUSALS[case]
    if "table" in options:
        zoo(tmp_path)
    with pytest.raises(PopulationError) as caught:
        files(tmp_path, table=Pattern(options["table"])) if "table" in options else zoo(tmp_path, text, **options)
    assert str(caught.value).replace(str(tmp_path), "AT").startswith(f"population.table: {says}")


def test_two_rows_of_one_network_are_refused(tmp_path):
    assert refusal(tmp_path, TABLE.replace("a,2", "a,1")) == (
        "AT/nets/a1.pt (AT/zoo.csv row 2) and AT/nets/a2.pt (AT/zoo.csv row 3) are both step 1 of 'a'"
    )


CONDITIONS = {
    "accuracies > 0.5": "'accuracies' is no figure of these networks; did you mean 'accuracy'?",
    "accuracy > 2": "'accuracy > 2' holds for none of 5 networks; accuracy is from 0.5 to 0.9",
    "accuracy > 'x'": "\"accuracy > 'x'\" cannot be evaluated: TypeError",
    "accuracy + 1": "'accuracy + 1' is not true or false of each network",
    "train_loss > 1": "'train_loss' is recorded in no file; known: ",
}


@pytest.mark.parametrize("text", CONDITIONS)
def test_a_condition_that_fits_no_network_is_refused(tmp_path, text):
    pytest.importorskip("pandas")
    assert refusal(tmp_path, where=text).startswith(f"population.where: {CONDITIONS[text]}")


def test_a_cell_that_looks_like_a_formula_or_like_code_is_text(tmp_path):
    text = TABLE.replace("sgd", "=SYSTEM('rm')", 1).replace("adam", "__import__('os')", 1)
    figures = [one.figures["optimiser"] for one in zoo(tmp_path, text)]
    assert figures == ["=SYSTEM('rm')", "sgd", "sgd", "__import__('os')", "adam"]


def test_the_figures_of_a_network_are_in_no_key_of_its_file(tmp_path):
    """A table that gets another column computes nothing again."""
    before = [one.key for one in zoo(tmp_path)]
    assert [one.key for one in zoo(tmp_path, TABLE.replace("0.5,", "0.55,"))] == before


def test_checkpoints_by_a_pattern_are_chosen_by_run_step_and_recorded_scores(tmp_path):
    pytest.importorskip("pandas")
    for run, score in (("a", 80.0), ("b", 95.0)):
        for step in (1, 2, 3):
            torch.save({"model": {"weight": torch.ones(1)}, "val_acc": score + step}, tmp_path / f"{run}-{step}.pt")
    pattern = Pattern("{variant}-{step}.pt")
    chosen = files(tmp_path, checkpoints=pattern, where="test_accuracy > 0.82 and step < 3")
    assert labels(chosen) == ["b@1", "b@2"]
    assert labels(files(tmp_path, checkpoints=pattern, where="variant != 'b'", every=2)) == ["a@1", "a@3"]
    assert labels(files(tmp_path, checkpoints=pattern, last=1)) == ["a@3", "b@3"]
