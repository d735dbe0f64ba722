"""One picture of a study by its kind, in a style."""

from collections.abc import Callable, Mapping, Sequence

from matplotlib.figure import Figure

from globscope.errors import RunError, near
from globscope.report.map.figure import plot_overview, plot_scene
from globscope.report.map.isosurfaces import isosurfaces
from globscope.report.map.relief import plot_relief
from globscope.report.map.scene import Scene, scenes_of
from globscope.report.map.tree_scene import TreeScene
from globscope.report.map.volume import plot_volume
from globscope.report.style.text import count_noun
from globscope.report.topology.figures import plot_diagram, plot_tree
from globscope.report.topology.landscape_profile import plot_profiles, profile_scales
from globscope.report.topology.network import plot_network
from globscope.spec.style import Style
from globscope.values.findings import Atlas, Map

# Pictures of all maps, of one landscape, and of one merge tree.
OF_ALL = ("overview", "profiles")
OF_LANDSCAPE = ("landscape", "surface", "isosurfaces", "network")
OF_TREE: Mapping[str, Callable[[TreeScene], Figure]] = {"tree": plot_tree, "persistence": plot_diagram}
KINDS = ("landscape", "surface", "isosurfaces", "network", *OF_TREE, "profile", *OF_ALL)


def figure_of_kind(kind: str, atlas: Atlas, style: Style, map_: Map, sampler: str | None = None) -> Figure:
    """Return a picture of a study.

    Args:
        kind: One of `KINDS`.
        atlas: Whose maps share one scale.
        style: How the picture looks.
        map_: Map that is drawn; `overview` and `profiles` are of all maps.
        sampler: Which of its landscapes; the first where unnamed.

    Raises:
        RunError: There is no such kind or sampler, or this map has no such picture.
    """
    if kind not in KINDS:
        raise RunError(f"there is no kind of figure {kind!r}; {near(kind, KINDS)}")
    scenes = scenes_of(atlas, style)
    if kind in OF_ALL:
        return _of_all_maps(kind, atlas, scenes)
    scene = _scene(map_, scenes, sampler)
    if kind in OF_LANDSCAPE:
        return _of_landscape(kind, scene)
    tree = _tree(scene, f"no {'tree' if kind == 'tree' else f'merge tree, hence no {kind}'}")
    if kind == "profile":
        return plot_profiles([tree], profile_scales(atlas, scenes)[tree.field.key])
    return OF_TREE[kind](tree)


def _scene(map_: Map, scenes: Sequence[Scene], sampler: str | None) -> Scene:
    of_map = {scene.sampler: scene for scene in scenes if scene.map_ is map_}
    name = next(iter(of_map)) if sampler is None else sampler
    if name not in of_map:
        raise RunError(f"map {map_.name!r} has no sampler {name!r}; {near(name, of_map)}")
    return of_map[name]


def _tree(scene: Scene, what: str) -> TreeScene:
    """Return the tree of the field that is drawn, or else the first."""
    tree = scene.tree or next(iter(scene.trees.values()), None)
    if tree is None:
        why = scene.map_.hidden or scene.map_.chart.why_no_inverse or "the spec has no topology"
        raise RunError(f"map {scene.map_.name!r} has {what}: {why}")
    return tree


def _of_all_maps(kind: str, atlas: Atlas, scenes: Sequence[Scene]) -> Figure:
    first = [next(scene for scene in scenes if scene.map_ is map_) for map_ in atlas.maps]
    if kind == "overview":
        notes = {scene.map_.name: [scene.tree.summary] for scene in first if scene.tree}
        return plot_overview(first, notes)
    trees = [tree for scene in first for tree in scene.trees.values() if tree.field == scene.field]
    if not trees:
        raise RunError(f"no map has a merge tree of {scenes[0].field.name}, hence there are no profiles")
    return plot_profiles(trees, profile_scales(atlas, scenes)[trees[0].field.key])


def _of_landscape(kind: str, scene: Scene) -> Figure:
    if kind == "landscape":
        return plot_scene(scene)
    if kind == "network":
        tree = scene.tree
        if tree is None:
            why = scene.map_.hidden or scene.map_.chart.why_no_inverse
            why = why or "no topology of the spec is of the field that is drawn"
            raise RunError(f"map {scene.map_.name!r} has no merge tree, hence no network: {why}")
        return plot_network(tree, scene.landscape.samples.edges)
    if kind == "isosurfaces":
        _require_axes(kind, scene, 3, found=scene.is_volume)
        return plot_volume(scene, isosurfaces(scene.landscape, scene.scale))
    _require_axes(kind, scene, 2, found=scene.kind == "surface")
    return plot_relief(scene)


def _require_axes(kind: str, scene: Scene, wanted: int, *, found: bool) -> None:
    if found:
        return
    name, axes = scene.map_.name, scene.map_.chart.dimension
    has = "no landscape" if scene.landscape_or_none is None else count_noun(axes, "axis", "axes")
    raise RunError(f"kind {kind!r} needs a landscape over {wanted} latent axes; map {name!r} has {has}")
