"""The explorer's own topology code, run on fields that Python knows, and what Python says of them."""

import json
import shutil
import subprocess
from itertools import combinations
from pathlib import Path

import numpy as np
from attrs import define

from globscope.report.explorer import page
from globscope.report.explorer.field_data import add_field
from globscope.topology.adjacency import edges
from globscope.topology.joins import join_heights
from globscope.topology.tree import simplify
from globscope.values.finite import finite_or_none
from globscope.values.landscape import Landscape, Samples

ASSETS = Path(page.__file__).parent / "assets"
# What of the page needs no document, but for one element that it looks up at once.
PURE = ("topology/neighbours", "topology/sweep", "topology/merge_tree", "topology/passes", "study/data")
DOCUMENT = "const document = {getElementById: () => ({textContent: '{}'})};\n"
DRIVER = """
function answersOf(cases) { return cases.map(answerOf); }

function answerOf({arrays, field, shape, vertices, kind, edges, trusted, thresholds, ends, pairs}) {
  const KINDS = {f8: Float64Array, d2: Uint16Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array};
  const study = {array: name => KINDS[arrays[name].kind].from(arrays[name].values, Number)};
  const {values, order} = readField(study, field), swept = trusted ? order.filter(sample => trusted[sample]) : order;
  const full = sweep(swept, edges ? graphNeighbours(edges, values.length) : latticeNeighbours(shape, kind, vertices));
  const lifetimes = persistences(full, values), samples = [...values.keys()];
  return {
    births: full.births, deaths: full.deaths, elders: full.elders,
    passes: ends.map(([one, other]) => passVertex(full, one, other)),
    joins: pairs.map(([one, other]) => passVertex(full, one, other)).map(top => top < 0 ? null : values[top]),
    trees: thresholds.map(threshold => {
      const tree = simplify(full, lifetimes, threshold);
      return {
        leaves: tree.leaves.map(arc => tree.arcs[arc].vertex),
        basins: samples.map(sample => basinAt(tree, sample)),
        starts: samples.map(sample => arcAt(tree, sample)).map(arc => arc < 0 ? -1 : tree.arcs[arc].vertex),
        arcs: tree.arcs.map(arc => [arc.vertex, arc.up < 0 ? -1 : tree.arcs[arc.up].vertex, arc.kids.length, arc.size]),
      };
    }),
  };
}
"""


@define(frozen=True, kw_only=True)
class Case:
    """A field whose tree both compute.

    Attributes:
        landscape: Its only field is `train_loss`.
        adjacency: The rule by which samples are neighbours.
        mask: Whether untrusted samples are left out.
    """

    landscape: Landscape
    adjacency: str
    mask: bool

    @property
    def values(self):
        return self.landscape.fields["train_loss"]

    @property
    def full(self):
        """Python's tree of every pair."""
        from globscope.builtin.topology import Gudhi

        method = Gudhi(persistence=0, adjacency=self.adjacency, mask=self.mask)
        return method.compute(self.landscape).full

    def thresholds(self, full):
        """None, every kind of branch's own persistence, and what lies between two of them."""
        known = np.unique(full.persistences[np.isfinite(full.persistences)])
        chosen = known[np.unique(np.linspace(0, len(known) - 1, 4).astype(int))] if len(known) else known
        return [0.0, *chosen.tolist(), *(chosen[:-1] + np.diff(chosen) / 2).tolist(), 1e308]

    def question(self, full):
        """What the page is asked, as JSON."""
        arrays, samples = _Arrays(), self.landscape.samples
        field = add_field(arrays, "field", self.values, full.nodes)
        scattered = samples.shape is None or self.adjacency not in ("freudenthal", "full")
        known = edges(samples.points, self.adjacency) if samples.edges is None and scattered else samples.edges
        return {
            "arrays": arrays.content,
            "field": field,
            "shape": None if samples.shape is None else list(samples.shape),
            "vertices": None
            if samples.index is None
            else np.ravel_multi_index(samples.index.T, samples.shape).tolist(),
            "kind": self.adjacency,
            "edges": None if known is None else known.ravel().tolist(),
            "trusted": self.landscape.trusted.tolist() if self.mask else None,
            "thresholds": self.thresholds(full),
            "ends": [list(pair) for pair in self.ends(full)],
            "pairs": self.pairs(),
        }

    def ends(self, full):
        """Pairs of minima."""
        minima = np.sort(full.pairs[:, 0])
        return list(combinations(minima[:: -(-len(minima) // 8) or 1].tolist(), 2))

    def pairs(self):
        """Pairs of any samples, those that are left out among them."""
        return np.random.default_rng(0).integers(0, len(self.values), (20, 2)).tolist()


class _Arrays:
    """Arrays as text that keeps every digit, NaN and infinities."""

    def __init__(self):
        self.content = {}

    def add(self, name, values, kind="f4"):
        words = [str(value).replace("inf", "Infinity").replace("nan", "NaN") for value in values.tolist()]
        self.content[name] = {"kind": kind, "values": words}
        return name


def expected(case, full):
    """What Python says to a case."""
    known = [simplify(full, case.values, threshold) for threshold in case.thresholds(full)]
    passes = [full.minimax(*pair) for pair in case.ends(full)]
    return {
        "births": full.pairs[:, 0].tolist(),
        "deaths": full.pairs[:, 1].tolist(),
        "elders": full.elders.tolist(),
        "passes": [-1 if top is None else top[0] for top in passes],
        "joins": [finite_or_none(height) for height in _joins(case, full)],
        "trees": [_tree(tree) for tree in known],
    }


def _joins(case, full):
    pairs = np.array(case.pairs())
    heights = join_heights(full, case.values, pairs.ravel())
    return heights[np.arange(0, pairs.size, 2), np.arange(1, pairs.size, 2)].tolist()


def _tree(tree):
    return {
        "leaves": tree.minima.tolist(),
        "basins": tree.basin.tolist(),
        "starts": _starts(tree).tolist(),
        "arcs": _arcs(tree),
    }


def _starts(tree):
    """The lower end of each sample's arc: a node begins its own, but for the root, which ends one."""
    lower = np.append(tree.nodes[tree.arcs[:, 0]], -1)
    starts = np.where(tree.basin >= 0, lower[tree.arc], -1)
    for node, kind in zip(tree.nodes, tree.kinds, strict=True):
        if kind != "root":
            starts[node] = node
    return starts


def _arcs(tree):
    """Each arc's lower and upper end, how many meet at the lower one, and how many samples lie up to the upper one."""
    own, kinds = np.bincount(_starts(tree)[tree.basin >= 0], minlength=len(tree.basin)), tree.kinds
    meeting = np.bincount(tree.arcs[:, 1], minlength=len(tree.nodes)) if len(tree.arcs) else np.zeros(len(tree.nodes))
    upper = dict(tree.arcs.tolist())
    sizes, rows = {}, []
    for row, (node, kind) in enumerate(zip(tree.nodes.tolist(), kinds, strict=True)):
        below = sum(sizes[low] for low, high in upper.items() if high == row)
        sizes[row] = below + int(own[node])
        if kind != "root":
            above = upper.get(row)
            end = -1 if above is None or kinds[above] == "root" else int(tree.nodes[above])
            rows.append([node, end, int(meeting[row]), sizes[row]])
    return rows


def page_code():
    """The page's scripts that need no document, and what asks them."""
    return DOCUMENT + "\n".join((ASSETS / f"{name}.js").read_text() for name in PURE) + DRIVER


def ask_node(questions):
    """What the scripts answer in Node; None where there is none."""
    node = shutil.which("node")
    if node is None:
        return None
    code = page_code() + "\nprocess.stdout.write(JSON.stringify(answersOf(JSON.parse(require('fs').readFileSync(0)))));"
    done = subprocess.run([node, "-e", code], input=json.dumps(questions), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def ask_browser(browser, questions):
    """What the scripts answer in a page."""
    opened = browser.new_page()
    try:
        return opened.evaluate(f"questions => {{ {page_code()}\nreturn answersOf(questions); }}", questions)
    finally:
        opened.close()


def random_case(seed):
    """A lattice of one to four axes or a graph, its field with ties, NaN and infinities, perhaps masked."""
    rng = np.random.default_rng(seed)
    samples, adjacency = _graph(rng) if seed % 4 == 3 else _lattice(rng)
    count = len(samples.points)
    values = _field(rng, samples, count)
    values[rng.random(count) < rng.choice([0, 0.1, 0.4])] = rng.choice([np.nan, np.inf, -np.inf])
    trusted = rng.random(count) < 0.7
    landscape = Landscape(
        samples=samples, fields={"train_loss": values}, distance_to_member=np.zeros(count), trusted=trusted,
        seconds={"decode": 0.0, "evaluate": 0.0},
    )  # fmt: skip
    return Case(landscape=landscape, adjacency=adjacency, mask=bool(rng.random() < 0.3))


def _lattice(rng):
    axes = int(rng.integers(1, 5))
    most = {1: 40, 2: 12, 3: 6, 4: 4}[axes]
    shape = tuple(rng.integers(1 if rng.random() < 0.2 else most // 2, most + 1, axes).tolist())
    index = np.indices(shape).reshape(axes, -1).T
    if rng.random() < 0.3:  # in any order, with gaps
        index = rng.permutation(index)[: max(1, int(0.8 * len(index)))]
    return Samples(points=index.astype(float), index=index, shape=shape), str(rng.choice(["freudenthal", "full"]))


def _graph(rng):
    count, axes = int(rng.integers(1, 120)), int(rng.integers(1, 5))
    points = rng.normal(size=(count, axes))
    if rng.random() < 0.5 and axes > 1:
        return Samples(points=points), str(rng.choice(["knn", "mutual-knn"]))
    return Samples(points=points, edges=rng.integers(0, count, (int(rng.integers(0, 2 * count)), 2))), "auto"


def _field(rng, samples, count):
    """Noise, whole numbers with many ties, a constant, or waves."""
    waves = np.sin(samples.points @ rng.normal(size=samples.points.shape[1])) + 0.1 * rng.random(count)
    kinds = (rng.random(count), rng.integers(0, 4, count).astype(float), np.full(count, 0.5), waves, np.exp(3 * waves))
    return np.array(kinds[int(rng.integers(len(kinds)))], float)


START = """
studies = await readStudies();
maps = studies.flatMap(study => study.maps.map(map => ({...map, study})));
"""
TREES = """
const answers = [];
for (const map of maps) for (const {name, field, threshold} of map.topologies ?? []) {
  Object.assign(state, {map: maps.indexOf(map), field, threshold});
  const tree = treeOn(map), {full} = tree;
  const vertex = sample => sample < 0 ? null : sample;
  const pairs = branches => branches.map(branch => [full.births[branch], vertex(full.deaths[branch])]);
  const kind = kids => kids.length > 2 ? 'multi-saddle' : kids.length ? 'saddle' : 'minimum';
  answers.push({
    map: map.name, sampler: map.sampler, topology: name, kinds: tree.arcs.map(({vertex, kids}) => [vertex, kind(kids)]),
    basins: Array.from(full.own, (_, sample) => basinAt(tree, sample)),
    full: pairs(full.births.map((_, branch) => branch)),
    simplified: pairs(tree.leaves.map(leaf => tree.arcs[leaf].branch)),
  });
}
return answers;
"""


def ask_page(browser, folder, code):
    """What JavaScript returns that runs in the explorer's page of a finished run, beside its own scripts."""
    scripts = "\n".join((ASSETS / f"{name}.js").read_text() for name in page.SCRIPTS if name != "page/main")
    opened = browser.new_page()
    try:
        opened.goto((folder / page.EXPLORER).absolute().as_uri())
        return opened.evaluate(f"async () => {{ {scripts}\n{START}\n{code} }}")
    finally:
        opened.close()


def run_differences(folder, answers):
    """Where the page's trees differ from those in a run's own files."""
    records = [json.loads(path.read_text("utf-8")) for path in sorted((folder / "topology").glob("*.json"))]
    known = {(one["map"], one["sampler"], one["topology"]): one for one in records}
    found = {(one["map"], one["sampler"], one["topology"]): one for one in answers}
    if known.keys() != found.keys():
        return [("trees", known.keys() ^ found.keys())]
    return [(key, part) for key in known for part in _tree_differences(folder, known[key], found[key])]


def _tree_differences(folder, record, answer):
    with np.load(folder / "landscapes" / f"{record['landscape']}.npz") as arrays:
        basins = arrays[f"basin_{record['topology']}"].tolist()
    nodes = [[node["vertex"], node["kind"]] for node in record["simplified"]["nodes"] if node["kind"] != "root"]
    pairs = {
        part: [[pair["birth_vertex"], pair["death_vertex"]] for pair in record[part]["pairs"]]
        for part in ("full", "simplified")
    }
    expected_parts = {**pairs, "kinds": nodes, "basins": basins}
    return [part for part, value in expected_parts.items() if answer[part] != value]
