"""What a reader gets: pictures, tables, and one page that opens with no network."""

from globscope.report.figures import plot

__all__ = ["plot"]
