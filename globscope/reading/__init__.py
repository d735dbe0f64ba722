"""Readers of files, one for each kind: each bounds size and depth, and its errors name the file."""

from globscope.reading.archives import Archive, open_zip
from globscope.reading.arrays import map_npy, names_in_npz, read_npz, read_safetensors, read_tensors
from globscope.reading.bounds import read_bytes, require_unpacked
from globscope.reading.documents import read_csv, read_json, read_json_lines, toml_document

__all__ = [
    "Archive",
    "map_npy",
    "names_in_npz",
    "open_zip",
    "read_bytes",
    "read_csv",
    "read_json",
    "read_json_lines",
    "read_npz",
    "read_safetensors",
    "read_tensors",
    "require_unpacked",
    "toml_document",
]
