"""The commands for authors of plugins."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from globscope.cli.ending import exit_on_error
from globscope.cli.help import GroupedCommands, examples
from globscope.cli.options import Disable
from globscope.cli.screen import stdout

if TYPE_CHECKING:
    from globscope.testing.packages import Outcome

plugin = typer.Typer(
    help="Write packages with components of your own, and check them.",
    cls=GroupedCommands,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@plugin.callback()
def commands() -> None:
    """Write packages with components of your own, and check them."""


@plugin.command(
    epilog=examples(
        "globscope plugin new my-reducer --role reducer",
        "globscope plugin new globscope-clouds --role sampler --out packages/clouds",
    )
)
def new(
    name: Annotated[str, typer.Argument(help="Name of the package, such as my-reducer.", show_default=False)],
    role: Annotated[
        str,
        typer.Option(
            help="Role of its component: task, reducer, sampler, evaluator, topology, aligner, analysis or pool.",
            show_default=False,
        ),
    ],
    out: Annotated[Path | None, typer.Option("--out", help="New folder for the package; default: NAME.")] = None,
    disable: Disable = [],  # noqa: B006 - typer reads the default
) -> None:
    """Write a small, complete package with a component of your own.

    It installs, passes its own test and works in a spec as it is: change its method from there. The component has the
    package's name, without `globscope-` in front. Nothing that exists is overwritten.
    """
    with exit_on_error():
        from globscope.scaffold import write_package

        folder = write_package(name, role, out, disable)
        # pip would look a plain name up in its index
        path = str(folder) if folder.is_absolute() else f"./{folder.as_posix()}"
        stdout(f"{folder} written; next: pip install {quote(path)}")


@plugin.command(
    epilog=examples(
        "globscope plugin check globscope-flow",
        "globscope plugin check top-variance --set latent_dim=3",
        "globscope plugin check globscope",
    )
)
def check(
    name: Annotated[str, typer.Argument(help="An installed package, or a component's name.", show_default=False)],
    options: Annotated[
        list[str],
        typer.Option("--set", metavar="KEY=VALUE", help="Option of the component that is checked; repeatable."),
    ] = [],  # noqa: B006 - typer reads the default
    disable: Disable = [],  # noqa: B006
) -> None:
    """Check that components keep the contract of their role.

    Every check that fails says what is wrong and why it matters. Components are checked with the options of their
    `quick_examples()`, else with their defaults. The exit code is 1 where a check fails.
    """
    with exit_on_error():
        from globscope.registry import installed_registry
        from globscope.testing.packages import check_examples, components_named, package_problems

        registry = installed_registry(disable)
        components, problems = components_named(registry, name), package_problems(registry, name)
        for problem in problems:
            stdout(f"problem: {problem}")
        found = [_print_outcome(one) for component in components for one in check_examples(component, options)]
        if problems or not all(found):
            raise typer.Exit(1)


def _print_outcome(outcome: "Outcome") -> bool:
    """Print what the checks of a component found, and return whether none failed."""
    if outcome.unchecked:
        stdout(f"{outcome.title}: not checked: {outcome.unchecked}")
        return True
    counts = {"passed": outcome.passed, "failed": len(outcome.violations), "not reached": outcome.unreached}
    stdout(f"{outcome.title}: {', '.join(f'{count} {what}' for what, count in counts.items() if count)}")
    for text, reason in outcome.violations:
        stdout(f"  {text}\n    {reason}")
    return not outcome.violations
