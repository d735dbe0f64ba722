"""The explorer's file is small enough to be mailed, and made in no time."""

from time import process_time

import pytest
from support.synthetic import synthetic_atlas

from globscope.report.explorer import page
from globscope.report.explorer.page import explorer_warning, write_explorer
from globscope.store import claim


def written(folder, atlas):
    claim(folder, "study")
    return write_explorer(folder, "synthetic", atlas, {}, {})


def test_three_maps_of_41_by_41_take_less_than_300_kilobytes(tmp_path):
    assert written(tmp_path, synthetic_atlas(41, runs=7, steps=11)).stat().st_size < 300_000


@pytest.mark.slow
def test_three_maps_of_201_by_201_with_500_members_take_less_than_1500_kilobytes_and_few_seconds(tmp_path):
    atlas = synthetic_atlas(201, runs=25, steps=20)
    start = process_time()
    path = written(tmp_path, atlas)
    # Of one core; half of it is for finding the basins of all members, for the passes, and for what is compressed.
    assert process_time() - start < 3
    assert path.stat().st_size < 1_500_000


def test_a_file_too_large_to_mail_is_warned_of(tmp_path, monkeypatch):
    path = written(tmp_path, synthetic_atlas(5, runs=2, steps=2))
    assert explorer_warning(tmp_path) == ""
    monkeypatch.setattr(page, "LARGE", 1000)
    assert explorer_warning(tmp_path) == f"{path} has 0 MB: a coarser grid or fewer maps make it smaller"


def test_nothing_is_said_of_a_file_that_is_not_there(tmp_path):
    assert explorer_warning(tmp_path) == ""
