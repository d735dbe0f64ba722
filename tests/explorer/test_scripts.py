"""The explorer's scripts, without a browser."""

import re
from collections import Counter
from pathlib import Path

from globscope.report.explorer import page

ASSETS = Path(page.__file__).parent / "assets"
TOP_LEVEL = re.compile(r"^(?:async )?(?:function\*?|const|let|class) ([\w$]+|[{\[].*?[}\]])", re.MULTILINE)


def test_every_script_is_in_the_page():
    assert sorted(page.SCRIPTS) == sorted(
        path.relative_to(ASSETS).with_suffix("").as_posix() for path in ASSETS.rglob("*.js")
    )


def test_no_name_is_given_twice():
    """The scripts share one closure, in which a second function of a name replaces the first without a word."""
    names = Counter(
        name for script in page.SCRIPTS for name in TOP_LEVEL.findall((ASSETS / f"{script}.js").read_text())
    )
    assert [name for name, times in names.items() if times > 1] == []


def test_no_script_writes_html():
    """Names of runs, maps and fields are strangers' text."""
    for script in page.SCRIPTS:
        text = (ASSETS / f"{script}.js").read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            script
        )
