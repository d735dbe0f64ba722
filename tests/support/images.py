"""Small images with labels, in the layouts that public data sets have."""

import gzip

import numpy as np
from PIL import Image


def some(count, channels=3, classes=10, seed=0, size=32):
    """Images of noise and labels in which each class occurs."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, channels, size, size), dtype=np.uint8)
    return images, np.resize(np.arange(classes), count)


TRAIN, TEST = some(20), some(10, seed=1)
GRAY_TRAIN, GRAY_TEST = some(20, 1, size=28), some(10, 1, seed=1, size=28)


def as_images(folder, train=TRAIN, test=TEST):
    for split, (x, y) in (("train", train), ("test", test)):
        for row, (pixels, label) in enumerate(zip(x, y, strict=True)):
            file = folder / "set" / split / f"class{label}" / f"{row:04}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.transpose(1, 2, 0) if len(pixels) == 3 else pixels[0]).save(file)
    return folder


def as_idx(folder, packed=False):
    folder.mkdir()
    for prefix, (x, y) in (("train", GRAY_TRAIN), ("t10k", GRAY_TEST)):
        for name, array in ((f"{prefix}-images-idx3-ubyte", x[:, 0]), (f"{prefix}-labels-idx1-ubyte", y)):
            header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
            content = header + array.astype(np.uint8).tobytes()
            (folder / (name + ".gz" * packed)).write_bytes(gzip.compress(content) if packed else content)
    return folder
