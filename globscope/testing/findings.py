"""What holds for findings, whoever has them: analyses, and samplers that explain themselves."""

import json
from collections.abc import Mapping

from attrs import asdict

from globscope.api import Finding, Overlay
from globscope.testing.claims import ContractError, require


def plain(finding: Finding) -> str:
    """Return a finding as JSON.

    Raises:
        TypeError: It holds what is no plain value.
        ValueError: A figure of it is NaN or infinite.
    """
    return json.dumps(asdict(finding), allow_nan=False)


def require_json(finding: Finding) -> None:
    """Require figures that JSON holds.

    Raises:
        ContractError: There is another one.
    """
    try:
        plain(finding)
    except (TypeError, ValueError) as error:
        raise ContractError(f"the finding is not JSON: {error}") from error


def require_tables(finding: Finding) -> None:
    """Require tables with distinct names and captions, without a row that has a key that is no column."""
    names = [table.name for table in finding.tables]
    require(len(set(names)) == len(names), f"two tables have one name: {names}")
    dumb = [table.name for table in finding.tables if not table.caption.strip()]
    require(not dumb, f"tables {dumb} have no caption")
    for table in finding.tables:
        stray = {key for row in table.rows for key in row} - set(table.columns)
        require(not stray, f"rows of table {table.name!r} have keys {sorted(stray)} that are no columns")


def require_pictures(finding: Finding) -> None:
    """Require pictures with distinct names and titles, and with captions."""
    names = [picture.name for picture in finding.pictures]
    require(len(set(names)) == len(names), f"two pictures have one name: {names}")
    titles = [picture.headline for picture in finding.pictures]
    require(len(set(titles)) == len(titles), f"two pictures have one title: {titles}")
    dumb = [picture.name for picture in finding.pictures if not picture.caption.strip()]
    require(not dumb, f"pictures {dumb} have no caption")


def require_drawable(finding: Finding, axes: Mapping[str, int]) -> None:
    """Require pictures whose figures fit each other, and the number of axes of the map over which they lie."""
    for picture in finding.pictures:
        flaw = picture.flaw_on(axes) if isinstance(picture, Overlay) else picture.flaw
        require(not flaw, f"picture {picture.name!r} cannot be drawn: {flaw}")
