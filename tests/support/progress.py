"""Interruptions, as a kill would make them."""

from globscope.values.chart import Progress


class StopAt(Progress):
    """Interrupts when so many steps are reported as done."""

    def __init__(self, done):
        self.done = done

    def __call__(self, done, total, **figures):
        if done == self.done:
            raise KeyboardInterrupt
