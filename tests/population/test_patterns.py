"""Which files a pattern means: as people lay their runs out, and what is said where it means none."""

import os
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from globscope.api import PopulationError
from globscope.population.find import find_checkpoints
from globscope.references import Pattern
from globscope.spec.network_source import CheckpointFiles, NetworkSource, Zoo
from globscope.spec.pattern import fill_template, match_part


def laid(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def files(folder, pattern, **options):
    many = pattern if isinstance(pattern, tuple) else (pattern,)
    checkpoints = tuple(one if isinstance(one, CheckpointFiles) else Pattern(one) for one in many)
    return find_checkpoints(NetworkSource(checkpoints=checkpoints, **options), folder)


def labels(folder, pattern, **options):
    return [f"{one.variant}@{one.step}" for one in files(folder, pattern, **options)]


def refusal(folder, pattern, **options):
    with pytest.raises(PopulationError) as caught:
        labels(folder, pattern, **options)
    return str(caught.value).replace(str(folder), "AT")


# How people lay out their runs: files, pattern, template, members.
LAYOUTS = {
    "Lightning's own names": (
        ["A/epoch=3-step=72.ckpt", "A/epoch=12-step=234.ckpt"],
        "{variant}/epoch={step}-step=*.ckpt",
        (),
        ["A@3", "A@12"],
    ),
    "a monitored loss in the name": (
        ["A/epoch_012-val0.31.ckpt", "A/epoch_007-val0.35.ckpt"],
        "{variant}/epoch_{step}-val*.ckpt",
        (),
        ["A@7", "A@12"],
    ),
    "one final network a run": (["A/last.pt", "B/last.pt"], "{variant}/last.pt", (), ["A@0", "B@0"]),
    "runs one folder deeper": (
        ["x/A/1.pt", "y/B/1.pt"],
        "*/{variant}/{step}.pt",
        (),
        ["A@1", "B@1"],
    ),
    "runs in folders of several levels": (
        ["lr0.1/seed0/last.pt", "lr0.1/seed1/last.pt", "base/last.pt"],
        "{variant}/last.pt",
        (),
        ["base@0", "lr0.1/seed0@0", "lr0.1/seed1@0"],
    ),
    "a variant over folders, with more below": (
        ["lr0.1/seed0/checkpoints/epoch=2-step=8.ckpt"],
        "{variant}/checkpoints/epoch={step}-*.ckpt",
        (),
        ["lr0.1/seed0@2"],
    ),
    "words of one's own": (
        ["seed0/raw/3.pt", "seed1/raw/3.pt"],
        "{seed}/{kind}/{step}.pt",
        "{seed}-{kind}",
        ["seed0-raw@3", "seed1-raw@3"],
    ),
    "a single run": (["ckpt/epoch_1.pt", "ckpt/epoch_10.pt"], "ckpt/epoch_{step}.pt", "mine", ["mine@1", "mine@10"]),
    "the averaged weights alone": (["A/3.pt", "A/3_ema.pt"], "{variant}/{step}_ema.pt", (), ["A@3"]),
    "Hugging Face's folders": (
        ["A/checkpoint-500/model.safetensors", "A/checkpoint-1000/model.safetensors"],
        "{variant}/checkpoint-{step}/model.safetensors",
        (),
        ["A@500", "A@1000"],
    ),
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_checkpoints_are_taken_as_people_lay_them_out(case, tmp_path):
    files, pattern, variant, wanted = LAYOUTS[case]
    laid(tmp_path, *files)
    assert labels(tmp_path, pattern, variant=variant) == wanted


def test_raw_and_averaged_weights_of_one_folder_are_two_variants(tmp_path):
    laid(tmp_path, "A/3.pt", "A/3_ema.pt", "A/6.pt", "A/6_ema.pt")
    both = (
        CheckpointFiles(variant="{variant}", pattern=Pattern("{variant}/{step}.pt")),
        CheckpointFiles(variant="{variant} EMA", pattern=Pattern("{variant}/{step}_ema.pt")),
    )
    assert labels(tmp_path, both) == ["A@3", "A@6", "A EMA@3", "A EMA@6"]


def test_what_lies_below_a_run_is_no_run_of_its_own(tmp_path):
    laid(tmp_path, "A/1.pt", "A/backup/1.pt", "group/B/1.pt")
    assert labels(tmp_path, "{variant}/{step}.pt") == ["A@1", "group/B@1"]


def test_a_star_and_a_word_stay_within_one_folder_and_pass_over_hidden_names(tmp_path):
    laid(tmp_path, "A/1.pt", "x/y/B/1.pt", ".trash/C/1.pt")
    assert labels(tmp_path, "{run}/1.pt", variant="{run}") == ["A@0"]
    assert labels(tmp_path, "*/{run}/B/*.pt", variant="{run}") == ["y@0"]


def test_a_linked_run_is_taken_once_and_a_linked_first_network_in_every_run(tmp_path):
    laid(tmp_path, "A/0.pt", "A/1.pt", "B/1.pt")
    (tmp_path / "B" / "0.pt").symlink_to("../A/0.pt")
    (tmp_path / "latest").symlink_to("B")
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    laid(elsewhere, "2.pt")
    (tmp_path / "C").symlink_to(elsewhere)
    assert labels(tmp_path, "{variant}/{step}.pt") == ["A@0", "A@1", "B@0", "B@1", "C@2"]


def folder_in_place(at):
    (at / "A" / "2.pt").mkdir()


def dangling(at):
    (at / "A" / "2.pt").symlink_to("gone.pt")


def looped(at):
    (at / "A" / "2.pt").symlink_to("2.pt")


def dangling_run(at):
    (at / "B").symlink_to("gone")


def pipe(at):
    os.mkfifo(at / "A" / "2.pt")


def two_lines(at):
    (at / "A" / "2\n.pt").touch()


def no_utf8(at):
    (os.open(bytes(at / "A") + b"/2\xff.pt", os.O_CREAT))


NO_FILES = {
    "a folder": (folder_in_place, "{variant}/{step}.pt", "AT/A/2.pt is a folder, not a checkpoint"),
    "a dangling link": (dangling, "{variant}/{step}.pt", "AT/A/2.pt is a link to gone.pt, which is not there"),
    "a looped link": (looped, "{variant}/{step}.pt", "AT/A/2.pt is a link to 2.pt, which leads back to it"),
    "a dangling link to a run": (dangling_run, "{variant}/{step}.pt", "AT/B is a link to gone, which is not there"),
    "a pipe": (pipe, "{variant}/{step}.pt", "AT/A/2.pt is not a regular file"),
    "a name of two lines": (
        two_lines,
        "{variant}/{step}*.pt",
        "AT/A/2\\U0000000a.pt has a name with control characters or bytes that are not UTF-8; rename it",
    ),
    "a name that is no UTF-8": (
        no_utf8,
        "{variant}/{step}*.pt",
        "AT/A/2\\U0000dcff.pt has a name with control characters or bytes that are not UTF-8; rename it",
    ),
}


@pytest.mark.parametrize("case", NO_FILES)
def test_what_matches_and_is_no_file_is_named_and_the_population_never_shrinks_unseen(case, tmp_path):
    make, pattern, says = NO_FILES[case]
    laid(tmp_path, "A/1.pt")
    make(tmp_path)
    assert refusal(tmp_path, pattern) == f"population.checkpoints: {says}"


def test_a_folder_with_a_checkpoint_in_it_says_how_the_pattern_goes_on(tmp_path):
    laid(tmp_path, "A/checkpoint-5/weights.safetensors")
    assert refusal(tmp_path, "{variant}/checkpoint-{step}") == (
        "population.checkpoints: AT/A/checkpoint-5 is a folder, not a checkpoint; it holds weights.safetensors: "
        "let the pattern end in /weights.safetensors"
    )


FOLDERS = {
    "peft's": ["adapter_model.safetensors", "adapter_config.json", "optimizer.pt"],
    "a sharded network": ["model.safetensors.index.json", "model-00001-of-00002.safetensors", "model.safetensors"],
    "a whole network": ["model.safetensors", "optimizer.pt", "training_args.bin"],
    "an older one": ["pytorch_model.bin", "scheduler.pt"],
}


@pytest.mark.parametrize("names", FOLDERS.values(), ids=FOLDERS)
def test_a_folder_in_which_a_framework_saved_a_network_is_its_checkpoint(names, tmp_path):
    laid(tmp_path, *(f"{run}/checkpoint-{step}/{name}" for name in names for run in "AB" for step in (5, 10)))
    found = files(tmp_path, "{variant}/checkpoint-{step}")
    assert [file.path.relative_to(tmp_path).as_posix() for file in found] == [
        f"{run}/checkpoint-{step}/{names[0]}" for run in "AB" for step in (5, 10)
    ]
    table = CheckpointFiles(variant="A", path=tmp_path / "A" / "checkpoint-5")
    assert [file.path.name for file in files(tmp_path, (table,))] == [names[0]]


def test_every_path_that_cannot_be_read_is_named_up_to_ten(tmp_path):
    for step in range(12):
        (tmp_path / f"A-{step:02}.pt").mkdir()
    lines = refusal(tmp_path, "{variant}-{step}.pt").splitlines()
    assert lines[0] == "population.checkpoints: AT/A-00.pt is a folder, not a checkpoint"
    assert lines[10:] == ["population.checkpoints: 2 further paths that match cannot be read"]


@pytest.fixture
def forbidden(monkeypatch):
    """A function that makes folders unlistable; root, which may run these tests, lists whatever its mode is."""
    listed, closed = Path.iterdir, set()

    def iterdir(self):
        if self in closed:
            raise PermissionError(13, "Permission denied")
        return listed(self)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    return closed.add


def test_a_folder_that_cannot_be_listed_is_named_once(tmp_path, forbidden):
    laid(tmp_path, "A/1.pt", "B/1.pt")
    forbidden(tmp_path / "B")
    says = "population.checkpoints: AT/B cannot be listed: Permission denied"
    assert refusal(tmp_path, "{variant}/{step}.pt") == says


def test_what_cannot_be_listed_or_named_below_a_run_is_no_concern_of_the_pattern(tmp_path, forbidden):
    laid(tmp_path, "A/1.pt", "A/private/x.txt", "A/logs/a\n.txt", "a\n.txt")
    (tmp_path / "A/newest").symlink_to("gone")
    forbidden(tmp_path / "A/private")
    assert labels(tmp_path, "{variant}/{step}.pt") == ["A@1"]


def test_a_pattern_of_the_zoo_is_named_as_that(tmp_path):
    with pytest.raises(PopulationError, match=r"^zoo\.checkpoints: there is no folder"):
        find_checkpoints(Zoo(checkpoints=Pattern("none/{variant}.pt")), tmp_path)


# Files that are there, pattern, and what is said.
NEAREST = {
    "another name": (
        ["A/epoch=3-step=72.ckpt", "A/hparams.yaml"],
        "{variant}/epoch{step}.ckpt",
        "no file below AT matches AT/{variant}/epoch{step}.ckpt; nearest of 2: AT/A/epoch=3-step=72.ckpt, "
        "whose name 'epoch=3-step=72.ckpt' is not 'epoch{step}.ckpt'",
    ),
    "another folder": (
        ["A/checkpoint/1.pt"],
        "{variant}/checkpoints/{step}.pt",
        "no file below AT matches AT/{variant}/checkpoints/{step}.pt; nearest of 1: AT/A/checkpoint/1.pt, "
        "whose folder 'checkpoint' is not 'checkpoints'",
    ),
    "deeper": (
        ["x/A/1.pt"],
        "{run}/{step}.pt",
        "no file below AT matches AT/{run}/{step}.pt; nearest of 1: AT/x/A/1.pt, "
        "which lies a folder deeper: `*/` stands for any folder",
    ),
    "higher": (
        ["A/1.pt"],
        "*/{run}/{step}.pt",
        "no file below AT matches AT/*/{run}/{step}.pt; nearest of 1: AT/A/1.pt, which lies in a folder above",
    ),
    "no file at all": ([], "{run}/{step}.pt", "no file below AT matches AT/{run}/{step}.pt; there is none"),
    "no folder": (
        ["checkpoints/A/1.pt"],
        "checkpoint/{run}/{step}.pt",
        "there is no folder AT/checkpoint; did you mean 'checkpoints'?",
    ),
}


@pytest.mark.parametrize("case", NEAREST)
def test_a_pattern_that_matches_nothing_shows_the_nearest_file_and_the_part_that_differs(case, tmp_path):
    files, pattern, says = NEAREST[case]
    laid(tmp_path, *files)
    assert refusal(tmp_path, pattern, variant="{run}" if "{run}" in pattern else ()) == (
        f"population.checkpoints: {says}"
    )


NAMES = st.text("abcXYZ019", min_size=1, max_size=6)
PIECES = st.lists(st.sampled_from(["{variant}", "{seed}", "*", "run", "v2"]), min_size=1, max_size=4, unique=True)


@given(PIECES, st.dictionaries(st.sampled_from(["variant", "seed", "*"]), NAMES), st.integers(0, 10**12))
def test_a_pattern_takes_back_the_words_that_it_was_filled_with(pieces, values, step):
    """Words cannot run into one another: `-` is in no value."""
    values = {"variant": "A", "seed": "0", **values, "step": str(step)}
    pattern = "-".join([*pieces, "{step}.pt"])
    name = fill_template(pattern, values).replace("*", values.get("*", ""))
    words = {word: values[word] for word in ("variant", "seed", "step") if f"{{{word}}}" in pattern}
    assert match_part(pattern, name, {}) == words
    assert match_part(pattern, name, {"step": "x"}) is None
    assert match_part(pattern, f".{name}", {}) is None
