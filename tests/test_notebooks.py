"""The notebooks of the documentation: small files without outputs, which run and say what is so."""

import ast
import inspect
import json
import os
import re
from itertools import pairwise
from pathlib import Path

import pytest
from support.optional import import_or_skip
from support.paths import ROOT

import globscope
from globscope.pipeline.take import TakenNetwork
from globscope.session import Result, Study

# Where executed copies are left for the site, which shows their outputs.
FOLDER = "EXECUTED_NOTEBOOKS"
NOTEBOOKS = sorted((ROOT / "docs/notebooks").glob("*.ipynb"))
# What the variables of these names are in every notebook.
VALUES = {"globscope": globscope, "study": Study, "result": Result, "taken": TakenNetwork}
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells_of(path):
    return json.loads(path.read_text("utf-8"))["cells"]


def code_of(path):
    return ["".join(cell["source"]) for cell in cells_of(path) if cell["cell_type"] == "code"]


@each_notebook
def test_a_notebook_is_stored_without_outputs_and_with_nothing_of_the_machine_that_wrote_it(path):
    notebook = json.loads(path.read_text("utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len({*ids}) == len(ids)
    for cell in notebook["cells"]:
        assert cell["metadata"] == {}
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert path.stat().st_size < 20_000


@each_notebook
def test_every_cell_of_code_is_short_and_follows_a_sentence(path):
    cells = cells_of(path)
    assert cells[0]["cell_type"] == "markdown"
    for before, cell in pairwise(cells):
        if cell["cell_type"] == "code":
            assert before["cell_type"] == "markdown", cell["id"]
            assert len("".join(cell["source"]).splitlines()) <= 25, cell["id"]


@each_notebook
def test_all_that_a_notebook_uses_of_globscope_is_there(path):
    used = [
        (node.value.id, node.attr)
        for text in code_of(path)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in VALUES
    ]
    assert {"globscope", "result", "taken"} <= {name for name, _ in used}
    members = {name: {one for one, _ in inspect.getmembers_static(of)} for name, of in VALUES.items()}
    members["globscope"] = {*globscope.__all__}
    members["taken"] |= {field.name for field in TakenNetwork.__attrs_attrs__}
    members["result"] |= {field.name for field in Result.__attrs_attrs__}
    assert [f"{name}.{member}" for name, member in used if member not in members[name]] == []


@each_notebook
def test_every_link_of_a_notebook_leads_somewhere(path):
    text = "\n".join("".join(cell["source"]) for cell in cells_of(path) if cell["cell_type"] == "markdown")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (path.parent / link).is_file()] == []


def test_the_notebooks_are_in_the_table_of_contents():
    index = (ROOT / "docs/index.md").read_text("utf-8")
    assert [path.name for path in NOTEBOOKS if f"](notebooks/{path.name})" not in index] == []


# What a notebook would say at its end if it were asked.
QUESTION = """
import json as _json
_record = result.record
print(_json.dumps({
    "believed": [map_.name for map_ in result.verdict.maps if map_.belief != "do not read"],
    "maps": [map_["name"] for map_ in _record["reducers"]],
    "runs": _record["population"]["variants"],
    "answers": {f"{pair.one} {pair.other}": pair.answer for pair in result.verdict.pairs},
    "taken": taken.title,
    "loss": [loss, taken.fields["test_loss"]],
    "best": min(row["test_loss"] for row in result.frame("members").to_dict("records")),
}))
"""


def executed(path, folder):
    """Return the notebook's answers after it has run in a folder, without an error or a word on stderr."""
    nbformat, nbclient = import_or_skip("nbformat"), import_or_skip("nbclient")
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    notebook.cells.append(nbformat.v4.new_code_cell(QUESTION))
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert [one["text"] for one in outputs if one["output_type"] == "stream" and one["name"] == "stderr"] == []
    del notebook.cells[-1]
    return json.loads(outputs[-1]["text"]), notebook


@pytest.fixture
def answers(request, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]))
    found, notebook = executed(ROOT / f"docs/notebooks/{request.param}.ipynb", tmp_path)
    if folder := os.environ.get(FOLDER):
        Path(folder).mkdir(parents=True, exist_ok=True)
        import_or_skip("nbformat").write(notebook, Path(folder) / f"{request.param}.ipynb")
    by_torch, by_study = found["loss"]
    # The study averages the same losses over other batches, in float32.
    assert by_torch == pytest.approx(by_study, rel=1e-5)
    return found


# The kernel's first sockets, and what it imports, are not ours.
runs = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning:zmq|jupyter_client|nbclient")]


def running(name):
    marks = [*runs, pytest.mark.parametrize("answers", [name], indirect=True)]

    def mark(test):
        for one in marks:
            test = one(test)
        return test

    return mark


@running("first-study")
def test_the_first_study_finds_three_basins_and_believes_the_autoencoder_alone(answers):
    assert answers["maps"] == ["autoencoder", "pca"]
    assert answers["believed"] == ["autoencoder"]
    assert answers["runs"] == 3
    assert {*answers["answers"].values()} == {"apart"}


@running("own-model")
def test_a_model_of_ones_own_is_mapped_and_comes_back_as_a_file_that_its_class_loads(answers):
    assert answers["maps"] == ["autoencoder", "pca"]
    assert "autoencoder" in answers["believed"]
    assert answers["taken"].startswith("minimum 1")


@running("fine-tune")
def test_fine_tunes_share_their_bases_basin_and_merge_into_a_better_network(answers):
    assert answers["runs"] == 5  # the base is one
    assert {*answers["answers"].values()} == {"joined"}
    assert answers["loss"][1] < answers["best"]


@running("merging")
def test_children_of_one_parent_merge_and_those_of_two_do_not(answers):
    joined = {pair for pair, answer in answers["answers"].items() if answer == "joined"}
    assert joined == {pair for pair in answers["answers"] if pair[0] == pair[3]}
    assert len(joined) == 6
    assert answers["loss"][1] < answers["best"]
