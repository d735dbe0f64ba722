"""What a reader gets: pictures, tables, and one page that opens with no network."""

from globscope.report.explorer.frame import Frame as Frame
from globscope.report.explorer.page import (
    EXPLORER as EXPLORER,
    explorer_warning as explorer_warning,
    write_explorers as write_explorers,
)
from globscope.report.explorer.read import read_explorer as read_explorer
from globscope.report.map.figure import plot as plot
from globscope.report.map.scene import scenes_of as scenes_of
from globscope.report.map.tree_scene import TreeScene as TreeScene
from globscope.report.page.compared_maps import comparison_table as comparison_table
from globscope.report.page.members import members_of as members_of
from globscope.report.page.notebook import result_html as result_html, study_html as study_html
from globscope.report.page.single_figure import KINDS as KINDS, figure_of_kind as figure_of_kind
from globscope.report.page.write import write_report as write_report
from globscope.report.pictures.depict import depict as depict, flaw as flaw
from globscope.report.style.theme import write_figure as write_figure
from globscope.report.topology.landscape_profile import plot_profiles as plot_profiles, profile_scales as profile_scales
from globscope.report.topology.network import plot_network as plot_network
