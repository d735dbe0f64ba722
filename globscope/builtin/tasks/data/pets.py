"""The Oxford-IIIT Pet data set (Parkhi, Vedaldi, Zisserman and Jawahar, 2012), as its two archives are unpacked.

Only what the lists of the splits name is read: beside the photos lie MATLAB files, and beside the trimaps files of
macOS (`._….png`) that are no images. Some photos are PNG or GIF files called .jpg, gray, or of a palette.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from attrs import define

from globscope.api import UserCodeError, near
from globscope.builtin.tasks.data.arrays import Arrays
from globscope.builtin.tasks.data.decoded_images import DecodedImages
from globscope.builtin.tasks.data.image_size import ImageSize
from globscope.builtin.tasks.data.pet_photo import Photo, refusal

LISTS = {"train": "trainval.txt", "test": "test.txt"}
# The folder into which torchvision unpacks the archives.
TORCHVISION = "oxford-iiit-pet"
# Pixels of a side, if no other size is given.
SIZE = 128


@define(frozen=True, kw_only=True)
class PetsOptions:
    """Options of the data.

    Attributes:
        size: To which photos and trimaps are resized.
        train: Number of photos of the training split, evenly spaced over its list; all if unset.
        test: Number of photos of the test split, evenly spaced in the same way; all if unset.
    """

    size: ImageSize
    train: int | None = None
    test: int | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "PetsOptions":
        """Return the options of `task.data_options`.

        Raises:
            UserCodeError: There is no such option, or its value is not accepted.
        """
        known = ("size", *LISTS)
        for name, value in options.items():
            if name not in known:
                raise UserCodeError(f"task.data_options.{name}: data 'pets' has no such option; {near(name, known)}")
            if name in LISTS and not (type(value) is int and value >= 1):
                raise UserCodeError(f"task.data_options.{name}: must be an integer of at least 1, got {value!r}")
        return cls(**{**options, "size": ImageSize.of(options.get("size", SIZE))})


def load_pets(path: Path | None, options: Mapping[str, Any]) -> Arrays:
    """Return both splits: photos, (examples, 3, height, width) bytes, and the trimaps' values as they are, as bytes.

    The photos are decoded one by one, so that no more than the resized ones are in memory. Many are kept in the cache.

    Raises:
        UserCodeError: There is no such folder, a list names what is not there, or a file is no photo or trimap.
    """
    wanted = PetsOptions.of(options)
    folder = _folder(path)
    photos = {
        split: list(_photos(folder, split, count)) for split, count in (("train", wanted.train), ("test", wanted.test))
    }
    kept = DecodedImages.of(*_files(photos), how=f"{wanted.size} {len(photos['train'])}")
    arrays = kept.read()
    if arrays is None:
        arrays = Arrays(**{split: _decode(own, wanted.size) for split, own in photos.items()})
        kept.write(arrays)
    return arrays


def _folder(path: Path | None) -> Path:
    """Return the folder that holds `images` and `annotations`."""
    parts = "images/ and annotations/, which images.tar.gz and annotations.tar.gz of the data set unpack to"
    if path is None:
        raise UserCodeError(f"task.path: data = 'pets' is read from your own files: the folder with {parts}")
    for folder in (path, path / TORCHVISION):
        if (folder / "annotations" / "trimaps").is_dir():
            return folder
    raise UserCodeError(f"task.path: {path} has no annotations/trimaps/; it must be the folder with {parts}")


def _photos(folder: Path, split: str, count: int | None) -> Iterator[Photo]:
    """Yield the photos of a split in the order of its list, which sorts them by breed."""
    file = folder / "annotations" / LISTS[split]
    if not file.is_file():
        raise UserCodeError(f"task.path: {folder} has no annotations/{LISTS[split]}, the list of the {split} split")
    names = [line.split()[0] for line in file.read_text("utf-8").splitlines() if line.strip() and line[0] != "#"]
    if not names:
        raise refusal(file, "names no photo")
    chosen = np.linspace(0, len(names) - 1, min(count or len(names), len(names))).round().astype(int)
    for name in (names[row] for row in chosen):
        photo = Photo(
            image=folder / "images" / f"{name}.jpg", trimap=folder / "annotations" / "trimaps" / f"{name}.png"
        )
        for path in (photo.image, photo.trimap):
            if PurePath(name).name != name or not path.is_file():
                raise refusal(file, f"names {name!r}, but there is no {path.relative_to(folder).as_posix()}")
        yield photo


def _files(photos: Mapping[str, list[Photo]]) -> Iterator[Path]:
    for photo in (photo for own in photos.values() for photo in own):
        yield from (photo.image, photo.trimap)


def _decode(photos: list[Photo], size: ImageSize) -> tuple[np.ndarray, np.ndarray]:
    images = np.empty((len(photos), 3, size.height, size.width), np.uint8)
    trimaps = np.empty((len(photos), size.height, size.width), np.uint8)
    for row, photo in enumerate(photos):
        images[row], trimaps[row] = photo.read(size)
    return images, trimaps
