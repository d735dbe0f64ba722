"""What `globscope.` offers to whoever completes it."""

import globscope


def test_what_is_imported_late_is_completed_early():
    assert dir(globscope) == sorted(globscope.__all__)
