"""A study of a zoo: what its table says of the networks reaches files, frames and analyses, and no stage."""

import csv
import runpy

import pytest
import torch
from support.documents import blocks, named_files
from support.paths import ROOT
from support.study import MAP, Notes, blank_pictures, study_in, values
from torch import nn
from typer.testing import CliRunner

from globscope import load
from globscope.api import SpecError
from globscope.cli.app import app

SPEC = f"""
[task]
use = "classification"
model = "nets.py:build"
data = "nets.py:load"
[population]
table = "zoo.csv"
{MAP.strip()}
[[analysis]]
use = "figure-relations"
"""
NETS = """
import torch
from torch import nn
def build(): return nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
def load():
    points = torch.randn(64, 4, generator=torch.Generator().manual_seed(0))
    examples = torch.utils.data.TensorDataset(points, (points[:, 0] > 0).long())
    return examples, examples
"""


@pytest.fixture
def zoo(tmp_path):
    """A folder with ten networks of two steps each, their table, and what the spec names."""
    (tmp_path / "nets.py").write_text(NETS)
    write_table(tmp_path)
    for run in range(10):
        torch.manual_seed(run)
        for step in (1, 2):
            net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
            torch.save(net.state_dict(), tmp_path / f"{run}-{step}.pt")
    return tmp_path


def write_table(folder, rate=0.1):
    rows = [f"{run}-{step}.pt,r{run},{step},{run * rate},{'ab'[run % 2]}" for run in range(10) for step in (1, 2)]
    (folder / "zoo.csv").write_text("\n".join(["path,run,step,rate,kind", *rows]))


def test_figures_belong_to_the_members_through_all_stages(zoo):
    outcome = values(study_in(zoo, SPEC))
    assert [m.figures["kind"] for m in outcome.atlas.population.members][:4] == ["a", "a", "b", "b"]
    assert outcome.atlas.maps[0].population.members[6].figures == {"rate": pytest.approx(0.3), "kind": "b"}
    assert {row["figure"] for row in outcome.findings["figure-relations"].table("correlations").rows} == {"rate"}


def test_another_figure_computes_only_what_looks_at_figures_again(zoo):
    values(study_in(zoo, SPEC))
    write_table(zoo, rate=0.3)
    notes = Notes()
    outcome = values(study_in(zoo, SPEC), notes)
    assert notes.ran == ["figure-relations"]
    assert outcome.atlas.population.members[6].figures["rate"] == pytest.approx(0.9)


def test_surrogates_keep_the_figures_of_their_networks(zoo):
    outcome = values(study_in(zoo, SPEC, "population.null=gaussian"))
    assert outcome.atlas.population.members[2].figures == {"rate": pytest.approx(0.1), "kind": "b"}


def test_figures_are_in_the_members_file_and_the_frame(zoo):
    pytest.importorskip("pandas")
    with blank_pictures():
        result = study_in(zoo, SPEC, "report.figure=rate").run()
    rows = list(csv.DictReader((zoo / "run/members/pca.csv").read_text().splitlines()))
    assert [row["figure_kind"] for row in rows[:3]] == ["a", "a", "b"]
    frame = result.frame("members")
    assert frame["figure_rate"].max() == pytest.approx(0.9)


def test_a_condition_and_the_last_k_choose_members(zoo):
    pytest.importorskip("pandas")
    outcome = values(study_in(zoo, SPEC, "population.where=rate >= 0.3 and kind == 'a'", "population.last=1"))
    assert [m.label for m in outcome.atlas.population.members] == ["r4@2", "r6@2", "r8@2"]


def test_a_figure_that_no_table_has_is_refused(zoo):
    with pytest.raises(SpecError, match=r"report.figure: no table of the population has a figure 'rat'; did you mean"):
        values(study_in(zoo, SPEC, "report.figure=rat"))


@pytest.mark.slow
def test_the_zoo_of_the_how_to_is_made_and_studied_as_written(tmp_path, monkeypatch):
    pytest.importorskip("pandas")
    page = ROOT / "docs/how-to/zoos.md"
    monkeypatch.chdir(tmp_path)
    for name, code in named_files(page):
        (tmp_path / name).write_text(code)
    [spec] = blocks(page, "toml")
    (tmp_path / "study.toml").write_text(spec)
    for line in blocks(page, "sh")[0].splitlines():
        command, *words = line.split()
        if command == "python":
            runpy.run_path(words[0])
        else:
            with blank_pictures():
                assert CliRunner().invoke(app, words).exit_code == 0
    assert (tmp_path / "zoo/zoo.csv").read_text().splitlines()[0] == blocks(page, "text")[0].splitlines()[0]
    result = load(tmp_path / "study.toml").run()
    rows = result.findings["figure-relations"].table("correlations").rows
    related = {(row["figure"], row["against"]): row for row in rows}
    assert related["accuracy", "training accuracy"]["low"] > 0.9  # it is of the same examples, but for the split
    assert all(m.figures["accuracy"] > 0.6 for m in result.atlas.population.members)
