"""Segmentation: a class for each pixel, with and without a mean field behind the network."""

import numpy as np
import pytest
import torch
from support.study import MAP, TWO_RUNS, study_in
from torch.nn.functional import cross_entropy

from globscope.api import IGNORED, Code, UserCodeError
from globscope.builtin.tasks.data.embedded import draw_shapes
from globscope.builtin.tasks.measures import PIXELS, PixelClasses
from globscope.builtin.tasks.models.mean_field import MeanField
from globscope.builtin.tasks.models.unet import unet
from globscope.builtin.tasks.pixels import mean_of_images
from globscope.builtin.tasks.segmentation import Segmentation

TINY = {"data_options": {"train": 16, "test": 8, "size": 16}, "model_options": {"widths": [4, 8]}}


def test_a_unet_returns_the_size_of_its_images_and_has_the_parameters_that_it_says():
    assert unet((3, 16, 24), 5, widths=(2, 3, 4))(torch.zeros(2, 3, 16, 24)).shape == (2, 5, 16, 24)
    assert sum(p.numel() for p in unet((1, 32, 32), 3).parameters()) == 29_499


@pytest.mark.parametrize(("norm", "buffers"), [("batch", True), ("group", False), ("none", False)])
def test_only_batch_norm_has_statistics(norm, buffers):
    task = Segmentation(**TINY | {"model_options": {"widths": [3, 4], "norm": norm}})
    assert bool(task.build("cpu").statistics) == buffers


def test_shapes_are_the_same_for_the_same_seed_and_all_classes_occur():
    one, again, other = draw_shapes(train=8, test=2), draw_shapes(train=8, test=2), draw_shapes(train=8, test=2, seed=1)
    assert np.array_equal(one.train[0], again.train[0])
    assert not np.array_equal(one.train[0], other.train[0])
    assert (one.train[0].shape, one.train[1].shape) == ((8, 1, 32, 32), (8, 32, 32))
    assert set(np.unique(one.train[1])) == {0, 1, 2}


def test_brightness_alone_does_not_tell_an_ellipse_from_a_rectangle():
    x, y = draw_shapes(train=200, test=1, noise=0).train
    bright = [np.mean(x[:, 0][y == kind] > 0.5) for kind in (1, 2)]
    # Of some 400 shapes each, a share has a deviation of 0.025.
    assert bright == pytest.approx([0.5, 0.5], abs=0.1)
    assert (x[:, 0][y == 0] == 0.5).all()


def test_accuracy_and_iou_are_those_counted_by_hand():
    targets = torch.tensor([[[0, 0], [1, 1]], [[0, 0], [0, 0]]])
    said = torch.tensor([[[0, 1], [1, 1]], [[0, 0], [0, 2]]])
    outputs = torch.nn.functional.one_hot(said, 3).movedim(-1, 1).float()
    found = {name: float(total) / weight for name, (total, weight) in PIXELS.score_answers(outputs, targets).items()}
    # First image: 1 of 2 and 2 of 3, class 2 nowhere; second: 3 of 4, and a class 2 that is not there.
    assert found == pytest.approx({"accuracy": 6 / 8, "iou": ((1 / 2 + 2 / 3) / 2 + (3 / 4 + 0) / 2) / 2})


def test_pixels_that_are_left_out_count_neither_in_the_measures_nor_in_the_loss():
    source = torch.Generator().manual_seed(0)
    outputs = torch.randn(3, 2, 4, 5, generator=source, requires_grad=True)
    targets = torch.randint(2, (3, 4, 5), generator=source)
    targets[torch.rand(3, 4, 5, generator=source) < 0.3] = IGNORED
    losses, right, counted = [], 0, 0
    for image, classes in zip(outputs, targets, strict=True):
        known = classes != IGNORED
        losses.append(cross_entropy(image[:, known].T, classes[known]))
        right, counted = right + int((image.argmax(0) == classes)[known].sum()), counted + int(known.sum())
    loss = mean_of_images(outputs, targets)
    torch.testing.assert_close(loss, torch.stack(losses).mean())
    loss.backward()
    assert torch.equal((outputs.grad != 0).any(1), targets != IGNORED)
    changed = outputs.detach().clone()
    changed.movedim(1, -1)[targets == IGNORED] = torch.tensor([5.0, -5.0])
    kind = PixelClasses.of(("a", "b"))
    found, again = (
        {name: float(total) / float(weight) for name, (total, weight) in kind.score_answers(x, targets).items()}
        for x in (outputs.detach(), changed)
    )
    assert found == again
    assert found["accuracy"] == right / counted


def test_the_fisher_matrix_of_the_pixels_that_count_is_the_hessian_of_their_loss_by_the_outputs():
    source = torch.Generator().manual_seed(0)
    outputs, vectors = (torch.randn(2, 3, 4, 4, generator=source, dtype=torch.float64) for _ in range(2))
    targets = torch.randint(3, (2, 4, 4), generator=source)
    targets[0, :3] = IGNORED
    probe = Segmentation(**TINY, ignore=2).build("cpu")
    found = probe.predictions_fisher(outputs, (None, targets), vectors)
    _, wanted = torch.autograd.functional.hvp(lambda x: mean_of_images(x, targets), outputs, vectors)
    torch.testing.assert_close(found, wanted)


def test_the_iou_of_a_class_adds_up_over_batches_to_that_of_all_pixels():
    source = torch.Generator().manual_seed(1)
    outputs, targets = torch.randn(6, 3, 4, 4, generator=source), torch.randint(2, (6, 4, 4), generator=source)
    kind, said = PixelClasses.of(("0", "1", "2")), outputs.argmax(1)
    parts = [kind.score_answers(x, y) for x, y in zip(outputs.split(4), targets.split(4), strict=True)]
    for name in range(3):
        total, weight = (sum(int(part[f"iou_{name}"][i]) for part in parts) for i in range(2))
        assert total == int(((said == name) & (targets == name)).sum())
        assert weight == int(((said == name) | (targets == name)).sum())


def test_a_class_that_is_nowhere_has_no_iou():
    targets = torch.zeros(2, 4, 4, dtype=torch.long)
    outputs = torch.nn.functional.one_hot(targets, 2).movedim(-1, 1).float()
    total, weight = PixelClasses.of(("0", "1")).score_answers(outputs, targets)["iou_1"]
    assert torch.isnan(total / weight)


def test_a_value_of_users_masks_is_left_out(tmp_path):
    x, y = np.zeros((4, 1, 8, 8), np.float32), np.resize(np.arange(3), (4, 8, 8))
    np.savez(tmp_path / "own.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    probe = Segmentation(data="files", path=tmp_path / "own.npz", ignore=2, model_options=TINY["model_options"])
    _, targets = probe.build("cpu").batch("train", torch.arange(4))
    np.testing.assert_array_equal(targets, np.where(y == 2, IGNORED, y))


def test_outputs_have_their_classes_last():
    probe = Segmentation(**TINY).build("cpu")
    batch = probe.batch("train", torch.arange(4))
    network = probe.initialise(0)
    outputs = probe.outputs(*network, batch)
    assert outputs.shape == (4, 16, 16, 3)
    right, count = probe.reduce(*network, batch)["accuracy"]
    assert (outputs.argmax(-1) == batch[1]).float().mean() == pytest.approx(float(right) / count)


@pytest.fixture
def field():
    """A mean field, logits and images, all drawn."""
    source = torch.Generator().manual_seed(0)
    return MeanField(3, 5, 2), *(torch.randn(2, c, 6, 6, generator=source) for c in (3, 2))


def test_a_mean_field_of_zero_weights_is_the_identity(field):
    crf, logits, images = field
    assert not torch.equal(crf(logits, images), logits)
    for weights in (crf.spatial, crf.bilateral):
        torch.nn.init.zeros_(weights)
    assert torch.equal(crf(logits, images), logits)


def test_a_mean_field_step_is_the_sum_over_pairs_of_pixels(field):
    _, logits, images = field
    crf = MeanField(3, 1, 2)
    torch.nn.init.normal_(crf.compatibility, generator=torch.Generator().manual_seed(1))
    said, wanted = logits.softmax(1), logits.clone()
    for n, i, j in np.ndindex(2, 6, 6):
        sums, norms = torch.zeros(2, 3), torch.zeros(2, 1)
        for k, m in np.ndindex(6, 6):
            if max(abs(i - k), abs(j - m)) > 2 or (i, j) == (k, m):
                continue
            far = ((i - k) ** 2 + (j - m) ** 2) / 4
            unlike = float(((images[n, :, i, j] - images[n, :, k, m]) ** 2).sum()) / 0.25
            kernels = torch.tensor([[-2 * far], [-(far + unlike) / 2]]).exp()
            sums, norms = sums + kernels * said[n, :, k, m], norms + kernels
        wanted[n, :, i, j] -= crf.compatibility.detach() @ (sums / norms).sum(0)
    torch.testing.assert_close(crf(logits, images).detach(), wanted)  # float32's default


def test_a_mean_field_makes_a_lone_pixel_agree_with_those_around_it():
    logits = torch.tensor([0.0, 2.0])[:, None, None].repeat(1, 7, 7)[None]
    logits[0, :, 3, 3] = torch.tensor([0.5, 0.0])
    refined = MeanField(2, 5, 2)(logits, torch.zeros(1, 1, 7, 7))
    assert logits.argmax(1)[0, 3, 3] == 0
    assert (refined.argmax(1) == 1).all()


CRF_WEIGHTS = {"crf.spatial", "crf.bilateral", "crf.compatibility"}
TRAINED = {False: set(), "fixed": set(), True: CRF_WEIGHTS, "learnable": CRF_WEIGHTS | {"crf.log_widths"}}


def test_a_mean_field_is_the_same_before_training_whatever_of_it_is_trained(field):
    crf, logits, images = field
    for trained in ("all", "none"):
        assert torch.equal(MeanField(3, 5, 2, trained=trained)(logits, images), crf(logits, images))


def test_a_kernel_of_another_width_is_that_of_another_scale(field):
    _, logits, images = field
    crf = MeanField(3, 2, 2, trained="all")
    with torch.no_grad():
        crf.log_widths.copy_(torch.tensor([0.0, 0.0, 0.7]))
    # Brightness that differs e^0.7 times less is as much alike.
    torch.testing.assert_close(crf(logits, images), MeanField(3, 2, 2)(logits, images * np.exp(-0.7)))
    with torch.no_grad():
        crf.log_widths.copy_(torch.tensor([20.0, 20.0, 20.0]))
    middle = 2 * 6 + 2  # the pixel whose window of 25 lies inside the image
    for kernel in crf._kernels(images):
        ends = kernel[..., middle].reshape(-1, 25).sort(dim=1).values
        torch.testing.assert_close(ends, torch.tensor([0.0] + [1 / 24] * 24).expand_as(ends))


def test_gradients_of_the_mean_field_are_those_of_differences():
    source = torch.Generator().manual_seed(0)
    logits, images = (torch.randn(1, c, 4, 4, generator=source, dtype=torch.float64) for c in (2, 1))
    crf = MeanField(2, 2, 1, trained="all").double()
    names = [name for name, _ in crf.named_parameters()]
    start = [p.detach() + 0.1 * torch.randn(p.shape, generator=source, dtype=p.dtype) for p in crf.parameters()]

    def refined(logits, *weights):
        return torch.func.functional_call(crf, dict(zip(names, weights, strict=True)), (logits, images))

    assert torch.autograd.gradcheck(refined, [x.requires_grad_() for x in (logits, *start)])


@pytest.mark.parametrize("crf", TRAINED)
def test_a_few_steps_lower_the_loss_and_move_every_weight(crf):
    probe = Segmentation(**TINY, crf=crf).build("cpu")
    start, buffers = probe.initialise(0)
    assert {name for name in start if name.startswith("crf.")} == TRAINED[crf]
    assert ("crf.compatibility" in buffers) == (crf == "fixed")
    parameters = {name: p.clone().requires_grad_() for name, p in start.items()}
    optimiser = torch.optim.Adam(parameters.values(), lr=1e-2)
    batch, losses = probe.batch("train", torch.arange(16)), []
    for _ in range(8):
        optimiser.zero_grad()
        loss = probe.objective(parameters, buffers, batch, training=True)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]
    assert [name for name, p in parameters.items() if torch.equal(p, start[name])] == []


STUDY = f"""
[task]
use = "segmentation"
crf = true
model_options = {{ widths = [2, 4] }}
data_options = {{ train = 16, test = 8, size = 16 }}
{TWO_RUNS}{MAP}
"""


@pytest.mark.slow
def test_a_study_of_it_runs_whole_with_its_three_measures(tmp_path):
    result = study_in(tmp_path, STUDY).run()
    measures = ("loss", "accuracy", "iou")
    fields = {f"{split}_{measure}" for split in ("train", "test") for measure in measures}
    assert fields <= set(result.map().landscape.fields)
    for name in fields - {"train_loss", "test_loss"}:
        assert ((result.atlas.truth[name] >= 0) & (result.atlas.truth[name] <= 1)).all()


DATA = """
import numpy as np
def flat():
    return np.zeros((4, 8, 8)), np.zeros((4, 8, 8), int), np.zeros((2, 8, 8)), np.zeros((2, 8, 8), int)
def whole():
    return np.zeros((4, 1, 8, 8)), np.zeros(4, int), np.zeros((2, 1, 8, 8)), np.zeros(2, int)
def soft():
    return np.zeros((4, 1, 8, 8)), np.zeros((4, 8, 8)), np.zeros((2, 1, 8, 8)), np.zeros((2, 8, 8))
"""
NEEDS = "needs images (examples, channels, height, width) and classes (examples, height, width), got"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"data": "flat"}, f"task.data: the train split {NEEDS} (4, 8, 8) and (4, 8, 8)"),
        ({"data": "whole"}, f"task.data: the train split {NEEDS} (4, 1, 8, 8) and (4,)"),
        ({"data": "soft"}, "task.data: the classes of the train split's pixels must be integers from 0"),
        (
            {"data_options": {"sizes": 16}},
            "task.data_options.sizes: data 'shapes' has no such option; did you mean 'size'?",
        ),
        ({"data_options": {"size": 7}}, "task.data_options.size: must be an integer of at least 8, got 7"),
        ({"data_options": {"noise": -0.5}}, "task.data_options.noise: must be a number of at least 0, got -0.5"),
        ({"data_options": {"train": True}}, "task.data_options.train: must be an integer of at least 1, got True"),
        (
            {"model_options": {"widths": [4] * 7}},
            "task.model_options.widths: 7 resolutions need images whose sides 64 divides, got 32×32",
        ),
        (
            {"model_options": {"widths": 8}},
            "task.model_options.widths: unet takes a list of numbers of channels, got 8",
        ),
        (
            {"model_options": {"norm": "layer"}},
            "task.model_options.norm: unet accepts 'batch', 'group', 'none', got 'layer'",
        ),
    ],
)
def test_what_does_not_fit_is_reported(options, says, tmp_path):
    if options.get("data"):
        (tmp_path / "data.py").write_text(DATA)
        options = {"data": Code(str(tmp_path / "data.py"), options["data"])}
    with pytest.raises(UserCodeError) as caught:
        Segmentation(**options).build("cpu")
    assert str(caught.value) == says
