"""Merging by the recipes of mergekit, where it is installed."""

import numpy as np
import pytest
from support.mergeable import analysed, children

from globscope.api import SpecError
from globscope.builtin.analyses.merging import recipe_book as books
from globscope.builtin.analyses.merging.analysis import Merging
from globscope.builtin.analyses.merging.recipe_book import OWN, recipe_book, require_library
from globscope.store.keys import fingerprint
from globscope.testing import tiny_bench


@pytest.fixture
def without_mergekit(monkeypatch):
    monkeypatch.setattr(books, "find_spec", lambda name: None)


@pytest.fixture
def book():
    pytest.importorskip("mergekit", reason="mergekit is not installed")
    return recipe_book("mergekit")


def test_without_mergekit_the_recipes_are_our_own_and_results_from_before_there_was_a_choice_stay_valid(
    without_mergekit,
):
    assert Merging().library == "globscope"
    assert "library" not in fingerprint(Merging())
    assert "library" in fingerprint(Merging(library="mergekit"))


def test_mergekit_that_is_asked_for_and_missing_is_refused_with_what_to_install(without_mergekit):
    with pytest.raises(SpecError, match=r"merging\.library: mergekit is not installed; use pip install") as raised:
        require_library("mergekit")
    assert "'globscope[mergekit]'" in str(raised.value)


def test_mergekit_is_used_where_it_is_installed(book):
    assert Merging().library == "mergekit"


def test_slerp_and_ties_of_mergekit_are_ours_on_random_tensors(book):
    rng = np.random.default_rng(0)
    for size in (1, 2, 7, 100):
        tensors = rng.normal(size=(4, size))
        # Both compute in float64; the largest value is near 3.
        np.testing.assert_allclose(book.slerp(tensors[:2]), OWN.slerp(tensors[:2]), rtol=0, atol=1e-14)
        np.testing.assert_allclose(book.ties(tensors, 0.3), OWN.ties(tensors, 0.3), rtol=0, atol=1e-14)


def test_dare_of_mergekit_keeps_a_share_of_the_changes_scales_it_up_and_follows_its_seed(book):
    tensors = np.vstack([np.full((1, 10_000), 3.0), np.full((1, 10_000), 1.0)])
    one, same, other = (book.dare(tensors, 0.25, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(np.unique(one), [1.0, 1.0 + 2.0 / 0.25])
    # Four standard deviations of a share of 10,000 draws.
    assert np.mean(one > 1) == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / 10_000))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_dare_of_mergekit_leaves_the_generator_of_torch_as_it_was(book):
    import torch

    before = torch.random.get_rng_state()
    book.dare(np.ones((2, 5)), 0.5, np.random.default_rng(0))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_study_says_whose_recipes_it_used_and_both_give_the_same_soups_except_for_the_draws_of_dare(book):
    tables = [analysed(children(), library=library)[1]["soups"] for library in ("mergekit", "globscope")]
    captions = [analysed(children(), library=library)[0].tables[0].caption for library in ("mergekit", "globscope")]
    assert "those of mergekit." in captions[0]
    assert "those of GlobScope." in captions[1]
    for one, other in zip(*tables, strict=True):
        if one["recipe"] != "DARE":
            # Weights are float32, so a last bit of float64 may move one of them.
            assert one["train_loss"] == pytest.approx(other["train_loss"], rel=1e-6)


def test_the_network_that_is_written_is_the_one_that_was_measured(book):
    atlas, bench = children(), tiny_bench()
    found = Merging(device="cpu", library="mergekit").merged_network("DARE", (), atlas, bench)
    again = Merging(device="cpu", library="mergekit").merged_network("DARE", (), atlas, bench)
    np.testing.assert_array_equal(found.weights, again.weights)
