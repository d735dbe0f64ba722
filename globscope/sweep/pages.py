"""The pages of a run folder, of a sweep's and of a comparison's."""

from pathlib import Path

from globscope.errors import RunError
from globscope.report import EXPLORER
from globscope.session.run_folder import TABLE
from globscope.store import is_claimed, times_written, written_file
from globscope.sweep import compare, write
from globscope.sweep.outcome import results

REPORT = "report.html"


def page_of(folder: Path, *, report: bool = False) -> Path:
    """Return the page to look at: the explorer, or the report.

    A sweep has a report alone, and so has a comparison that was written without an explorer: theirs is returned.

    Raises:
        RunError: There is no finished run, or its page is missing, damaged or edited.
    """
    if is_claimed(folder, "comparison"):
        has_explorer = (folder / EXPLORER).is_file() and not report
        return written_file(folder, EXPLORER if has_explorer else compare.PAGE)
    results(folder)
    if (folder / TABLE).is_file():
        return written_file(folder, write.PAGE)
    if report:
        return written_file(folder, REPORT)
    if not (folder / EXPLORER).exists() and EXPLORER not in times_written(folder):
        raise RunError(
            f"{folder}: has no {EXPLORER}, since an earlier version of GlobScope wrote it; the same `globscope study` "
            f"command writes one; `globscope open {folder} --report` opens the report"
        )
    return written_file(folder, EXPLORER)
