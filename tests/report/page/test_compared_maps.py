"""The maps side by side: the best is bold only where a reader can see that it is better."""

import pytest

from globscope.report.page.compared_maps import compared_maps


def best(values, better="low", noise=0.0):
    figure = {"key": "gap", "label": "Gap", "meaning": "", "better": better, "field": "train_loss"}
    maps = [{"name": str(at), "gap": value} for at, value in enumerate(values)]
    manifest = {"draws": {"train_loss": {"standard_deviation": noise}}}
    (row,) = compared_maps({"reducers": maps, "comparison": [figure], "manifest": manifest}).rows
    return row.best


@pytest.mark.parametrize(
    ("values", "better", "bold"),
    [
        ((0.1, 0.2), "low", (True, False)),
        ((0.1, 0.2), "high", (False, True)),
        ((0.99001, 0.99002), "high", (False, False)),  # both read 0.99
        ((0.99001, 0.99002, 0.5), "high", (True, True, False)),
        ((0.1, None), "low", (False, False)),
        ((0.1, None, 0.2), "low", (True, False, False)),
        ((0.1, 0.2), "", (False, False)),
        ((0, 0), "low", (False, False)),
    ],
)
def test_the_best_is_bold_where_its_text_differs(values, better, bold):
    assert best(values, better) == bold


def test_what_lies_within_the_noise_of_the_draws_is_no_better():
    assert best((0.10, 0.11), noise=0.02) == (False, False)
    assert best((0.10, 0.11, 0.5), noise=0.02) == (True, True, False)
