"""CSV and VTK's files of other programs, and those that GlobScope exports: what is read has the tree that it should."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st
from typer.testing import CliRunner

from globscope.cli import app
from globscope.errors import FileError
from globscope.exchange import condense
from globscope.files import read_vtk
from globscope.files.arrays import lattice_samples, unsampled_landscape
from globscope.files.paraview import suffix, write_landscape
from globscope.files.read import read_landscape
from globscope.files.table import write_table
from globscope.topology.adjacency import edges
from globscope.values.landscape import Samples

RNG = np.random.default_rng(3)
AXES = (np.linspace(-1, 1, 9), np.linspace(2, 8, 7), np.linspace(0, 1, 4))
SCATTERED = RNG.random((40, 2))


def wavy(points):
    """A field of several minima without ties, which no exchange of axes leaves as it is."""
    return np.sin(points @ np.array([5.0, 1.3, 0.7])[: points.shape[1]]) + np.cos(7 * points[:, -1])


def landscape(samples, **fields):
    return unsampled_landscape(samples, {"train_loss": wavy(samples.points), **fields})


def pairs_of(source, tmp_path, **options):
    """Return births and deaths of a file's tree, or of a landscape as a run folder would have it."""
    if not isinstance(source, str):
        path = tmp_path / "own.npz"
        own = source.samples
        extra = {name: getattr(own, name) for name in ("index", "edges") if getattr(own, name) is not None}
        extra |= {} if own.shape is None else {"shape": np.array(own.shape)}
        np.savez(path, points=own.points, trusted=source.trusted, **source.fields, **extra)
        source = path
    record = condense(tmp_path / source, persistence=0, **options).record
    return [(pair["birth"], pair["death"]) for pair in record["pairs"]]


def table(path, text):
    path.write_text(text)
    return read_landscape(path)


# --- CSV --------------------------------------------------------------------------------------------


def as_text(points, values, heading="x,y,loss\n"):
    return heading + "".join(f"{x!r},{y!r},{value!r}\n" for (x, y), value in zip(points.tolist(), values, strict=True))


def test_the_points_of_a_csv_that_fill_a_lattice_are_one_in_any_order_of_rows(tmp_path):
    whole = lattice_samples(AXES[:2])
    values = wavy(whole.points)
    order = RNG.permutation(len(values))
    found = table(tmp_path / "a.csv", as_text(whole.points[order], values[order].tolist()))
    assert found.samples.shape == (9, 7)
    assert np.array_equal(found.samples.index, whole.index[order])
    assert np.array_equal(found.fields["loss"], values[order])
    assert pairs_of("a.csv", tmp_path) == pairs_of(landscape(whole), tmp_path)


def test_coordinates_that_differ_by_rounding_are_one_place_of_a_lattice(tmp_path):
    whole = lattice_samples(AXES[:2])
    rounded = whole.points * (1 + 4e-16 * RNG.integers(-2, 3, whole.points.shape))
    assert len(np.unique(rounded[:, 0])) > 9
    found = table(tmp_path / "a.csv", as_text(rounded, wavy(whole.points).tolist()))
    assert np.array_equal(found.samples.index, whole.index)


def test_scattered_points_of_a_csv_are_triangulated_as_by_paraviews_delaunay_filter(tmp_path):
    found = table(tmp_path / "a.csv", as_text(SCATTERED, wavy(SCATTERED).tolist()))
    wanted = {frozenset(edge) for edge in edges(SCATTERED, "delaunay").tolist()}
    assert {frozenset(edge) for edge in found.samples.edges.tolist()} == wanted
    loose = landscape(Samples(points=SCATTERED))
    assert pairs_of("a.csv", tmp_path) == pairs_of(loose, tmp_path, adjacency="delaunay")
    assert pairs_of("a.csv", tmp_path, adjacency="knn") == pairs_of(loose, tmp_path)


def test_at_the_papers_threshold_a_csv_has_the_tree_on_the_triangles_of_vtks_own_filter(tmp_path):
    """VTK's Delaunay2D leaves out 45 thin triangles at the rim, which only small pairs notice."""
    recorded = np.load(Path(__file__).parents[1] / "data/ttk/delaunay2d_wells.npz")
    points, values, threshold = recorded["points"], recorded["values"], float(recorded["threshold"])
    found = table(tmp_path / "a.csv", as_text(points, values.tolist()))
    ours, theirs = ({tuple(sorted(edge)) for edge in of.tolist()} for of in (found.samples.edges, recorded["edges"]))
    assert theirs < ours
    np.savez(tmp_path / "a.npz", points=points, values=values, edges=recorded["edges"])
    on_ours, on_theirs = (
        condense(tmp_path / name, persistence=threshold).record["pairs"] for name in ("a.csv", "a.npz")
    )
    assert on_ours == on_theirs
    assert len(on_ours) == 6


SAME = {
    "commas": "x,y,loss\n0,0,1\n0,1,2\n1,0,3\n1,1,nan\n",
    "no heading": "0,0,1\n0,1,2\n1,0,3\n1,1,nan\n",
    "semicolons and a mark of UTF-8": "\ufeffX;Y;loss\n0;0;1\n0;1;2\n1;0;3\n1;1;\n",
    "tabs and empty lines": "\nx\ty\tloss\n0\t0\t1\n\n0\t1\t2\n1\t0\t3\n1\t1\tNaN\n\n",
    "numpy's heading": "# x,y,loss\n0.0,0.0,1\n0.0,1.0,2\n1.0,0.0,3\n1.0,1.0,nan\n",
    "pandas' index": ",x,y,loss\n0,0,0,1\n1,0,1,2\n2,1,0,3\n3,1,1,\n",
    "ParaView's export, of a plane in space": (
        '"loss","Points:0","Points:1","Points:2"\n1,0,0,0.5\n2,0,1,0.5\n3,1,0,0.5\nnan,1,1,0.5\n'
    ),
    "ParaView's later export": "Points_0,Points_1,Points_2,loss\n0,0,0,1\n0,1,0,2\n1,0,0,3\n1,1,0,nan\n",
    "a column of text beside": "x,y,loss,run\n0,0,1,A\n0,1,2,A\n1,0,3,B\n1,1,nan,B\n",
    "a data frame of a landscape": "latent_1,latent_2,loss\n0,0,1\n0,1,2\n1,0,3\n1,1,nan\n",
}


@pytest.mark.parametrize("case", SAME)
def test_one_table_is_read_alike_however_it_is_written(case, tmp_path):
    found = table(tmp_path / "a.csv", SAME[case])
    assert found.samples.shape == (2, 2)
    assert found.samples.points.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    [values] = found.fields.values()
    assert values.tolist() == pytest.approx([1, 2, 3, np.nan], nan_ok=True)


def test_several_columns_are_fields_of_which_one_is_named(tmp_path):
    (tmp_path / "a.csv").write_text("x,y,loss,accuracy,run\n0,0,1,9,A\n0,1,2,8,A\n1,0,3,7,B\n1,1,4,6,B\n")
    assert condense(tmp_path / "a.csv", field="accuracy").record["nodes"][0]["value"] == 6
    for name, message in {
        None: "has several fields, loss, accuracy; choose one by --field",
        "accuracyy": "has no field 'accuracyy'; did you mean 'accuracy'?",
        "run": "'run' holds text, such as 'A'",
    }.items():
        with pytest.raises(FileError) as refused:
            condense(tmp_path / "a.csv", field=name)
        assert str(refused.value) == f"{tmp_path / 'a.csv'}: {message}"


EXPECTED = "; expected CSV with a row for each point: coordinates x, y, z or x1, x2 …, and fields"
BAD = {
    "two values of one point": (
        "x,y,loss\n0,0,1\n0,1,2\n1,0,3\n0,1,5\n",
        "data rows 2 and 4 are both at (0, 1), but have 'loss' 2 and 5; expected one value for each point",
    ),
    "no field": (
        "x,y,z\n1,2,3\n",
        "has coordinates x, y, z, but no column of numbers beside them; a field among these needs another name, such "
        "as 'loss'",
    ),
    "no coordinates": ("a,b\n1,2\n", f"has no coordinates: its columns are 'a', 'b'{EXPECTED}"),
    "a matrix of values": (
        "0,1,2,3,4\n5.2,5.1,5.0,4.9,5.0\n5.1,5.3,5.2,5.1,4.8\n",
        "has 5 columns without a heading, and two to four are accepted, x, y, z and a field; save a matrix of values "
        "as .npz with 'values'",
    ),
    "no row": ("x,y,loss\n", f"has a heading, but no row of numbers{EXPECTED}"),
    "a word": (
        "x,y,loss\n1,2,3\n1,2,low\n",
        f"is damaged (row 3 has 'low' in column 'loss', which is no number){EXPECTED}",
    ),
    "digits with underscores": (
        "x,y,loss\n1,2,3\n1,2,1_0\n",
        f"is damaged (row 3 has '1_0' in column 'loss', which is no number){EXPECTED}",
    ),
    "a missing coordinate": ("x,y,loss\n1,,3\n", "'y' must be finite: coordinates cannot be missing"),
    "a short row": ("x,y,loss\n1,2,3\n1,2\n", f"is damaged (row 3 has 2 cells, row 1 has 3){EXPECTED}"),
    "one name twice": ("x,x,loss\n1,2,3\n", f"is damaged (two columns are called 'x'){EXPECTED}"),
    "a neighbour that is not there": (
        "x,loss,neighbours\n1,2,1\n2,3,9\n",
        "'edges' must be numbers of the 2 points; row 1 is [1, 9]",
    ),
    "a neighbour that is no number": (
        "x,loss,neighbours\n1,2,one\n",
        "'neighbours' must hold numbers of rows between spaces: invalid literal for int() with base 10: 'one'",
    ),
    "bytes that are no text": (b"x,y,loss\n1,2,\xff\n", f"is damaged (***){EXPECTED}"),
}


def refused(path, *options):
    result = CliRunner().invoke(app, ["topology", str(path), *options])
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    return result.stderr.removeprefix(f"error: {path}: ").rstrip("\n")


@pytest.mark.parametrize("case", BAD)
def test_a_bad_csv_is_reported_in_words(case, tmp_path):
    content, message = BAD[case]
    path = tmp_path / "bad.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    start, _, end = message.partition("***")
    message = refused(path)
    assert message.startswith(start)
    assert message.endswith(end)


def test_a_csv_beyond_the_bound_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("globscope.reading.number_columns.CSV_BYTES", 2**20)
    path = tmp_path / "a.csv"
    path.write_bytes(b"x,y,loss\n" + b"0,0,1\n" * 2**18)
    assert refused(path) == f"is larger than 1 MiB{EXPECTED}"


def require_result_or_message(path):
    try:
        found = read_landscape(path)
    except FileError as error:
        if not str(error).startswith(f"{path}: "):
            raise
    else:
        assert all(len(values) == len(found.samples.points) for values in found.fields.values())


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=60))
def test_whatever_bytes_follow_a_heading_are_read_or_refused_in_words(content):
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(b"x,loss\n0,1\n" + content)
        require_result_or_message(path)


# --- what GlobScope exports is read back ------------------------------------------------------------

MESH = edges(SCATTERED, "gabriel")
EXPORTED = {
    "a line": landscape(lattice_samples(AXES[:1])),
    "a plane": landscape(lattice_samples(AXES[:2])),
    "three axes": landscape(lattice_samples(AXES)),
    "a lattice with gaps": landscape(
        evolve(
            lattice_samples(AXES[:2]),
            points=lattice_samples(AXES[:2]).points[5:50],
            index=lattice_samples(AXES[:2]).index[5:50],
        )
    ),
    "scattered": landscape(Samples(points=SCATTERED)),
    "a mesh": landscape(Samples(points=SCATTERED, edges=MESH)),
    "a path": landscape(Samples(points=SCATTERED, index=RNG.permutation(40)[:, None], shape=(40,))),
    "a path there and back": landscape(
        Samples(points=np.cumsum(RNG.normal(size=(40, 1)), axis=0), index=np.arange(40)[:, None], shape=(40,))
    ),
}


@pytest.fixture
def in_process(monkeypatch):
    """Read VTK's files here: another process for each file would take most of the tests' time."""
    pytest.importorskip("vtkmodules", reason="reads VTK's files")
    from globscope.files import vtk_arrays

    def arrays(path, kind, target):
        del target
        window = vtk_arrays.vtkCommonCore.vtkStringOutputWindow()
        try:
            return vtk_arrays.read(kind, str(path), window)[::-1]
        except vtk_arrays.RefusedError as error:
            raise FileError(f"{path}: {error}") from error

    monkeypatch.setattr(read_vtk, "_arrays", arrays)


@pytest.mark.parametrize("case", EXPORTED)
def test_what_is_exported_as_csv_has_the_tree_of_its_run(case, tmp_path):
    write_table(tmp_path / "a.csv", EXPORTED[case])
    assert pairs_of("a.csv", tmp_path) == pairs_of(EXPORTED[case], tmp_path)


# VTK's image has evenly spaced points.
@pytest.mark.parametrize("case", [case for case in EXPORTED if case != "a path there and back"])
def test_what_is_exported_for_paraview_has_the_tree_of_its_run(case, tmp_path, in_process):
    path = tmp_path / f"a{suffix(EXPORTED[case].samples)}"
    write_landscape(path, EXPORTED[case], {"basin_gudhi": np.zeros(len(EXPORTED[case].trusted))})
    assert pairs_of(path.name, tmp_path) == pairs_of(EXPORTED[case], tmp_path)


def test_distances_trust_and_fields_of_an_export_are_read_as_what_they_are(tmp_path, in_process):
    trusted = np.arange(40) % 3 > 0
    whole = evolve(
        EXPORTED["scattered"], trusted=trusted, distance_to_member=RNG.random(40), cycle_error=RNG.random(40)
    )
    write_landscape(tmp_path / "a.vtu", whole, {"basin_gudhi": np.zeros(40)})
    write_table(tmp_path / "a.csv", whole)
    for name in ("a.vtu", "a.csv"):
        found = read_landscape(tmp_path / name)
        assert list(found.fields) == ["train_loss"]
        for figure in ("trusted", "distance_to_member", "cycle_error"):
            assert np.array_equal(getattr(found, figure), getattr(whole, figure))


# --- VTK's files of other programs ------------------------------------------------------------------


def array(name, values, kind="Float64", components=1):
    text = " ".join(map(str, np.ravel(values).tolist()))
    return f'<DataArray type="{kind}" Name="{name}" NumberOfComponents="{components}" format="ascii">{text}</DataArray>'


def document(kind, body):
    return f'<?xml version="1.0"?>\n<VTKFile type="{kind}" version="1.0" header_type="UInt64">{body}</VTKFile>'


def image(sizes, body, origin="0 0 0", spacing="1 1 1"):
    extent = " ".join(f"0 {size - 1}" for size in sizes)
    head = f'<ImageData WholeExtent="{extent}" Origin="{origin}" Spacing="{spacing}">'
    return document("ImageData", f'{head}<Piece Extent="{extent}">{body}</Piece></ImageData>')


SQUARE = [[0, 0, 2], [1, 0, 2], [0, 1, 2], [1, 1, 2]]


def grid(cells, kinds, body="", points=SQUARE, pieces=1):
    ends = np.cumsum([len(cell) for cell in cells])
    parts = array("connectivity", np.concatenate(cells), "Int64") + array("offsets", ends, "Int64")
    mesh = (
        f'<Piece NumberOfPoints="{len(points)}" NumberOfCells="{len(cells)}"><PointData>{body}</PointData>'
        f"<Points>{array('Points', points, components=3)}</Points>"
        f"<Cells>{parts}{array('types', kinds, 'UInt8')}</Cells></Piece>"
    )
    return document("UnstructuredGrid", f"<UnstructuredGrid>{mesh * pieces}</UnstructuredGrid>")


LOSS = array("loss", [0, 2, 3, 1])


def read(path, text, field=None):
    path.write_text(text)
    return read_landscape(path, field)


def test_an_images_points_have_vtks_numbers_its_origin_and_its_spacing(tmp_path, in_process):
    body = f"<PointData>{array('loss', [5, 1, 4, 2, 6, 3], 'Int32')}</PointData>"
    found = read(tmp_path / "a.vti", image((3, 1, 2), body, origin="1 0 -2", spacing="0.5 1 4"))
    assert found.samples.shape == (3, 2)
    assert found.samples.points.tolist() == [[1, -2], [1.5, -2], [2, -2], [1, 2], [1.5, 2], [2, 2]]
    assert found.fields["loss"].tolist() == [5, 1, 4, 2, 6, 3]


def test_the_image_of_ttk_has_ttks_tree_on_a_plane(tmp_path, in_process):
    values = RNG.permutation(35).reshape(5, 7).astype(float)
    body = f"<PointData>{array('f', values)}{array('f_Order', values.argsort(None), 'Int32')}</PointData>"
    read(tmp_path / "a.vti", image((7, 5, 1), body))
    np.savez(tmp_path / "a.npz", values=values)
    ours = condense(tmp_path / "a.npz", persistence=0).record["pairs"]
    assert condense(tmp_path / "a.vti", persistence=0, field="f").record["pairs"] == ours


def test_hidden_points_are_left_out_and_ghosts_are_no_field(tmp_path, in_process):
    ghosts = array("vtkGhostType", [2, 1, 0, 0], "UInt8")
    found = read(tmp_path / "a.vti", image((2, 2, 1), f"<PointData>{LOSS}{ghosts}</PointData>"))
    assert list(found.fields) == ["loss"]
    assert np.isnan(found.fields["loss"]).tolist() == [True, False, False, False]


TRIANGLES = ([[0, 1, 2], [1, 2, 3]], [5, 5])
CELLS = {
    "triangles": (*TRIANGLES, [[0, 1], [0, 2], [1, 2], [1, 3], [2, 3]]),
    "lines through points": ([[0, 3, 1], [2]], [4, 1], [[0, 3], [1, 3]]),
    "a quad, divided": ([[0, 1, 3, 2]], [9], [[0, 1], [0, 2], [0, 3], [1, 3], [2, 3]]),
    "a tetrahedron": ([[0, 1, 2, 3]], [10], [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]),
    "points alone, triangulated": ([[0], [1], [2], [3]], [1] * 4, None),
}


@pytest.mark.parametrize("case", CELLS)
def test_the_cells_of_a_grid_are_its_edges(case, tmp_path, in_process):
    cells, kinds, wanted = CELLS[case]
    found = read(tmp_path / "a.vtu", grid(cells, kinds, LOSS))
    assert found.samples.points.tolist() == [[0, 0], [1, 0], [0, 1], [1, 1]]
    assert found.fields["loss"].tolist() == [0, 2, 3, 1]
    edges = sorted(sorted(edge) for edge in found.samples.edges.tolist())
    assert len(edges) == 5 if wanted is None else edges == wanted


def test_the_surface_that_loss_landscape_writes_for_paraview_has_the_tree_of_its_plane(tmp_path, in_process):
    """Its points have the loss as height, its squares are polygons, and lines and strips are empty arrays."""
    side = 12
    x, y = np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1, 1, side))
    heights = 3 * np.cos(4 * x + 0.3) + 2 * np.sin(5 * y + 0.2 * x)
    corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    squares = np.stack([corner, corner + 1, corner + side + 1, corner + side], axis=1)

    def cells(name, connectivity, ends):
        return f"<{name}>{array('connectivity', connectivity, 'Int64')}{array('offsets', ends, 'Int64')}</{name}>"

    count = len(squares)
    text = (
        f'<VTKFile type="PolyData" version="1.0" byte_order="LittleEndian" header_type="UInt64">\n<PolyData>'
        f'<Piece NumberOfPoints="{side**2}" NumberOfVerts="0" NumberOfLines="0" NumberOfStrips="0" '
        f'NumberOfPolys="{count}"><PointData>{array("zvalue", heights, "Float32")}</PointData>'
        f"<CellData>{array('averaged zvalue', heights.ravel()[squares].mean(axis=1), 'Float32')}</CellData>"
        f"<Points>{array('Points', np.stack([x, y, heights], axis=2), 'Float32', 3)}</Points>"
        + "".join(cells(name, [], []) for name in ("Verts", "Lines", "Strips"))
        + cells("Polys", squares, 4 * np.arange(1, count + 1))
        + "</Piece></PolyData></VTKFile>"
    )
    found = read(tmp_path / "a.vtp", text)
    assert found.samples.points.shape == (side**2, 3)
    joined = {tuple(edge) for edge in found.samples.edges.tolist()}
    assert {tuple(sorted(side)) for square in squares.tolist() for side in pairwise([*square, square[0]])} < joined
    assert len(joined) == 2 * side * (side - 1) + count
    # The diagonals of the squares are VTK's choice; these wells are wider than a square.
    np.savez(tmp_path / "a.npz", values=heights.astype(np.float32))
    ours, theirs = (condense(tmp_path / name, persistence=0.5).record["pairs"] for name in ("a.npz", "a.vtp"))
    assert [pair["birth_vertex"] for pair in theirs] == [pair["birth_vertex"] for pair in ours]
    assert len(ours) > 3


AT_CELLS = "'loss' holds values of cells, not of points: apply ParaView's filter Cell Data to Point Data first"
VECTOR = array("v", np.zeros(12), components=3)
DECLINED = {
    "cell data": (image((3, 3, 1), f"<CellData>{LOSS}</CellData>"), f"has no field at its points: {AT_CELLS}", ()),
    "cell data, by name": (
        image((3, 3, 1), f"<PointData>{array('g', range(9))}</PointData><CellData>{LOSS}</CellData>"),
        AT_CELLS,
        ("--field", "loss"),
    ),
    "a vector": (
        image((2, 2, 1), f"<PointData>{LOSS}{VECTOR}</PointData>"),
        "'v' has 3 components, and a field has one",
        ("--field", "v"),
    ),
    "no array": (image((2, 2, 1), ""), "has no field at its points: it holds no arrays", ()),
    "no point": (image((0, 0, 0), ""), "has no points", ()),
    "several pieces": (
        grid(*TRIANGLES, LOSS, pieces=2),
        "consists of several pieces whose points are not joined: apply ParaView's filter Clean to Grid",
        (),
    ),
    "a cell beyond the points": (
        grid([[0, 1, 77]], [5], LOSS),
        "is damaged: a cell joins points that are none of the 4",
        (),
    ),
    "a triangle of two": (
        grid([[0, 1]], [5], LOSS),
        "is damaged: a cell has another number of points than its kind",
        (),
    ),
    "another kind": (
        document("PImageData", ""),
        "is XML, of 'PImageData'; accepted are VTK's ImageData, UnstructuredGrid, PolyData (.vti, .vtu, .vtp)",
        (),
    ),
}


@pytest.mark.parametrize("case", DECLINED)
def test_a_grid_without_a_field_or_with_damage_is_reported_in_words(case, tmp_path, in_process):
    text, message, options = DECLINED[case]
    (tmp_path / "a.vtk").write_text(text)
    assert refused(tmp_path / "a.vtk", *options) == message


LARGE = "is damaged, or needs more memory than its size lets expect"
HOSTILE = {
    "more points than memory": (image((30000, 30000, 3000), f"<PointData>{LOSS}</PointData>"), LARGE),
    "cut": (
        image((2, 2, 1), f"<PointData>{LOSS}</PointData>")[:200],
        "is damaged: vtkXMLDataParser: Error parsing XML in stream at line 2, ***",
    ),
    "too few values": (
        image((3, 3, 1), f"<PointData>{LOSS}</PointData>"),
        "is damaged: vtkXMLImageDataReader: Error reading extent 0 2 0 2 0 0 from piece 0",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_grid_ends_with_a_message(case, tmp_path):
    pytest.importorskip("vtkmodules", reason="reads VTK's files")
    text, message = HOSTILE[case]
    (tmp_path / "a.vti").write_text(text)
    assert refused(tmp_path / "a.vti").startswith(message.removesuffix("***"))


def test_a_grid_is_read_by_another_process(tmp_path):
    pytest.importorskip("vtkmodules", reason="reads VTK's files")
    write_landscape(tmp_path / "a.vti", EXPORTED["a plane"], {})
    assert pairs_of("a.vti", tmp_path) == pairs_of(EXPORTED["a plane"], tmp_path)


def test_without_vtk_a_message_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "vtkmodules", None)
    (tmp_path / "a.vti").write_text(image((2, 2, 1), LOSS))
    assert refused(tmp_path / "a.vti") == (
        'reading VTK\'s files needs vtk, which is not installed: pip install "globscope[export]"'
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.vti", "a.vtu"])
def test_no_damage_to_a_grid_ends_in_more_than_a_message(name, tmp_path):
    pytest.importorskip("vtkmodules", reason="reads VTK's files")
    write_landscape(tmp_path / name, EXPORTED["a plane" if name == "a.vti" else "a mesh"], {})
    whole, rng = (tmp_path / name).read_bytes(), np.random.default_rng(0)
    for trial in range(24):
        content = bytearray(whole[: int(rng.integers(len(whole)))] if trial % 3 == 0 else whole)
        for place in rng.integers(len(content), size=rng.integers(1, 8)) if content else ():
            content[place] = rng.integers(256)
        (tmp_path / name).write_bytes(content)
        require_result_or_message(tmp_path / name)
