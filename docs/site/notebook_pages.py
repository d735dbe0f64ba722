"""Notebooks as pages: those that `make site` has executed show their outputs, the others only their code."""

import json
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter

ROOT = Path(__file__).parents[2]
# Where `make site` executes copies of the notebooks.
EXECUTED = ROOT / "runs/notebooks"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for every notebook, with its pictures."""
    for notebook in [file for file in files if file.src_uri.endswith(".ipynb")]:
        name = notebook.src_uri.removesuffix(".ipynb")
        extract = {"unique_key": f"{Path(name).name}_files/output", "output_files_dir": f"{Path(name).name}_files"}
        text, resources = MarkdownExporter().from_filename(str(with_outputs(ROOT / "docs" / notebook.src_uri)), extract)
        files.append(File.generated(config, f"{name}.md", content=with_download(text, Path(notebook.src_uri).name)))
        for path, content in resources["outputs"].items():
            files.append(File.generated(config, f"{Path(name).parent.as_posix()}/{path}", content=content))
    return files


def with_outputs(path: Path) -> Path:
    """Return the executed copy of a notebook, if there is one with the same cells."""
    copy = EXECUTED / path.name
    return copy if copy.is_file() and sources(copy) == sources(path) else path


def sources(path: Path) -> list[str]:
    """Return the texts of a notebook's cells."""
    return ["".join(cell["source"]) for cell in json.loads(path.read_text("utf-8"))["cells"]]


def with_download(text: str, name: str) -> str:
    """Return a page with a link to its notebook below the title, and with the site's tables instead of pandas' own."""
    text = text.replace('<table border="1" class="dataframe">', "<table>")
    title, _, rest = text.lstrip().partition("\n")
    return f'{title}\n\n<p><a href="{name}" download>Download this notebook</a></p>\n{rest}'
