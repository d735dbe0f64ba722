"""Who is told how a study goes; the command line draws bars from it."""

from globscope.values.chart import Progress


class Observer:
    """Hears of every stage; this one stays silent."""

    def stage(self, name: str) -> Progress:
        """A stage begins; its progress goes to what is returned."""
        del name
        return Progress()

    def reused(self, name: str) -> None:
        """A stage's stored result is used again."""

    def warning(self, text: str) -> None:
        """Something that the reader must not miss."""
