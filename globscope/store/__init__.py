"""The run folder: keys, writing, the record of what was written, finished stages, and whose folder it is."""

from globscope.reading import read_json as read_json
from globscope.store.folder import (
    claim as claim,
    is_as_written as is_as_written,
    is_claimed as is_claimed,
    made_from as made_from,
    own_folder as own_folder,
    read_written as read_written,
    remove_stale as remove_stale,
    times_written as times_written,
    written_file as written_file,
    written_files as written_files,
)
from globscope.store.keys import FORMAT as FORMAT, fingerprint as fingerprint, key as key
from globscope.store.lock import (
    LOCK as LOCK,
    hold_lock as hold_lock,
    lock_unless_held as lock_unless_held,
    remove_lock as remove_lock,
)
from globscope.store.record import announce as announce, recorded_folder as recorded_folder
from globscope.store.stored_stages import SHARDS as SHARDS, Store as Store
from globscope.store.write import (
    PART as PART,
    discard as discard,
    keep_written as keep_written,
    read_arrays as read_arrays,
    replacing as replacing,
    write_arrays as write_arrays,
    write_bytes as write_bytes,
    write_json as write_json,
)
