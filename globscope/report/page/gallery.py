"""Draws a study's pictures into its folder, and keeps what the page must say about each."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from attrs import define, field
from matplotlib.figure import Figure

from globscope.report.map.captions import caption, facts, leaves_and_ends, title, tree_facts
from globscope.report.map.figure import plot_overview, plot_scene
from globscope.report.map.isosurfaces import isosurfaces
from globscope.report.map.run_ends import run_ends
from globscope.report.map.scene import Scene, is_path, scenes_of
from globscope.report.map.volume import caption as volume_caption
from globscope.report.map.volume import plot_volume
from globscope.report.pictures.depict import depict, flaw
from globscope.report.style.scale import Scale, shared_scale
from globscope.report.style.text import Names, cell
from globscope.report.style.theme import save
from globscope.report.topology.figures import plot_diagram, plot_tree
from globscope.report.topology.landscape_profile import Profile, Profiles
from globscope.store import own_folder
from globscope.values.findings import Atlas, Cell, Finding, Map
from globscope.values.topology import Topology

Place = Literal["main", "beside", "wide"]


@define(frozen=True, kw_only=True)
class Shown:
    """One picture on the page.

    Attributes:
        path: Of its PNG and SVG below the run folder, without the suffix.
        caption: What is shown.
        alt: For a reader who cannot see it.
        place: On the page: `main` has the smaller ones `beside` it, `wide` takes the whole width.
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
        scale: The colours that all maps share.
        scenes: Of all landscapes, and of the members where a map has none.
        profiles: Of every merge tree.
        names: Hands out file stems.
    """

    folder: Path
    atlas: Atlas
    scale: Scale
    scenes: tuple[Scene, ...]
    profiles: Profiles
    names: Names = field(factory=Names)

    @classmethod
    def of(cls, folder: Path, atlas: Atlas, key: str) -> "Gallery":
        """Return the gallery of a run folder, whose colours show the field of this key."""
        own_folder(folder, "figures")
        scenes = scenes_of(atlas.maps, key)
        return cls(
            folder=folder,
            atlas=atlas,
            scale=shared_scale(atlas.maps, key),
            scenes=scenes,
            profiles=Profiles.of(scenes),
        )

    @property
    def first_scenes(self) -> list[Scene]:
        """One of each map: the scene that stands for it."""
        first = {scene.map_.name: scene for scene in reversed(self.scenes)}
        return [first[map_.name] for map_ in self.atlas.maps]

    def overview(self, records: Mapping[str, Mapping[str, Cell]]) -> Shown:
        """Draw all maps side by side."""
        notes = {scene.map_.name: _notes(scene, records.get(scene.map_.name, {})) for scene in self.first_scenes}
        figure, field = plot_overview(self.first_scenes, notes), self.scale.field
        low = f"dark is low {field.name}{', which is worse' if field.higher_is_better else ''}"
        caption = f"All maps of the same networks under one colour scale: {low}."
        by_map = "; ".join(f"{name}: {' '.join(note)}" for name, note in notes.items())
        return self._keep(figure, ("overview",), caption, f"{caption} {by_map}")

    def compared(self) -> Shown | None:
        """Draw the maps' landscape profiles side by side; None where fewer than two have one of the field."""
        first = [profile for map_ in self.atlas.maps if (profile := self.profiles.first(map_))]
        first = [profile for profile in first if profile.topology.field == self.scale.field.key]
        if len(first) < 2:
            return None
        caption = (
            f"The landscape profiles of the maps, under one scale of {self.scale.field.name} and one of colour: at "
            "every height a basin is as wide as its share of the map's samples at or below it."
        )
        alt = " ".join(f"{profile.name}: {tree_facts(profile.topology)}." for profile in first)
        return self._keep(self.profiles.plot(*first), ("profiles",), caption, f"{caption} {alt}")

    def of_map(self, map_: Map) -> Iterator[Shown]:
        """Draw one map's landscapes, merge trees, persistence diagrams and profiles."""
        for scene in (scene for scene in self.scenes if scene.map_ is map_):
            stem = (map_.name,) if len(map_.landscapes) <= 1 else (map_.name, scene.sampler)
            if scene.is_volume:
                yield self._volume(scene, stem)
            yield self._keep(plot_scene(scene), (*stem, "landscape"), *caption(scene), main=True)
            topologies = map_.topologies.get(scene.sampler, {})
            for name, topology in topologies.items():
                own = stem if len(topologies) == 1 else (*stem, name)
                yield from self._trees(scene, topology, own)
                yield self._profile(self.profiles.shown[map_.name, scene.sampler, name], own)

    def of_finding(self, analysis: str, finding: Finding) -> Iterator[Shown | str]:
        """Draw the pictures that an analysis asks for; in place of one that has a flaw, say which."""
        for picture in finding.pictures:
            if why := flaw(picture, self.atlas):
                yield f"The picture {picture.name!r} is not drawn: {why}"
                continue
            drawn = depict(picture, self.atlas, self.scale)
            caption = " ".join((picture.caption, *drawn.missing))
            yield self._keep(drawn.figure, (analysis, picture.name), caption, f"{drawn.alt_text} {caption}")

    def _volume(self, scene: Scene, stem: tuple[str, ...]) -> Shown:
        surfaces = isosurfaces(scene.drawn, self.scale)
        return self._keep(plot_volume(scene, surfaces), (*stem, "isosurfaces"), *volume_caption(scene, surfaces))

    def _trees(self, scene: Scene, topology: Topology, stem: tuple[str, ...]) -> Iterator[Shown]:
        of, facts, dimension = title(scene), tree_facts(topology), scene.map_.chart.dimension
        whole = f" It is the tree of the whole {dimension}-dimensional volume."
        whole = whole if dimension > 2 and not is_path(scene.drawn.samples) else ""
        runs = run_ends(scene, topology)
        text = f"Merge tree of {of}: {facts}. {runs}{'.' if runs else ''}{whole}"
        yield self._keep(plot_tree(scene, topology), (*stem, "merge-tree"), text, text)
        text = f"Persistence diagram of {of}: {facts}. Far above the diagonal is deep; grey pairs were removed."
        yield self._keep(plot_diagram(scene, topology), (*stem, "persistence"), text, text)

    def _profile(self, profile: Profile, stem: tuple[str, ...]) -> Shown:
        text = self.profiles.caption(profile)
        return self._keep(self.profiles.plot(profile), (*stem, "profile"), text, text)

    def _keep(self, figure: Figure, stem: tuple[str, ...], caption: str, alt: str, *, main: bool = False) -> Shown:
        name, large = self.names.unique(*stem), figure.get_figwidth() > 8
        save(figure, self.folder / "figures", name)
        place: Place = "wide" if large else "main" if main else "beside"
        return Shown(path=f"figures/{name}", caption=caption, alt=alt, place=place)


def _notes(scene: Scene, record: Mapping[str, Cell]) -> list[str]:
    """Return what stands below a map's title in the overview."""
    notes, error = facts(scene)[:1] if scene.kind in ("members", "slices") else [], record.get("mse_per_weight")
    if scene.topology:
        notes.append(leaves_and_ends(scene))
    return notes + ([f"reconstruction error {cell(error)} per weight"] if error is not None else [])
