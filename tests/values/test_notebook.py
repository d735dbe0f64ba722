"""Values in a notebook: short, escaped, and as data frames where pandas and xarray are."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from attrs import evolve
from support.landscapes import landscape_of
from support.maps import EVIL, a_map, a_path_map, a_scatter

from globscope.errors import GlobscopeError
from globscope.values.findings import Finding, Table
from globscope.values.notebook import LEFT, ROWS, table_html
from globscope.values.pictures import Plot

TABLE = Table(
    name="pairs",
    caption="Every pair.",
    columns=("one", "height"),
    rows=({"one": "A", "height": 0.123456}, {"one": "B"}),
)
PLOT = Plot(name="curves", caption="", x="", y="", panels=())


def test_the_text_of_a_value_names_what_it_holds_and_lists_none_of_it():
    assert repr(TABLE) == "Table(name='pairs', columns=('one', 'height'), rows=<2>)"
    finding = Finding(tables=(TABLE,), warnings=("Beware.",), pictures=(PLOT,))
    assert repr(finding) == (
        "Finding(tables=<pairs>, warnings=<1>, records=<0>, comparison=<0>, pictures=<curves>, paths=<0>)"
    )
    assert repr(a_map()) == "Map('one': 2 axes, 12 networks; grid)"
    assert repr(a_scatter("mds", "MDS has no inverse")) == "Map('mds': 2 axes, 12 networks; MDS has no inverse)"
    assert len(repr(a_map().topology)) < 200
    assert len(repr(a_map().population)) < 100


def test_a_table_shows_its_first_rows_and_how_many_there_are():
    shown = evolve(TABLE, rows=tuple({"one": str(k)} for k in range(1234)))._repr_html_()
    assert shown.count("<tr>") == 1 + ROWS
    assert "The first 60 of 1,234 rows." in shown
    assert "The first" not in TABLE._repr_html_()


def test_a_column_is_called_by_its_words():
    table = evolve(TABLE, columns=("one", "mse_per_weight"))
    assert '>first</th><th scope="col">MSE per weight</th>' in table._repr_html_()


def test_columns_of_texts_begin_at_the_left_and_those_of_numbers_end_at_the_right():
    shown = TABLE._repr_html_()
    assert all(f"<{cell}{LEFT}>" in shown for cell in ('th scope="col"', "td"))
    assert '<th scope="col">height</th>' in shown
    assert "<td>0.1235</td>" in shown
    assert shown.endswith("<p><small>Every pair.</small></p>")  # below, where it has the width of the page


def test_cells_are_short_and_a_missing_one_is_a_dash():
    cells = table_html(dict(zip("abcd", "abcd", strict=True)), [{"a": 0.123456, "b": None, "c": float("inf"), "d": 7}])
    assert [f"<td>{text}</td>" in cells for text in ("0.1235", "–", "∞", "7")] == [True] * 4


def test_a_finding_shows_its_warnings_its_tables_and_the_names_of_its_pictures():
    shown = Finding(tables=(TABLE, evolve(TABLE, name="runs")), warnings=("Beware.",), pictures=(PLOT,))._repr_html_()
    assert all(text in shown for text in ("<li>Beware.</li>", "Every pair.", "<summary>runs", "<li>curves</li>"))
    assert shown.count("<details open>") == 1


def test_a_map_shows_its_samples_its_minima_and_why_it_has_none():
    shown = a_map()._repr_html_()
    assert all(text in shown for text in ("Map one", "121, 100% of them trusted", "minima, grid, gudhi"))
    assert "MDS has no inverse" in a_scatter("mds", "MDS has no inverse")._repr_html_()


@pytest.mark.parametrize("name", EVIL)
def test_names_of_strangers_are_text(name):
    table = Table(name=name, caption=name, columns=(name,), rows=({name: name},))
    shown = (table, Finding(tables=(table,), warnings=(name,)), evolve(a_map(), name=name, kind=name))
    for value in shown:
        assert "<script" not in value._repr_html_()


@pytest.fixture
def recorded(monkeypatch):
    """In the place of pandas and xarray: what they would be asked for."""
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=lambda data, columns: (data, columns)))
    monkeypatch.setitem(sys.modules, "xarray", SimpleNamespace(Dataset=lambda variables, coords: (variables, coords)))


@pytest.mark.usefixtures("recorded")
def test_a_table_is_a_data_frame_of_its_rows_with_its_columns_in_order():
    assert TABLE.frame() == (TABLE.rows, ["one", "height"])
    assert Finding(tables=(TABLE,)).table("pairs") is TABLE


@pytest.mark.usefixtures("recorded")
def test_a_landscape_is_a_data_frame_with_a_row_for_each_sample():
    landscape = evolve(a_map().landscape, cycle_error=np.arange(121.0))
    columns, _ = landscape.frame()
    names = ["latent_1", "latent_2", "train_loss", "test_loss", "distance_to_member", "trusted", "cycle_error"]
    assert list(columns) == names
    np.testing.assert_array_equal(columns["latent_2"], landscape.samples.points[:, 1])


@pytest.mark.usefixtures("recorded")
def test_a_lattice_is_a_data_set_over_its_axes_with_nan_where_no_sample_is():
    values = np.arange(12.0).reshape(3, 4)
    kept = np.random.default_rng(0).permutation(12)[:10]
    variables, coordinates = landscape_of(values, order=kept).to_xarray()
    dimensions, grid = variables["train_loss"]
    assert dimensions == ["latent_1", "latent_2"]
    missing = np.isin(np.arange(12), kept, invert=True).reshape(3, 4)
    np.testing.assert_array_equal(grid, np.where(missing, np.nan, values))
    np.testing.assert_array_equal(coordinates["latent_2"][1], np.arange(4))
    whole, _ = landscape_of(values).to_xarray()
    assert whole["trusted"][1].dtype == bool


@pytest.mark.usefixtures("recorded")
def test_samples_on_no_lattice_of_all_axes_are_a_data_set_over_their_numbers():
    path = a_path_map().landscapes["across"]
    variables, coordinates = path.to_xarray()
    assert variables["train_loss"][0] == "sample"
    np.testing.assert_array_equal(coordinates["latent_1"][1], path.samples.points[:, 0])


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (TABLE.frame, "a data frame needs pandas, which is not installed: pip install pandas"),
        (a_map().landscape.to_xarray, "a data set needs xarray, which is not installed: pip install xarray"),
        (lambda: Finding(tables=(TABLE,)).table("pair"), "this finding has no table 'pair'; did you mean 'pairs'?"),
    ],
)
def test_what_is_missing_is_named(monkeypatch, ask, message):
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(GlobscopeError) as refused:
        ask()
    assert str(refused.value) == message


def test_pandas_and_xarray_take_what_they_are_given():
    pandas, xarray = pytest.importorskip("pandas"), pytest.importorskip("xarray")
    landscape = a_map().landscape
    assert isinstance(TABLE.frame(), pandas.DataFrame)
    assert TABLE.frame()["height"].isna().tolist() == [False, True]
    found = landscape.to_xarray()
    assert isinstance(found, xarray.Dataset)
    assert found["train_loss"].shape == (11, 11)
    assert float(found["train_loss"].sel(latent_1=-1, latent_2=1)) == landscape.fields["train_loss"][10]
    assert len(landscape.frame()) == 121
    assert a_path_map().landscapes["across"].to_xarray().sizes == {"sample": 6}
