"""Refused specs and overrides, each with its messages verbatim; and what compares messages."""

from pathlib import Path

import pytest

from globscope.errors import GlobscopeError

TASK = '[task]\nuse = "classification"\n'
POPULATION = '[population.train]\nepochs = 1\n[[population.variant]]\nname = "A"\n'
REDUCER = '[[reducer]]\nuse = "pca"\n'
GOOD = TASK + POPULATION + REDUCER
CHECKPOINTS = TASK + '[population]\ncheckpoints = "{pattern}"\n' + REDUCER
ADJACENCIES = "'auto', 'freudenthal', 'full', 'delaunay', 'gabriel', 'knn' or 'mutual-knn'"


def with_task(line):
    return TASK + line + "\n" + POPULATION + REDUCER


def with_reducer(line):
    return GOOD + line + "\n"


def with_sampler(line, use="grid"):
    return GOOD + f'[[sampler]]\nuse = "{use}"\n{line}\n'


def with_topology(line):
    return GOOD + f'[[topology]]\nuse = "gudhi"\n{line}\n'


def with_variants(*lines):
    return TASK + POPULATION + "\n".join(lines) + "\n" + REDUCER


def then(continuation, variant=""):
    train = f"[[population.train.then]]\n{continuation}"
    return f'[population.train]\nepochs = 1\n{train}[[population.variant]]\nname = "A"\n{variant}'


def with_checkpoints(pattern):
    return CHECKPOINTS.replace("{pattern}", pattern)


KEYS = (
    "known: aligner, analysis, evaluator, fidelity, plugins, population, reducer, relations, report, run, sampler, "
    "seed, sweep, task, title, topology, zoo"
)

BIG = "9" * 30
MODELS = "'mlp', 'resnet20', 'resnet32', 'resnet56', 'cnn', 'vit', 'vit-10m' or 'file.py:name'"

# Name of the case: (the spec's text or bytes, the messages). "F: " stands for "study.toml: ", "***" for any text.
SPECS = {
    # Measures of one's own.
    "metrics that are no list": (
        with_task('metrics = "nets.py:f1"'),
        ["F: task.metrics: expected a list of 'file.py:name' or tables, got 'nets.py:f1' (text)"],
    ),
    "metric without a name": (
        with_task('metrics = ["nets.py"]'),
        ["F: task.metrics.0: expected 'file.py:name' or a table, got 'nets.py'"],
    ),
    "option of a metric": (
        with_task('metrics = [{ use = "nets.py:f1", whol = true }]'),
        ["F: task.metrics.0.whol: there is no such key; did you mean 'whole'?"],
    ),
    # The file itself.
    "empty": (
        "",
        [
            "F: task: is required: a table [task]",
            "F: population: is required: a table [population]",
            "F: reducer: is required: at least one [[reducer]]",
        ],
    ),
    "not UTF-8": (
        b"title = 'one'\n# \xe9t\xe9\n",
        ["F: not UTF-8 text: byte 0xe9 on line 2; save the file as UTF-8"],
    ),
    "UTF-16": ("title = 'x'".encode("utf-16"), ["F: not UTF-8 text: byte 0xff on line 1; save the file as UTF-8"]),
    "value without quotes": (
        "seed = 0\ntitle = digits\n",
        ["F: not TOML: invalid value (at line 2, column 9): title = digits"],
    ),
    "table twice": (GOOD + "[task]\n", ["F: not TOML: cannot declare [task] twice (at line 9, column 6): [task]"]),
    "key twice": (
        "seed = 0\nseed = 1\n",
        ["F: not TOML: cannot overwrite a value (at line 2, column 9): seed = 1"],
    ),
    "text without end": (
        'title = "digits\n',
        ["F: not TOML: illegal character '\\n' (at line 1, column 16): title = \"digits"],
    ),
    "control character": (b"title = 'a\x07'\n", ["F: not TOML: found invalid character '\\x07' (at line 1, ***"]),
    "endless number": (f"seed = {'9' * 5000}\n", ["F: line 1: a number has too many digits"]),
    "nested without end": (f"x = {'[' * 5000}\n", ["F: line 1: is nested more than 64 deep"]),
    # Keys.
    "unknown table": (GOOD + "[reduce]\n", ["F: reduce: there is no such key; did you mean 'reducer'?"]),
    "unknown key, nothing near": ("colour = 1\n" + GOOD, [f"F: colour: there is no such key; {KEYS}"]),
    "unknown key of strange letters": (
        '"[bold]x.y" = 1\n"" = 2\n' + GOOD,
        [f'F: "[bold]x.y": there is no such key; {KEYS}', f'F: "": there is no such key; {KEYS}'],
    ),
    "unknown option": (
        with_reducer("latent_dims = 3"),
        ["F: reducer.0.latent_dims: there is no such key; did you mean 'latent_dim'?"],
    ),
    "unknown option, near a key of every reducer": (
        with_reducer('samplers = "grid"'),
        ["F: reducer.0.samplers: there is no such key; did you mean 'sampler'?"],
    ),
    "unknown key of training": (
        with_variants("[population.parent]", "learning_rte = 1.0"),
        ["F: population.parent.learning_rte: there is no such key; did you mean 'learning_rate'?"],
    ),
    "relations of one study": (GOOD + "[relations]\n", ["F: relations: goes with [sweep]"]),
    "missing name": (
        with_variants("[[population.variant]]", "seed = 1"),
        ["F: population.variant.1.name: is required: text"],
    ),
    # Pictures.
    "options of pictures": (
        GOOD + "[report]\nlimits = [3, 1]\ncolours = 'viridiss'\nsize = 1\nlabels = -1\nfonts = 'Nope'\nscale = 'ln'\n",
        [
            "F: report.limits: must rise, got [3, 1]",
            "F: report.scale: expected 'auto', 'linear' or 'log', got 'ln'",
            "F: report.colours: must be 'depth' or a colour map of matplotlib (near: 'viridis'), got 'viridiss'",
            "F: report.labels: must be >= 0, got -1",
            "F: report.size: must be from 2.5 to 40 inches, got 1",
            "F: report.fonts: names no font that is installed, got 'Nope'",
        ],
    ),
    "limits that cannot be logarithmic": (
        GOOD + "[report]\nlimits = [0, 1]\nscale = 'log'\n",
        ["F: report: limits of scale = 'log' must be above 0"],
    ),
    "unknown option of pictures": (
        GOOD + "[report]\ncolors = 'viridis'\ncrop = 'inset'\nsize = 'colum'\nlabels = 'A'\n",
        [
            "F: report.colors: there is no such key; did you mean 'colours'?",
            "F: report.crop: expected 'whole' or 'trusted', got 'inset'",
            "F: report.labels: expected 'ends', 'all', 'none', an integer or a list of texts, got 'A'",
            "F: report.size: expected 'page', 'column', 'double' or a number, got 'colum'; did you mean 'column'?",
        ],
    ),
    # Types.
    "number for an integer": (
        with_reducer("latent_dim = 2.9"),
        ["F: reducer.0.latent_dim: expected an integer, got 2.9 (number)"],
    ),
    "text for an integer": (
        with_reducer('latent_dim = "3"'),
        ["F: reducer.0.latent_dim: expected an integer, got '3' (text)"],
    ),
    "boolean for an integer": (
        with_reducer("latent_dim = true"),
        ["F: reducer.0.latent_dim: expected an integer, got true"],
    ),
    "boolean for the seed": ("seed = false\n" + GOOD, ["F: seed: expected an integer, got false"]),
    "list for an integer": (
        with_reducer('latent_dim = [2, true, "it\'s"]'),
        ['F: reducer.0.latent_dim: expected an integer, got [2, true, "it\'s"] (list)'],
    ),
    "table for an integer": (
        with_reducer('latent_dim = { a = 1, "b c" = 2.0 }'),
        ['F: reducer.0.latent_dim: expected an integer, got {a = 1, "b c" = 2.0} (table)'],
    ),
    "date for an integer": (
        with_reducer("latent_dim = 2024-05-01"),
        ["F: reducer.0.latent_dim: expected an integer, got 2024-05-01 (date)"],
    ),
    "time for an integer": (
        with_reducer("latent_dim = 10:30:00"),
        ["F: reducer.0.latent_dim: expected an integer, got 10:30:00 (time)"],
    ),
    "integer of more than 64 bits": (
        with_reducer(f"latent_dim = {BIG}"),
        [f"F: reducer.0.latent_dim: must be an integer of 64 bits, got {BIG}"],
    ),
    "seed of more than 64 bits": (
        "seed = 9223372036854775808\n" + GOOD,
        ["F: seed: must be an integer of 64 bits, got 9223372036854775808"],
    ),
    "number of more than 64 bits": (
        with_sampler(f"margin = {'9' * 400}"),
        [f"F: sampler.0.margin: must be an integer of 64 bits, got {'9' * 61}…{'9' * 10}"],
    ),
    "text for a number": (
        with_sampler('margin = "wide"'),
        ["F: sampler.0.margin: expected a number, got 'wide' (text)"],
    ),
    "boolean for a number": (with_sampler("margin = true"), ["F: sampler.0.margin: expected a number, got true"]),
    "nan": (with_sampler("margin = nan"), ["F: sampler.0.margin: must be finite, got nan"]),
    "an integer that no float holds": (
        with_sampler(f"margin = {2**53 + 1}"),
        ["F: sampler.0.margin: 9007199254740993 would be rounded to 9007199254740992; write that, or a smaller number"],
    ),
    "infinity": (with_sampler("margin = inf"), ["F: sampler.0.margin: must be finite, got inf"]),
    "text for a boolean": (
        with_topology('mask = "false"'),
        ["F: topology.0.mask: expected true or false, got 'false' (text)"],
    ),
    "integer for a boolean": (
        with_topology("mask = 1"),
        ["F: topology.0.mask: expected true or false, got 1 (integer)"],
    ),
    "integer for text": ("title = 3\n" + GOOD, ["F: title: expected text, got 3 (integer)"]),
    "integer for a list": (with_task("hidden = 64"), ["F: task.hidden: expected a list of integers, got 64 (integer)"]),
    "text in a list of integers": (
        with_task('hidden = [64, "32"]'),
        ["F: task.hidden.1: expected an integer, got '32' (text)"],
    ),
    "neither of two types": (
        with_sampler('resolution = "fine"'),
        ["F: sampler.0.resolution: expected an integer or a list of integers, got 'fine' (text)"],
    ),
    "dates handed on": (
        with_task("model_options = { when = [2024-05-01] }"),
        ["F: task.model_options.when.0: dates and times are not passed on; write them as text"],
    ),
    "table instead of a list of tables": (
        TASK + POPULATION + '[reducer]\nuse = "pca"\n',
        ["F: reducer: expected a list of tables, [[reducer]], got one table"],
    ),
    "variant as one table": (
        TASK + '[population.train]\n[population.variant]\nname = "A"\n' + REDUCER,
        ["F: population.variant: expected a list of tables in [[double brackets]], got one table"],
    ),
    "list of tables instead of a table": (
        GOOD.replace("[task]", "[[task]]"),
        ["F: task: expected a table, got [{use = 'classification'}] (list); [single brackets] write one table"],
    ),
    "name instead of a table": (
        "task = 'classification'\n" + POPULATION + REDUCER,
        ["F: task: expected a table, got 'classification' (text)"],
    ),
    "names instead of tables": (
        "reducer = ['pca']\n" + TASK + POPULATION,
        ["F: reducer.0: expected a table, got 'pca' (text)"],
    ),
    # Values.
    "negative seed": ("seed = -1\n" + GOOD, ["F: seed: must be >= 0, got -1"]),
    "negative seed of a fit": (with_reducer("seed = -3"), ["F: reducer.0.seed: must be >= 0, got -3"]),
    "below a bound": (with_sampler("margin = -0.1"), ["F: sampler.0.margin: must be >= 0, got -0.1"]),
    "not above a bound": (
        with_variants("learning_rate = 0", "batch_size = 0", "weight_decay = -1.0"),
        [
            "F: population.variant.0.batch_size: must be >= 1, got 0",
            "F: population.variant.0.learning_rate: must be > 0, got 0",
            "F: population.variant.0.weight_decay: must be >= 0, got -1.0",
        ],
    ),
    "between two bounds": (with_task("test_share = 1.0"), ["F: task.test_share: must be < 1, got 1.0"]),
    "item below a bound": (
        with_task("hidden = [64, 0]"),
        ["F: task.hidden.1: must be >= 1, got 0"],
    ),
    "items of another type and below a bound": (
        with_task('hidden = [8, "a", 0, -1]'),
        [
            "F: task.hidden.1: expected an integer, got 'a' (text)",
            "F: task.hidden.2: must be >= 1, got 0",
            "F: task.hidden.3: must be >= 1, got -1",
        ],
    ),
    "a validator's own words": (
        with_sampler("resolution = [41, 1]"),
        ["F: sampler.0.resolution: ***, got [41, 1]"],
    ),
    "none of the choices": (
        with_topology('adjacency = "freudental"'),
        [f"F: topology.0.adjacency: expected {ADJACENCIES}, got 'freudental'; did you mean 'freudenthal'?"],
    ),
    "none of the choices, nothing near": (
        with_topology('adjacency = "x"'),
        [f"F: topology.0.adjacency: expected {ADJACENCIES}, got 'x'"],
    ),
    "integer for a choice": (
        with_topology("adjacency = 3"),
        [f"F: topology.0.adjacency: expected {ADJACENCIES}, got 3 (integer)"],
    ),
    "choice of every reducer": (
        with_reducer('space = "spam"'),
        ["F: reducer.0.space: expected 'span' or 'full', got 'spam'; did you mean 'span'?"],
    ),
    "choice of training": (
        TASK + '[population.train]\noptimiser = "adams"\n[[population.variant]]\nname = "A"\n' + REDUCER,
        [
            "F: population.train.optimiser: expected 'adamw', 'adam', 'sgd' or 'lbfgs', got 'adams'; did you mean "
            "'adam'?"
        ],
    ),
    "a misspelt optimiser that continues a training": (
        TASK + then('optimiser = "l-bfgs"\nepoch = 5\n') + REDUCER,
        [
            "F: population.train.then.0.epoch: there is no such key; did you mean 'epochs'?",
            "F: population.train.then.0.optimiser: expected 'adamw', 'adam', 'sgd' or 'lbfgs', got 'l-bfgs'; did you "
            "mean 'lbfgs'?",
            "F: population.train.then.0.epochs: is required: an integer",
        ],
    ),
    "weight decay of an optimiser without": (
        TASK + then('optimiser = "lbfgs"\nepochs = 5\n', "weight_decay = 0.1\n") + REDUCER,
        ["F: population: optimiser 'lbfgs' has no weight decay, which variant 'A' asks for"],
    ),
    "weight decay of a parent's optimiser without": (
        TASK + then('optimiser = "lbfgs"\nepochs = 5\n', "[population.parent]\nweight_decay = 0.1\n") + REDUCER,
        ["F: population: optimiser 'lbfgs' has no weight decay, which the parent asks for"],
    ),
    "rule over two options": (with_sampler("", use="path"), ["F: sampler.0: needs exactly one of 'of' and 'files'"]),
    "rule over two numbers": (
        GOOD + '[[reducer]]\nuse = "umap"\nmin_dist = 5.0\n',
        ["F: reducer.1: min_dist must be at most spread, 1.0, got 5.0"],
    ),
    # Components.
    "missing use": (
        TASK + POPULATION + "[[reducer]]\nlatent_dim = 2\n",
        ["F: reducer.0.use: is required: the name of a reducer; known: {reducer}"],
    ),
    "a pool that is not there": (
        GOOD + '[run]\npool = "process"\n',
        ["F: run.pool: there is no pool 'process'; did you mean 'processes'?"],
    ),
    "an address of a pool without one": (
        GOOD + '[run]\npool = "here://10.0.0.1"\n',
        ["F: run.pool: 'here://10.0.0.1' is an address, and the pool 'here' has none; write 'here'"],
    ),
    "an address of a pool that is not there": (
        GOOD + '[run]\npool = "process://10.0.0.1:6379"\n',
        ["F: run.pool: there is no pool 'process'; did you mean 'processes'?"],
    ),
    "misspelt pool": (GOOD + '[run]\npol = "here"\n', ["F: run.pol: there is no such key; did you mean 'pool'?"]),
    "a table that is none": ("run = 3\n" + GOOD, ["F: run: expected a table, got 3 (integer)"]),
    "an option of another pool": (
        GOOD + '[run]\npool = "here"\nworkers = 2\n',
        ["F: run.workers: there is no such key; known: pool, threads"],
    ),
    "no workers": (GOOD + '[run]\npool = "processes"\nworkers = 0\n', ["F: run.workers: must be >= 1, got 0"]),
    "misspelt option of the usual evaluator": (
        GOOD + "[evaluator]\nexample = 5\n",
        ["F: evaluator.example: there is no such key; did you mean 'examples'?"],
    ),
    "unknown component": (
        GOOD.replace('"pca"', '"pcaa"'),
        ["F: reducer.0.use: there is no reducer 'pcaa'; did you mean 'pca'?"],
    ),
    "unknown component, nothing near": (
        GOOD.replace('"pca"', '"lle"'),
        ["F: reducer.0.use: there is no reducer 'lle'; known: {reducer}"],
    ),
    "component in capitals": (
        GOOD.replace('"pca"', '"UMAP"'),
        ["F: reducer.0.use: there is no reducer 'UMAP'; did you mean 'umap'?"],
    ),
    "component of another role": (
        GOOD.replace('"pca"', '"grid"'),
        ["F: reducer.0.use: there is no reducer 'grid', which is a sampler; known: {reducer}"],
    ),
    "empty use": (GOOD.replace('"pca"', '""'), ["F: reducer.0.use: there is no reducer ''; known: {reducer}"]),
    "integer as use": (
        GOOD.replace('"pca"', "3"),
        ["F: reducer.0.use: expected the name of a reducer, got 3 (integer)"],
    ),
    "list as use": (
        GOOD.replace('"pca"', '["pca"]'),
        ["F: reducer.0.use: expected the name of a reducer, got ['pca'] (list)"],
    ),
    "table as use": (
        GOOD.replace('"pca"', "{ a = true }"),
        ["F: reducer.0.use: expected the name of a reducer, got {a = true} (table)"],
    ),
    "markup as use": (
        GOOD.replace('"pca"', '"[bold]<script>"'),
        ["F: reducer.0.use: there is no reducer '[bold]<script>'; known: {reducer}"],
    ),
    "control characters as use": (
        GOOD.replace('"pca"', '"\\u001b[31mp\\n"'),
        ['F: reducer.0.use: there is no reducer "\\u001b[31mp\\n"; known: {reducer}'],
    ),
    "very long use": (
        GOOD.replace('"pca"', f'"{"y" * 500}"'),
        [f"F: reducer.0.use: there is no reducer '{'y' * 60}…{'y' * 9}'; known: {{reducer}}"],
    ),
    "use of the fidelity table": (
        GOOD + '[fidelity]\nuse = "fidelity"\n',
        ["F: fidelity.use: there is no such key; known: {fidelity}"],
    ),
    # Names.
    "two reducers of one name": (
        GOOD + REDUCER,
        ["F: reducer.1.name: 'pca' is the name of reducer.0 too; give this one its own 'name'"],
    ),
    "two samplers of one name": (
        GOOD + '[[sampler]]\nuse = "grid"\n' * 2,
        ["F: sampler.1.name: 'grid' is the name of sampler.0 too; give this one its own 'name'"],
    ),
    "two topologies of one name": (
        GOOD + '[[topology]]\nuse = "gudhi"\nname = "tree"\n' * 2,
        ["F: topology.1.name: 'tree' is the name of topology.0 too; give this one its own 'name'"],
    ),
    "two variants of one name": (
        with_variants("[[population.variant]]", 'name = "A"'),
        ["F: population.variant.1.name: 'A' is the name of population.variant.0 too"],
    ),
    "an analysis named like what every study finds": (
        GOOD + '[[analysis]]\nuse = "linear-barrier"\nname = "known-paths"\n',
        [
            "F: analysis.0.name: 'known-paths' is what every study says of the lowest known paths between runs; give "
            "this one its own 'name'",
        ],
    ),
    "a density without an error": (
        GOOD + '[[analysis]]\nuse = "curvature"\ndensity_draws = 1\n',
        ["F: analysis.0.density_draws: must be 0 or >= 2, which a standard error takes, got 1"],
    ),
    "the analysis that runs anyway": (
        GOOD + '[[analysis]]\nuse = "fidelity"\n',
        [
            "F: analysis.0.name: 'fidelity' is the analysis that every study runs, with its options in [fidelity]; "
            "give this one its own 'name'"
        ],
    ),
    "empty name": (with_reducer('name = ""'), ["F: reducer.0.name: must not be empty, got ''"]),
    "name of two lines": (
        with_reducer('name = "a\\nb"'),
        ['F: reducer.0.name: must be one line without control characters, got "a\\nb"'],
    ),
    "variant that would clear a terminal": (
        with_variants("[[population.variant]]", 'name = "\\u001b[2J"'),
        ['F: population.variant.1.name: must be one line without control characters, got "\\u001b[2J"'],
    ),
    "title of two lines": (
        'title = """\na\nb"""\n' + GOOD,
        ['F: title: must be one line without control characters, got "a\\nb"'],
    ),
    "no such sampler": (
        with_reducer('sampler = "griid"'),
        ["F: reducer.0.sampler: there is no sampler named 'griid'; did you mean 'grid'?"],
    ),
    "one of two samplers": (
        with_reducer('sampler = ["grid", "line"]'),
        ["F: reducer.0.sampler: there is no sampler named 'line'; known: grid"],
    ),
    "a sampler twice": (with_reducer('sampler = ["grid", "grid"]'), ["F: reducer.0.sampler: names 'grid' twice"]),
    "integer as sampler": (
        with_reducer("sampler = 0"),
        ["F: reducer.0.sampler: expected text or a list of texts, got 0 (integer)"],
    ),
    "no such sampler of a reducer that is wrong itself": (
        with_reducer('sampler = ["griid", 3]\nlatent_dim = 0'),
        [
            "F: reducer.0.sampler.1: expected text, got 3 (integer)",
            "F: reducer.0.latent_dim: must be >= 1, got 0",
            "F: reducer.0.sampler: there is no sampler named 'griid'; did you mean 'grid'?",
        ],
    ),
    "a sampler that is wrong itself is there": (
        GOOD + 'sampler = "g"\n[[sampler]]\nuse = "grid"\nname = "g"\nmargin = "x"\n',
        ["F: sampler.0.margin: expected a number, got 'x' (text)"],
    ),
    # Lists that are needed.
    "no reducer": ("reducer = []\n" + TASK + POPULATION, ["F: reducer: needs at least one [[reducer]]"]),
    "no sampler": ("sampler = []\n" + GOOD, ["F: sampler: needs at least one [[sampler]]"]),
    "no variant": (
        TASK + "[population.train]\n" + REDUCER,
        ["F: population: needs at least one [[population.variant]] to train"],
    ),
    "devices that no machine has": (
        GOOD.replace("epochs = 1", 'epochs = 1\ndevice = "gpu"') + '[evaluator]\nuse = "torch"\ndevice = "cuda:x"\n',
        [
            "F: population.train.device: must be 'auto', 'cpu', 'cuda', a card such as 'cuda:1', or 'mps', got 'gpu'",
            "F: evaluator.device: must be 'auto', 'cpu', 'cuda', a card such as 'cuda:1', or 'mps', got 'cuda:x'",
        ],
    ),
    # The population.
    "checkpoints and train": (
        with_checkpoints("c/{variant}/{step}.pt").replace(REDUCER, "[population.train]\n" + REDUCER),
        ["F: population: needs exactly one of 'checkpoints' (or 'table') and [population.train], has both"],
    ),
    "neither checkpoints nor train": (
        TASK + "[population]\n" + REDUCER,
        ["F: population: needs exactly one of 'checkpoints' (or 'table') and [population.train], has neither"],
    ),
    "compressions that cannot be": (
        GOOD + "[population.compress]\nkeep = 0.1\nrank = 3\n" + "[zoo]\ncompress = 1\n",
        [
            "F: population.compress: needs exactly one of 'keep' and 'rank'",
            "F: zoo.compress: there is no such key; ***",
        ],
    ),
    "a share above one": (
        GOOD + '[population.compress]\nkeep = 1.5\nby = "size"\n',
        [
            "F: population.compress.keep: must be <= 1, got 1.5",
            "F: population.compress.by: expected 'magnitude' or 'variance', got 'size'",
        ],
    ),
    "what chooses among files, for networks that are trained": (
        TASK
        + '[population]\nwhere = "loss < 1"\nlast = 2\nfigures = ["loss"]\n[population.train]\n'
        + '[[population.variant]]\nname = "A"\n'
        + REDUCER,
        [
            "F: population.figures: goes with 'checkpoints' or 'table'; networks trained here need none",
            "F: population.where: goes with 'checkpoints' or 'table'; networks trained here need none",
            "F: population.last: goes with 'checkpoints' or 'table'; networks trained here need none",
        ],
    ),
    "conditions that could reach Python": (
        TASK + '[population]\ntable = "zoo.csv"\nwhere = "@exit() or run.__class__ == 1"\n' + REDUCER,
        [
            "F: population.where: is no condition (invalid syntax); accepted are comparisons of columns and "
            "values: accuracy > 0.9 and kind in ['a', 'b'], got '@exit() or run.__class__ == 1'"
        ],
    ),
    "options of a table without one": (
        with_checkpoints("c/{variant}/{step}.pt").replace(
            REDUCER, 'figures = ["loss"]\ncolumns = { steps = "epoch" }\nevery = 0\n' + REDUCER
        ),
        [
            "F: population.columns.steps: there is no such key; did you mean 'step'?",
            "F: population.every: must be >= 1, got 0",
            "F: population.columns: goes with 'table'",
            "F: population.figures: goes with 'table'",
        ],
    ),
    "a template of names for a table": (
        TASK + '[population]\ntable = "zoo.csv"\nvariant = "{seed}"\n' + REDUCER,
        ["F: population.variant: names the runs of 'checkpoints'; a table has them in its column 'run'"],
    ),
    "variants of checkpoints": (
        with_checkpoints("c/{variant}/{step}.pt").replace(REDUCER, '[[population.variant]]\nname = "A"\n' + REDUCER),
        ["F: population.variant: goes with [population.train], not with 'checkpoints'"],
    ),
    "pattern without anything": (
        with_checkpoints("c.pt"),
        ["F: population.checkpoints: needs {variant}, or beside it variant = 'A', in 'c.pt'"],
    ),
    "pattern without a variant": (
        with_checkpoints("{seed}/{step}.pt"),
        ["F: population.checkpoints: needs {variant}, or beside it variant = '{seed}', in '{seed}/{step}.pt'"],
    ),
    "pattern with a word that nothing uses": (
        with_checkpoints("{variant}/{seed}/{stpe}.pt"),
        [
            "F: population.checkpoints: does not use {seed}: write variant = '{variant}-{seed}', or * if it does not "
            "matter",
            "F: population.checkpoints: does not use {stpe}: write variant = '{variant}-{stpe}', or * if it does not "
            "matter; did you mean {step}?",
        ],
    ),
    "template with a word that the pattern has not": (
        with_checkpoints("{seed}/{kind}/{step}.pt").replace(REDUCER, 'variant = "{sed}-{kind}"\n' + REDUCER),
        [
            "F: population.checkpoints: does not use {seed}: write variant = '{sed}-{kind}-{seed}', or * if it does "
            "not matter",
            "F: population.variant: {sed} is not a word of '{seed}/{kind}/{step}.pt'; did you mean 'seed'?",
        ],
    ),
    "template of a pattern without words": (
        with_checkpoints("last.pt").replace(REDUCER, 'variant = "{seed}"\n' + REDUCER),
        ["F: population.variant: {seed} is not a word of 'last.pt'; the pattern has no words"],
    ),
    "empty template": (
        with_checkpoints("{variant}.pt").replace(REDUCER, 'variant = ""\n' + REDUCER),
        ["F: population.variant: must not be empty, got ''"],
    ),
    "template of runs that are trained": (
        TASK + '[population]\nvariant = "{seed}"\n[population.train]\n' + REDUCER,
        ["F: population.variant: names the runs of 'checkpoints'; runs trained here are tables [[population.variant]]"],
    ),
    "renaming networks that are trained": (
        TASK
        + '[population]\nkey = "ema"\nrename = { "a." = "" }\n[population.train]\n[[population.variant]]\nname = "A"\n'
        + REDUCER,
        [
            "F: population.key: goes with 'checkpoints' or 'table'; networks trained here need none",
            "F: population.rename: goes with 'checkpoints' or 'table'; networks trained here need none",
        ],
    ),
    "renaming to no text": (
        with_checkpoints("{variant}.pt").replace(REDUCER, "rename = { a = 3 }\n" + REDUCER),
        ["F: population.rename: must be a table of texts, got {a = 3}"],
    ),
    "two stars": (
        with_checkpoints("**/{variant}/{step}.pt"),
        [
            "F: population.checkpoints: `**` is not a wildcard: `*` stays within one folder, and {variant} alone "
            "between slashes spans several, got '**/{variant}/{step}.pt'"
        ],
    ),
    "word that is no name": (
        with_checkpoints("{variant}/{step:03d}.pt"),
        [
            "F: population.checkpoints: {step:03d} is not a word; write a name in the braces, such as {variant}, "
            "{step} or {seed}, got '{variant}/{step:03d}.pt'"
        ],
    ),
    "table of checkpoints with pattern and path": (
        TASK
        + '[[population.checkpoints]]\nvariant = "A"\npattern = "{step}.pt"\npath = "nets.py"\n'
        + "[[population.checkpoints]]\nvariant = 'A'\n"
        + REDUCER,
        [
            "F: population.checkpoints.0: needs exactly one of 'pattern' and 'path'",
            "F: population.checkpoints.1: needs exactly one of 'pattern' and 'path'",
        ],
    ),
    "table of checkpoints whose pattern has a step of its own": (
        TASK + '[[population.checkpoints]]\nvariant = "A"\npattern = "{step}.pt"\nstep = 3\n' + REDUCER,
        ["F: population.checkpoints.0: step goes with 'path'; a pattern has its own {step}"],
    ),
    "table of checkpoints with an unknown word": (
        TASK + '[[population.checkpoints]]\nvariant = "{sede}"\npattern = "{seed}/{step}.pt"\n' + REDUCER,
        [
            "F: population.checkpoints.0.pattern: does not use {seed}: write variant = '{sede}-{seed}', or * if it "
            "does not matter",
            "F: population.checkpoints.0.variant: {sede} is not a word of '{seed}/{step}.pt'; did you mean 'seed'?",
        ],
    ),
    "template beside tables": (
        TASK
        + '[population]\nvariant = "A"\n[[population.checkpoints]]\nvariant = "A"\npattern = "{step}.pt"\n'
        + REDUCER,
        ["F: population.variant: each table of [[population.checkpoints]] has its own"],
    ),
    "empty pattern": (with_checkpoints(""), ["F: population.checkpoints: expected a pattern of paths, got ''"]),
    # References.
    "missing file of code": (
        with_task('model = "nest.py:build"'),
        ["F: task.model: there is no file or folder DIR/nest.py; did you mean 'nets.py'?"],
    ),
    "code without a name": (
        with_task('model = "nets.py:"'),
        ["F: task.model: expected 'file.py:name', got 'nets.py:'"],
    ),
    "code without a colon": (
        with_task('model = "nets.py"'),
        [f"F: task.model: expected {MODELS}, got 'nets.py'"],
    ),
    "model that is none": (
        with_task('model = "mpl"'),
        [f"F: task.model: expected {MODELS}, got 'mpl'; did you mean 'mlp'?"],
    ),
    "code without its suffix": (
        with_task('model = "no_such_nets:build"'),
        [
            "F: task.model: there is no installed module 'no_such_nets': install it; "
            "a file is written with its suffix, as in 'no_such_nets.py:build'"
        ],
    ),
    "missing path": (
        with_sampler('files = ["a.safetensors"]', use="path"),
        ["F: sampler.0.files.0: there is no file or folder DIR/a.safetensors"],
    ),
    "missing path of data that can be downloaded": (
        with_task('data = "cifar10"\npath = "data/cifar10"'),
        ["F: task.path: there is no file or folder DIR/data/cifar10; `globscope data cifar10` downloads it"],
    ),
    "missing path of data that can be downloaded, near another": (
        with_task('data = "mnist"\npath = "nest.py"'),
        [
            "F: task.path: there is no file or folder DIR/nest.py; did you mean 'nets.py'? "
            "`globscope data mnist` downloads it"
        ],
    ),
    "missing path of the user's own data": (
        with_task('data = "files"\npath = "data"'),
        ["F: task.path: there is no file or folder DIR/data"],
    ),
    "empty path": (with_sampler('files = [""]', use="path"), ["F: sampler.0.files.0: expected a path, got ''"]),
    "path with a null": (
        with_sampler('files = ["a\\u0000"]', use="path"),
        ['F: sampler.0.files.0: cannot be a path, got "a\\u0000"'],
    ),
    "path too long": (
        with_sampler(f'files = ["{"a" * 5000}"]', use="path"),
        [f"F: sampler.0.files.0: cannot be a path, got '{'a' * 60}…{'a' * 9}'"],
    ),
    "home of nobody": (
        with_sampler('files = ["~nobody-here/x"]', use="path"),
        ["F: sampler.0.files.0: there is no such user's home, got '~nobody-here/x'"],
    ),
    # All at once.
    "several problems": (
        'titl = "x"\nseed = -1\n[task]\nuse = "classificationn"\n[population.train]\nepochs = 0\n'
        '[[reducer]]\nuse = "pca"\nlatent_dim = "2"\nmargin = 1\n[sampler]\nuse = "grid"\n',
        [
            "F: titl: there is no such key; did you mean 'title'?",
            "F: seed: must be >= 0, got -1",
            "F: population.train.epochs: must be >= 1, got 0",
            "F: task.use: there is no task 'classificationn'; did you mean 'classification'?",
            "F: reducer.0.margin: there is no such key; known: {of_pca}",
            "F: reducer.0.latent_dim: expected an integer, got '2' (text)",
            "F: sampler: expected a list of tables, [[sampler]], got one table",
        ],
    ),
    "names that are taken, whatever else is wrong": (
        'seed = "x"\n'
        + with_variants("batch_size = 0", "[[population.variant]]", 'name = "A"')
        + '[[reducer]]\nuse = "pca"\nlatent_dim = 0\n',
        [
            "F: seed: expected an integer, got 'x' (text)",
            "F: population.variant.0.batch_size: must be >= 1, got 0",
            "F: reducer.1.latent_dim: must be >= 1, got 0",
            "F: reducer.1.name: 'pca' is the name of reducer.0 too; give this one its own 'name'",
            "F: population.variant.1.name: 'A' is the name of population.variant.0 too",
        ],
    ),
    "checkpoints and train, whatever else is wrong": (
        with_checkpoints("**/{variant}.pt").replace(REDUCER, '[population.train]\nepochs = "9"\n' + REDUCER),
        [
            "F: population.checkpoints: `**` is not a wildcard: `*` stays within one folder, and {variant} alone "
            "between slashes spans several, got '**/{variant}.pt'",
            "F: population.train.epochs: expected an integer, got '9' (text)",
            "F: population: needs exactly one of 'checkpoints' (or 'table') and [population.train], has both",
        ],
    ),
    "misspelt train is not missing": (
        GOOD.replace("population.train", "population.trains"),
        ["F: population.trains: there is no such key; did you mean 'train'?"],
    ),
}

EXPECTED = "expected key=value, such as reducer.0.latent_dim=3"

SETS = {
    "no equals sign": (["reducer.0.latent_dim"], [f"--set reducer.0.latent_dim: {EXPECTED}"]),
    "no key": (["=3"], [f"--set =3: {EXPECTED}"]),
    "gap in a key": (["reducer..x=3"], [f"--set reducer..x=3: {EXPECTED}"]),
    "two at once": (["a", "seed.x.y=1", "b"], [f"--set a: {EXPECTED}", f"--set b: {EXPECTED}"]),
    "no such item": (["reducer.3.latent_dim=3"], ["--set reducer.3.latent_dim=3: there is no reducer.3; known: 0"]),
    "negative item": (["reducer.-1.latent_dim=3"], ["--set reducer.-1.latent_dim=3: there is no reducer.-1; known: 0"]),
    "no item to replace": (["reducer.1=3"], ["--set reducer.1=3: there is no reducer.1; known: 0"]),
    "list without a number": (
        ["reducer.latent_dim=3"],
        ["--set reducer.latent_dim=3: there is no reducer.latent_dim; known: 0"],
    ),
    "into a value": (
        ["task.use.x=3"],
        ["--set task.use.x=3: task.use is 'classification' (text), which has no keys"],
    ),
    "wrong type": (
        ["reducer.0.latent_dim=two"],
        ["--set reducer.0.latent_dim: expected an integer, got 'two' (text)"],
    ),
    "nothing": (["seed="], ["--set seed: expected an integer, got '' (text)"]),
    "nan": (["population.train.momentum=nan"], ["--set population.train.momentum: must be finite, got nan"]),
    "negative seed": (["seed=-1"], ["--set seed: must be >= 0, got -1"]),
    "two lines": (["seed=1\nx=2"], ['--set seed: expected an integer, got "1\\nx=2" (text)']),
    "unknown key": (
        ["reducer.0.latentdim=3"],
        ["--set reducer.0.latentdim: there is no such key; did you mean 'latent_dim'?"],
    ),
    "unknown table": (["reduce.0.latent_dim=3"], ["--set reduce: there is no such key; did you mean 'reducer'?"]),
    "list replaced": (["reducer=3"], ["--set reducer: expected a list of tables, [[reducer]], got 3 (integer)"]),
    "default replaced in part": (["sampler.0.margin=x"], ["--set sampler.0.margin: expected a number, got 'x' (text)"]),
}


def error_lines(call, *arguments):
    """Return the lines of the error that a call raises."""
    with pytest.raises(GlobscopeError) as caught:
        call(*arguments)
    return str(caught.value).splitlines()


def assert_lines(found, wanted, folder=Path("/nowhere")):
    found = [line.replace(str(folder), "DIR") for line in found]
    assert len(found) == len(wanted), found
    for line, text in zip(found, wanted, strict=True):
        start, gap, end = text.partition("***")
        assert (line.startswith(start) and line.endswith(end)) if gap else line == text
