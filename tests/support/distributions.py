"""Distributions of one module each, as pip would have installed them."""


def write_distribution(folder, name, text, version="1", module=None, **entries):
    """Write a module with the metadata of a distribution, whose entry points are `maps` unless they are given."""
    module = module or name.replace("-", "_")
    (folder / f"{module}.py").write_text(text, "utf-8")
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [f"{entry} = {value}\n" for entry, value in (entries or {"maps": module}).items()]
    (info / "entry_points.txt").write_text(f"[globscope]\n{''.join(lines)}")
