"""torch's default type of number: results do not depend on the process's, and a file's own is respected."""

import numpy as np
import pytest
import torch
from support.arrays import assert_same_arrays
from support.study import TWO_RUNS, study_in, values

from globscope.api import Code, UserCodeError, symmetry
from globscope.builtin.tasks.classification import Classification

STUDY = f"""
[task]
use = "classification"
{{task}}
{TWO_RUNS}
[[reducer]]
use = "autoencoder"
hidden = [4]
steps = 20
[[sampler]]
use = "grid"
resolution = 3
[evaluator]
use = "torch"
examples = 32
[[analysis]]
use = "similarity"
examples = 16
[[analysis]]
use = "curvature"
count = 1
draws = 6
examples = 16
"""
# It counts on its own default: a state that it makes in every forward pass.
NETS = """
import torch
from torch import nn

torch.set_default_dtype(torch.float64)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.out = nn.GRUCell(64, 4), nn.Linear(4, 10)

    def forward(self, x):
        return self.out(self.cell(x, torch.zeros(len(x), 4)))

class Shifted(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.Linear(64, 4), nn.Linear(4, 10)

    def forward(self, x):
        return self.outer(torch.mm(self.inner(x).relu(), torch.ones(4, 1)).expand(-1, 4) + self.inner(x))

def build():
    return Net()

def failing():
    return nn.Linear(3, 10)
"""


@pytest.fixture
def doubled():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def found(folder, name, task):
    """Return the arrays of a study, of its second run, which reads what the first one stored."""
    study = study_in(folder, STUDY.replace("{task}", task), run=name)
    values(study)
    outcome = values(study)
    [one] = outcome.atlas.maps
    arrays = {**outcome.atlas.truth, **{f"map {n}": a for n, a in one.landscape.fields.items()}}
    tables = [outcome.findings[name].tables for name in ("similarity", "curvature")]  # no table of seconds
    decoded = one.chart.decode(np.zeros((1, 2)))
    return {**arrays, "weights": np.asarray(outcome.atlas.population.weights[1]), "decoded": decoded}, str(tables)


def test_a_process_whose_default_is_float64_gets_the_same_bits(tmp_path, request):
    plain, tables = found(tmp_path, "plain", "hidden = [4]")
    request.getfixturevalue("doubled")
    again, same = found(tmp_path, "again", "hidden = [4]")
    assert torch.get_default_dtype() == torch.float64
    assert plain.keys() == again.keys()
    assert_same_arrays(plain, again)
    assert tables == same


def test_a_file_that_sets_float64_gets_its_model_in_float64_and_changes_nothing_else(tmp_path):
    (tmp_path / "nets.py").write_text(NETS)
    arrays, _ = found(tmp_path, "run", 'model = "nets.py:build"')
    assert torch.get_default_dtype() == torch.float32
    assert np.isfinite(arrays["train_loss"]).all()
    code = Code(str(tmp_path / "nets.py"), "build")
    assert {p.dtype for p in code.call().parameters()} == {torch.float64}
    assert code.default_type() == torch.float64
    assert arrays["decoded"].dtype == np.float64  # coordinates, as ever


def test_whoever_calls_a_model_its_forward_pass_has_the_files_default_and_gives_it_back(tmp_path):
    (tmp_path / "nets.py").write_text(NETS)
    probe = Classification(model=Code(str(tmp_path / "nets.py"), "Shifted")).build("cpu")
    assert symmetry(probe).sizes == {"inner": 4}  # which traces the module itself
    assert torch.get_default_dtype() == torch.float32
    with pytest.raises(UserCodeError):  # in the forward pass
        Classification(model=Code(str(tmp_path / "nets.py"), "failing")).build("cpu")
    assert torch.get_default_dtype() == torch.float32
