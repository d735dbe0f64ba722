"""Zips of many images are decoded once: what is kept is checked, bounded, and never another zip's."""

import os
from zipfile import ZipFile

import numpy as np
import pytest
from support.images import as_images, some

from globscope.builtin.tasks.data import decoded_images, images
from globscope.builtin.tasks.data.by_name import read_path


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The folder of this test's entries; 30 images are many."""
    folder = tmp_path / "cache/images"
    monkeypatch.setattr(decoded_images, "cache_folder", lambda: folder)
    monkeypatch.setattr(decoded_images, "FEWEST", 30)
    return folder


def as_zip(path, seed=0):
    folder = as_images(path.with_suffix(""), some(20, seed=seed), some(10, seed=seed + 1))
    with ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder))
    return path


@pytest.fixture
def packed(tmp_path):
    return as_zip(tmp_path / "i.zip")


@pytest.fixture
def decoded(monkeypatch):
    """Paths that were decoded."""
    seen, decode = [], images._decode
    monkeypatch.setattr(images, "_decode", lambda path: seen.append(path) or decode(path))
    return seen


def same(one, two):
    for a, b in zip((*one.train, *one.test), (*two.train, *two.test), strict=True):
        np.testing.assert_array_equal(a, b, strict=True)
    return True


def test_a_zip_is_decoded_once_and_read_again_with_the_same_bits(packed, decoded, tmp_path):
    first, again = read_path(packed), read_path(packed)
    assert decoded == [packed]
    assert same(first, again)
    moved = packed.rename(tmp_path / "elsewhere.zip")
    assert same(first, read_path(moved))
    assert decoded == [packed]
    again.train[0][0] = 0  # a study may change its own arrays
    assert same(first, read_path(moved))


def test_a_zip_that_changed_is_decoded_again_whatever_its_size_and_times_say(packed, decoded):
    before, first = packed.stat(), read_path(packed)
    content = bytearray(packed.read_bytes())
    with ZipFile(packed) as archive:
        at = archive.infolist()[0].header_offset
    content[at + 10] ^= 1  # the time of a member: the same images from other bytes
    packed.write_bytes(content)
    os.utime(packed, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert packed.stat().st_size == before.st_size
    assert same(first, read_path(packed))
    assert len(decoded) == 2


@pytest.mark.parametrize("damage", ["other values", "cut short", "no digest", "of another kind"])
def test_an_entry_that_is_not_as_it_was_written_is_not_used(damage, packed, cache, decoded):
    first = read_path(packed)
    [entry] = cache.iterdir()
    arrays = dict(np.load(entry))
    if damage == "other values":
        arrays["y_train"][0] += 1
    if damage == "no digest":
        del arrays["digest"]
    if damage in ("other values", "no digest"):
        np.savez(entry, **arrays)
    else:
        entry.write_bytes(entry.read_bytes()[:1000] if damage == "cut short" else b"text")
    assert same(first, read_path(packed))
    assert len(decoded) == 2
    assert same(first, read_path(packed))  # it was written again
    assert len(decoded) == 2


def test_few_images_are_not_kept(packed, cache, monkeypatch):
    monkeypatch.setattr(decoded_images, "FEWEST", 31)
    read_path(packed)
    assert not cache.exists()


def test_a_folder_that_cannot_be_written_costs_the_time_alone(packed, cache, decoded):
    cache.parent.mkdir()
    cache.write_text("a file lies there")
    assert same(read_path(packed), read_path(packed))
    assert len(decoded) == 2


def test_a_folder_that_may_not_be_looked_into_costs_the_time_alone(packed, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError

    read_path(packed)
    kept = decoded_images.DecodedImages.of(packed)
    assert kept.read() is not None
    monkeypatch.setattr("pathlib.Path.is_file", refuse)
    assert kept.read() is None


def test_what_was_not_used_for_longest_is_removed(tmp_path, cache, decoded, monkeypatch):
    zips = [as_zip(tmp_path / f"{number}.zip", number) for number in range(3)]
    for path in zips[:2]:
        read_path(path)
    first, second = (decoded_images.DecodedImages.of(path).path for path in zips[:2])
    assert {*cache.iterdir()} == {first, second}
    os.utime(first, (1, 1))
    os.utime(second, (2, 2))
    read_path(zips[0])  # which is used last
    monkeypatch.setattr(decoded_images, "MOST_BYTES", int(2.5 * first.stat().st_size))
    read_path(zips[2])
    assert {*cache.iterdir()} == {first, decoded_images.DecodedImages.of(zips[2]).path}
    assert decoded == zips


def test_a_zip_that_is_replaced_while_it_is_decoded_is_not_kept(packed, cache, monkeypatch):
    decode = images._decode
    monkeypatch.setattr(images, "_decode", lambda path: (decode(path), path.write_bytes(b"another"))[0])
    read_path(packed)
    assert not cache.exists()


def test_another_decoder_decodes_again(packed, decoded, monkeypatch):
    read_path(packed)
    monkeypatch.setattr("PIL.__version__", "0.1")
    read_path(packed)
    assert len(decoded) == 2


def test_a_folder_of_images_is_read_as_it_is(tmp_path, cache):
    read_path(as_images(tmp_path / "folder"))
    assert not cache.exists()
