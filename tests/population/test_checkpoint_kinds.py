"""Checkpoints as tools write and people name them: read from their folder, without renaming, by what `init` proposes.

Where a tool is installed, it writes the files itself; otherwise the files have the names and contents that it gives.
"""

from argparse import Namespace
from functools import cache

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from support.commands import run
from support.optional import import_or_skip
from support.study import values
from torch import nn

from globscope import load
from globscope.pipeline.stages.population import population
from globscope.population.proposal.write import propose
from globscope.registry import installed_registry

RUNS = ("A", "B")


def module(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 10))


@cache
def network(seed):
    """Return the state dict of an mlp for the digits, which `init` recognises."""
    return module(seed).state_dict()


def seed_of(run_name, step, averaged=False):
    return 1000 * (run_name in ("B", "mlp/B", "version_1")) + step + 500 * averaged


def save(content, *parts):
    path = parts[0].joinpath(*map(str, parts[1:]))
    path.parent.mkdir(parents=True, exist_ok=True)
    (save_file if path.suffix == ".safetensors" else torch.save)(content, path)


def prefixed(prefix, state):
    return {prefix + name: tensor for name, tensor in state.items()}


def for_each(steps=(3, 12), runs=RUNS):
    """Yield every run and step, with its network."""
    yield from ((name, step, network(seed_of(name, step))) for name in runs for step in steps)


# A kind writes its files into a folder, and returns the seeds or state dicts of the networks by name.
KINDS = {}


def kind(function):
    KINDS[function.__name__.replace("_", " ")] = function
    return function


def members(steps=(3, 12), runs=RUNS, averaged=""):
    plain = {f"{name}@{step}": network(seed_of(name, step)) for name in runs for step in steps}
    ending = f" {averaged}" if averaged else ""
    means = {f"{name}{ending}@{step}": network(seed_of(name, step, True)) for name in runs for step in steps}
    return plain | (means if averaged else {})


@kind
def checkpoints_of_lightning(folder):
    lightning = import_or_skip("pytorch_lightning")

    class Lit(lightning.LightningModule):
        def __init__(self, seed):
            super().__init__()
            self.model, self.seen = module(seed), {}

        def training_step(self, batch, _):
            return nn.functional.cross_entropy(self.model(batch[0]), batch[1])

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), 1e-2)

        def on_train_epoch_end(self):
            self.seen[self.current_epoch] = {n: t.detach().clone() for n, t in self.model.state_dict().items()}

    examples = [(torch.ones(64) * number, number % 10) for number in range(4)]
    found = {}
    for version in (0, 1):
        trainer = lightning.Trainer(
            default_root_dir=folder,
            max_epochs=2,
            accelerator="cpu",
            logger=lightning.loggers.CSVLogger(folder),
            callbacks=[lightning.callbacks.ModelCheckpoint(save_top_k=-1, save_last=True)],
            enable_progress_bar=False,
            enable_model_summary=False,
            log_every_n_steps=1,
        )
        lit = Lit(version)
        trainer.fit(lit, torch.utils.data.DataLoader(examples, batch_size=2))
        found |= {f"version_{version}@{epoch}": state for epoch, state in lit.seen.items()}
    assert (folder / "lightning_logs/version_1/checkpoints/epoch=1-step=4.ckpt").is_file()
    assert (folder / "lightning_logs/version_1/checkpoints/last.ckpt").is_file()
    return found


@kind
def a_monitored_loss_in_the_name(folder):
    for name, step, state in for_each():
        content = {"epoch": step, "global_step": 6 * step, "state_dict": prefixed("model.", state), "loops": {}}
        save(content, folder, name, f"epoch_{step:03d}-val{1 / step:.2f}.ckpt")
    return members()


@kind
def a_monitored_loss_as_lightning_spells_it(folder):
    for name, step, state in for_each():
        content = {"epoch": step, "state_dict": prefixed("model.", state), "hyper_parameters": {"lr": 0.1}}
        save(content, folder, name, f"epoch={step}-val_loss={1 / step:.2f}.ckpt")
        save(content, folder, name, "last.ckpt")
    return members()


@kind
def one_final_network_a_run(folder):
    for name, _, state in for_each([0]):
        save(state, folder, name, "last.pt")
    return members([0])


@kind
def only_the_last_ckpt_of_lightning(folder):
    for name, _, state in for_each([0]):
        save({"state_dict": prefixed("net.", state), "epoch": 9}, folder, name, "checkpoints", "last.ckpt")
    return members([0])


@kind
def runs_one_folder_deeper(folder):
    for name, step, state in for_each():
        save(state, folder, "mlp", name, f"{step}.pt")
    return members()


@kind
def runs_in_folders_of_two_kinds(folder):
    for name, step, state in for_each(runs=("mlp/A", "mlp/B", "other/A")):
        save(state, folder, name, f"{step}.pt")
    return members(runs=("mlp/A", "mlp/B", "other/A"))


@kind
def raw_and_averaged_weights_in_one_folder(folder):
    for name, step, state in for_each():
        save(state, folder, name, f"{step}.pt")
        save(network(seed_of(name, step, True)), folder, name, f"{step}_ema.pt")
    return members(averaged="ema")


@kind
def raw_and_averaged_weights_of_one_run(folder):
    for step in (3, 12):
        save(network(step), folder, f"model_{step}.safetensors")
        save(network(500 + step), folder, f"model_{step}_swa.safetensors")
    plain = {f"{folder.name}@{step}": network(step) for step in (3, 12)}
    return plain | {f"{folder.name} swa@{step}": network(500 + step) for step in (3, 12)}


@kind
def several_state_dicts_in_one_file(folder):
    for name, step, state in for_each():
        average = network(seed_of(name, step, True))
        save(
            {"model": state, "model_ema": average, "optimizer": {"state": {}}, "epoch": step},
            folder,
            name,
            f"{step}.pt",
        )
    return members()


@kind
def parts_in_one_file(folder):
    """An mlp whose two layers are saved apart."""
    for name, step, state in for_each():
        parts = {"1": {}, "3": {}}
        for tensor in state:
            parts[tensor[0]][tensor[2:]] = state[tensor]
        save({**parts, "opt_1": {"state": {}}, "epoch": step}, folder, name, f"{step}.pt")
    return members()


@kind
def states_of_accelerate(folder):
    accelerate, wanted = import_or_skip("accelerate"), {}
    for name in RUNS:
        project = accelerate.utils.ProjectConfiguration(str(folder / name), automatic_checkpoint_naming=True)
        accelerator = accelerate.Accelerator(cpu=True, project_config=project)
        prepared = module(seed_of(name, 0))
        prepared, _ = accelerator.prepare(prepared, torch.optim.Adam(prepared.parameters()))
        for number in (0, 1):
            accelerator.save_state()
            wanted[f"{name}@{number}"] = network(seed_of(name, 0))
    assert (folder / "B/checkpoints/checkpoint_1/optimizer.bin").is_file()
    return wanted


@kind
def states_of_accelerate_as_pickles(folder):
    accelerate, wanted = import_or_skip("accelerate"), {}
    for name in RUNS:
        accelerator = accelerate.Accelerator(cpu=True)
        prepared = module(seed_of(name, 0))
        prepared, _ = accelerator.prepare(prepared, torch.optim.Adam(prepared.parameters()))
        for number in (5, 10):
            accelerator.save_state(str(folder / name / f"checkpoint_{number}"), safe_serialization=False)
            wanted[f"{name}@{number}"] = network(seed_of(name, 0))
    assert (folder / "B/checkpoint_10/pytorch_model.bin").is_file()
    return wanted


@kind
def shards_of_accelerate(folder):
    accelerate, wanted = import_or_skip("accelerate"), {}
    for name in RUNS:
        accelerator = accelerate.Accelerator(cpu=True)
        for number in (5, 10):
            saved = accelerator.prepare(module(seed_of(name, number)))
            accelerator.save_model(saved, str(folder / name / f"checkpoint_{number}"), max_shard_size="1KB")
            wanted[f"{name}@{number}"] = network(seed_of(name, number))
    assert (folder / "B/checkpoint_10/model.safetensors.index.json").is_file()
    return wanted


@kind
def checkpoints_of_torchvisions_scripts(folder):
    for name, step, state in for_each():
        average = torch.optim.swa_utils.AveragedModel(module(seed_of(name, step, True))).state_dict()
        content = {
            "model": state,
            "optimizer": torch.optim.SGD(module(0).parameters(), momentum=0.9).state_dict(),
            "lr_scheduler": {"step_size": 30, "gamma": 0.1},
            "epoch": step,
            "args": Namespace(model="mlp", lr=0.1, device="cuda", data_path="/data"),
            "model_ema": average,
        }
        save(content, folder, name, f"model_{step}.pth")
        save(content, folder, name, "checkpoint.pth")
    return members()


@kind
def parallel_and_compiled_networks(folder):
    for name, step, state in for_each():
        save({"model_state_dict": prefixed("module._orig_mod.", state), "step": step}, folder, name, f"step{step}.pt")
    return members()


@kind
def checkpoints_of_a_trainer(folder):
    for name, step, state in for_each((500, 1000)):
        place = folder / name / f"checkpoint-{step}"
        save(state, place, "model.safetensors")
        for other in ("optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin"):
            save({"state": torch.ones(3)}, place, other)
        for other in ("trainer_state.json", "config.json"):
            (place / other).write_text("{}")
    for name, _, state in for_each([1000]):
        save(state, folder, name, "model.safetensors")
        save({"state": torch.ones(3)}, folder, name, "training_args.bin")
    return members((500, 1000))


@kind
def checkpoints_of_timms_script(folder):
    for name, step, state in for_each():
        content = {"epoch": step, "arch": "mlp", "state_dict": state, "args": Namespace(lr=0.1), "metric": 71.2}
        content["state_dict_ema"] = network(seed_of(name, step, True))
        for file in (f"checkpoint-{step}", "last", "model_best"):
            save(content, folder, name, f"{file}.pth.tar")
    return members()


@kind
def checkpoints_with_numbers_of_numpy(folder):
    for name, step, state in for_each():
        content = {
            "state_dict": state,
            "best_acc": np.float64(0.1),
            "history": np.ones(3, np.float32),
            "epoch": np.int64(3),
        }
        save(content, folder, name, f"{step}.pth")
    return members()


@kind
def checkpoints_of_deepspeed(folder):
    for name, step, state in for_each():
        place = folder / name / f"global_step{step}"
        save(
            {"module": state, "buffer_names": [], "optimizer": None, "ds_config": {}},
            place,
            "mp_rank_00_model_states.pt",
        )
        save({"x": torch.ones(3)}, place, "zero_pp_rank_0_mp_rank_00_optim_states.pt")
    return members()


# To import this library takes longer than all other kinds together.
IMPORTED_LONG = ("checkpoints of lightning",)


@pytest.fixture
def proposal(tmp_path):
    def make(name):
        (tmp_path / "runs").mkdir()
        wanted = KINDS[name](tmp_path / "runs")
        propose(tmp_path / "runs", tmp_path / "study.toml", installed_registry())
        return tmp_path / "study.toml", wanted

    return make


@pytest.mark.filterwarnings("ignore")  # those of the tools that write the files
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in IMPORTED_LONG else ()) for name in KINDS]
)
def test_networks_are_read_from_their_folder_by_what_init_proposes(name, proposal, tmp_path):
    spec, wanted = proposal(name)
    workshop = load(spec, folder=tmp_path / "run").workshop()
    networks = population(workshop)
    found = {f"{member.variant}@{member.step}": networks.weights[row] for row, member in enumerate(networks.members)}
    assert found.keys() == wanted.keys()
    for label, state in wanted.items():
        vector = networks.layout.flatten({name: tensor.numpy() for name, tensor in state.items()})
        np.testing.assert_array_equal(np.array(found[label]), vector, label)


def test_the_other_state_dict_of_a_file_is_read_by_its_key(proposal, tmp_path):
    spec, _ = proposal("checkpoints of torchvisions scripts")
    spec.write_text(spec.read_text().replace("key = 'model'", "key = 'model_ema'"))
    networks = population(load(spec, folder=tmp_path / "run").workshop())
    state = network(seed_of("B", 12, True))
    wanted = networks.layout.flatten({name: tensor.numpy() for name, tensor in state.items()})
    np.testing.assert_array_equal(np.array(networks.weights[-1]), wanted)


def test_a_proposal_is_checked_and_studied_as_it_stands(proposal, tmp_path, monkeypatch):
    spec, wanted = proposal("raw and averaged weights in one folder")
    monkeypatch.chdir(tmp_path)
    assert f"{len(wanted)} of 4 training runs" in run("check", spec).stdout
    study = load(spec, ["sampler.0.resolution=3", "evaluator.examples=20"], tmp_path / "run")
    assert {member.variant for member in values(study).atlas.population.members} == {"A", "B", "A ema", "B ema"}


def test_the_proposal_prints_which_networks_are_averages(tmp_path, monkeypatch):
    KINDS["raw and averaged weights in one folder"](tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    assert run("init", "runs").stdout.splitlines()[:4] == [
        "4 networks of 2 runs, by the pattern {variant}/{step}.pt",
        "  A: steps 3, 12",
        "  B: steps 3, 12",
        "4 averages of them (ema), by the pattern {variant}/{step}_ema.pt",
    ]


def test_a_trainers_last_network_beside_its_checkpoints_is_a_group_of_its_own(tmp_path):
    KINDS["checkpoints of a trainer"](tmp_path / "runs")
    text = propose(tmp_path / "runs", tmp_path / "study.toml", installed_registry()).text
    assert "# Also there, 2 networks: 'runs/{variant}/model.safetensors'\n" in text
    assert load_file(tmp_path / "runs/A/model.safetensors").keys() == network(0).keys()
