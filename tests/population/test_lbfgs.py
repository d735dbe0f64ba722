"""Adam, then L-BFGS: torch's own steps, the same bytes after a kill, and what is refused."""

import numpy as np
import pytest
import torch
from attrs import evolve
from safetensors.numpy import load_file
from support.progress import StopAt

from globscope.api import PopulationError
from globscope.builtin.tasks.classification import Classification
from globscope.population import train
from globscope.population.optimisers import require_full_batch
from globscope.population.stacking import assign_rows
from globscope.population.train import STATE, fit
from globscope.population.training_run import TrainingRun, checkpoint_path
from globscope.spec.training import Continuation, Recipe, Train
from globscope.values.chart import Progress

EXAMPLES = 120
RUN = TrainingRun(
    name="A",
    recipe=Recipe(batch_size=EXAMPLES, learning_rate=1e-2, epochs=2),
    train=Train(optimiser="adam", save_every=1, then=(Continuation(optimiser="lbfgs", epochs=4),)),
    seed=5,
)


@pytest.fixture(scope="module")
def probe():
    return Classification(hidden=(6,), train_examples=EXAMPLES).build("cpu")


@pytest.fixture(scope="module")
def whole(probe, tmp_path_factory):
    """The folder that an undisturbed run leaves."""
    folder = tmp_path_factory.mktemp("whole")
    fit(RUN, probe, folder, Progress())
    return folder


def left(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


class Killed(BaseException):
    """A kill."""


@pytest.mark.parametrize("writes", range(21))  # log, checkpoint and state, at the start and after six epochs
def test_a_run_killed_before_any_file_continues_to_the_same_bytes(probe, whole, tmp_path, monkeypatch, writes):
    done, write = [], train.write_bytes

    def die_or_write(path, content, **options):
        if len(done) == writes:
            raise Killed
        done.append(path)
        write(path, content, **options)

    for place in ("globscope.store.write", "globscope.population.train"):
        monkeypatch.setattr(f"{place}.write_bytes", die_or_write)
    with pytest.raises(Killed):
        fit(RUN, probe, tmp_path, Progress())
    monkeypatch.undo()
    fit(RUN, probe, tmp_path, Progress())
    assert left(tmp_path) == left(whole)


@pytest.mark.parametrize("gone", ["epoch2.safetensors", "epoch4.safetensors", STATE, "log.json"])
def test_a_run_without_one_of_its_files_ends_with_the_same_bytes(probe, whole, tmp_path, gone):
    """The store has removed it as damaged."""
    with pytest.raises(KeyboardInterrupt):
        fit(RUN, probe, tmp_path, StopAt(5))
    (tmp_path / gone).unlink()
    fit(RUN, probe, tmp_path, Progress())
    assert left(tmp_path) == left(whole)


def test_its_epochs_are_steps_of_torch_s_optimiser_on_all_examples(probe, whole):
    leaves = {name: torch.from_numpy(a) for name, a in load_file(checkpoint_path(whole, 2)).items()}
    leaves = {name: leaves[name].requires_grad_() for name in probe.layout.names}
    strict = {"history_size": 50, "tolerance_change": 0, "line_search_fn": "strong_wolfe"}
    optimiser, losses = torch.optim.LBFGS(leaves.values(), **strict), []
    for epoch in (2, 3):
        batch = probe.batch("train", train.example_order(RUN, probe, epoch)[0])

        def closure(batch=batch):
            optimiser.zero_grad()
            loss = probe.objective(leaves, {}, batch, training=True)
            loss.backward()
            return loss

        losses.append(float(optimiser.step(closure).detach()))
        for name, tensor in load_file(checkpoint_path(whole, epoch + 1)).items():
            np.testing.assert_array_equal(leaves[name].detach().numpy(), tensor)
    assert losses[1] < losses[0] / 2


def test_each_optimiser_has_its_epochs_and_its_rate():
    more = (Continuation(optimiser="lbfgs", epochs=4), Continuation(optimiser="adam", epochs=1))
    rates = Train(optimiser="sgd", epochs=2, schedule="cosine", warm_up=1, then=more)
    run = evolve(RUN, train=rates, recipe=evolve(RUN.recipe, save_every=3))
    assert (run.epochs, run.steps) == (7, [0, 3, 6, 7])
    assert [run.phase(epoch).optimiser for epoch in range(7)] == ["sgd"] * 2 + ["lbfgs"] * 4 + ["adam"]
    assert [run.rate(epoch) for epoch in range(7)] == pytest.approx([0.01, 0.005, 1, 1, 1, 1, 0.01])
    other = evolve(rates, then=(Continuation(optimiser="lbfgs", epochs=4, learning_rate=0.5),))
    assert evolve(run, train=other).rate(2) == 0.5


def test_networks_that_l_bfgs_trains_are_trained_one_after_another(probe):
    runs = [evolve(RUN, name=str(n), seed=n, train=evolve(RUN.train, at_once=2)) for n in range(2)]
    alone = [evolve(run, train=evolve(run.train, then=())) for run in runs]
    assert [run.row for run in assign_rows(alone, probe)] == [0, 1]
    assert [run.row for run in assign_rows(runs, probe)] == [None, None]


def test_a_part_of_the_examples_is_refused():
    require_full_batch("A", RUN.train, EXAMPLES, EXAMPLES)
    require_full_batch("A", Train(), EXAMPLES - 1, EXAMPLES)
    with pytest.raises(PopulationError) as caught:
        require_full_batch("A", RUN.train, EXAMPLES - 1, EXAMPLES)
    assert str(caught.value) == (
        "variant 'A': optimiser 'lbfgs' needs all 120 training examples in one batch, got batch_size = 119; set "
        "batch_size = 120, or take another optimiser"
    )
