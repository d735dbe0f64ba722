"""Explorers of made-up studies, each for one kind of page that a reader may open."""

import numpy as np
from attrs import evolve

from globscope.report.explorer.blocks import Blocks
from globscope.report.explorer.page import write_explorer, write_explorers
from globscope.report.explorer.study_data import study_data
from globscope.spec.style import Style
from globscope.values.findings import Finding
from globscope.values.pictures import Overlay, Trail
from tests.support.graphs import search_graph
from tests.support.maps import CENTRES, a_map, a_scatter, atlas_of, grid, population, wells

HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\">",
    "=1+1",
    "שלום \u202eevil\u202c & 'one' \"two\"",
    "x" * 300,
    "</script><script>document.title='owned'</script>",
)


def write_page(folder, atlas, findings=None, record=None, title="Three wells", **options):
    """Write the explorer of an atlas to a new folder and return its path."""
    folder.mkdir(parents=True)
    return write_explorer(folder, title, atlas, findings or {}, record or {}, **options)


def known(*maps):
    """The atlas of maps whose members' true values are a little above what the maps decode."""
    atlas = atlas_of(*maps)
    return evolve(atlas, truth={key: values + 0.001 for key, values in maps[0].decoded.items()})


def bumpy(seed=0):
    """A map on which the two neighbourhoods find different numbers of basins."""
    samples = grid(21)
    noise = np.random.default_rng(seed).normal(size=len(samples.points))
    return a_map("bumpy", samples, wells(samples.points) + 0.15 * noise)


def plain(folder):
    """Two maps of three runs, with a curve, and a map without a landscape."""
    trusted = np.hypot(*grid(31).points.T) < 1
    measured = {"train_loss": np.array([0.01, 0.25, 0.75, 0.5, 0.02])}
    curve = Trail.of("curve from A to B", np.linspace(CENTRES[0], CENTRES[1], 5), values=measured)
    overlay = Overlay(name="curves", caption="Low curves.", map="one", trails=(curve,))
    maps = a_map(samples=grid(31), trusted=trusted), bumpy(), a_scatter("mds", "MDS has no inverse")
    recipes = {"A": "batch size 32", "B": "batch size 128", "C": "no weight decay"}
    record = {"recipes": recipes}
    return write_page(folder, known(*maps), {"mode-connectivity": Finding(pictures=(overlay,))}, record)


def space(folder):
    """One map of three axes."""
    return write_page(folder, known(a_map("space", d=3, samples=grid(9, 3))))


def graph(folder):
    """One map of five axes, whose samples are a graph."""
    centres = np.pad(CENTRES, ((0, 0), (0, 2)))
    samples = search_graph(centres)
    map_ = a_map("descents", samples, wells(samples.points), d=4)
    return write_page(folder, known(map_))


def many_maps(folder):
    """Forty maps."""
    return write_page(folder, known(*(a_map(f"map {number}") for number in range(40))))


def hostile(folder):
    """Runs, maps and a title with names that are code, formulas, or written from right to left."""
    runs = population(HOSTILE[:3])
    maps = [evolve(a_map(who=runs), name=name) for name in HOSTILE]
    recipes = {"recipes": dict.fromkeys(HOSTILE, HOSTILE[0])}
    return write_page(folder, known(*maps), {}, recipes, title=HOSTILE[0])


def crowd(folder, runs=500, steps=4):
    """Five hundred runs of four networks each on one map."""
    rng = np.random.default_rng(0)
    who = population([f"run {number:03}" for number in range(runs)], steps)
    ends = CENTRES[np.arange(runs) % 3] + 0.1 * rng.normal(size=(runs, 2))
    places = np.concatenate([np.linspace(end * 0.2, end, steps) for end in ends])
    map_ = a_map("crowd", grid(41), who=population())
    landscape = map_.landscape
    nearest = landscape.nearest(places)
    decoded = {key: values[nearest] for key, values in landscape.fields.items()}
    map_ = evolve(
        map_,
        population=who,
        chart=evolve(map_.chart, latents=places),
        coordinates=np.zeros((len(places), 3)),
        outside=np.zeros(len(places)),
        reconstruction=np.zeros((len(places), 3)),
        truth=decoded,
        decoded=decoded,
    )
    return write_page(folder, known(map_), {}, {"recipes": {f"run {n:03}": f"seed {n}" for n in range(runs)}})


def two_studies(folder):
    """Two studies, whose runs of the same names come in another order, and one of which only the first has."""
    folder.mkdir(parents=True)
    studies = []
    for title, runs in (("first", "ABC"), ("second", "CBD")):
        blocks, atlas = Blocks(), known(a_map(who=population(tuple(runs))))
        study = study_data(title, atlas, {}, {}, blocks)
        studies.append((study | {"places": blocks.places}, blocks.text))
    return write_explorers(folder, "Two studies", studies)


def bare(folder):
    """A study whose only map has no landscape."""
    return write_page(folder, known(a_scatter("mds", "MDS has no inverse")))


def no_maps(folder):
    """A study without maps."""
    return write_page(folder, evolve(known(a_map()), maps=()))


def zoo(folder):
    """A study whose networks have figures of a table, of which the report shows a text."""
    who = population()
    rates = [{"rate": 10.0**-number, "kind": "x" if number else "y"} for number in range(3) for _ in range(4)]
    return write_page(folder, known(a_map(who=who.with_figures(rates))), style=Style(figure="kind"))


PAGES = {
    page.__name__: page for page in (plain, space, graph, many_maps, hostile, crowd, two_studies, bare, no_maps, zoo)
}
