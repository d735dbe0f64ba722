"""torchvision's datasets by name: read where they lie, never unpickled, never downloaded; reported if missing.

The rules are tested on a small package of torchvision's shape, so that they hold where torchvision is not installed,
and on torchvision itself where it is.
"""

import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from support.images import GRAY_TEST, GRAY_TRAIN, TEST, TRAIN, as_idx, as_images
from support.messages import assert_lines, error_lines, with_task
from support.optional import import_or_skip
from support.pets import as_pets

import globscope
from globscope.api import Code
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.segmentation import Segmentation
from globscope.spec.read import read_spec

PACKAGE = {
    "__init__.py": "",
    "transforms.py": """
import numpy as np
import torch

class PILToTensor:
    def __call__(self, image):
        return torch.from_numpy(np.array(image, np.uint8)).reshape(*image.size[::-1], -1).permute(2, 0, 1)
""",
    "datasets/__init__.py": """
from torchvision.datasets.cifar import CIFAR10
from torchvision.datasets.others import MNIST, Country211, FakeData, OxfordIIITPet
from torchvision.datasets.vision import VisionDataset
""",
    "datasets/vision.py": """
from torch.utils.data import Dataset

class VisionDataset(Dataset):
    def __init__(self, root, transform=None):
        self.root, self.transform = root, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, at):
        return self.transform(self.images[at]), self.labels[at]
""",
    "datasets/cifar.py": """
import pickle
from torchvision.datasets.vision import VisionDataset

class CIFAR10(VisionDataset):
    def __init__(self, root, train=True, transform=None, download=False):
        super().__init__(root, transform)
        self.data = pickle.load(open(root + "/data_batch_1", "rb"))
""",
    "datasets/others.py": """
from pathlib import Path
import numpy as np
from PIL import Image
from torchvision.datasets.vision import VisionDataset

class MNIST(VisionDataset):
    def __init__(self, root, train=True, transform=None, download=False):
        super().__init__(root, transform)
        assert download is False
        name, folder = "train" if train else "t10k", Path(root) / "MNIST/raw"
        if not folder.is_dir():
            raise RuntimeError("Dataset not found. You can use download=True to download it")
        images = np.fromfile(folder / f"{name}-images-idx3-ubyte", np.uint8)[16:].reshape(-1, 28, 28)
        self.images = [Image.fromarray(image) for image in images]
        self.labels = np.fromfile(folder / f"{name}-labels-idx1-ubyte", np.uint8)[8:].tolist()

class Country211(VisionDataset):
    def __init__(self, root, split="train", *, extra=None, **options):
        super().__init__(root, **options)
        files = sorted((Path(root) / "country211" / split).rglob("*.png"))
        self.images, self.labels = [Image.open(file) for file in files], [int(file.parent.name[5:]) for file in files]

class OxfordIIITPet(VisionDataset):
    def __init__(
        self, root, split="trainval", target_types="category", transform=None, target_transform=None, download=False
    ):
        super().__init__(root, transform)
        if split not in ("trainval", "test"):
            raise ValueError(f"Unknown value '{split}' for argument split. Valid values are {{'trainval', 'test'}}.")
        self.base, self.types, self.change = Path(root) / "oxford-iiit-pet", target_types, target_transform
        if not self.base.is_dir():
            raise RuntimeError("Dataset not found. You can use download=True to download it")
        lines = (self.base / f"annotations/{split}.txt").read_text().splitlines()
        self.names = [line.split()[0] for line in lines]

    def __len__(self):
        return len(self.names)

    def __getitem__(self, at):
        image = Image.open(self.base / f"images/{self.names[at]}.jpg").convert("RGB")
        target = Image.open(self.base / f"annotations/trimaps/{self.names[at]}.png") if "seg" in self.types else at
        return self.transform(image), self.change(target)

class FakeData(VisionDataset):
    def __init__(self, size=10, transform=None):
        super().__init__(None, transform)
""",
}


@pytest.fixture(params=["of its shape", "itself"])
def torchvision(request, tmp_path, monkeypatch):
    """Make torchvision importable: a small package of its shape, or itself."""
    if request.param == "itself":
        import_or_skip("torchvision")
        yield
        return
    for name, text in PACKAGE.items():
        file = tmp_path / "packages/torchvision" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path / "packages")
    yield
    for name in [name for name in set(sys.modules) - before if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder to be in, with an empty root of data."""
    (tmp_path / "work/root").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def mnist(root):
    (root / "MNIST").mkdir()
    as_idx(root / "MNIST/raw")


def pets(root):
    # Without the GIF, which torchvision leaves open.
    as_pets(root / "oxford-iiit-pet", train=("Abyssinian_100", "beagle_116"))


def country(root):
    (as_images(root) / "set").rename(root / "country211")


@pytest.mark.parametrize("module", ["torchvision", "torchvision.datasets"])
def test_a_dataset_with_train_is_read_as_bytes(module, torchvision, workplace):
    mnist(Path("root"))
    probe = Classification(data=Code(module, "MNIST"), path=Path("root"), hidden=(4,)).build("cpu")
    for split, (images, labels) in (("train", GRAY_TRAIN), ("test", GRAY_TEST)):
        inputs, targets = probe.batch(split, torch.arange(len(labels)))
        np.testing.assert_allclose(inputs, images / 255, rtol=1e-6)  # float32
        np.testing.assert_array_equal(targets, labels)


def test_a_dataset_with_splits_is_read_channels_first(torchvision, workplace):
    country(Path("root"))
    probe = Classification(data=Code("torchvision", "Country211"), path=Path("root"), hidden=(4,)).build("cpu")
    for split, (images, labels) in (("train", TRAIN), ("test", TEST)):
        order = np.lexsort((np.arange(len(labels)), labels))  # a folder has no order of its own: classes, then names
        inputs, targets = probe.batch(split, torch.arange(len(labels)))
        np.testing.assert_allclose(inputs, images[order] / 255, rtol=1e-6)  # float32
        np.testing.assert_array_equal(targets, labels[order])


@pytest.mark.parametrize("ignore", [None, 3])
def test_masks_are_read_as_the_folder_of_the_same_data_is(ignore, torchvision, workplace):
    pets(Path("root"))
    options = {"path": Path("root"), "ignore": ignore, "model_options": {"widths": [2, 4]}}
    masks = {"target_types": "segmentation", "size": [8, 12]}
    through = Segmentation(data=Code("torchvision", "OxfordIIITPet"), data_options=masks, **options).build("cpu")
    own = Segmentation(data="pets", data_options={"size": [8, 12]}, **options).build("cpu")
    for split in ("train", "test"):
        rows = torch.arange(own.examples(split))
        for one, other in zip(through.batch(split, rows), own.batch(split, rows), strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert through.digest() == own.digest()


def test_a_dataset_without_masks_or_a_size_is_reported(torchvision, workplace):
    pets(Path("root"))
    task = partial(Segmentation, data=Code("torchvision", "OxfordIIITPet"), path=Path("root"))
    needs = "needs a size to which images and masks are resized"
    assert_lines(error_lines(task().build, "cpu"), [f"task.data_options.size: torchvision:OxfordIIITPet {needs}"])
    [line] = error_lines(task(data_options={"size": 8}).build, "cpu")
    assert line.endswith("ValueError: a mask is an image with one channel, not int")
    [line] = error_lines(task(path=Path(), data_options={"size": 8}).build, "cpu")
    assert "Dataset not found" in line


def test_a_spec_names_a_dataset(torchvision, workplace):
    mnist(Path("root"))
    text = with_task('hidden = [4]\ndata = "torchvision:MNIST"\npath = "root"')
    Path("study.toml").write_text(text.replace("epochs = 1", "epochs = 8"))
    assert globscope.load("study.toml").estimate().parameters == (784 * 4 + 4) + (4 * 10 + 10)


ELSEWHERE = "a study downloads nothing: torchvision.datasets.MNIST does, called in Python with download=True"
GIVEN = "is not to be set: the root is task.path, both splits are read as bytes, and nothing is downloaded"
REFUSED = {
    "pickled": (
        'data = "torchvision:CIFAR10"\npath = "root"',
        "task.data: torchvision:CIFAR10 unpickles its files, which can run code and is never done; "
        "data = 'cifar10' reads the binary version, `globscope data cifar10` downloads it",
    ),
    "unknown": (
        'data = "torchvision:MINST"\npath = "root"',
        "task.data: torchvision has no dataset 'MINST'; did you mean 'MNIST'?",
    ),
    "the class of all": (
        'data = "torchvision:VisionDataset"\npath = "root"',
        "task.data: torchvision has no dataset 'VisionDataset'; ***",
    ),
    "without splits": (
        'data = "torchvision:FakeData"',
        "task.data: torchvision:FakeData takes neither 'train' nor 'split' to tell its splits; "
        "data = 'file.py:name' takes a function that returns two datasets",
    ),
    "without a root": (
        'data = "torchvision:MNIST"',
        "task.path: data = 'torchvision:MNIST' is read from your own files: torchvision's root folder",
    ),
    "no such option": (
        'data = "torchvision:MNIST"\npath = "root"\ndata_options = { target_transfrom = "x" }',
        "task.data_options.target_transfrom: torchvision:MNIST has no such option; ***",
    ),
    "download": (
        'data = "torchvision:MNIST"\npath = "root"\ndata_options = { download = true }',
        f"task.data_options.download: {GIVEN}",
    ),
    "split": (
        'data = "torchvision:Country211"\npath = "root"\ndata_options = { split = "train" }',
        f"task.data_options.split: {GIVEN}",
    ),
    "no files": (
        'data = "torchvision:MNIST"\npath = "root"',
        f"torchvision.datasets:MNIST raised RuntimeError: Dataset not found. ***; {ELSEWHERE}",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_dataset_that_cannot_be_read_is_reported(case, torchvision, workplace):
    lines, wanted = REFUSED[case]
    Path("study.toml").write_text(with_task(lines))
    assert_lines(error_lines(globscope.load("study.toml").estimate), [wanted])


def test_every_pickled_dataset_is_refused():
    datasets = import_or_skip("torchvision.datasets")
    for name in ("CIFAR10", "CIFAR100", "LSUN"):
        assert hasattr(datasets, name)
        [line] = error_lines(Classification(data=Code("torchvision", name), path=Path()).build, "cpu")
        assert line.startswith(f"task.data: torchvision:{name} unpickles its files, which can run code ")


def test_an_option_goes_to_the_dataset_whose_parent_tells_the_splits(workplace):
    import_or_skip("torchvision")
    as_idx(workplace / "raw")
    (workplace / "root/EMNIST").mkdir()
    (workplace / "raw").rename(workplace / "root/EMNIST/raw")
    for file in (workplace / "root/EMNIST/raw").iterdir():
        file.rename(file.with_name("emnist-digits-" + file.name.replace("t10k", "test")))
    task = Classification(data=Code("torchvision", "EMNIST"), path=Path("root"), data_options={"split": "digits"})
    assert task.build("cpu").examples("test") == len(GRAY_TEST[1])


def test_without_torchvision_its_datasets_are_refused_with_what_to_do(workplace, monkeypatch):
    for name in ("torchvision", "torchvision.datasets"):
        monkeypatch.setitem(sys.modules, name, None)  # Python's own way to say that there is none
    Path("study.toml").write_text(with_task('data = "torchvision:MNIST"\npath = "root"'))
    assert error_lines(read_spec, Path("study.toml")) == [
        "study.toml: task.data: there is no installed module 'torchvision': install it: pip install 'globscope[vision]'"
    ]
    [line] = error_lines(Classification(data=Code("torchvision", "MNIST"), path=Path("root")).build, "cpu")
    assert line.startswith("cannot import torchvision.datasets: ModuleNotFoundError: ")
