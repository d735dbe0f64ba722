"""The run folder: keys, writing, the record of what was written, finished stages, and whose folder it is."""

from globscope.store.folder import (
    claim,
    is_as_written,
    is_claimed,
    own_folder,
    read_written,
    remove_stale,
    times_written,
    written_file,
    written_files,
)
from globscope.store.keys import FORMAT, fingerprint, key
from globscope.store.lock import LOCK, hold_lock, lock_unless_held
from globscope.store.record import announce
from globscope.store.stored_stages import Store
from globscope.store.write import discard, read_arrays, read_json, replacing, write_arrays, write_bytes, write_json

__all__ = [
    "FORMAT",
    "LOCK",
    "Store",
    "announce",
    "claim",
    "discard",
    "fingerprint",
    "hold_lock",
    "is_as_written",
    "is_claimed",
    "key",
    "lock_unless_held",
    "own_folder",
    "read_arrays",
    "read_json",
    "read_written",
    "remove_stale",
    "replacing",
    "times_written",
    "write_arrays",
    "write_bytes",
    "write_json",
    "written_file",
    "written_files",
]
