"""What editors, type checkers and the documentation see of the package, whose functions are imported when used."""

from globscope.cli.progress import progress as progress
from globscope.declaration.study import study as study
from globscope.session.finished_run import project as project
from globscope.sweep import load as load
from globscope.sweep.compare import compare as compare

__version__: str
"""The version of this package, as the metadata of its distribution has it."""
