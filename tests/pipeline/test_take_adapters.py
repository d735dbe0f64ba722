"""Networks of a population of LoRA adapters leave it as adapters, which plain peft adds to the same base."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from support import adapters
from support.commands import assert_refused, run
from support.study import run_undrawn, study_in
from torch import nn

from globscope.session import finished_result
from globscope.values.truncated import truncated_difference, truncated_product

# Losses of float32 networks whose matrices were added up in another order.
ROUNDING = {"abs": 1e-5, "rel": 1e-5}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a base, its adapters, and their finished study."""
    folder = tmp_path_factory.mktemp("adapters")
    tensors, written = adapters.population(folder)
    run_undrawn(study_in(folder, SPEC))
    return folder, tensors, written, finished_result(folder / "run")


def network(tensors):
    """Return a torch module with some tensors."""
    scope = {}
    exec(adapters.NETS, scope)
    module = scope["build"]()
    module.load_state_dict({name: torch.as_tensor(np.asarray(t, np.float32)) for name, t in tensors.items()})
    return module


@torch.no_grad()
def loss(module, result):
    probe = result.workshop.task.build("cpu")
    inputs, targets = probe.batch("test", torch.arange(probe.examples("test")))
    return float(nn.functional.cross_entropy(module(inputs), targets))


def read_adapter(folder, tensors):
    """Return a base with an adapter's file, added up as its configuration says, by nothing of the product's."""
    config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    assert config["lora_alpha"] == config["r"]
    return adapters.merged(tensors, load_file(folder / "adapter_model.safetensors"), alpha=config["r"])


REQUESTS = {
    "member": {"member": "B@20"},
    "run of the other rank": {"member": "A@10"},
    "point": {"at": (0.3, -0.2)},
    "curve": {"curve": ("A", "B", 0.5)},  # trained, so that its network has more ranks than the members
}
SPEC = adapters.SPEC + '[[analysis]]\nuse = "mode-connectivity"\nepochs = 1\npoints = 5\npairs = [["A", "B"]]\n'


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_a_taken_adapter_makes_the_network_of_its_base(made, tmp_path, request_):
    _, tensors, _, result = made
    taken = result.network(**request_)
    path = taken.save(tmp_path / "taken")
    assert path.name == "adapter_model.safetensors"
    measured = loss(network(read_adapter(path.parent, tensors)), result)
    assert measured == pytest.approx(taken.fields["test_loss"], **ROUNDING)
    assert measured == pytest.approx(loss(taken.module(), result), **ROUNDING)
    if taken.known:
        assert measured == pytest.approx(taken.known["test_loss"], **ROUNDING)
    whole = result.network(**request_, merged=True)
    assert loss(network(load_file(whole.save(tmp_path / "whole"))), result) == pytest.approx(measured, **ROUNDING)


def test_a_member_keeps_its_rank_and_a_point_has_those_of_all_runs(made):
    _, _, written, result = made
    ranks = {name: tensor.shape[0] for name, tensor in result.network(member="B").tensors.items() if "lora_A" in name}
    assert set(ranks.values()) == {3}
    assert set(ranks) == {name for name in written["B", 20] if "lora_A" in name}
    point = result.network(at=(0.3, -0.2))
    assert {t.shape[0] for name, t in point.tensors.items() if "lora_A" in name} == {5}  # 2 of A and 3 of B
    assert point.saved.facts["ranks of the adapter"] == "5 of up to 5"


def test_the_card_names_the_file_whose_names_and_configuration_a_network_has(made):
    _, _, _, result = made
    map_ = result.map("pca")
    latent = map_.chart.latents[map_.population.row("base", "")]
    beside_base = {"at": tuple(map(float, latent))}
    named = "named like the file of"
    point = result.network(**beside_base)
    assert point.nearest[0][0].startswith("base")
    assert point.saved.facts[named].split("@")[0] in ("A", "B")
    assert f"| {named} | {point.saved.facts[named]} |" in point.card.text
    assert result.network(**beside_base, merged=True).saved.facts[named] == "the base"
    assert result.network(member="B@20").saved.facts[named] == "B@20"


def test_a_truncated_adapter_says_what_it_loses_and_is_measured_as_it_is(made, tmp_path):
    _, tensors, _, result = made
    whole, cut = result.network(at=(0.3, -0.2)), result.network(at=(0.3, -0.2), rank=2)
    path = cut.save(tmp_path / "cut")
    added = [
        {
            name: read_adapter_of(one, tensors)[name] - np.asarray(tensors[name], float)
            for name in ("0.0.weight", "1.weight")
        }
        for one in (whole, cut)
    ]
    lost = np.sqrt(sum(np.sum((full - less) ** 2) for full, less in zip(*(one.values() for one in added), strict=True)))
    size = np.sqrt(sum(np.sum(full**2) for full in added[0].values()))
    assert float(cut.saved.facts["lost by truncation, of the norm of what is added to the base"]) == pytest.approx(
        lost / size,
        rel=1e-2,  # three digits are said
    )
    assert cut.saved.facts["ranks of the adapter"] == "2 of up to 5"
    assert loss(network(read_adapter(path.parent, tensors)), result) == pytest.approx(
        cut.fields["test_loss"], **ROUNDING
    )
    assert cut.fields["test_loss"] != pytest.approx(whole.fields["test_loss"], **ROUNDING)


def read_adapter_of(taken, tensors):
    """Return a base with an adapter that was taken."""
    return adapters.merged(
        tensors, taken.tensors, alpha=next(t for n, t in taken.tensors.items() if "lora_A" in n).shape[0]
    )


def test_the_base_is_written_as_a_whole(made, tmp_path):
    _, tensors, _, result = made
    path = result.network(member="base").save(tmp_path / "base")
    assert path.name == "model.safetensors"
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in load_file(path).items())


def test_ranks_are_of_adapters_and_at_least_one(made, tmp_path):
    folder, _, _, _ = made
    request = ("take", folder / "run", "--member", "A", "--out", tmp_path / "out")
    assert_refused(run(*request, "--rank", "0"), "rank: must be at least 1, got 0")
    assert_refused(
        run(*request, "--rank", "1", "--merged"), "rank: goes without merged, which writes the whole network"
    )


def test_a_truncation_is_that_of_the_whole_matrix():
    draw = np.random.default_rng(0)
    up, down = draw.normal(size=(9, 5)), draw.normal(size=(5, 7))
    up[:, 4] = up[:, 0]  # five factors of four ranks
    for rank in (None, 2):
        one, other = truncated_product(up, down, rank), truncated_difference(up @ down, rank)
        np.testing.assert_allclose(one.up @ one.down, other.up @ other.down, atol=1e-5)
        assert (one.rank, one.whole) == (rank or 4, 4)
        left_out = up @ down - one.up.astype(float) @ one.down
        assert one.lost == pytest.approx(np.linalg.norm(left_out), abs=1e-5)
        assert one.size == pytest.approx(np.linalg.norm(up @ down))


@pytest.mark.slow
def test_peft_loads_a_taken_folder_with_the_same_loss(made, tmp_path):
    peft = pytest.importorskip("peft")
    _, tensors, _, result = made
    for request in REQUESTS["member"], REQUESTS["point"]:
        taken = result.network(**request)
        path = taken.save(tmp_path / taken.title)
        model = peft.PeftModel.from_pretrained(network(tensors), path.parent)
        assert loss(model.eval(), result) == pytest.approx(taken.fields["test_loss"], **ROUNDING)
