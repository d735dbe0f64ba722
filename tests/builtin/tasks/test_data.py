"""Data from strangers' files: every layout gives the same examples, nothing is unpickled, damage is reported."""

import pickle
import shutil
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import torch
from PIL import Image
from support.images import GRAY_TEST, GRAY_TRAIN, TEST, TRAIN, as_idx, as_images

from globscope.api import Code, UserCodeError
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.data.by_name import load_named, read_path
from globscope.builtin.tasks.pixels import crop_and_flip


def as_npz(path, train=TRAIN, test=TEST, last=False):
    turned = (lambda x: x.transpose(0, 2, 3, 1)) if last else (lambda x: x)
    np.savez(path, x_train=turned(train[0]), y_train=train[1], x_test=turned(test[0]), y_test=test[1])
    return path


def as_cifar(folder, coarse=False):
    folder.mkdir()
    names = ("train.bin", "test.bin") if coarse else ("data_batch_1.bin", "test_batch.bin")
    for name, (x, y) in zip(names, (TRAIN, TEST), strict=True):
        labels = [np.zeros(len(y), np.uint8)] * coarse + [y.astype(np.uint8)]
        (folder / name).write_bytes(np.column_stack([*labels, x.reshape(len(x), -1)]).astype(np.uint8).tobytes())
    return folder


def as_zip(path):
    folder = as_images(path.with_suffix(""))
    with ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder))
    return path


LAYOUTS = {
    "npz": lambda at: as_npz(at / "x.npz"),
    "npz, channels last": lambda at: as_npz(at / "x.npz", last=True),
    "CIFAR-10 binary": lambda at: as_cifar(at / "c"),
    "CIFAR-100 binary": lambda at: as_cifar(at / "c", coarse=True),
    "image folder": lambda at: as_images(at / "i"),
    "image folder's inner folder": lambda at: as_images(at / "i") / "set",
    "zip of an image folder": lambda at: as_zip(at / "i.zip"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_images(layout, tmp_path):
    found = read_path(LAYOUTS[layout](tmp_path))
    for (x, y), (images, labels) in ((found.train, TRAIN), (found.test, TEST)):
        # An image folder has no order of its own: classes, then names.
        order = np.lexsort((np.arange(len(labels)), labels)) if "folder" in layout else slice(None)
        np.testing.assert_array_equal(x, images[order])
        np.testing.assert_array_equal(y, labels[order])
    assert (found.shape, found.classes) == ((3, 32, 32), 10)


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_are_read_packed_or_not(packed, tmp_path):
    found = load_named("mnist", as_idx(tmp_path / "m", packed), 0.2, 0)
    np.testing.assert_array_equal(found.train[0], GRAY_TRAIN[0])
    np.testing.assert_array_equal(found.test[1], GRAY_TEST[1])


def test_gray_images_get_a_channel(tmp_path):
    gray = [(x[:, 0], y) for x, y in (GRAY_TRAIN, GRAY_TEST)]
    assert read_path(as_npz(tmp_path / "x.npz", *gray)).shape == (1, 28, 28)
    assert read_path(as_images(tmp_path / "i", GRAY_TRAIN, GRAY_TEST)).shape == (1, 28, 28)


# What is wrong.


def pickled(at):
    class Leaves:
        def __reduce__(self):
            return Path.touch, (at / "executed",)

    (at / "c").mkdir()
    for name in ("data_batch_1", "test_batch"):
        (at / "c" / name).write_bytes(pickle.dumps(Leaves()))
    return at / "c"


def cut(file, keep=1000):
    file.write_bytes(file.read_bytes()[:keep])
    return file.parent


def without(path, name):
    with np.load(path) as found:
        kept = {key: found[key] for key in found if key != name}
    np.savez(path, **kept)
    return path


def fewer_labels(path):
    np.savez(path, x_train=TRAIN[0], y_train=TRAIN[1][:5], x_test=TEST[0], y_test=TEST[1])
    return path


def objects(path):
    np.savez(path, x_train=np.array([None]), y_train=[0], x_test=[0], y_test=[0])
    return path


def other_size(folder):
    Image.new("RGB", (8, 8)).save(folder / "set/train/class9/zzzz.png")
    return folder


def strange_class(folder):
    (folder / "set/test/class3").rename(folder / "set/test/class33")
    return folder


def no_test(folder):
    shutil.rmtree(folder / "set/test")
    return folder


PYTHON = (
    "task.path: AT/c is CIFAR's python version, which is pickled code that is never run; "
    "take the binary version of the same page, https://www.cs.toronto.edu/~kriz/cifar.html"
)
DAMAGED = {
    "python version": (pickled, PYTHON),
    "an array is missing": (
        lambda at: without(as_npz(at / "x.npz"), "y_test"),
        "task.path: AT/x.npz has no array 'y_test'; did you mean 'x_test'?",
    ),
    "fewer labels": (
        lambda at: fewer_labels(at / "x.npz"),
        "task.path: AT/x.npz: x_train has 20 examples and y_train has 5",
    ),
    "objects": (lambda at: objects(at / "x.npz"), "task.path: AT/x.npz: the array 'x_train' holds Python objects***"),
    "no npz": (
        lambda at: cut(as_npz(at / "x.npz")) / "x.npz",
        "task.path: AT/x.npz: cannot be read as .npz: ***",
    ),
    "cut CIFAR": (
        lambda at: cut(as_cifar(at / "c") / "data_batch_1.bin"),
        "task.path: AT/c/data_batch_1.bin is damaged: 1,000 bytes are not a whole number of images",
    ),
    "cut idx": (
        lambda at: cut(as_idx(at / "m") / "train-images-idx3-ubyte"),
        "task.path: AT/m/train-images-idx3-ubyte is damaged: 984 bytes for shape (20, 28, 28)",
    ),
    "other idx": (
        lambda at: cut(as_idx(at / "m") / "train-images-idx3-ubyte", 3),
        "task.path: AT/m/train-images-idx3-ubyte is not an idx file of bytes",
    ),
    "images of several sizes": (
        lambda at: other_size(as_images(at / "i")),
        "task.path: AT/i: image set/train/class9/zzzz.png has shape (3, 8, 8), the first has (3, 32, 32)",
    ),
    "a class of the test split alone": (
        lambda at: strange_class(as_images(at / "i")),
        "task.path: AT/i: class 'class33' of test is not among train's",
    ),
    "no test split": (
        lambda at: no_test(as_images(at / "i")),
        "task.path: AT/i has no image in a folder test/<class>/",
    ),
    "nothing known": (lambda at: at, "task.path: AT holds no data that is known; accepted: an .npz with x_train, ***"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_data_that_cannot_be_read_is_reported_and_runs_nothing(case, tmp_path):
    make, says = DAMAGED[case]
    path = make(tmp_path)
    with pytest.raises(UserCodeError) as caught:
        read_path(path)
    message, wanted = str(caught.value), says.replace("AT", str(tmp_path))
    assert message.startswith(wanted.removesuffix("***")) if wanted.endswith("***") else message == wanted
    assert not (tmp_path / "executed").exists()


def test_named_data_is_what_its_name_says(tmp_path):
    path = as_npz(tmp_path / "x.npz")
    assert load_named("cifar10", path, 0.2, 0).classes == 10
    with pytest.raises(UserCodeError) as caught:
        load_named("mnist", path, 0.2, 0)
    assert str(caught.value) == (
        f"task.path: {path} holds examples of shape (3, 32, 32) in 10 classes, which is not "
        "mnist ((1, 28, 28), 10 classes); data = 'files' takes any"
    )
    with pytest.raises(
        UserCodeError, match=r"^task\.path: data = 'cifar100' is read from your own files: the folder"
    ) as no:
        load_named("cifar100", None, 0.2, 0)
    assert str(no.value).endswith("; `globscope data cifar100` downloads it")


# From files to batches.


def test_a_batch_is_the_bytes_scaled_and_normalised_by_the_training_split(tmp_path):
    path = as_npz(tmp_path / "x.npz")
    plain = Classification(data="files", path=path).build("cpu").batch("test", torch.arange(4))[0]
    np.testing.assert_allclose(plain, TEST[0][:4] / 255, rtol=1e-6)  # float32
    train = TRAIN[0] / 255
    mean, deviation = train.mean(axis=(0, 2, 3)), train.std(axis=(0, 2, 3))
    wanted = (TEST[0][:4] / 255 - mean[:, None, None]) / deviation[:, None, None]
    own = Classification(data="files", path=path, normalise="channel").build("cpu")
    np.testing.assert_allclose(own.batch("test", torch.arange(4))[0], wanted, atol=1e-5)  # float32, values near 1
    given = Classification(data="files", path=path, normalise=(tuple(mean), tuple(deviation))).build("cpu")
    np.testing.assert_allclose(given.batch("test", torch.arange(4))[0], wanted, atol=1e-5)


def test_normalisation_of_another_number_of_channels_is_reported(tmp_path):
    task = Classification(data="files", path=as_npz(tmp_path / "x.npz"), normalise=((0.5,), (0.5,)))
    with pytest.raises(UserCodeError, match=r"^task\.normalise: needs 3 means and 3 deviations above 0"):
        task.build("cpu")


def test_fewer_training_examples_are_a_part_of_all_and_the_test_split_stays(tmp_path):
    path = as_npz(tmp_path / "x.npz")
    probe = Classification(data="files", path=path, train_examples=7).build("cpu")
    assert (probe.examples("train"), probe.examples("test")) == (7, 10)
    rows = {row.tobytes() for row in TRAIN[0]}
    assert {(x * 255).round().byte().numpy().tobytes() for x in probe.batch("train", torch.arange(7))[0]} <= rows


def test_augmentation_crops_the_padded_image_and_mirrors_half_of_them():
    images = torch.arange(64 * 2 * 8 * 8, dtype=torch.float32).reshape(64, 2, 8, 8) + 1
    torch.manual_seed(0)
    moved = crop_and_flip(images)
    padded = torch.nn.functional.pad(images, (4, 4, 4, 4))
    flipped = 0
    for one, whole in zip(moved, padded, strict=True):
        windows = [whole[:, i : i + 8, j : j + 8] for i in range(9) for j in range(9)]
        mirrored = any(torch.equal(one.flip(2), window) for window in windows)
        assert mirrored or any(torch.equal(one, window) for window in windows)
        flipped += mirrored
    assert 16 < flipped < 48  # 32 of 64 are expected; 16 is four standard deviations away


def test_augmentation_happens_in_training_alone(tmp_path):
    path = as_npz(tmp_path / "x.npz")
    plain, moved = (Classification(data="files", path=path, hidden=(4,), augment=a).build("cpu") for a in AUGMENTS)
    parameters, buffers = plain.initialise(0)
    batch = plain.batch("train", torch.arange(20))
    for training in (False, True):
        torch.manual_seed(0)
        losses = {float(p.objective(parameters, buffers, batch, training=training)) for p in (plain, moved)}
        assert len(losses) == 1 + training


AUGMENTS = ("none", "crop-flip")


def test_augmentation_of_what_is_no_image_is_reported():
    with pytest.raises(UserCodeError, match=r"crop-flip is for images; the data's examples have shape \(64,\)$"):
        Classification(augment="crop-flip").build("cpu")


DATASETS = """
import torch
from torch.utils.data import Dataset, TensorDataset

class Squares(Dataset):
    def __init__(self, count): self.count = count
    def __len__(self): return self.count
    def __getitem__(self, at): return torch.full((3,), float(at)), at % 2

def data():
    return Squares(6), TensorDataset(torch.zeros(4, 3), torch.tensor([0, 1, 0, 1]))

def uneven():
    return [(torch.zeros(n + 1), 0) for n in range(3)], Squares(2)

def one():
    return Squares(2), 7
"""


def test_torch_datasets_are_gathered_once(tmp_path):
    (tmp_path / "sets.py").write_text(DATASETS)
    probe = Classification(data=Code(str(tmp_path / "sets.py"), "data"), hidden=(4,)).build("cpu")
    inputs, targets = probe.batch("train", torch.arange(6))
    np.testing.assert_array_equal(inputs[:, 0], np.arange(6))
    np.testing.assert_array_equal(targets, [0, 1, 0, 1, 0, 1])
    assert probe.examples("test") == 4


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("uneven", "the examples of a dataset must be (input, target) of one shape: RuntimeError: "),
        ("one", "a dataset must have a length and examples; got int"),
    ],
)
def test_a_dataset_that_cannot_be_gathered_is_reported(name, says, tmp_path):
    (tmp_path / "sets.py").write_text(DATASETS)
    with pytest.raises(UserCodeError) as caught:
        Classification(data=Code(str(tmp_path / "sets.py"), name)).build("cpu")
    assert str(caught.value).startswith(f"{tmp_path}/sets.py:{name}: {says}")
