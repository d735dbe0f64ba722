"""Draws a study's pictures into its folder, and keeps what the page must say about each."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from attrs import define
from matplotlib.figure import Figure

from globscope.report.map.captions import caption, facts, result, title, topology_of, tree_facts
from globscope.report.map.figure import plot, plot_overview
from globscope.report.map.isosurfaces import isosurfaces
from globscope.report.map.kinds import is_path, is_volume, kind
from globscope.report.map.run_ends import ends
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
from globscope.values.landscape import Landscape
from globscope.values.topology import Topology

Place = Literal["main", "beside", "wide"]


@define(frozen=True, kw_only=True)
class Shown:
    """One picture on the page.

    Attributes:
        path: Of its PNG and SVG below the run folder, without the suffix.
        caption: What is shown.
        alt: What a reader is told who cannot see it.
        place: On the page: `main` has the smaller ones `beside` it, `wide` takes the whole width.
    """

    path: str
    caption: str
    alt: str
    place: Place = "beside"


@define(frozen=True)
class Gallery:
    """The pictures of one study.

    Attributes:
        folder: The run folder.
        scale: The colours that all maps share.
        profiles: Of every merge tree.
        names: Hands out file stems.
    """

    folder: Path
    scale: Scale
    profiles: Profiles
    names: Names

    @classmethod
    def of(cls, folder: Path, atlas: Atlas, field: str) -> "Gallery":
        """Return the gallery of a run folder."""
        own_folder(folder, "figures")
        return cls(folder, shared_scale(atlas.maps, field), Profiles.of(atlas.maps), Names())

    def overview(self, atlas: Atlas, records: Mapping[str, Mapping[str, Cell]]) -> Shown:
        """Draw all maps side by side."""
        notes = {drawn.name: self._note(drawn, records.get(drawn.name, {})) for drawn in atlas.maps}
        figure = plot_overview(atlas.maps, self.scale, notes)
        caption = f"All maps of the same networks under one colour scale: dark is low {self.scale.field}."
        told = "; ".join(f"{name}: {' '.join(note)}" for name, note in notes.items())
        return self._keep(figure, ("overview",), caption, f"{caption} {told}")

    def compared(self, atlas: Atlas) -> Shown | None:
        """Draw the maps' landscape profiles side by side; None where fewer than two have one of the field."""
        first = [one for one in map(self.profiles.first, atlas.maps) if one and one.topology.field == self.scale.field]
        if len(first) < 2:
            return None
        caption = (
            f"The landscape profiles of the maps, under one scale of {self.scale.field} and one of colour: at every "
            "height a basin is as wide as its share of the map's samples at or below it."
        )
        alt = " ".join(f"{one.name}: {tree_facts(one.topology)}." for one in first)
        return self._keep(self.profiles.plot(*first), ("profiles",), caption, f"{caption} {alt}")

    def of_map(self, drawn: Map) -> Iterator[Shown]:
        """Draw one map's landscapes, merge trees, persistence diagrams and profiles."""
        if not drawn.landscapes:
            yield self._landscape(drawn, None, (drawn.name,))
        for sampler, scape in drawn.landscapes.items():
            stem = (drawn.name,) if len(drawn.landscapes) == 1 else (drawn.name, sampler)
            if is_volume(scape, self.scale.field):
                yield self._volume(drawn, scape, stem)
            yield self._landscape(drawn, scape, stem)
            topologies = drawn.topologies.get(sampler, {})
            for name, topology in topologies.items():
                of = stem if len(topologies) == 1 else (*stem, name)
                yield from self._trees(drawn, scape, topology, of)
                yield self._profile(self.profiles.shown[drawn.name, sampler, name], of)

    def of_finding(self, analysis: str, finding: Finding, atlas: Atlas) -> Iterator[Shown | str]:
        """Draw the pictures that an analysis asks for; in place of one that has a flaw, say which."""
        for picture in finding.pictures:
            if says := flaw(picture, atlas):
                yield f"The picture {picture.name!r} is not drawn: {says}"
                continue
            drawn = depict(picture, atlas, self.scale)
            told = " ".join((picture.caption, *drawn.missing))
            yield self._keep(drawn.figure, (analysis, picture.name), told, f"{drawn.seen} {told}")

    def _note(self, drawn: Map, record: Mapping[str, Cell]) -> list[str]:
        scape, field = drawn.landscape, self.scale.field
        told = facts(drawn, scape, self.scale)[:1] if kind(scape, field) in ("members", "slices") else []
        topology, error = topology_of(drawn, scape, field), record.get("mse_per_weight")
        if scape is not None and topology is not None:
            told.append(result(drawn, scape, topology))
        return told + ([f"reconstruction error {cell(error)} per weight"] if error is not None else [])

    def _landscape(self, drawn: Map, scape: Landscape | None, stem: tuple[str, ...]) -> Shown:
        figure = plot(drawn, field=self.scale.field, scale=self.scale, scape=scape)
        told, alt = caption(drawn, scape, self.scale)
        return self._keep(figure, (*stem, "landscape"), told, alt, main=True)

    def _volume(self, drawn: Map, scape: Landscape, stem: tuple[str, ...]) -> Shown:
        found = isosurfaces(scape, self.scale)
        told, alt = volume_caption(drawn, scape, self.scale, found)
        return self._keep(plot_volume(drawn, scape, self.scale, found), (*stem, "isosurfaces"), told, alt)

    def _trees(self, drawn: Map, scape: Landscape, topology: Topology, stem: tuple[str, ...]) -> Iterator[Shown]:
        of, told, whole = title(drawn, scape), tree_facts(topology), ""
        if scape.samples.points.shape[1] > 2 and not is_path(scape.samples):
            whole = f" It is the tree of the whole {scape.samples.points.shape[1]}-dimensional volume."
        runs = ends(drawn, scape, topology)
        tells = f"Merge tree of {of}: {told}. {runs}{'.' if runs else ''}{whole}"
        yield self._keep(plot_tree(drawn, scape, topology), (*stem, "merge-tree"), tells, tells)
        tells = f"Persistence diagram of {of}: {told}. Far above the diagonal is deep; grey pairs were removed."
        yield self._keep(plot_diagram(drawn, scape, topology), (*stem, "persistence"), tells, tells)

    def _profile(self, one: Profile, stem: tuple[str, ...]) -> Shown:
        tells = self.profiles.told(one)
        return self._keep(self.profiles.plot(one), (*stem, "profile"), tells, tells)

    def _keep(self, figure: Figure, stem: tuple[str, ...], caption: str, alt: str, *, main: bool = False) -> Shown:
        name, large = self.names.unique(*stem), figure.get_figwidth() > 8
        save(figure, self.folder / "figures", name)
        place: Place = "wide" if large else "main" if main else "beside"
        return Shown(path=f"figures/{name}", caption=caption, alt=alt, place=place)
