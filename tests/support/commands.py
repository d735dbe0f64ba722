"""The command line in this process."""

from typer.testing import CliRunner

from globscope.cli import app


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def assert_refused(result, *lines):
    assert result.exit_code == 2
    assert result.stdout == ""
    messages = result.stderr.splitlines()
    assert messages
    assert all(line.startswith("error: ") for line in messages)
    for line in lines:
        assert f"error: {line}" in messages
