"""The commands for those who write specs: `init`, `schema`, `plugins` and `data`."""

import json
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from globscope.cli.ending import exit_on_error
from globscope.cli.help import SPECS, examples
from globscope.cli.options import Disable
from globscope.cli.screen import stdout
from globscope.errors import SpecError

specs = typer.Typer()


@specs.command(rich_help_panel=SPECS, epilog=examples("globscope init", "globscope init checkpoints/ --out my.toml"))
def init(
    path: Annotated[
        Path, typer.Argument(help="File to write; or a folder of checkpoints, to write a spec that fits them.")
    ] = Path("study.toml"),
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write for a folder of checkpoints; default: study.toml.")
    ] = None,
    disable: Disable = [],  # noqa: B006 - typer reads the default
) -> None:
    """Write a starter spec, or one for a folder of checkpoints.

    For a folder, the names of its files and the tensors in one of them are read; no code in it is executed. The spec
    gets the pattern of the file names, its variants, and the model if it is recognised.
    """
    with exit_on_error():
        if path.is_dir():
            _propose(path, out or Path("study.toml"), disable)
            return
        if out is not None:
            raise SpecError([f"--out goes with a folder of checkpoints; {path} is none"])
        if path.suffix != ".toml":
            raise SpecError([f"{path}: there is no such folder, and a spec's name ends in .toml"])
        from globscope.spec.document import write_starter

        write_starter(path)
        stdout(f"{path} written; next: globscope study {quote(str(path))}")


def _propose(folder: Path, spec: Path, disable: list[str]) -> None:
    from globscope.population.proposal.write import propose
    from globscope.registry import installed_registry

    for line in propose(folder, spec, installed_registry(disable)).lines:
        stdout(line)
    stdout(f"{spec} written; next: globscope check {quote(str(spec))}")


@specs.command(rich_help_panel=SPECS, epilog=examples("globscope schema > globscope.json"))
def schema(disable: Disable = []) -> None:  # noqa: B006 - typer reads the default
    """Print the JSON schema of specs, for editors."""
    with exit_on_error():
        from globscope.registry import installed_registry
        from globscope.spec.schema import schema as schema_of

        stdout(json.dumps(schema_of(installed_registry(disable)), indent=2))


@specs.command(rich_help_panel=SPECS, epilog=examples("globscope plugins", "globscope plugins autoencoder"))
def plugins(
    name: Annotated[
        str | None, typer.Argument(help="Name of a component whose options are shown.", show_default=False)
    ] = None,
    disable: Disable = [],  # noqa: B006 - typer reads the default
) -> None:
    """List every component, or one component's options."""
    with exit_on_error():
        from globscope.cli.print_tables import print_component, print_components
        from globscope.registry import installed_registry

        registry = installed_registry(disable)
        if name is None:
            print_components(registry)
        else:
            for described in registry.by_name(name):
                print_component(described)


@specs.command(rich_help_panel=SPECS, epilog=examples("globscope data mnist"))
def data(
    name: Annotated[str, typer.Argument(help="Data set: mnist, cifar10 or cifar100.", show_default=False)],
    to: Annotated[Path | None, typer.Option(help="Folder for the files; default: ~/data/<name>.")] = None,
) -> None:
    """Download a public data set and check it."""
    with exit_on_error():
        from globscope.cli.progress import watching
        from globscope.download import fetch_data_set
        from globscope.spec.words import toml

        folder = (to or Path("~/data") / name).expanduser().absolute()
        with watching(quiet=False) as observer:
            fetched = fetch_data_set(name, folder, observer.stage)
        stdout(f"{folder}: complete{'' if fetched else '; nothing was downloaded'}")
        stdout(f"data = {toml(name)}\npath = {toml(str(folder))}")
