"""The documentation's Python and commands run as written, beside a small study in place of the large ones."""

import shutil

import numpy as np
import pytest
import torch
from support.commands import run
from support.documents import blocks, commands_of, named_files
from support.paths import ROOT
from support.study import trained_runs

import globscope

pytestmark = pytest.mark.slow

DOCS = ROOT / "docs"
SMALL = f"""
[task]
use = "classification"
hidden = [16]

{trained_runs("A", "B", "C", epochs=2, save_every=1)}

[[reducer]]
use = "autoencoder"
steps = 20
[[reducer]]
use = "kernel-pca"
[[reducer]]
use = "umap"

[[sampler]]
use = "grid"
resolution = 9

[[analysis]]
use = "merging"
"""
# Pages whose Python or commands other tests run, or nobody can here.
ELSEWHERE = {
    "gallery.md": "studies of minutes to hours, whose settings test_docs.py reads",
    "results/dimension.md": "the same",
    "results/gpu.md": "needs a GPU",
    "how-to/spectrum.md": "the spectrum of the gallery",
    "how-to/learned-aligner.md": "learning takes minutes",
    "how-to/notebooks.md": "declaration/test_declared_study.py and report/test_result_in_a_notebook.py",
    "how-to/checkpoints.md": "population/test_proposal.py",
    "how-to/adapters.md": "population/test_peft.py",
    "how-to/transformers.md": "builtin/tasks/test_transformers.py",
    "how-to/zoos.md": "pipeline/test_zoo_study.py",
    "how-to/take-a-network.md": "pipeline/test_take.py",
    "how-to/pictures.md": "report/test_pictures.py",
    "how-to/own-model-and-data.md": "test_docs.py",
    "how-to/several-losses.md": "test_docs.py",
    "how-to/images-and-named-models.md": "downloads data",
    "how-to/ray.md": "plugins/globscope-ray",
    "how-to/ttk.md": "needs conda",
    "how-to/switch-off-a-plugin.md": "names distributions that are not there",
    "tutorial/first-plugin.md": "scaffold/test_transcript.py",
    "reference/hooks.md": "signatures",
}
# Pages for authors of plugins are compared with the code of new packages.
AUTHORS = "how-to/plugins/"
# What a command needs that no test has: a browser, or another machine.
UNTRIED = {"open", "gather"}


def pages(found_in):
    listed = [str(page.relative_to(DOCS)) for page in sorted(DOCS.rglob("*.md")) if found_in(page)]
    return [name for name in listed if name not in ELSEWHERE and not name.startswith(AUTHORS)]


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    """A folder with the specs and runs that pages name, all of them the small study, and with files of a reader's."""
    folder = tmp_path_factory.mktemp("studied")
    (folder / "specs").mkdir()
    for name in ("study.toml", "specs/digits-mlp.toml", "specs/mnist-mlp.toml"):
        (folder / name).write_text(SMALL, "utf-8")
    result = globscope.load(folder / "study.toml", folder=folder / "runs/study").run()
    for name in ("new/epoch50.safetensors", "other/final.pt"):
        (folder / name).parent.mkdir()
    result.network(member="A").save(folder / "new/epoch50.safetensors")
    torch.save(result.network(member="B").module().state_dict(), folder / "other/final.pt")
    np.savez(folder / "surface.npz", values=np.random.default_rng(0).normal(size=(9, 9)))
    for name in ("digits", "digits-mlp", "mnist-mlp", "digits-merging"):
        shutil.copytree(folder / "runs/study", folder / "runs" / name)
    return folder


@pytest.fixture
def desk(studied, tmp_path, monkeypatch):
    """A copy of that folder, as the current one."""
    shutil.copytree(studied, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save_specs(page, desk):
    """Save a page's files under the names that it gives them, and its first spec under those that its commands name."""
    for name, text in [pair for kind in ("python", "toml") for pair in named_files(page, kind)]:
        (desk / name).write_text(text, "utf-8")
    if ["globscope", "init"] in commands_of(page):
        (desk / "study.toml").unlink()
        shutil.rmtree(desk / "runs/study")
        return
    for words in commands_of(page):
        wanted = [word for word in words if word.endswith(".toml") and not (desk / word).exists()]
        for name in wanted:
            (desk / name).write_text(blocks(page, "toml")[0], "utf-8")


@pytest.mark.parametrize("name", pages(lambda page: blocks(page, "python")))
def test_the_python_of_a_page_runs_as_written(name, desk):
    save_specs(DOCS / name, desk)
    scope = {"__name__": "documented", "result": globscope.load("study.toml", folder="runs/study").run()}
    for text in blocks(DOCS / name, "python"):
        exec(text, scope)


@pytest.mark.parametrize("name", pages(commands_of))
def test_the_commands_of_a_page_run_as_written(name, desk):
    save_specs(DOCS / name, desk)
    for words in commands_of(DOCS / name):
        if not UNTRIED & {*words}:
            result = run(*words[1:])
            assert result.exit_code == 0, f"{words}: {result.stderr}"
