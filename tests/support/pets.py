"""A folder as the archives of the Oxford-IIIT Pet data set unpack to, with all that lies beside what is to be read."""

import numpy as np
from PIL import Image

TRAIN, TEST = ("Abyssinian_100", "Abyssinian_34", "beagle_116", "yorkshire_terrier_9"), ("Bombay_1", "pug_52")
# Width and height of each photo: they differ, as do the modes and formats of files that are called .jpg.
SIZES = {"Abyssinian_100": (20, 30), "Abyssinian_34": (40, 24), "beagle_116": (16, 16), "yorkshire_terrier_9": (33, 21)}
KINDS = {"Abyssinian_34": ("P", "GIF"), "beagle_116": ("L", "JPEG"), "pug_52": ("RGBA", "PNG")}
HEADER = "#Image CLASS-ID SPECIES BREED ID\n#ID: 1:37 Class ids\n"
APPLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X"


def size_of(name):
    return SIZES.get(name, (18, 12))


def trimap_of(name):
    """A foreground in the middle, a frame that is not classified, background around."""
    width, height = size_of(name)
    trimap = np.full((height, width), 2, np.uint8)
    trimap[height // 4 : -(height // 4), width // 4 : -(width // 4)] = 3
    trimap[height // 3 : -(height // 3), width // 3 : -(width // 3)] = 1
    return trimap


def as_pets(root, train=TRAIN, test=TEST):
    """Write the folder, and return it."""
    images, trimaps, xmls = (root / part for part in ("images", "annotations/trimaps", "annotations/xmls"))
    for folder in (images, trimaps, xmls):
        folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in (*train, *test):
        width, height = size_of(name)
        mode, kind = KINDS.get(name, ("RGB", "JPEG"))
        pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).convert(mode).save(images / f"{name}.jpg", format=kind)
        Image.fromarray(trimap_of(name)).save(trimaps / f"{name}.png")
        (trimaps / f"._{name}.png").write_bytes(APPLE)
        (xmls / f"{name}.xml").write_text("<annotation/>")
    (images / "Abyssinian_100.mat").write_bytes(b"MATLAB 5.0 MAT-file")
    (root / "annotations/._trimaps").write_bytes(APPLE)
    lines = {"trainval.txt": train, "test.txt": test, "list.txt": (*train, *test)}
    for file, names in lines.items():
        rows = "".join(f"{name} {row + 1} {1 + name.islower()} 1\n" for row, name in enumerate(names))
        (root / "annotations" / file).write_text(HEADER * (file == "list.txt") + rows)
    return root
