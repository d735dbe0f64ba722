"""Oxford-IIIT Pet: a folder of the real layout is read as it is unpacked, and what is wrong in it is reported."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from support.messages import assert_lines, error_lines, with_task
from support.paths import ROOT
from support.pets import TEST, TRAIN, as_pets, size_of, trimap_of

import globscope
from globscope.builtin.tasks.data import decoded_images, load_pets, pets
from globscope.builtin.tasks.data.image_size import ImageSize
from globscope.builtin.tasks.segmentation import Segmentation
from globscope.spec.read import read_spec

SMALL = {"widths": [2, 4], "norm": "group"}


@pytest.fixture
def folder(tmp_path):
    return as_pets(tmp_path / "pets")


def a_task(folder, **options):
    return Segmentation(data="pets", path=folder, model_options=SMALL, **{"data_options": {"size": 16}} | options)


def test_photos_of_all_sizes_modes_and_formats_are_read_in_the_order_of_the_lists(folder):
    arrays = load_pets(folder, {"size": [8, 12]})
    for (images, trimaps), names in ((arrays.train, TRAIN), (arrays.test, TEST)):
        assert (images.shape, images.dtype) == ((len(names), 3, 8, 12), np.uint8)
        assert (trimaps.shape, trimaps.dtype) == ((len(names), 8, 12), np.uint8)
        for row, name in enumerate(names):
            with Image.open(folder / "images" / f"{name}.jpg") as photo:
                wanted = photo.convert("RGB").resize((12, 8), Image.Resampling.BILINEAR)
            np.testing.assert_array_equal(images[row].transpose(1, 2, 0), wanted)


def test_a_trimap_has_the_value_of_the_pixel_below_the_middle_of_each_of_its_own(folder):
    _, trimaps = load_pets(folder, {"size": [8, 12]}).train
    for trimap, name in zip(trimaps, TRAIN, strict=True):
        width, height = size_of(name)
        rows, columns = (
            ((np.arange(8) + 0.5) * height / 8).astype(int),
            ((np.arange(12) + 0.5) * width / 12).astype(int),
        )
        np.testing.assert_array_equal(trimap, trimap_of(name)[np.ix_(rows, columns)])


def test_the_folder_is_found_where_torchvision_leaves_it(tmp_path, folder):
    (tmp_path / "root").mkdir()
    here = load_pets(folder, {"size": 8})
    folder.rename(tmp_path / "root/oxford-iiit-pet")
    np.testing.assert_array_equal(load_pets(tmp_path / "root", {"size": 8}).train[0], here.train[0])


def test_fewer_photos_are_evenly_spaced_over_the_breeds(folder):
    every, some = (load_pets(folder, {"size": 8, **options}) for options in ({}, {"train": 2, "test": 9}))
    np.testing.assert_array_equal(some.train[0], every.train[0][[0, -1]])
    np.testing.assert_array_equal(some.test[1], every.test[1])


def test_undecided_pixels_are_a_class_or_are_left_out(folder):
    trimaps = load_pets(folder, {"size": 16}).train[1]
    three, two = a_task(folder).build("cpu"), a_task(folder, ignore=3).build("cpu")
    (_, all_classes), (_, counted) = (probe.batch("train", torch.arange(len(TRAIN))) for probe in (three, two))
    np.testing.assert_array_equal(all_classes, trimaps.astype(int) - 1)
    np.testing.assert_array_equal(counted, np.where(trimaps == 3, -100, trimaps.astype(int) - 1))
    outputs = [probe.outputs(*probe.initialise(0), probe.batch("test", torch.arange(2))) for probe in (three, two)]
    assert [found.shape[-1] for found in outputs] == [3, 2]


def test_the_classes_have_fields_by_their_names(folder):
    assert a_task(folder, class_iou=True).build("cpu").measures[3:] == (
        "iou_foreground",
        "iou_background",
        "iou_undecided",
    )
    assert a_task(folder, class_iou=True, ignore=3).build("cpu").measures[3:] == ("iou_foreground", "iou_background")


def test_masks_stay_bytes_so_that_all_7349_photos_take_half_a_gigabyte(folder):
    arrays = a_task(folder)._arrays()
    held = sum(array.nbytes for pair in (arrays.train, arrays.test) for array in pair)
    assert held == (len(TRAIN) + len(TEST)) * 16 * 16 * (3 + 1)
    assert 7349 * 128 * 128 * (3 + 1) < 0.5e9


def test_many_photos_are_decoded_once_for_each_size(folder, tmp_path, monkeypatch):
    decoded, decode = [], pets._decode
    monkeypatch.setattr(pets, "_decode", lambda photos, size: decoded.append(size) or decode(photos, size))
    monkeypatch.setattr(decoded_images, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(decoded_images, "FEWEST", len(TRAIN) + len(TEST))
    first, again = (load_pets(folder, {"size": 8}) for _ in range(2))
    np.testing.assert_array_equal(first.train[1], again.train[1])
    assert decoded == [ImageSize(8, 8)] * 2, "two splits"
    load_pets(folder, {"size": 9})
    moved = TEST[0]
    for file, names in (("trainval.txt", (*TRAIN, moved)), ("test.txt", TEST[1:])):
        (folder / "annotations" / file).write_text("".join(f"{name} 1 1 1\n" for name in names))
    np.testing.assert_array_equal(load_pets(folder, {"size": 8}).train[1], [*first.train[1], first.test[1][0]])
    Image.fromarray(trimap_of("Bombay_1")[::-1] % 3 + 1).save(folder / "annotations/trimaps/Bombay_1.png")
    changed = load_pets(folder, {"size": 8})
    assert decoded[2:] == [ImageSize(9, 9)] * 2 + [ImageSize(8, 8)] * 4
    assert not np.array_equal(changed.train[1][-1], first.test[1][0])


def test_a_folder_that_is_not_there_is_reported_with_where_to_get_it(tmp_path):
    (tmp_path / "s.toml").write_text(
        with_task('data = "pets"\npath = "none"').replace("classification", "segmentation")
    )
    assert error_lines(read_spec, tmp_path / "s.toml") == [
        f"{tmp_path}/s.toml: task.path: there is no file or folder {tmp_path}/none; images.tar.gz and "
        "annotations.tar.gz of https://www.robots.ox.ac.uk/~vgg/data/pets/ unpack to it"
    ]


def nothing(folder):
    del folder


def without_lists(folder):
    (folder / "annotations/test.txt").unlink()


def without_photo(folder):
    (folder / "images/beagle_116.jpg").unlink()


def with_a_cut_photo(folder):
    file = folder / "images/Abyssinian_100.jpg"
    file.write_bytes(file.read_bytes()[:300])


def with_a_strange_value(folder):
    trimap = trimap_of("pug_52")
    trimap[0, 0] = 7
    Image.fromarray(trimap).resize((18, 12), Image.Resampling.NEAREST).save(folder / "annotations/trimaps/pug_52.png")


def with_another_photos_trimap(folder):
    Image.fromarray(trimap_of("Abyssinian_34")).save(folder / "annotations/trimaps/pug_52.png")


def with_colours(folder):
    Image.fromarray(trimap_of("pug_52")).convert("RGB").save(folder / "annotations/trimaps/pug_52.png")


def undecided(folder):
    Image.fromarray(np.full((12, 18), 3, np.uint8)).save(folder / "annotations/trimaps/pug_52.png")


def out_of_the_folder(folder):
    (folder / "annotations/test.txt").write_text("../images/pug_52 1 2 1\n")


PARTS = "images/ and annotations/, which images.tar.gz and annotations.tar.gz of the data set unpack to"
WRONG = {
    "no path": (
        nothing,
        {"path": None},
        f"task.path: data = 'pets' is read from your own files: the folder with {PARTS}",
    ),
    "another folder": (
        nothing,
        {"path": Path("pets/images")},
        f"task.path: pets/images has no annotations/trimaps/; it must be the folder with {PARTS}",
    ),
    "no list": (without_lists, {}, "task.path: pets has no annotations/test.txt, the list of the test split"),
    "no photo": (
        without_photo,
        {},
        "task.path: pets/annotations/trainval.txt names 'beagle_116', but there is no images/beagle_116.jpg",
    ),
    "a cut photo": (with_a_cut_photo, {}, "task.path: pets/images/Abyssinian_100.jpg cannot be read: OSError: ***"),
    "a strange value": (
        with_a_strange_value,
        {"data_options": {"size": [12, 18]}},
        "task.path: pets/annotations/trimaps/pug_52.png has a pixel of value 7; a trimap has 1 (foreground), "
        "2 (background), 3 (undecided)",
    ),
    "another's trimap": (
        with_another_photos_trimap,
        {},
        "task.path: pets/annotations/trimaps/pug_52.png is 40×24 pixels, its photo 18×12",
    ),
    "colours": (
        with_colours,
        {},
        "task.path: pets/annotations/trimaps/pug_52.png cannot be read: ValueError: a mask is an image with one "
        "channel, not mode RGB",
    ),
    "nothing decided": (undecided, {"ignore": 3}, "task.ignore: no pixel is left of image 1 of the test split"),
    "a name out of the folder": (
        out_of_the_folder,
        {},
        "task.path: pets/annotations/test.txt names '../images/pug_52', but there is no ***",
    ),
    "a value that no mask has": (nothing, {"ignore": 255}, "task.ignore: the masks' values are 1, 2, 3; got 255"),
    "an option": (
        nothing,
        {"data_options": {"sizes": 8}},
        "task.data_options.sizes: data 'pets' has no such option; did you mean 'size'?",
    ),
    "a size": (
        nothing,
        {"data_options": {"size": [8, 8, 3]}},
        "task.data_options.size: must be a number of pixels from 1 to 8192, or [height, width]; got [8, 8, 3]",
    ),
    "a number": (
        nothing,
        {"data_options": {"train": 0}},
        "task.data_options.train: must be an integer of at least 1, got 0",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_in_the_folder_is_reported(case, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    change, options, says = WRONG[case]
    change(folder)
    task = a_task(**{"folder": Path("pets")} | {k: v for k, v in options.items() if k != "path"})
    if "path" in options:
        task = Segmentation(data="pets", path=options["path"])
    assert_lines(error_lines(task.build, "cpu"), [says])


SMALLER = (
    "task.data_options={size=16}",
    "task.model_options={widths=[2,4]}",
    "population.train.epochs=2",
    "population.train.save_every=1",
    "sampler.0.resolution=3",
    'sweep."population.variant.0.learning_rate"=[1e-3,1e-2]',
    'sweep."reducer.0.centre"=["A@0","A"]',
    "sweep.seed=[0,1]",
)


@pytest.mark.slow
def test_the_spec_for_the_photos_runs_on_a_folder_of_their_layout_with_heat_maps_of_all_measures(folder, tmp_path):
    found = globscope.load(ROOT / "specs/pets-unet.toml", [*SMALLER, f"task.path={folder}"], tmp_path / "run")
    result = found.run()
    assert [cell.failed for cell in result.cells] == [""] * 8
    figures = {path.stem for path in (tmp_path / "run/figures").glob("mean-test-*.png")}
    assert {"iou", "accuracy", "iou-of-foreground"} <= {
        name.removeprefix("mean-test-").split("-at-")[0] for name in figures
    }
