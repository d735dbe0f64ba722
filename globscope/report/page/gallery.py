"""Draws a study's pictures into its folder, and keeps what the page must say about each."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from attrs import define, field
from matplotlib.figure import Figure

from globscope.report.map.captions import caption, facts
from globscope.report.map.figure import plot_overview, plot_scene
from globscope.report.map.isosurfaces import isosurfaces
from globscope.report.map.relief import caption as relief_caption, plot_relief
from globscope.report.map.scene import Scene, scenes_of
from globscope.report.map.tree_scene import UPPER_BOUND, TreeScene
from globscope.report.map.volume import caption as volume_caption, plot_volume
from globscope.report.pictures.depict import depict, flaw
from globscope.report.style.text import Names, cell_text
from globscope.report.style.theme import Drawing, draw_side_by_side
from globscope.report.topology.figures import plot_diagram, plot_tree
from globscope.report.topology.landscape_profile import (
    ProfileScales,
    caption as profile_caption,
    plot_profiles,
    profile_scales,
)
from globscope.report.topology.network import caption as network_caption, plot_network
from globscope.roles import Workers
from globscope.spec.style import AUTO, Style
from globscope.store import own_folder
from globscope.values.findings import Atlas, Cell, Finding, Map
from globscope.workers import ThisProcess

Place = Literal["main", "beside", "wide"]


@define(frozen=True, kw_only=True)
class Shown:
    """One picture on the page.

    Attributes:
        path: Path of its PNG and SVG below the run folder, without the suffix.
        caption: Sentences below the picture.
        alt: Alternative text for readers who cannot see it.
        place: Where it stands: `main` has smaller pictures `beside` it, `wide` takes the whole width.
    """

    path: str
    caption: str
    alt: str
    place: Place = "beside"


@define(frozen=True, kw_only=True)
class Gallery:
    """The pictures of one study.

    Attributes:
        folder: The run folder.
        atlas: The study's population and maps.
        scenes: One for each landscape, and one for each map without any.
        profiles: Scales of the landscape profiles, by their field's key.
        style: How the pictures look.
        workers: Where figures are drawn.
        names: The file stems that are taken.
        waiting: Figures that are not drawn yet, for several workers.
    """

    folder: Path
    atlas: Atlas
    scenes: tuple[Scene, ...]
    profiles: Mapping[str, ProfileScales]
    style: Style = AUTO
    workers: Workers = field(factory=ThisProcess)
    names: Names = field(factory=Names)
    waiting: list[Drawing] = field(factory=list)

    @classmethod
    def of(cls, folder: Path, atlas: Atlas, style: Style, workers: Workers) -> "Gallery":
        """Return the gallery of a run folder."""
        own_folder(folder, "figures")
        scenes = scenes_of(atlas, style)
        profiles = profile_scales(atlas, scenes)
        return cls(folder=folder, atlas=atlas, scenes=scenes, profiles=profiles, style=style, workers=workers)

    @property
    def first_scenes(self) -> list[Scene]:
        """One of each map: the scene that stands for it."""
        return [next(self._scenes(map_)) for map_ in self.atlas.maps]

    def overview(self, records: Mapping[str, Mapping[str, Cell]]) -> Shown:
        """Draw all maps side by side."""
        notes = {scene.map_.name: _notes(scene, records.get(scene.map_.name, {})) for scene in self.first_scenes}
        figure, field = plot_overview(self.first_scenes, notes), self.scenes[0].field
        low = f"dark is low {field.name}{', which is worse' if field.higher_is_better else ''}"
        caption = f"All maps of the same networks under one colour scale: {low}."
        by_map = "; ".join(f"{name}: {' '.join(note)}" for name, note in notes.items())
        return self._keep(figure, ("overview",), caption, f"{caption} {by_map}")

    def compare_profiles(self) -> Shown | None:
        """Draw the maps' landscape profiles side by side; None where fewer than two have one of the field."""
        first = filter(None, map(self._first_tree, self.atlas.maps))
        field = self.scenes[0].field
        trees = [tree for tree in first if tree.field == field]
        if len(trees) < 2:
            return None
        caption = (
            f"The landscape profiles of the maps, under one scale of {field.name} and one of colour: at "
            "every height a basin is as wide as its share of the map's samples at or below it."
        )
        alt = " ".join(f"{tree.title}: {tree.facts}." for tree in trees)
        figure = plot_profiles(trees, self.profiles[field.key])
        return self._keep(figure, ("profiles",), caption, f"{caption} {alt}")

    def of_map(self, map_: Map) -> Iterator[Shown]:
        """Draw one map's landscapes, merge trees, persistence diagrams and profiles."""
        for scene in self._scenes(map_):
            stem = (map_.name,) if len(map_.landscapes) <= 1 else (map_.name, scene.sampler)
            if scene.is_volume:
                yield self._volume(scene, stem)
            yield self._keep(plot_scene(scene), (*stem, "landscape"), *caption(scene), main=True)
            if self.style.surface and scene.kind == "surface":
                text = relief_caption(scene)
                yield self._keep(plot_relief(scene), (*stem, "surface"), text, text)
            if scene.is_scattered and scene.tree:
                edges = scene.landscape.samples.edges
                text = network_caption(scene.tree, edges)
                yield self._keep(plot_network(scene.tree, edges), (*stem, "network"), text, text)
            for name, tree in scene.trees.items():
                yield from self._trees(scene, tree, stem if len(scene.trees) == 1 else (*stem, name))

    def of_finding(self, analysis: str, finding: Finding) -> Iterator[Shown | str]:
        """Draw the pictures that an analysis asks for; in place of one that has a flaw, say which."""
        for picture in finding.pictures:
            if why := flaw(picture, self.atlas):
                yield f"The picture {picture.name!r} is not drawn: {why}"
                continue
            depiction = depict(picture, self.atlas, self.scenes, self.style)
            caption = " ".join((picture.caption, *depiction.missing))
            yield self._keep(depiction.figure, (analysis, picture.name), caption, f"{depiction.alt_text} {caption}")

    def draw(self) -> None:
        """Draw and write the figures that are waiting for it."""
        draw_side_by_side(self.waiting, self.workers)
        self.waiting.clear()

    def _volume(self, scene: Scene, stem: tuple[str, ...]) -> Shown:
        surfaces = isosurfaces(scene.landscape, scene.scale)
        return self._keep(plot_volume(scene, surfaces), (*stem, "isosurfaces"), *volume_caption(scene, surfaces))

    def _trees(self, scene: Scene, tree: TreeScene, stem: tuple[str, ...]) -> Iterator[Shown]:
        dimension = scene.map_.chart.dimension
        text = f"Merge tree of {tree.title}: {tree.facts}." + (f" {tree.run_ends}." if tree.run_ends else "")
        if dimension > 2 and not scene.is_path:
            text += f" It is the tree of the whole {dimension}-dimensional volume."
        text += f" {UPPER_BOUND}"
        yield self._keep(plot_tree(tree), (*stem, "merge-tree"), text, text)
        reading = f"Far above the diagonal is deep; grey pairs were removed. {UPPER_BOUND}"
        text = f"Persistence diagram of {tree.title}: {tree.facts}. {reading}"
        yield self._keep(plot_diagram(tree), (*stem, "persistence"), text, text)
        scales = self.profiles[tree.field.key]
        text = profile_caption(tree, scales)
        yield self._keep(plot_profiles([tree], scales), (*stem, "profile"), text, text)

    def _scenes(self, map_: Map) -> Iterator[Scene]:
        return (scene for scene in self.scenes if scene.map_ is map_)

    def _first_tree(self, map_: Map) -> TreeScene | None:
        return next((tree for scene in self._scenes(map_) for tree in scene.trees.values()), None)

    def _keep(self, figure: Figure, stem: tuple[str, ...], caption: str, alt: str, *, main: bool = False) -> Shown:
        name, large = self.names.unique(*stem), figure.get_figwidth() > 8
        drawing = Drawing.of(figure, self.folder / "figures", name)
        if drawing is not None:
            self.waiting.append(drawing)
        if self.workers.count == 1:  # without keeping all figures in memory
            self.draw()
        place: Place = "wide" if large else "main" if main else "beside"
        return Shown(path=f"figures/{name}", caption=caption, alt=alt, place=place)


def _notes(scene: Scene, record: Mapping[str, Cell]) -> list[str]:
    """Return what stands below a map's title in the overview."""
    notes, error = facts(scene)[:1] if scene.kind in ("members", "slices") else [], record.get("mse_per_weight")
    if scene.tree:
        notes.append(scene.tree.summary)
    return notes + ([f"reconstruction error {cell_text(error)} per weight"] if error is not None else [])
