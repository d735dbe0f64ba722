"""What a reader gets: pictures, tables, and one page that opens with no network."""

from globscope.report.map.figure import plot
from globscope.report.map.scene import scenes_of
from globscope.report.page.write import write_report
from globscope.report.pictures.depict import depict, flaw
from globscope.report.topology.landscape_profile import Profile, Profiles, plot_profiles

__all__ = ["Profile", "Profiles", "depict", "flaw", "plot", "plot_profiles", "scenes_of", "write_report"]
