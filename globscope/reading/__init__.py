"""Readers of files, one for each kind: each bounds size and depth, and its errors name the file."""

from globscope.reading.archives import open_zip as open_zip
from globscope.reading.arrays import (
    map_npy as map_npy,
    names_in_npz as names_in_npz,
    read_npz as read_npz,
    read_safetensors as read_safetensors,
    read_tensors as read_tensors,
)
from globscope.reading.bounds import require_unpacked as require_unpacked, unpacked_bound as unpacked_bound
from globscope.reading.documents import (
    json_value as json_value,
    read_csv as read_csv,
    read_json as read_json,
    read_json_lines as read_json_lines,
    toml_document as toml_document,
)
from globscope.reading.number_columns import (
    SEPARATORS as SEPARATORS,
    NumberColumns as NumberColumns,
    read_number_columns as read_number_columns,
)
from globscope.reading.scripts import read_scripts as read_scripts, unpack_base64 as unpack_base64
