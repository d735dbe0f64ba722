"""An image folder, or a zip of one, with <anything>/train/<class>/<image> and <anything>/test/<class>/<image>."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path, PurePosixPath
from zipfile import is_zipfile

import numpy as np

from globscope.api import UserCodeError, open_zip
from globscope.builtin.tasks.data.arrays import Arrays
from globscope.builtin.tasks.data.decoded_images import DecodedImages

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".webp", ".tif", ".tiff")
SPLITS = {"train": ("train",), "test": ("test", "val", "validation")}
Open = Callable[[str], bytes]


def fits(path: Path) -> bool:
    """Return whether a path is a zip, or a folder in which some folder is called `train`."""
    if path.is_file():
        return is_zipfile(path)
    return (path / "train").is_dir() or any((p / "train").is_dir() for p in path.iterdir())


def read(path: Path) -> Arrays:
    """Return both splits as bytes, (images, channels, height, width); classes in alphabetical order.

    Raises:
        UserCodeError: A split is empty, the splits have different classes, or the images have different sizes.
    """
    if path.is_dir():
        return _decode(path)
    kept = DecodedImages.of(path)
    arrays = kept.read()
    if arrays is None:
        arrays = _decode(path)
        kept.write(arrays)
    return arrays


def _decode(path: Path) -> Arrays:
    with ExitStack() as stack:
        names, content = _open(path, stack)
        labels = {split: dict(_labels(names, words)) for split, words in SPLITS.items()}
        classes = sorted(set(labels["train"].values()))
        for split, words in SPLITS.items():
            strange = sorted(set(labels[split].values()) - set(classes))
            if not labels[split]:
                raise UserCodeError(f"task.path: {path} has no image in a folder {words[0]}/<class>/")
            if strange:
                raise UserCodeError(f"task.path: {path}: class {strange[0]!r} of {split} is not among train's")
        train, test = (_stack_images(path, labels[split], classes, content) for split in SPLITS)
    return Arrays(train=train, test=test)


def _open(path: Path, stack: ExitStack) -> tuple[list[str], Open]:
    if path.is_dir():
        return sorted(p.relative_to(path).as_posix() for p in path.rglob("*")), lambda n: (path / n).read_bytes()
    archive = stack.enter_context(open_zip(path))
    return list(archive.names), archive.read


def _labels(names: list[str], words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield the name and the class of each image of a split."""
    for name in names:
        parts = PurePosixPath(name).parts
        if len(parts) >= 3 and parts[-3] in words and PurePosixPath(name).suffix.lower() in SUFFIXES:
            yield name, parts[-2]


def _stack_images(
    path: Path, labels: dict[str, str], classes: list[str], content: Open
) -> tuple[np.ndarray, np.ndarray]:
    from PIL import Image

    images: np.ndarray | None = None
    for row, name in enumerate(labels):
        with Image.open(BytesIO(content(name))) as image:
            pixels = np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"))
        pixels = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
        if images is None:
            images = np.empty((len(labels), *pixels.shape), np.uint8)
        if pixels.shape != images.shape[1:]:
            raise UserCodeError(
                f"task.path: {path}: image {name} has shape {pixels.shape}, the first has {images.shape[1:]}"
            )
        images[row] = pixels
    assert images is not None
    return images, np.array([classes.index(label) for label in labels.values()])
