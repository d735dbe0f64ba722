"""The commands."""

import json
import os
import sys
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

import typer

from globscope import __version__
from globscope.cli.ending import exit_on_error
from globscope.cli.help import PLUGINS, RESULTS, SHARES, SPECS, STUDY, GroupedCommands, examples
from globscope.cli.interrupt import stoppable
from globscope.cli.options import Disable
from globscope.cli.plugin import plugin
from globscope.cli.screen import stderr, stdout
from globscope.errors import FileError, SpecError

# Threads that spin while they wait for each other make torch many times slower if another process needs the core.
# Torch's threads read this when they start, so it must be set before the first import of torch.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


class Commands(typer.Typer):
    """Commands that Ctrl-C ends with one line, whenever it is pressed."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Run the command that the command line names, and end the process with its exit code."""
        with stoppable():
            try:
                code = super().__call__(*args, **options, standalone_mode=False)
            except Exception as error:
                refusal: Any = error
                if not hasattr(refusal, "show"):
                    raise
                if getattr(refusal, "option_name", None) == "--disable":
                    refusal.message += "; write it in front of the command: globscope --disable NAME COMMAND"
                usage = StringIO()  # a usage message may contain any characters
                refusal.show(usage)
                stderr(usage.getvalue().rstrip("\n"))
                code = refusal.exit_code
        sys.exit(code)


app = Commands(
    cls=GroupedCommands,
    help="Global loss landscapes of many trained networks: maps, measured losses and their topology.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

align = typer.Typer(
    help="Train aligners that learn from a zoo of networks.",
    cls=GroupedCommands,
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(align, name="align", rich_help_panel=STUDY)
app.add_typer(plugin, name="plugin", rich_help_panel=PLUGINS)

Spec = Annotated[Path, typer.Argument(help="A study's TOML file.", show_default=False)]
Set = Annotated[
    list[str],
    typer.Option("--set", metavar="KEY=VALUE", help="Override a key, such as reducer.0.latent_dim=3; repeatable."),
]
Folder = Annotated[Path | None, typer.Option("--out", help="Run folder; default: runs/<name of the spec>.")]


Pool = Annotated[
    str | None,
    typer.Option(
        "--pool",
        metavar="NAME",
        help="Where the work is done, instead of [run] in the spec: here, processes, or a plugin's pool.",
    ),
]

Trust = Annotated[
    bool, typer.Option("--trust-store", help="Use stored stages even if their files were damaged or edited.")
]

# The exit code of a sweep with failed cells.
FAILED = 3


def in_pool(pool: str | None, overrides: list[str]) -> list[str]:
    """Return the overrides, the first of which replaces the table [run] where a pool is named."""
    return overrides if pool is None else [f"run={{pool={json.dumps(pool)}}}", *overrides]


def _version(wanted: bool) -> None:
    if wanted:
        stdout(f"globscope {__version__}")
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    disable: Disable = [],  # noqa: B006 - typer reads the default
) -> None:
    """Global loss landscapes of many trained networks."""
    del version
    context.obj = disable  # which the option of a command adds to its own


@app.command(
    rich_help_panel=STUDY,
    epilog=examples(
        "globscope study specs/digits-mlp.toml",
        "globscope study specs/digits-mlp.toml --set reducer.0.latent_dim=3 --out runs/three",
        "globscope study big.toml --until evaluate",
    ),
)
def study(
    spec: Spec,
    override: Set = [],  # noqa: B006 - typer reads the default
    out: Folder = None,
    *,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the path of the report.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask for consent, even to score more than 200,000 networks.")
    ] = False,
    pool: Pool = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="STAGE",
            help="Stop before a stage, such as train or evaluate, and prepare it for `globscope work`.",
        ),
    ] = None,
    trust_store: Trust = False,
    disable: Disable = [],  # noqa: B006
) -> None:
    """Run a study, or continue it.

    Trains or reads the networks, maps them, evaluates the maps, computes their merge trees and writes the report. A
    study that scores more than 200,000 networks asks for your consent before it starts.

    With `--until STAGE`, everything is computed that does not need this stage. `--until evaluate` decodes all points
    and records the units in which they are scored, `--until train` stops before the training runs: `globscope work`
    divides either between any number of processes. The same command without `--until` ends the study.

    Code that the spec names (`file.py:name`) is imported and run: use only specs that you trust.
    """
    with exit_on_error(spec):
        from globscope.cli.consent import agree
        from globscope.cli.print_tables import print_cells, print_summary
        from globscope.cli.progress import watching
        from globscope.pipeline.extent import stop_before
        from globscope.sweep import Sweep, SweepResult, load

        job = load(spec, in_pool(pool, override), out, trust_store=trust_store, disable=disable)
        stop = None if until is None else stop_before(until)
        with watching(quiet) as observer:
            unchanged = None if isinstance(job, Sweep) or stop is not None else job.finished_run(observer)
        if unchanged is None:
            agree(job, yes=yes)  # after the look for a finished run: to count its networks may take the task
        if stop is not None:
            _prepare(job, stop, quiet=quiet)
            return
        with watching(quiet) as observer:
            result = unchanged or job.run(observer)
        if not quiet:
            (print_cells if isinstance(result, SweepResult) else print_summary)(result.record)
        stdout(str(result.report))
        if isinstance(result, SweepResult) and result.failed:
            stderr(
                f"error: {len(result.failed)} of {len(result.cells)} cells failed; the same command tries them again"
            )
            raise typer.Exit(FAILED)


def _prepare(job: Any, until: Any, *, quiet: bool) -> None:
    """Compute what comes before a stage, and print what is left."""
    from globscope.cli.print_shards import preparation_lines
    from globscope.cli.progress import watching
    from globscope.shards import prepare

    with watching(quiet) as observer:
        prepared = prepare(job, until, observer)
    for line in preparation_lines(prepared):
        stdout(line)
    if prepared.failed:
        raise typer.Exit(FAILED)


@app.command(rich_help_panel=SHARES, epilog=examples("globscope work runs/big --shard 3/16"))
def work(
    run: Annotated[
        Path, typer.Argument(help="A run folder that `globscope study --until` prepared.", show_default=False)
    ],
    shard: Annotated[
        str,
        typer.Option(metavar="NUMBER/COUNT", help="Share to compute, such as 3/16: the third of 16, counted from 1."),
    ],
    override: Set = [],  # noqa: B006 - typer reads the default
    *,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only what was done.")] = False,
    pool: Pool = None,
    disable: Disable = [],  # noqa: B006
) -> None:
    """Compute one share of a prepared run.

    Any number of processes may do so at once, and none waits for another: each takes the units of evaluations and the
    training runs of its number, modulo COUNT. A shard that was killed continues if it is started again. The run folder
    may be shared by all processes, or each may have a copy, which `globscope gather` brings together.

    Code that the run's spec names (`file.py:name`) is imported and run: use only runs that you trust.
    """
    with exit_on_error():
        from globscope.cli.print_shards import work_lines
        from globscope.cli.progress import watching
        from globscope.pipeline.extent import Shard
        from globscope.shards import work as work_on

        number = Shard.parse(shard)
        with watching(quiet) as observer:
            done = work_on(run, number, in_pool(pool, override), observer, disable)
        for line in work_lines(done):
            stdout(line)
        if done.failed:
            stderr(f"error: cells failed: {', '.join(done.failed)}; the same command tries them again")
            raise typer.Exit(FAILED)


@app.command(rich_help_panel=SHARES, epilog=examples("globscope gather runs/big copies/*/big"))
def gather(
    run: Annotated[Path, typer.Argument(help="The run folder that was copied.", show_default=False)],
    copies: Annotated[list[Path], typer.Argument(help="Its copies, in which shards have worked.", show_default=False)],
) -> None:
    """Bring copies of a prepared run together.

    Takes the units and finished stages that shards computed in them. Every file is checked against its digest. What the
    run has already stays; if a copy has other values for it, a warning names the file. No code that a spec names is
    imported.
    """
    with exit_on_error():
        from globscope.cli.print_shards import gathered_lines
        from globscope.cli.progress import watching
        from globscope.shards import gather as gather_copies

        with watching(quiet=False) as observer:
            gathered = gather_copies(run, copies, observer)
        for line in gathered_lines(run, gathered):
            stdout(line)


@app.command(rich_help_panel=STUDY, epilog=examples("globscope check specs/digits-mlp.toml"))
def check(
    spec: Spec,
    override: Set = [],  # noqa: B006 - typer reads the default
    out: Folder = None,
    *,
    pool: Pool = None,
    disable: Disable = [],  # noqa: B006
) -> None:
    """Validate a spec and print its plan.

    Code that the spec names (`file.py:name`) is imported, and a few training steps are run: use only specs that you
    trust.
    """
    with exit_on_error(spec):
        from globscope.cli.print_tables import print_plan
        from globscope.sweep import load

        print_plan(load(spec, in_pool(pool, override), out, disable=disable).estimate())


@align.command(epilog=examples("globscope align train specs/digits-rebasin.toml"))
def train(
    spec: Spec,
    override: Set = [],  # noqa: B006 - typer reads the default
    out: Folder = None,
    *,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the paths of the files.")] = False,
    pool: Pool = None,
    trust_store: Trust = False,
    disable: Disable = [],  # noqa: B006
) -> None:
    """Train only the zoo of a spec and the aligners that learn from it.

    A later `globscope study` of the same spec uses them. Other specs can name the file:
    `aligner = "deep-align.safetensors"`.

    Code that the spec names (`file.py:name`) is imported and run: use only specs that you trust.
    """
    with exit_on_error(spec):
        from globscope.cli.print_tables import print_finding
        from globscope.cli.progress import watching
        from globscope.session import load

        with watching(quiet) as observer:
            job = load(spec, in_pool(pool, override), out, trust_store=trust_store, disable=disable)
            trained = job.train_aligners(observer)
        for path, finding in trained.values():
            if not quiet:
                print_finding(finding)
            stdout(str(path))


@app.command(rich_help_panel=SPECS, epilog=examples("globscope init", "globscope init checkpoints/ --out my.toml"))
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
        stdout(f"{path} written; next: globscope study {path}")


def _propose(folder: Path, spec: Path, disable: list[str]) -> None:
    from globscope.population.proposal.write import propose
    from globscope.registry import installed_registry

    for line in propose(folder, spec, installed_registry(disable)).lines:
        stdout(line)
    stdout(f"{spec} written; next: globscope check {spec}")


@app.command(rich_help_panel=SPECS, epilog=examples("globscope schema > globscope.json"))
def schema(disable: Disable = []) -> None:  # noqa: B006 - typer reads the default
    """Print the JSON schema of specs, for editors."""
    with exit_on_error():
        from globscope.registry import installed_registry
        from globscope.spec.schema import schema as schema_of

        stdout(json.dumps(schema_of(installed_registry(disable)), indent=2))


@app.command(rich_help_panel=SPECS, epilog=examples("globscope plugins", "globscope plugins autoencoder"))
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


@app.command(rich_help_panel=SPECS, epilog=examples("globscope data mnist"))
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


@app.command(rich_help_panel=RESULTS, epilog=examples("globscope project runs/digits-mlp new/*.safetensors"))
def project(
    run: Annotated[Path, typer.Argument(help="A finished run's folder, such as runs/digits-mlp.", show_default=False)],
    files: Annotated[list[Path], typer.Argument(help="Checkpoints of the same model.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
    disable: Disable = [],  # noqa: B006 - typer reads the default
) -> None:
    """Put new checkpoints on a finished run's maps, without refitting.

    Code that the run's spec names (`file.py:name`) is imported and run: use only runs that you trust.
    """
    with exit_on_error():
        from globscope.cli.print_tables import print_projection
        from globscope.cli.progress import watching
        from globscope.pipeline.project import warnings
        from globscope.session import project as project_files

        with watching(quiet=True) as observer:
            rows = project_files(run, files, observer, disable=disable)
        if as_json:
            stdout(json.dumps({"networks": rows, "warnings": warnings(rows)}, indent=2, allow_nan=False))
        else:
            print_projection(rows, warnings(rows))


@app.command(rich_help_panel=RESULTS, epilog=examples("globscope compare runs/one runs/two --out comparison"))
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Folders of finished runs; a sweep's folder stands for all its cells.", show_default=False),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for a page with pictures and tables; default: none is written.")
    ] = None,
    *,
    explorer: Annotated[
        bool, typer.Option("--explorer", help="Also write one explorer of all the runs to the folder of --out.")
    ] = False,
) -> None:
    """Compare finished runs: figures, landscapes on one scale, distances of their diagrams.

    No code that a spec names is imported, so you can compare runs that you do not trust.
    """
    with exit_on_error():
        from globscope.cli.print_tables import print_comparison
        from globscope.report import explorer_warning
        from globscope.sweep.compare import compare as compare_runs

        if explorer and out is None:
            raise SpecError(["--explorer needs --out, the folder to write the page to"])
        comparison = compare_runs(runs)
        page = None if out is None else comparison.write(out, explorer=explorer)
        if page is not None and (large := explorer_warning(page.parent)):
            stderr(f"warning: {large}")
        if as_json:
            stdout(json.dumps(comparison.record, indent=2, allow_nan=False))
        else:
            print_comparison(comparison.record)
            if page is not None:
                stdout(str(page))


@app.command(rich_help_panel=RESULTS, epilog=examples("globscope figure runs/digits-mlp --size column -o map.pdf"))
def figure(
    run: Annotated[Path, typer.Argument(help="A finished run's folder, such as runs/digits-mlp.", show_default=False)],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="File to write: .pdf, .svg or .png.", show_default=False)
    ],
    *,
    kind: Annotated[
        str,
        typer.Option(
            help="landscape, surface, isosurfaces, network, tree, persistence, profile, overview, profiles, or a "
            "picture of an analysis, such as similarity:distances."
        ),
    ] = "landscape",
    map_: Annotated[str | None, typer.Option("--map", help="Name of the map; default: the first.")] = None,
    sampler: Annotated[str | None, typer.Option(help="Which of its landscapes; default: the first.")] = None,
    size: Annotated[
        str | None, typer.Option(help="Width: page, column, double, or a number of inches; default: the spec's.")
    ] = None,
    override: Set = [],  # noqa: B006 - typer reads the default
    disable: Disable = [],  # noqa: B006
) -> None:
    """Draw one picture of a finished run into a file, for a paper or a talk.

    Everything is read from the run's stages, and nothing is computed. PDF files have their fonts embedded. `--set
    report.limits=[0.1,3]` sets any key of the table [report].

    Code that the run's spec names (`file.py:name`) is imported and run: use only runs that you trust.
    """
    with exit_on_error():
        from globscope.cli.progress import watching
        from globscope.session import finished_result

        sizes = [] if size is None else [f"report.size={size}"]
        with watching(quiet=True) as observer:
            result = finished_result(run, [*override, *sizes], observer, disable=disable)
        from globscope.report import write_figure

        write_figure(result.figure(kind, map_, sampler), out)
        stdout(str(out))


@app.command(
    rich_help_panel=RESULTS,
    epilog=examples(
        "globscope take runs/digits-mlp --map autoencoder --at 0.3,-0.2 --out taken",
        "globscope take runs/digits-mlp --member A@40 --out a.safetensors",
    ),
)
def take(
    run: Annotated[Path, typer.Argument(help="A finished run's folder, such as runs/digits-mlp.", show_default=False)],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="New folder, or a .safetensors file; default: a folder in RUN/taken."),
    ] = None,
    at: Annotated[str | None, typer.Option(metavar="X,Y", help="The network at a point of the map.")] = None,
    member: Annotated[
        str | None, typer.Option(metavar="RUN[@STEP]", help="A network of the population; a run's last one.")
    ] = None,
    minimum: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="A minimum of the map's merge tree; 1 is the lowest.")
    ] = None,
    pass_: Annotated[
        str | None, typer.Option("--pass", metavar="A:B", help="The pass between two runs on the map.")
    ] = None,
    aligned: Annotated[
        str | None, typer.Option(metavar="B:A", help="B with its units in the order that fits A best.")
    ] = None,
    curve: Annotated[
        str | None, typer.Option(metavar="A:B:T", help="The network at T, from 0 to 1, of a curve between two runs.")
    ] = None,
    map_: Annotated[
        str | None, typer.Option("--map", help="Name of the map; default: the first that decodes its points.")
    ] = None,
    sampler: Annotated[
        str | None, typer.Option(help="Sampler whose merge tree has the minimum or pass; default: the first.")
    ] = None,
    field: Annotated[str | None, typer.Option(help="Field of that merge tree; default: that of the first.")] = None,
    aligner: Annotated[str | None, typer.Option(help="Aligner of --aligned; default: the first of the study.")] = None,
    as_float32: Annotated[
        bool, typer.Option("--float32", help="Write float32, whatever the number types of the origin are.")
    ] = False,
    rank: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Of adapters: the most ranks; default: all that it needs.")
    ] = None,
    merged: Annotated[bool, typer.Option("--merged", help="Of adapters: write the whole network.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
    disable: Disable = [],  # noqa: B006 - typer reads the default
) -> None:
    """Take a network out of a finished run: from a map, the population, or a curve.

    It is written as safetensors under the names of the checkpoint files that it comes from, with re-estimated BatchNorm
    statistics and a model card. A folder also gets the configuration beside these files, so that its framework loads
    it. Give exactly one of --at, --member, --minimum, --pass, --aligned and --curve.

    Code that the run's spec names (`file.py:name`) is imported and run: use only runs that you trust.
    """
    with exit_on_error():
        from globscope.cli.network_names import curve_place, default_folder, network_pair, point
        from globscope.cli.print_tables import print_network
        from globscope.cli.progress import watching
        from globscope.session import finished_result

        with watching(quiet=True) as observer:
            result = finished_result(run, observer=observer, disable=disable)
            runs = result.network_names
            taken = result.network(
                as_float32=as_float32,
                rank=rank,
                merged=merged,
                at=None if at is None else point(at),
                member=member,
                minimum=minimum,
                pass_between=None if pass_ is None else network_pair("--pass", pass_, runs),
                aligned=None if aligned is None else network_pair("--aligned", aligned, runs),
                curve=None if curve is None else curve_place(curve, runs),
                map=map_,
                sampler=sampler,
                field=field,
                aligner=aligner,
            )
            written = taken.save(default_folder(run, taken.title) if out is None else out, force=force)
        print_network(taken, written)


@app.command(
    rich_help_panel=RESULTS,
    epilog=examples(
        "globscope merge runs/digits-merging --best --out merged",
        "globscope merge runs/digits-merging --recipe greedy --members A,B,C",
    ),
)
def merge(
    run: Annotated[
        Path,
        typer.Argument(help="A finished run's folder, whose study has the analysis merging.", show_default=False),
    ],
    *,
    best: Annotated[
        bool, typer.Option("--best", help="The best network that any recipe makes of any set or pair.")
    ] = False,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="Recipe: uniform, REPAIR, greedy, slerp, 'task arithmetic', TIES or DARE; default: the best."
        ),
    ] = None,
    members: Annotated[
        str | None, typer.Option(metavar="A,B,…", help="Networks to merge; default: the best of all sets and pairs.")
    ] = None,
    analysis: Annotated[str | None, typer.Option(help="Analysis that merges; default: the first that does.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="New folder, or a .safetensors file; default: a folder in RUN/taken."),
    ] = None,
    as_float32: Annotated[
        bool, typer.Option("--float32", help="Write float32, whatever the number types of the origin are.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
    disable: Disable = [],  # noqa: B006 - typer reads the default
) -> None:
    """Write a merged network of a finished run, such as the best soup.

    The study's analysis merging chooses by its `select`, which is a field of the training data unless you have told it
    otherwise. The network is written as `globscope take` does, with a model card and its measured fields. Give at least
    one of --best, --recipe and --members.

    Code that the run's spec names (`file.py:name`) is imported and run: use only runs that you trust.
    """
    with exit_on_error():
        from globscope.cli.network_names import default_folder, merge_recipe
        from globscope.cli.print_tables import print_network
        from globscope.cli.progress import watching
        from globscope.session import finished_result

        chosen = merge_recipe(recipe, members, best=best)
        with watching(quiet=True) as observer:
            taken = finished_result(run, observer=observer, disable=disable).network(
                as_float32=as_float32,
                soup=chosen,
                members=None if members is None else tuple(members.split(",")),
                analysis=analysis,
            )
            written = taken.save(default_folder(run, taken.title) if out is None else out, force=force)
        print_network(taken, written)


@app.command("open", rich_help_panel=RESULTS, epilog=examples("globscope open runs/digits-mlp"))
def open_page(
    run: Annotated[Path, typer.Argument(help="A finished run's folder, such as runs/digits-mlp.", show_default=False)],
    *,
    report: Annotated[bool, typer.Option("--report", help="Open the report instead of the explorer.")] = False,
) -> None:
    """Open a finished run's explorer in the browser, and print its path.

    Of a sweep, the page of the sweep is opened. Pages use no network, and no code that a spec names is imported. But a
    page runs its script in your browser: open only runs that you trust.
    """
    with exit_on_error():
        import webbrowser

        from globscope.sweep.pages import page_of

        page = page_of(run, report=report)
        stdout(str(page))
        if not webbrowser.open(page.resolve().as_uri()):
            stderr("no browser could be started; open the file above in one")


@app.command(rich_help_panel=RESULTS, epilog=examples("globscope topology landscape.npz --persistence 0.05"))
def topology(
    file: Annotated[
        Path,
        typer.Argument(
            help="An .npz file, landscaper's .npz, loss-landscape's HDF5, VTK's .vti, .vtu or .vtp, or CSV.",
            show_default=False,
        ),
    ],
    *,
    persistence: Annotated[
        float | None, typer.Option(help="Remove pairs of at most this persistence, in the field's unit; default: 0.1.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Keep every pair, even those of zero persistence.")] = False,
    field: Annotated[
        str | None, typer.Option(help="Field of the file to use; default: train_loss, or the only field.")
    ] = None,
    backend: Annotated[str, typer.Option(help="Topology component to use; `globscope plugins` lists them.")] = "gudhi",
    adjacency: Annotated[
        str | None, typer.Option(help="Which samples are neighbours; default: the component's.")
    ] = None,
    tree: Annotated[
        str,
        typer.Option(
            help="Tree to compute: join, of the sublevel sets (the merge tree); split, of the superlevel sets; or "
            "contour, of the level sets."
        ),
    ] = "join",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the pictures and topology.json; default: none is written.")
    ] = None,
    disable: Disable = [],  # noqa: B006 - typer reads the default
) -> None:
    """Compute the merge tree, or another tree, of a landscape in a file, whatever program wrote it.

    The file is read as numbers, and no code of its origin is run.
    """
    with exit_on_error():
        from globscope.cli.print_tables import print_level_sets, print_merge_tree
        from globscope.exchange import PERSISTENCE, LevelSetFile, condense
        from globscope.registry import installed_registry

        if raw and persistence:
            raise SpecError(["--raw keeps every pair, --persistence removes some: give one of them"])
        threshold = PERSISTENCE if persistence is None else persistence
        condensed = condense(
            file,
            persistence=threshold,
            raw=raw,
            field=field,
            backend=backend,
            adjacency=adjacency,
            registry=installed_registry(disable),
        )
        found = condensed if tree == "join" else LevelSetFile.of(condensed, tree)
        if out is not None:
            found.write(out)
        if as_json:
            stdout(json.dumps(found.record, indent=2, allow_nan=False))
        else:
            (print_merge_tree if tree == "join" else print_level_sets)(found.record)


@app.command(rich_help_panel=RESULTS, epilog=examples("globscope export runs/digits-mlp --format vtk --format csv"))
def export(
    run: Annotated[Path, typer.Argument(help="A finished run's folder, such as runs/digits-mlp.", show_default=False)],
    to: Annotated[
        list[str],
        typer.Option("--format", metavar="FORMAT", help="Format to write: csv, vtk, landscaper or hdf5; repeatable."),
    ] = ["csv"],  # noqa: B006
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the files; default: RUN/export.")] = None,
) -> None:
    """Write a finished run's landscapes, merge trees and members for other programs.

    No code that a spec names is imported, so you can export a run that you do not trust.
    """
    with exit_on_error():
        from globscope.exchange import export as export_run

        files = export_run(run, to, out)
        for file in files:
            if file.path is None:
                stderr(f"left out: {file.what}: {file.why_not}")
            else:
                stdout(str(file.path))
        if not any(file.path for file in files):
            raise FileError(f"{run}: nothing of it fits into {', '.join(to)}")


@app.command(rich_help_panel=RESULTS, epilog=examples("globscope show runs/digits-mlp"))
def show(
    run: Annotated[Path, typer.Argument(help="A run folder, such as runs/digits-mlp.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
) -> None:
    """Print a finished run's tables again.

    No code that a spec names is imported, so you can show a run that you do not trust.
    """
    with exit_on_error():
        from globscope.cli.print_tables import print_cells, print_summary
        from globscope.sweep import results

        record = results(run)
        if as_json:
            stdout(json.dumps(record, indent=2, allow_nan=False))
        elif "cells" in record:
            print_cells(record)
            stdout(str(run / "sweep.html"))
        else:
            print_summary(record)
            stdout(str(run / "report.html"))
