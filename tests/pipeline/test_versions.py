"""A run folder of an earlier version: its stages are recognised, computed again and left where they are."""

import zipfile

from support.paths import ROOT
from support.study import Notes, values

from globscope.session import load
from globscope.store import FORMAT
from globscope.store.record import read

# Written by the version before locks were held by stage, from this spec.
OLD = ROOT / "tests/data/stages-of-format-3.zip"
SPEC = """
title = "small"
[task]
use = "classification"
hidden = [2]
[population.train]
epochs = 1
[[population.variant]]
name = "A"
[[population.variant]]
name = "B"
[[population.variant]]
name = "C"
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
resolution = 3
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
