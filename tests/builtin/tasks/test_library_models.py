"""timm's and torchvision's models by name: fresh weights, the data's sizes, the library's own tensor names."""

import re

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from support.messages import assert_lines, error_lines
from support.optional import import_or_skip
from support.study import study_in, values

from globscope.api import Code
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.regression import Regression
from globscope.builtin.tasks.segmentation import Segmentation
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.open_network import load_member

DATA = """
import numpy as np

def load(channels=3, size=32, pixels=False):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(12, channels, size, size)).astype(np.float32)
    y = rng.integers(4, size=(12, size, size) if pixels else 12)
    y.flat[0] = 3
    return x[:8], y[:8], x[8:], y[8:]
"""
STUDY = """
[task]
use = "classification"
model = "MODEL"
model_options = OPTIONS
data = "images.py:load"
data_options = { channels = CHANNELS }

[population.train]
epochs = 1
save_every = 1

[[population.variant]]
name = "A"
batch_size = 4

[[reducer]]
use = "pca"
latent_dim = 1

[[sampler]]
use = "grid"
resolution = 2
"""
# Small models of both libraries, how the library makes them, their options, and the data's channels.
TRAINED = {
    "timm:test_resnet": ("timm", {"num_classes": 4, "in_chans": 1}, "{}", 1),
    "torchvision:mobilenet_v3_small": ("torchvision", {"num_classes": 4, "width_mult": 0.2}, "{ width_mult = 0.2 }", 3),
}


def module(library, name, options):
    """Return the library's own module."""
    if library == "timm":
        return import_or_skip("timm").create_model(name, **options)
    return import_or_skip("torchvision.models").get_model(name, **options)


@pytest.fixture
def images(tmp_path):
    (tmp_path / "images.py").write_text(DATA)
    return Code(str(tmp_path / "images.py"), "load")


@pytest.mark.parametrize("model", TRAINED)
def test_a_librarys_model_is_trained_by_name_and_its_networks_load_back_into_it(model, tmp_path, images):
    library, options, spelt, channels = TRAINED[model]
    own = module(library, model.partition(":")[2], options)
    text = STUDY.replace("MODEL", model).replace("OPTIONS", spelt).replace("CHANNELS", str(channels))
    study = study_in(tmp_path, text)
    values(study)
    [path] = (tmp_path / "run").rglob("epoch1.safetensors")
    own.load_state_dict(load_file(path))
    probe, trained = study.workshop().task.build("cpu"), own.state_dict()
    batch = probe.batch("test", torch.arange(4))
    with torch.no_grad():
        wanted = torch.nn.functional.cross_entropy(own.eval()(batch[0]), batch[1])
        found, weight = probe.reduce({n: trained[n] for n in probe.layout.names}, trained, batch)["loss"]
    assert float(found) / weight == pytest.approx(float(wanted), rel=1e-6)


def test_a_segmentation_model_of_torchvision_returns_classes_of_pixels(images):
    import_or_skip("torchvision")
    task = Segmentation(
        model=Code("torchvision", "lraspp_mobilenet_v3_large"), data=images, data_options={"pixels": True}
    )
    probe = task.build("cpu")
    assert probe.measures == ("loss", "accuracy", "iou")
    assert probe.outputs(*probe.initialise(0), probe.batch("test", torch.arange(2))).shape == (2, 32, 32, 4)


def test_a_librarys_model_predicts_numbers_where_numbers_are_the_targets(images):
    import_or_skip("timm")
    probe = Regression(
        model=Code("timm", "test_vit"), model_options={"img_size": 32, "patch_size": 8}, data=images
    ).build("cpu")
    assert probe.outputs(*probe.initialise(0), probe.batch("test", torch.arange(2))).shape == (2, 1)


def test_a_densenet_saved_when_names_had_dots_loads_without_renaming(images, tmp_path):
    models = import_or_skip("torchvision.models")
    network = models.get_model("densenet121", num_classes=4)
    old = {re.sub(r"(denselayer\d+\.(?:norm|conv))(\d)", r"\1.\2", n): t for n, t in network.state_dict().items()}
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    torch.save(old, tmp_path / "densenet121-a639ec97.pth")
    probe = Classification(model=Code("torchvision", "densenet121"), data=images).build("cpu")
    _, weights = load_member(CheckpointFile(path=tmp_path / "densenet121-a639ec97.pth", variant="A", step=0), probe)
    np.testing.assert_array_equal(
        weights, probe.layout.flatten({n: p.detach().numpy() for n, p in network.named_parameters()})
    )


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_a_resnet_of_torchvision_or_timm_is_recognised_by_its_tensors(name):
    models = import_or_skip("torchvision.models")
    with torch.device("meta"):
        network = models.get_model(name, num_classes=7)
    shapes = {n: tuple(t.shape) for n, t in network.state_dict().items()}
    assert Classification.recognise(shapes) == {"model": f"torchvision:{name}", "data": "my_data.py:load"}
    assert Classification.recognise({**shapes, "layer3.0.conv1.weight": (3, 3)}) is None


FRESH = "is not to be set: networks are initialised, or read from population.checkpoints; nothing is downloaded"
REFUSED = {
    "no such model of timm": (
        "timm:resnet81",
        {},
        3,
        "task.model: timm has no model 'resnet81'; did you mean 'resnet18'?",
    ),
    "no such model of torchvision": (
        "torchvision:resnet_18",
        {},
        3,
        "task.model: torchvision has no model 'resnet_18'; did you mean 'resnet18'?",
    ),
    "a model of a hub": ("timm:hf_hub", {}, 3, "task.model: timm has no model 'hf_hub'; known: ***"),
    "weights of timm": ("timm:test_resnet", {"pretrained": True}, 3, f"task.model_options.pretrained: {FRESH}"),
    "weights of torchvision": (
        "torchvision:resnet18",
        {"weights": "DEFAULT"},
        3,
        f"task.model_options.weights: {FRESH}",
    ),
    "gray images": (
        "torchvision:resnet18",
        {},
        1,
        "task.model: torchvision:resnet18 takes images of 3 channels, the data's have 1; timm's models take any "
        'number: model = "timm:resnet18"',
    ),
    "no such option": (
        "timm:test_vit",
        {"imgsize": 32},
        3,
        "task.model_options: timm:test_vit raised TypeError: VisionTransformer.__init__() got an unexpected keyword "
        "argument 'imgsize'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_library_cannot_make_is_reported_with_what_it_can(case, images):
    model, options, channels, says = REFUSED[case]
    import_or_skip("timm")
    task = Classification(
        model=Code(*model.split(":")), model_options=options, data=images, data_options={"channels": channels}
    )
    assert_lines(error_lines(task.build, "cpu"), [says])


def test_a_name_with_the_tag_of_public_weights_is_that_models(images):
    import_or_skip("timm")
    names = ("test_resnet", "test_resnet.r160_in1k")
    plain, tagged = (Classification(model=Code("timm", name), data=images).build("cpu") for name in names)
    assert plain.layout == tagged.layout
