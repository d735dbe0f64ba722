"""Run folders of earlier versions: stages of another format are computed again and left; those of this one are used."""

import shutil
import zipfile

from attrs import evolve
from support.paths import ROOT
from support.study import MAP, TINY, Notes, study_in, trained_runs, values

from globscope.builtin.reducers.pca import Pca
from globscope.pipeline.stage_keys import origin_key
from globscope.registry import Registry, installed_registry
from globscope.session import load
from globscope.store import FORMAT
from globscope.store.record import read

# Written by the version before locks were held by stage, from this spec.
OLD = ROOT / "tests/data/stages-of-format-3.zip"
SPEC = f"""
title = "small"
[task]
use = "classification"
hidden = [2]
{trained_runs("A", "B", "C", epochs=1)}
{MAP}
[evaluator]
use = "torch"
examples = 16
"""


def test_stages_of_another_version_are_named_once_computed_again_and_stay(tmp_path):
    with zipfile.ZipFile(OLD) as packed:
        packed.extractall(tmp_path / "run")
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    assert read(next((tmp_path / "run/stages/train").iterdir())).format < FORMAT
    (tmp_path / "small.toml").write_text(SPEC)
    study, first, second = load(tmp_path / "small.toml", folder=tmp_path / "run"), Notes(), Notes()
    values(study, first)
    assert first.kept == []
    assert [text for text in first.warned if "version" in text] == [
        f"{tmp_path / 'run/stages'}: these stages were stored by another version of GlobScope; all are computed again, "
        "and the old ones stay beside the new until you delete them"
    ]
    assert {path: path.read_bytes() for path in before} == before
    values(study, second)
    assert second.ran == []
    assert not [text for text in second.warned if "version" in text]


def test_a_release_of_globscope_computes_nothing_again(finished_study, tmp_path):
    shutil.copytree(finished_study, tmp_path, dirs_exist_ok=True)
    parts, notes = installed_registry().components, Notes()
    released = Registry(components=tuple(evolve(part, version="9.9") for part in parts))
    values(evolve(study_in(tmp_path, TINY), registry=released), notes)
    assert (notes.ran, notes.warned) == ([], [])


def test_built_ins_have_the_keys_of_the_first_release_of_this_format():
    assert FORMAT == 6, "a new format: the constant may follow the version now"
    assert origin_key(installed_registry(), Pca()) == "81a66c21c943e8e5"


def test_a_strangers_release_has_keys_of_its_own():
    strangers = [evolve(part, distribution="theirs", version="1.0") for part in installed_registry().components]
    released = [evolve(part, version="1.1") for part in strangers]
    keys = {origin_key(Registry(components=tuple(parts)), Pca()) for parts in (strangers, released)}
    assert len(keys) == 2
