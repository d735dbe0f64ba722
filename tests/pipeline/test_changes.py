"""A population never shrinks unseen: which members came and went since the last run of a folder."""

import json

import pytest
import torch
from support.study import MAP, study_in

from globscope.builtin.tasks.classification import Classification
from globscope.pipeline.changes import Changes, changes
from globscope.store import claim, write_bytes, write_json

pytestmark = pytest.mark.usefixtures("blank_pictures")

SPEC = f"""
[task]
use = "classification"
hidden = [4]
[population]
checkpoints = "{{variant}}/{{step}}.pt"
{MAP}
[evaluator]
use = "torch"
examples = 32
"""


@pytest.fixture
def study(tmp_path):
    probe = Classification(hidden=(4,)).build("cpu")
    for seed, name in enumerate(("A/0", "A/1", "B/0", "B/1")):
        path = tmp_path / f"{name}.pt"
        path.parent.mkdir(exist_ok=True)
        torch.save(probe.initialise(seed)[0], path)
    return study_in(tmp_path, SPEC)


def test_a_run_after_a_checkpoint_was_deleted_says_so_first_and_in_its_report(study, tmp_path, notes):
    claim(tmp_path / "run", "study")  # where there was a run of all four
    write_json(tmp_path / "run/manifest.json", {"members": ["A@0", "A@1", "B@0", "B@1"]})
    assert changes(study.folder, study.spec) == Changes()
    (tmp_path / "A/1.pt").unlink()
    (tmp_path / "B/0.pt").rename(tmp_path / "B/2.pt")
    result = study.run(notes)
    says = "since the last run: gone A@1, B@0; new B@2"
    assert notes.warned[0] == result.record["warnings"][0] == says
    assert result.record["changes"] == {"gone": ["A@1", "B@0"], "new": ["B@2"], "text": says}
    assert says in result.report.read_text("utf-8")
    assert result.record["population"]["members"] == 3
    assert json.loads((tmp_path / "run/manifest.json").read_text())["members"] == ["A@0", "B@1", "B@2"]
    assert changes(study.folder, study.spec) == Changes()


def test_a_folder_of_an_earlier_version_or_damaged_is_no_obstacle(study, tmp_path):
    claim(tmp_path / "run", "study")
    for content in (json.dumps({"globscope": "0.1.0"}), '{"members": [3]}', "[]", "{", '{"members": "A@0"}'):
        write_bytes(tmp_path / "run/manifest.json", content.encode())
        assert changes(study.folder, study.spec) == Changes()


def test_many_members_are_named_by_the_first_five():
    found = Changes(gone=tuple(f"A@{step}" for step in range(7)))
    assert str(found) == "since the last run: gone A@0, A@1, A@2, A@3, A@4 and 2 more"
