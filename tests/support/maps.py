"""Small maps for the report, and readers of what it draws and writes."""

from html.parser import HTMLParser

import matplotlib
import numpy as np
from attrs import evolve
from matplotlib.backends.backend_agg import FigureCanvasAgg

from globscope.builtin.topology import Gudhi
from globscope.report import scenes_of
from globscope.values.chart import Chart
from globscope.values.findings import Atlas, Map
from globscope.values.landscape import Landscape, Samples
from globscope.values.members import Layout, Member, Population
from globscope.values.space import FullSpace

EVIL = ("<script>alert('v')</script>", r"$\frac{$ \undefined", "多 & 'quoted' \"x\" " + "y" * 70)
CENTRES = np.array([[-0.6, -0.5], [0.6, -0.4], [0.0, 0.7]])


def population(variants=("A", "B", "C"), steps=4):
    members = tuple(Member(variant=name, step=step) for name in variants for step in range(steps))
    weights = np.zeros((len(members), 3), np.float32)
    return Population(members=members, weights=weights, layout=Layout(names=("w",), shapes=((3,),)))


def latents(d=2, steps=4):
    ends = np.pad(CENTRES, ((0, 0), (0, d - 2)))
    return np.concatenate([np.linspace(end * 0.2, end, steps) for end in ends])


def grid(resolution=11, d=2):
    index = np.stack(np.meshgrid(*[np.arange(resolution)] * d, indexing="ij"), -1).reshape(-1, d)
    return Samples(points=np.linspace(-1, 1, resolution)[index], index=index, shape=(resolution,) * d)


def wells(points):
    """Three wells of different depth, below a plateau near 2."""
    squares = ((points[:, None, :2] - CENTRES) ** 2).sum(axis=2)
    return 2.0 - (np.array([1.99, 1.95, 1.9]) * np.exp(-squares / 0.08)).max(axis=1)


def a_map(name="one", samples=None, values=None, who=None, d=2, threshold=0.1, trusted=None):
    who, samples = who or population(), samples or grid(d=d)
    values = wells(samples.points) if values is None else values
    landscape = Landscape(
        samples=samples,
        fields={"train_loss": values, "test_loss": values * 1.5},
        distance_to_member=np.zeros(len(values)),
        trusted=np.ones(len(values), bool) if trusted is None else trusted,
        seconds={"decode": 0.5},
    )
    chart = Chart(space=FullSpace(mean=np.zeros(3)), latents=latents(d), decode=lambda points: points)
    # Decoded without a loss, each to a network like that of the nearest sample.
    nearest = np.resize(landscape.nearest(chart.latents[:, : samples.points.shape[1]]), len(who.members))
    decoded = {name: found[nearest] for name, found in landscape.fields.items()}
    return Map(
        name=name,
        chart=chart,
        population=who,
        coordinates=np.zeros((len(who.members), 3)),
        outside=np.zeros(len(who.members)),
        reconstruction=np.zeros((len(who.members), 3)),
        truth=decoded,
        decoded=decoded,
        landscapes={"grid": landscape},
        topologies={"grid": {"gudhi": Gudhi(persistence=threshold).compute(landscape)}},
    )


def a_slice():
    """A slice on which run A lies, run B does not, and of run C the last network does."""
    whole = a_map()
    extent = np.array([whole.chart.latents.min(axis=0), whole.chart.latents.max(axis=0)])
    away = np.repeat([0.0, 5.0, 0.0], [4, 7, 1])
    return evolve(whole, chart=evolve(whole.chart, extent=extent), outside=away)


def a_scatter(name, why, who=None):
    shown = a_map(name, who=who)
    chart = evolve(shown.chart, decode=None, why_no_inverse=why)
    return evolve(shown, chart=chart, landscapes={}, topologies={}, hidden=why)


def atlas_of(*maps):
    return Atlas(population=maps[0].population, truth={}, maps=maps)


def scene_of(map_):
    return scenes_of(atlas_of(map_))[0]


def texts(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


class Page(HTMLParser):
    """The tags of a page, its links, and its text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.links, self.images, self.pictures, self.ids, self.text = [], [], [], [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        self.links += [found[key] for key in ("href", "src") if key in found]
        self.images += [found] if tag == "img" else []
        self.pictures += [found["data-picture"].removeprefix("figures/")] if "data-picture" in found else []
        self.ids += [found["id"]] if "id" in found else []

    def handle_data(self, data):
        self.text += data


def drawn_figure(figure):
    """The figure after it was drawn once, with its renderer: places are final only then."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return figure, canvas.get_renderer()


def a_line_map(decoded=True):
    """A map of one axis with a grid of nine, and three runs of four members."""
    samples = Samples(points=np.linspace(-1, 1, 9)[:, None], index=np.arange(9)[:, None], shape=(9,))
    drawn = a_map(samples=samples, values=1 + samples.points[:, 0] ** 2)
    places = latents()[:, :1]
    losses = {"train_loss": 1 + places[:, 0] ** 2} if decoded else {}
    return evolve(drawn, chart=evolve(drawn.chart, latents=places), decoded=losses)


def a_path_map():
    """A map with two paths: along run A, and from A's end to B's."""
    one, drawn = latents(), a_map()
    ways = {"along-a": one[:4], "across": np.linspace(one[3], one[7], 6)}
    landscapes = {
        name: a_map(samples=Samples(points=way, index=np.arange(len(way))[:, None], shape=(len(way),))).landscape
        for name, way in ways.items()
    }
    found = {name: {"gudhi": Gudhi(persistence=0.1).compute(landscape)} for name, landscape in landscapes.items()}
    return evolve(drawn, landscapes=landscapes, topologies=found)
