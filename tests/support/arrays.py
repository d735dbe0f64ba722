"""Arrays under names: those of a run, and their comparison."""

import numpy as np

from globscope.store import read_arrays


def assert_same_arrays(found, wanted, **tolerance):
    """Check that two mappings have the same names and arrays: bit for bit, unless a tolerance is given."""
    assert wanted
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        if tolerance:
            np.testing.assert_allclose(found[name], array, err_msg=str(name), **tolerance)
        else:
            np.testing.assert_array_equal(found[name], array, err_msg=str(name), strict=True)


def stored_files(run):
    """Return the files of a run's stages that were not moved aside, finished or not."""
    found = [path for path in (run / "stages").rglob("*") if path.is_file()]
    return sorted(path for path in found if ".damaged" not in str(path) and not path.name.startswith("."))


def stored_arrays(run):
    """Return every array and figure of a run's finished stages but recorded seconds, by file and name."""
    found = {}
    for file in stored_files(run):
        name = str(file.relative_to(run))
        if file.suffix in (".npz", ".safetensors") and file.name != "times.safetensors":
            found |= {(name, key): array for key, array in read_arrays(file).items()}
        elif file.suffix == ".npy":
            found[name, ""] = np.load(file)
        elif file.name in ("plan.json", "members.json", "log.json", "topology.json", "asked.json"):
            found[name, ""] = np.array(file.read_text().replace(str(run), "").replace(str(run.parent), ""))
    return found
