"""`python -m globscope` is the command `globscope`."""

from globscope.cli import app

app()
