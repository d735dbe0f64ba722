"""The named models: published sizes, names that public checkpoints use, options in words."""

import pytest
import torch

from globscope.api import UserCodeError
from globscope.builtin.tasks.models import builder

CIFAR = (3, 32, 32)

# Counts: He et al. (2016) give 0.27M, 0.46M and 0.85M; the paper's appendix 1.35e5, 4.73M and 4.91M. The two
# ResNet-56 are the ones in use, with shortcut A and B.
SIZES = [
    ("mlp", {"hidden": (128, 128, 128)}, (1, 28, 28), 10, 134_794),
    ("resnet20", {"shortcut": "A"}, CIFAR, 10, 269_722),
    ("resnet32", {"shortcut": "A"}, CIFAR, 10, 464_154),
    ("resnet56", {"shortcut": "A"}, CIFAR, 10, 853_018),
    ("resnet56", {"shortcut": "B"}, CIFAR, 10, 855_770),
    ("cnn", {}, CIFAR, 10, 4_727_370),
    ("cnn", {}, CIFAR, 100, 4_911_780),
    ("vit", {}, CIFAR, 10, 1_205_898),
    ("vit-10m", {}, CIFAR, 10, 10_695_562),
]


def made(name, shape=CIFAR, outputs=10, **options):
    return builder(name, options)(shape, outputs)


@pytest.mark.parametrize(("name", "options", "shape", "outputs", "size"), SIZES)
def test_a_model_has_its_published_number_of_parameters(name, options, shape, outputs, size):
    module = made(name, shape, outputs, **options)
    assert sum(p.numel() for p in module.parameters()) == size
    assert module.eval()(torch.zeros(1, *shape)).shape == (1, outputs)


def test_a_vision_transformers_size_is_what_its_layers_add_up_to():
    dim, depth, tokens, patch = 128, 6, 64, 4
    block = 12 * dim**2 + 13 * dim  # attention 4 d² + 4 d, perceptron 8 d² + 5 d, two norms 4 d
    embedding = (3 * patch**2 + 1) * dim + dim + (tokens + 1) * dim
    assert sum(p.numel() for p in made("vit").parameters()) == depth * block + embedding + 2 * dim + (dim + 1) * 10


def test_a_resnets_tensors_are_named_as_in_public_checkpoints():
    names = set(made("resnet56").state_dict())
    wanted = {"conv1.weight", "bn1.running_mean", "layer1.0.conv1.weight", "layer3.8.bn2.bias", "linear.bias"}
    assert wanted <= names
    assert {"layer2.0.shortcut.0.weight", "layer2.0.shortcut.1.running_var"} <= names
    assert not any("shortcut" in name for name in made("resnet56", shortcut="A").state_dict())


def test_shortcut_a_passes_every_second_pixel_and_zeros():
    block = made("resnet20", shortcut="A").layer2[0]
    x = torch.randn(2, 16, 8, 8, generator=torch.Generator().manual_seed(0))
    passed = block.shortcut(x)
    assert passed.shape == (2, 32, 4, 4)
    assert torch.equal(passed[:, 8:24], x[:, :, ::2, ::2])
    assert passed[:, :8].abs().sum() == passed[:, 24:].abs().sum() == 0


def test_without_residual_connections_a_dead_layer_silences_the_network_and_with_them_it_does_not():
    x = torch.randn(4, *CIFAR, generator=torch.Generator().manual_seed(0))
    for residual in (True, False):
        module = made("resnet20", residual=residual, batch_norm=False).eval()
        torch.nn.init.zeros_(module.layer2[1].conv2.weight)
        torch.nn.init.zeros_(module.layer2[1].conv2.bias)
        outputs = module(x)
        assert bool((outputs.std(dim=0) > 0).all()) == residual


def test_without_batch_norm_there_are_no_statistics_and_convolutions_have_biases():
    module = made("resnet20", batch_norm=False)
    assert not list(module.buffers())
    assert module.conv1.bias is not None


MESSAGES = [
    (
        "resnet20",
        CIFAR,
        {"shortcuts": "A"},
        "task.model_options.shortcuts: model 'resnet20' has no such option; did you mean 'shortcut'?",
    ),
    ("resnet20", CIFAR, {"shortcut": "C"}, "task.model_options.shortcut: resnet20 accepts 'A', 'B', got 'C'"),
    ("resnet20", CIFAR, {"residual": 1}, "task.model_options.residual: resnet20 accepts True, False, got 1"),
    (
        "resnet20",
        (64,),
        {},
        "model 'resnet20' takes images (channels, height, width); the data's examples have shape (64,)",
    ),
    ("cnn", (1, 8, 8), {}, "model 'cnn' halves images four times: it takes 16×16 and larger, not 8×8"),
    ("vit", CIFAR, {"patch": 5}, "task.model_options.patch: 5 does not divide images of 32×32"),
    ("vit", CIFAR, {"heads": 3}, "task.model_options.heads: 3 does not divide dim = 128"),
    (
        "vit-10m",
        CIFAR,
        {"width": 3},
        "task.model_options.width: model 'vit-10m' has no such option; did you mean 'depth'?",
    ),
]


@pytest.mark.parametrize(("name", "shape", "options", "says"), MESSAGES)
def test_what_a_model_cannot_be_is_reported(name, shape, options, says):
    with pytest.raises(UserCodeError) as caught:
        made(name, shape, **options)
    assert str(caught.value) == says
