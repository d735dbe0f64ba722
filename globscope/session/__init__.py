"""A study from Python: `globscope.load(path).run()`. The command line does the same and no more."""

from globscope.session.finished_run import (
    finished_members as finished_members,
    finished_result as finished_result,
    project as project,
    results as results,
)
from globscope.session.result import Result as Result
from globscope.session.study import Study as Study, load as load
