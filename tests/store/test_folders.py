"""Where results go: GlobScope writes into its own folders, and removes there what it wrote itself."""

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.arrays import assert_same_arrays
from support.study import TINY, Notes, values
from typer.testing import CliRunner

import globscope
from globscope.cli import app
from globscope.cli.progress import folder_lines
from globscope.errors import RunError
from globscope.pipeline.observer import Observer
from globscope.session import load
from globscope.store import read_arrays
from globscope.store.write import replacing

pytestmark = pytest.mark.usefixtures("blank_pictures")

SMALL = TINY.replace("resolution = 5", "resolution = 3").replace("epochs = 2", "epochs = 1")
SWEEP = '[sweep]\n"seed" = [0, 1]\n'


def run(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args])


def refused(result, text):
    assert result.exit_code == 2, result.output
    assert result.stderr == f"error: {text}\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The current folder, with a spec."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(SMALL)
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished study's folder."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "tiny.toml").write_text(SMALL)
    load(folder / "tiny.toml", folder=folder / "run").run()
    return folder / "run"


def everything(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_study_with_out_here_leaves_the_photo_and_the_spec_as_they_were(here):
    (here / "figures").mkdir()
    (here / "figures/photo.png").write_bytes(b"photo")
    before = everything(here)
    wanted = (
        ".: holds figures, tiny.toml, and is no folder of GlobScope's; expected one that is new or empty, or that of a "
    )
    refused(run("study", "tiny.toml", "--out", "."), f"{wanted}study")
    refused(run("compare", "a", "b", "--out", "."), "a: there is no run here; `globscope study SPEC` makes one")
    (here / "tiny.toml").write_text(SMALL + SWEEP)
    refused(run("study", "tiny.toml", "--out", "."), f"{wanted}sweep")
    (here / "tiny.toml").write_text(SMALL)
    assert everything(here) == before


def test_a_spec_that_is_read_is_never_written_over(finished, here):
    shutil.copytree(finished, here / "run")
    before = (here / "run/spec.toml").read_bytes()
    refused(
        run("study", "run/spec.toml", "--out", "run", "--set", "seed=3"),
        "run: its spec.toml is the spec that is read, which is never written over; copy it elsewhere",
    )
    assert (here / "run/spec.toml").read_bytes() == before


def test_only_what_an_earlier_report_wrote_and_nobody_edited_is_removed(finished, here):
    shutil.copytree(finished, here / "run")
    (here / "tiny.toml").write_text(SMALL.replace('use = "pca"', 'use = "pca"\nname = "other"'))
    (here / "run/figures/photo.png").write_bytes(b"photo")
    (here / "run/tables/mine.csv").write_text("mine")
    (here / "run/figures/pca-grid-landscape.svg").touch()
    edited = sorted((here / "run/figures").glob("pca*landscape*.png"))[0]
    edited.write_bytes(b"edited")
    old = {path.name for path in (here / "run/figures").iterdir() if path.name.startswith("pca")}
    load(here / "tiny.toml", folder="run").run()
    left = {path.name for path in (here / "run/figures").iterdir()}
    assert len(old) > 2
    assert old & left == {edited.name, "pca-grid-landscape.svg"}
    assert edited.read_bytes() == b"edited"
    assert (here / "run/figures/photo.png").read_bytes() == b"photo"
    assert (here / "run/tables/mine.csv").read_text() == "mine"


@pytest.mark.parametrize("name", ["figures", "stages", "tables"])
def test_nothing_is_removed_or_written_through_a_link_in_the_run_folder(name, finished, here):
    shutil.copytree(finished, here / "run")
    (here / "run" / name).rename(here / "elsewhere")
    (here / "run" / name).symlink_to(here / "elsewhere")
    before = everything(here / "elsewhere")
    refused(
        run("study", "tiny.toml", "--out", "run", "--set", "title=new"),
        f"run/{name}: is a link, and nothing is written through one; remove it, or link run itself",
    )
    assert everything(here / "elsewhere") == before


def test_a_study_and_a_sweep_are_refused_each_others_folders(finished, here):
    shutil.copytree(finished, here / "run")
    (here / "swept.toml").write_text(SMALL + SWEEP)
    refused(
        run("study", "swept.toml", "--out", "run"),
        "run: is the folder of a study, not of a sweep; give another one by --out",
    )
    globscope.load("swept.toml", folder="sweep").begin(Observer())
    refused(
        run("study", "tiny.toml", "--out", "sweep"),
        "sweep: is the folder of a sweep, not of a study; give another one by --out",
    )


@pytest.mark.parametrize("command", ["compare", "topology", "export"])
def test_every_command_refuses_somebody_elses_folder(command, finished, here):
    (here / "mine").mkdir()
    (here / "mine/comparison.html").write_text("mine")
    shutil.copytree(finished, here / "one")
    shutil.copytree(finished, here / "two")
    [npz] = (here / "one/landscapes").iterdir()
    sources = {"compare": ["one", "two"], "topology": [npz], "export": ["one"]}[command]
    kind = {"compare": "a comparison", "topology": "a topology", "export": "an export"}[command]
    wrong = (
        "mine: holds comparison.html, and is no folder of GlobScope's; expected one that is new or empty, or that of "
        f"{kind}"
    )
    refused(run(command, *sources, "--out", "mine"), wrong)
    assert (here / "mine/comparison.html").read_text() == "mine"


def test_a_starter_spec_is_not_written_through_a_link(here):
    (here / "study.toml").symlink_to("elsewhere.toml")
    refused(run("init"), "study.toml: exists already; give another name, such as globscope init other.toml")
    assert not (here / "elsewhere.toml").exists()


class Places(Observer):
    """Remembers what it hears of folders."""

    def __init__(self):
        self.heard = []

    def folder(self, folder, *, is_new, other):
        self.heard.append((str(folder), is_new, other))


def test_the_first_line_says_which_folder_and_whether_it_is_new_and_where_another_run_is(finished, here, monkeypatch):
    (here / "runs").mkdir()
    places = Places()
    load("tiny.toml").begin(places)
    shutil.copytree(finished, here / "runs/tiny", dirs_exist_ok=True)
    load("tiny.toml").begin(places)
    (here / "deep").mkdir()
    monkeypatch.chdir(here / "deep")
    load("../tiny.toml").begin(places)
    beside = here / "deep/../runs/tiny"
    assert places.heard == [("runs/tiny", True, None), ("runs/tiny", False, None), ("runs/tiny", True, beside)]
    assert list(folder_lines(Path("runs/tiny"), is_new=True, other=beside)) == [
        "run folder: runs/tiny (new)",
        f"note: another run of this spec is in {beside}; --out {beside} continues it",
    ]


def test_a_run_whose_spec_was_edited_projects_nothing(finished, here):
    shutil.copytree(finished, here / "run")
    (here / "run/spec.toml").write_text((here / "run/spec.toml").read_text().replace("tiny", "edited", 1))
    with pytest.raises(RunError, match=r"spec\.toml: is not as GlobScope wrote it, but damaged or edited; the same"):
        globscope.project("run", ["x.safetensors"])


def stage_file(run, pattern):
    return sorted((run / "stages").glob(pattern))[0]


def test_an_edited_landscape_and_a_flipped_bit_of_a_checkpoint_are_never_read_into_a_result(finished, here):
    shutil.copytree(finished, here / "run")
    before = values(load("tiny.toml", folder=here / "run"))
    fields = stage_file(here / "run", "evaluate/*/fields.npz")
    edited = read_arrays(fields)
    np.savez(fields, allow_pickle=False, **{name: array + 1 for name, array in edited.items()})
    checkpoint = stage_file(here / "run", "train/*/epoch1.safetensors")
    content = bytearray(checkpoint.read_bytes())
    content[-1] ^= 1
    checkpoint.write_bytes(content)
    notes = Notes()
    again = values(load("tiny.toml", folder=here / "run"), notes)
    for place, name in ((checkpoint.parent, "epoch1.safetensors"), (fields.parent, "fields.npz")):
        damage = f"{place}: {name} is damaged or was changed; computed again"
        assert [text.startswith(damage) for text in notes.warned].count(True) == 1
    assert len(notes.warned) == 2
    assert again.record["reducers"][0]["mse_per_weight"] == before.record["reducers"][0]["mse_per_weight"]
    assert_same_arrays(again.atlas.truth, before.atlas.truth)


def test_with_trust_store_an_edited_landscape_is_used_with_a_warning(finished, here):
    shutil.copytree(finished, here / "run")
    [fields] = [
        path
        for path in (here / "run/stages/evaluate").glob("*/fields.npz")
        if len(read_arrays(path)["train_loss"]) == 9
    ]
    edited = {name: array + 1 for name, array in read_arrays(fields).items()}
    np.savez(fields, allow_pickle=False, **edited)
    result = run("study", "tiny.toml", "--out", "run", "--trust-store")
    assert result.exit_code == 0
    assert (
        f"warning: {fields.parent.relative_to(here)}: fields.npz is damaged or was changed; used as it is"
        in result.stderr
    )
    [npz] = (here / "run/landscapes").iterdir()
    np.testing.assert_array_equal(read_arrays(npz)["train_loss"], edited["train_loss"])


def test_what_somebody_edited_in_a_run_folder_is_kept_beside_what_replaces_it(finished, here):
    page = shutil.copytree(finished, here / "run") / "report.html"
    page.write_text(page.read_text() + "<!-- a note -->")
    assert run("study", "tiny.toml", "--out", "run").exit_code == 0
    assert "a note" not in page.read_text()
    assert (here / "run/report.html.edited").read_text().endswith("<!-- a note -->")
    assert [path.name for path in (here / "run").rglob("*.edited*")] == ["report.html.edited"]


def test_a_folder_of_stages_that_is_a_link_is_refused(finished, here):
    evaluate = shutil.copytree(finished, here / "run") / "stages/evaluate"
    evaluate.rename(here / "elsewhere")
    evaluate.symlink_to(here / "elsewhere")
    result = run("study", "tiny.toml", "--out", "run")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == (
        "error: run/stages/evaluate: is a link, and nothing is written through one; remove it, or link run"
    )


def test_a_pipe_is_no_spec_and_nobody_waits_for_it(tmp_path):
    os.mkfifo(tmp_path / "spec.toml")
    refused(run("check", tmp_path / "spec.toml"), f"{tmp_path / 'spec.toml'}: is a pipe, not a file")


def test_a_full_disk_is_reported_with_the_file_that_did_not_fit(tmp_path):
    with pytest.raises(OSError, match="No space left on device") as caught, replacing(tmp_path / "a.npz"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.filename == str(tmp_path / "a.npz")


def test_what_cannot_be_written_is_named_by_the_name_that_it_was_to_get(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "none/a.npz") as part:
        part.write_bytes(b"")
    assert caught.value.filename == str(tmp_path / "none/a.npz")


def test_a_run_whose_list_was_cut_is_refused_for_that_and_keeps_its_files(finished, here):
    record = shutil.copytree(finished, here / "run") / "files.jsonl"
    record.write_bytes(record.read_bytes()[:60])
    before = everything(here / "run")
    cut = "is not in files.jsonl, the list of what GlobScope wrote there"
    result = run("study", "tiny.toml", "--out", "run")
    assert result.exit_code == 2
    assert (
        f"error: run/spec.toml: {cut}, and GlobScope would write a file of this name; move it elsewhere"
        in result.stderr
    )
    assert f"error: run/results.json: {cut}; move it elsewhere" in run("show", "run").stderr
    assert everything(here / "run") == before


def test_a_folder_where_a_file_would_be_written_is_named(finished, here):
    page = shutil.copytree(finished, here / "run") / "report.html"
    page.unlink()
    page.mkdir()
    result = run("study", "tiny.toml", "--out", "run")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == (
        "error: run/report.html: is a folder, and GlobScope would write a file of this name; move it elsewhere"
    )
