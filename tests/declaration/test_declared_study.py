"""A study declared in Python is the spec that it stands for: the same declarations, saved, with the same stage keys."""

import linecache
import shutil
from functools import partial
from inspect import signature
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from support.commands import run
from support.documents import blocks
from support.paths import ROOT
from support.study import Notes, blank_pictures, run_undrawn, values
from torch import nn
from torch.utils.data import TensorDataset

import globscope
from globscope.builtin.reducers.pca import Pca
from globscope.builtin.samplers.grid import Grid
from globscope.errors import PopulationError, RunError, SpecError, UserCodeError
from globscope.session import finished_result
from globscope.spec.training import Train, Variant


def build(width=6):
    return nn.Sequential(nn.Linear(2, width), nn.Tanh(), nn.Linear(width, 2))


def load_points():
    return points()


def loss(outputs, targets):
    return nn.functional.cross_entropy(outputs, targets, label_smoothing=0.1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x):
        return self.layer(x)


def points():
    x = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    return x[:40], y[:40], x[40:], y[40:]


def networks(count=2):
    torch.manual_seed(0)
    return {run: [build() for _ in range(count)] for run in ("A", "B")}


def declare(folder, /, **more):
    """Return a small study with networks and data in memory."""
    usual = {"model": build, "data": points(), "checkpoints": networks(), "reducers": ["pca"]}
    return globscope.study(
        **{"folder": folder / "run", **usual, "samplers": [{"use": "grid", "resolution": 3}], **more}
    )


def cell(text, name):
    """Return what a cell of a notebook defines under a name."""
    scope, file = {"__name__": "__main__"}, f"<cell {hash(text)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), scope)
    return scope[name]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("declared")
    run_undrawn(declare(folder))
    return folder / "run"


@pytest.mark.parametrize("saved", ["study.toml", "spec.toml"])
def test_the_saved_spec_alone_repeats_the_study_with_the_same_keys(finished, tmp_path, saved):
    notes = Notes()
    copy = tmp_path / "copy.toml"
    shutil.copy(finished / saved, copy if saved == "spec.toml" else finished / "again.toml")
    values(globscope.load(copy if saved == "spec.toml" else finished / "again.toml", folder=finished), notes)
    assert notes.ran == []
    assert "fit pca" in notes.kept


def test_a_run_folder_that_was_moved_repeats_the_study(finished, tmp_path):
    moved, notes = shutil.copytree(finished, tmp_path / "moved"), Notes()
    values(globscope.load(moved / "study.toml", folder=moved), notes)
    assert notes.ran == []


def test_to_declare_the_same_again_computes_nothing(finished, tmp_path):
    copy, notes = shutil.copytree(finished, tmp_path / "run"), Notes()
    values(declare(tmp_path), notes)
    assert notes.ran == []
    assert (copy / "study.toml").read_bytes() == (finished / "study.toml").read_bytes()


def test_a_declared_study_gives_its_networks_back(finished):
    taken = finished_result(finished).network(member="A@1")
    own = networks()["A"][1].state_dict()
    assert all(torch.equal(tensor, own[name]) for name, tensor in taken.tensors.items())


def test_declarations_are_those_of_the_spec(tmp_path):
    text = f"""
title = "by hand"
seed = 3
[task]
use = "classification"
model = "{__file__}:build"
model_options = {{ width = 4 }}
data = "{__file__}:load_points"
loss = "{__file__}:loss"
[population.train]
epochs = 2
save_every = 1
[[population.variant]]
name = "A"
[[population.variant]]
name = "B"
learning_rate = 0.01
[[reducer]]
use = "pca"
latent_dim = 3
[[reducer]]
use = "autoencoder"
name = "ae"
steps = 10
[[sampler]]
use = "grid"
resolution = 5
[[topology]]
use = "gudhi"
field = "test_loss"
[[analysis]]
use = "mode-connectivity"
pairs = [["A", "B"]]
[evaluator]
examples = 8
[report]
size = "column"
"""
    (tmp_path / "by-hand.toml").write_text(text, "utf-8")
    declared = globscope.study(
        title="by hand",
        seed=3,
        model=build,
        model_options={"width": np.int64(4)},
        data=load_points,
        loss=loss,
        train=Train(epochs=2, save_every=1),
        variants=["A", Variant(name="B", learning_rate=1e-2)],
        reducers=[Pca(latent_dim=3), {"use": "autoencoder", "name": "ae", "steps": 10}],
        samplers=Grid(resolution=5),
        topologies=[{"use": "gudhi", "field": "test_loss"}],
        analyses=[{"use": "mode-connectivity", "pairs": [("A", "B")]}],
        evaluator={"use": "torch", "examples": 8},
        report={"size": "column"},
        folder=tmp_path / "run",
    )
    from globscope.spec.describe import as_toml

    assert as_toml(declared.spec) == as_toml(globscope.load(tmp_path / "by-hand.toml").spec)


X, Y, X_TEST, Y_TEST = points()
DATA = {
    "arrays": (X, Y, X_TEST, Y_TEST),
    "tensors": [torch.from_numpy(part) for part in points()],
    "by name": {"x_train": X, "y_train": Y, "x_test": X_TEST, "y_test": Y_TEST},
    "datasets": (
        TensorDataset(torch.from_numpy(X), torch.from_numpy(Y)),
        TensorDataset(torch.from_numpy(X_TEST), torch.from_numpy(Y_TEST)),
    ),
}


@pytest.mark.parametrize("data", DATA.values(), ids=DATA)
def test_data_in_memory_become_an_archive(tmp_path, data):
    study = declare(tmp_path, data=data)
    assert study.spec.task.component.data == "files"
    with np.load(study.spec.task.component.path) as held:
        for name, part in zip(("x_train", "y_train", "x_test", "y_test"), points(), strict=True):
            np.testing.assert_array_equal(held[name], part)


def score(outputs, batch):
    return nn.functional.cross_entropy(outputs, batch["classes"])


def forward(model, batch):
    return model(batch["points"])


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor])
def test_data_in_memory_of_a_task_that_reads_no_archive_are_loaded_by_code(tmp_path, convert):
    x, y, x_test, y_test = map(convert, points())
    data = {"train": {"points": x, "classes": y}, "test": {"points": x_test, "classes": y_test}}
    study = declare(tmp_path, task="custom", data=data, losses=score, forward=forward)
    held = study.spec.task.component.data.call()
    assert {type(part) for split in held.values() for part in split.values()} == {type(x)}
    assert all((held[split][name] == part).all() for split, parts in data.items() for name, part in parts.items())


def test_a_dataset_that_is_no_arrays_is_refused_where_arrays_are_wanted(tmp_path):
    with pytest.raises(SpecError, match="data: a TensorDataset is no array and no tensor; give a function that"):
        declare(tmp_path, task="custom", data=DATA["datasets"], losses=score)


def test_relative_paths_start_from_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets").mkdir()
    for variant in "AB":
        torch.save(build().state_dict(), tmp_path / f"nets/{variant}.pt")
    (tmp_path / "my_nets.py").write_text("from torch import nn\n\ndef make():\n    return nn.Linear(2, 2)\n")
    np.savez(tmp_path / "points.npz", **DATA["by name"])
    more = {"model": "my_nets.py:make", "data": "files", "path": "points.npz"}
    spec = declare(tmp_path, checkpoints="nets/{variant}.pt", **more).spec
    assert spec.population.checkpoints == f"{tmp_path}/nets/{{variant}}.pt"
    assert spec.task.component.model.module == str(tmp_path / "my_nets.py")
    assert spec.task.component.path == tmp_path / "points.npz"
    (tmp_path / "networks.csv").write_text("path,run\nnets/A.pt,A\nnets/B.pt,B\n")
    listed = declare(tmp_path, checkpoints=None, population={"table": "networks.csv", "base": "nets/A.pt"}, **more).spec
    assert listed.population.table == str(tmp_path / "networks.csv")
    assert listed.population.base == tmp_path / "nets/A.pt"
    (tmp_path / "words.txt").write_text("a b")
    texts = {"text": ["words.txt"], "test": ["words.txt"], "config": "nets", "tokeniser": "nets"}
    transformers = {"model": "transformers:AutoModelForCausalLM", "data": None, "block_length": 4}
    task = declare(tmp_path, task="transformers", **transformers, **texts).spec.task.component
    assert task.text == (tmp_path / "words.txt",)
    assert task.config == tmp_path / "nets"


def tables(study):
    return [(one.variant, one.step, one.path and one.path.name) for one in study.spec.population.checkpoints]


def test_checkpoints_are_given_as_people_have_them(tmp_path):
    for name in ("A/1", "A/2", "B/1", "B/2"):
        path = tmp_path / f"{name}.pt"
        path.parent.mkdir(exist_ok=True)
        torch.save(build().state_dict(), path)
    own = {
        "A": {0: tmp_path / "A/1.pt", 7: str(tmp_path / "A/2.pt")},
        "B": [tmp_path / "B/1.pt", build().state_dict()],
        "C": build(),
    }
    expected = [("A", 0, "1.pt"), ("A", 7, "2.pt"), ("B", 0, "1.pt"), ("B", 1, "1.safetensors")]
    assert tables(declare(tmp_path, checkpoints=own)) == [*expected, ("C", 0, "0.safetensors")]
    listed = sorted(tmp_path.glob("[AB]/*.pt"))
    names = [("A/1", 0, "1.pt"), ("A/2", 0, "2.pt"), ("B/1", 0, "1.pt"), ("B/2", 0, "2.pt")]
    assert tables(declare(tmp_path, checkpoints=listed)) == names
    named = [{"variant": "mine", "path": tmp_path / "A/1.pt", "step": 4}]
    assert tables(declare(tmp_path, checkpoints=named)) == [("mine", 4, "1.pt")]
    patterns = [f"{tmp_path}/A/{{variant}}.pt", f"{tmp_path}/B/{{variant}}.pt"]
    assert list(declare(tmp_path, checkpoints=patterns).spec.population.checkpoints) == patterns


def test_networks_in_memory_are_written_as_they_are_when_the_study_is_declared(tmp_path):
    kept = build()
    before = {name: tensor.clone() for name, tensor in kept.state_dict().items()}
    study = declare(tmp_path, checkpoints={"A": kept, "B": build()})
    nn.init.zeros_(kept[0].weight)
    from safetensors.torch import load_file

    held = load_file(study.spec.population.checkpoints[0].path)
    assert all(torch.equal(tensor, before[name]) for name, tensor in held.items())


NOTEBOOK = """
import numpy as np
from torch import nn
from torch.nn.functional import cross_entropy as entropy
WIDTH, SHAPE = 5, (2, 3)

def layer(n):
    return nn.Linear(2, n)

class Net(nn.Module):
    width = WIDTH

    def __init__(self, width=WIDTH):
        super().__init__()
        self.first, self.last = layer(width), nn.Linear(width, SHAPE[0])

    def forward(self, x):
        return self.last(self.first(x).tanh())

def loss(outputs, targets):
    return entropy(outputs, targets) + 0 * np.float64(1)
"""


def test_what_a_notebook_defines_is_written_with_all_that_it_uses(tmp_path):
    study = declare(
        tmp_path, model=cell(NOTEBOOK, "Net"), loss=cell(NOTEBOOK, "loss"), checkpoints=None, train={}, variants=["A"]
    )
    text = (tmp_path / "run/inputs/Net.py").read_text("utf-8")
    for part in (
        "import torch.nn as nn\n",
        "WIDTH = 5\n",
        "SHAPE = (2, 3)\n",
        "def layer(n):\n",
        "class Net(nn.Module):\n",
    ):
        assert text.count(part) == 1
    assert "numpy" not in text
    assert text.index("def layer") < text.index("class Net")
    written = (tmp_path / "run/inputs/loss.py").read_text("utf-8")
    assert "from torch.nn.functional import cross_entropy as entropy\nimport numpy as np\n" in written
    assert study.workshop().task.build("cpu").layout.names[0] == "first.weight"


HIDDEN = """
from torch import nn
from support import study
made = nn.Linear(2, 2)

def uses_a_module():
    return made

def uses_a_file():
    return study.TINY

def outer():
    def inner():
        return nn.Linear(2, 2)
    return inner

inside = outer()
short = lambda: nn.Linear(2, 2)
"""
REMEDY = "define it with `def` or `class` at the top level of a file, of a cell or of the script"
SESSION = "make it inside of the function, or put both into a file and import them from there"
REFUSED = {
    "uses_a_module": f"'uses_a_module' uses 'made', a Linear of this session that its source does not make; {SESSION}",
    "uses_a_file": f"'uses_a_file' uses 'study', a module of this session that its source does not make; {SESSION}",
    "inside": f"'inner' is defined inside of 'outer', where no spec finds it; {REMEDY}",
    "short": f"a lambda has no name by which a spec could name it; {REMEDY}",
    "made": "a Linear is no function that a spec can name; pass what makes it, a function without arguments or a class",
}


@pytest.mark.parametrize("name", REFUSED)
def test_code_that_no_spec_can_name_is_refused_with_the_remedy(tmp_path, name):
    with pytest.raises(UserCodeError) as refused:
        declare(tmp_path, model=cell(HIDDEN, name))
    assert str(refused.value) == REFUSED[name]
    assert not (tmp_path / "run").exists()


def test_a_partial_function_and_code_without_source_are_refused(tmp_path):
    with pytest.raises(UserCodeError, match="a partial is no function that a spec can name; define it with `def`"):
        declare(tmp_path, model=partial(build, 3))
    scope = {"__name__": "__main__"}
    exec("def gone():\n    pass\n", scope)
    with pytest.raises(UserCodeError, match="the source of 'gone' is not to be had; put it into a file and import it"):
        declare(tmp_path, model=scope["gone"])


def test_functions_of_packages_are_named_with_dots_and_classes_like_functions(tmp_path):
    component = declare(tmp_path, model=Net, loss=nn.functional.cross_entropy).spec.task.component
    assert (component.model.module, component.model.name) == (__file__, "Net")
    assert str(component.loss) == "torch.nn.functional:cross_entropy"


MESSAGES = [
    ({"reducers": ["pac"]}, "reducer.0.use: there is no reducer 'pac'; did you mean 'pca'?"),
    ({"latent_dim": 3}, "latent_dim: is no argument of globscope.study and no option of its task; known: aligners, "),
    (
        {"samplerz": []},
        "samplerz: is no argument of globscope.study and no option of its task; did you mean 'samplers'?",
    ),
    (
        {"normalize": True},
        "normalize: is no argument of globscope.study and no option of its task; did you mean 'normalise'",
    ),
    ({"reducers": [SimpleNamespace()]}, "reducer: SimpleNamespace is no reducer; its name, a table with 'use', or an "),
    ({"data": 3}, "data: int is no data; a name, a function that loads them, a path, four arrays "),
    ({"checkpoints": 3}, "checkpoints: int are none; a pattern, a list of patterns, paths or tables, or "),
    ({"checkpoints": [build()]}, "checkpoints: networks in memory have no names of runs; give a mapping of runs to "),
    (
        {"checkpoints": {"A": 3}},
        "checkpoints: run 'A': int is no network; a path, a state dict of tensors or ",
    ),
    *(({name: 3}, f"{name}: expected a table, got 3 (integer)") for name in ("zoo", "population", "run", "report")),
    ({"fidelity": [3]}, "fidelity: expected a table, got [3] (list)"),
    ({"variants": 3}, "population.variant: expected text or a list of tables, got 3 (integer)"),
    (
        {"reducers": 3},
        "reducer: int is no reducer; its name, a table with 'use', or an instance of its class is accepted",
    ),
    ({"task": 3}, "task: int is no task; its name, a table with 'use', or an instance of its class is accepted"),
    ({"model": 3}, "task.model: expected 'mlp', "),
    ({"folder": 3}, "folder: expected a path, got 3 (integer)"),
    ({"title": 3}, "title: expected text, got 3 (integer)"),
    (
        {"checkpoints": [{"variant": "A", "path": 3}]},
        "population.checkpoints.0.path: expected a path, got 3 (integer)",
    ),
    ({"checkpoints": None}, "population: needs exactly one of 'checkpoints' (or 'table') and [population.train], has "),
]


@pytest.mark.parametrize(("wrong", "message"), MESSAGES)
def test_declarations_with_problems_are_refused_as_those_of_a_spec(tmp_path, wrong, message):
    with pytest.raises(SpecError) as refused:
        declare(tmp_path, **wrong)
    assert message in str(refused.value)
    assert not (tmp_path / "run/study.toml").exists()


def test_a_network_of_other_shapes_is_refused_before_the_axes_that_too_few_members_span(tmp_path):
    with pytest.raises(PopulationError, match=r"tensor '0\.weight' has shape \(9, 2\), the model wants \(6, 2\)"):
        declare(tmp_path, checkpoints={"A": [build(9)]}).run()
    with pytest.raises(SpecError, match=r"reducer\.0\.latent_dim: 1 member spans at most 0 directions, got 2"):
        declare(tmp_path, checkpoints={"A": [build()]}).run()


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/mine.txt").touch()
    with pytest.raises(RunError, match=r"holds mine\.txt, and is no folder of GlobScope's"):
        declare(tmp_path)


def test_editors_and_notebooks_know_the_arguments():
    assert {"model", "data", "checkpoints", "reducers", "folder"} <= set(signature(globscope.study).parameters)


def test_the_package_of_stages_is_still_imported_by_its_name():
    import globscope.pipeline.run as stages

    assert globscope.pipeline.run is stages


@pytest.mark.slow
def test_the_study_of_the_how_to_runs_as_written_and_again_on_the_command_line(tmp_path, monkeypatch):
    [text] = [text for text in blocks(ROOT / "docs/how-to/notebooks.md", "python") if "globscope.study(" in text]
    monkeypatch.chdir(tmp_path)
    with blank_pictures():
        result = cell(text, "result")
    assert (tmp_path / "runs/mine/inputs/build.py").read_text("utf-8").count("def build(width=16):") == 1
    assert result.record["population"]["variants"] == 2
    stages = sorted((tmp_path / "runs/mine/stages").glob("*/*"))
    with blank_pictures():
        again = run("study", "runs/mine/study.toml", "--out", "runs/mine", "--quiet")
    assert again.exit_code == 0, again.stderr
    assert sorted((tmp_path / "runs/mine/stages").glob("*/*")) == stages
