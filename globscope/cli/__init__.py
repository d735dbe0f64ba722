"""The command line: the only importer of typer and rich. Nothing heavy is imported before it is needed."""

from globscope.cli.interrupt import stoppable

with stoppable():
    from globscope.cli.app import app

__all__ = ["app"]
