"""How long the explorer takes for a step of the threshold's slider, with every picture that it draws anew.

    python benchmarks/explorer_steps.py

Needs Playwright, and Chromium on the path. The pages are of three maps each, without networks: 41² samples and 7 runs,
and 201² samples and 25 runs. Printed are the milliseconds of the page's thread, which do not depend on what else the
machine does, and those that passed until the frame was drawn. A step is smooth below 50 ms for the first page; below
150 ms, the second still follows the hand.
"""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import sync_playwright

from globscope.report.explorer.page import write_explorer
from globscope.store import claim

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from support.synthetic import synthetic_atlas

# Samples per axis, runs, and networks of each.
STUDIES = ((41, 7, 11), (201, 25, 20))
PLACES = range(400, 1000, 30)  # of the slider, which has 1,000
STEP = """async place => {
    const slider = document.querySelector('#controls .threshold input[type=range]');
    slider.value = place;
    const start = performance.now();
    slider.dispatchEvent(new Event('input'));
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - start;
}"""
# What is off the screen is drawn when nothing else is to be done, which is no part of a step.
LATER = "() => { window.requestIdleCallback = work => setTimeout(work, 1000); }"


def steps(browser: Any, path: Path) -> Iterator[tuple[float, float]]:
    """Yield the milliseconds of the page's thread for each step of the slider, and those that passed."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached")
    page.evaluate(LATER)
    for place in PLACES:
        start = busy(session)
        passed = page.evaluate(STEP, str(place))
        yield 1000 * (busy(session) - start), passed
        page.wait_for_function("() => !('late' in document.documentElement.dataset)")
    page.close()


def busy(session: Any) -> float:
    """Return the seconds that the page's thread has worked."""
    known = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return float(known["TaskDuration"])


def main() -> None:
    """Print the median and the slowest step of every page."""
    with sync_playwright() as playwright, TemporaryDirectory() as place:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for size, runs, count in STUDIES:
            folder = Path(place) / str(size)
            claim(folder, "study")
            path = write_explorer(folder, "steps", synthetic_atlas(size, runs=runs, steps=count), {}, {})
            spent, passed = zip(*steps(browser, path), strict=True)
            print(
                f"{size}² samples, {runs} runs: {median(spent):.0f} ms of the thread (at most {max(spent):.0f}), "
                f"{median(passed):.0f} ms passed (at most {max(passed):.0f})"
            )


if __name__ == "__main__":
    main()
