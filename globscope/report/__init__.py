"""What a reader gets: pictures, tables, and one page that opens with no network."""

from globscope.report.map.figure import plot
from globscope.report.map.scene import scenes_of
from globscope.report.map.tree_scene import TreeScene
from globscope.report.page.write import write_report
from globscope.report.pictures.depict import depict, flaw
from globscope.report.topology.landscape_profile import plot_profiles, profile_scales

__all__ = ["TreeScene", "depict", "flaw", "plot", "plot_profiles", "profile_scales", "scenes_of", "write_report"]
