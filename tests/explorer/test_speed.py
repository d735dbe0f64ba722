"""How long a step of the threshold's slider takes, with every picture that it draws anew."""

from statistics import median

import pytest
from support.synthetic import synthetic_atlas

from globscope.report.explorer.page import write_explorer
from globscope.store import claim

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STEP = """async place => {
    const slider = document.querySelector('#controls .threshold input[type=range]');
    slider.value = place;
    const start = performance.now();
    slider.dispatchEvent(new Event('input'));
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - start;
}"""


def _steps(browser, path):
    """Milliseconds of the page's thread for each step of the slider, until its frame is drawn, and those that passed.

    The thread's own time does not depend on what else the machine does.
    """
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached")
    # What is off the screen is drawn when nothing else is to be done, which is no part of a step.
    page.evaluate("() => { window.requestIdleCallback = work => setTimeout(work, 1000); }")
    spent, passed = [], []
    for place in range(400, 1000, 30):
        start = _busy(session)
        passed.append(page.evaluate(STEP, str(place)))
        spent.append(1000 * (_busy(session) - start))
        page.wait_for_function("() => !('late' in document.documentElement.dataset)")
    page.close()
    return spent, passed


def _busy(session):
    """Seconds that the page's thread has worked."""
    known = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return known["TaskDuration"]


@pytest.mark.parametrize(("size", "runs", "steps", "most"), [(41, 7, 11, 50), (201, 25, 20, 150)])
def test_a_step_of_the_threshold_is_smooth(tmp_path, browser, size, runs, steps, most):
    claim(tmp_path, "study")
    path = write_explorer(tmp_path, "speed", synthetic_atlas(size, runs=runs, steps=steps), {}, {})
    spent, passed = _steps(browser, path)
    assert median(spent) < most, f"of the thread: {spent}; passed: {passed}"
