"""What a reader gets: pictures, tables, and one page that opens with no network."""

from globscope.report.figures import plot
from globscope.report.pictures import depict, flaw
from globscope.report.profiles import Profile, Profiles, plot_profiles
from globscope.report.write import write_report

__all__ = ["Profile", "Profiles", "depict", "flaw", "plot", "plot_profiles", "write_report"]
