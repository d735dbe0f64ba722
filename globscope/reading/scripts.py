"""Data that lie in the script elements of a page: read as text, with bounds, and never run."""

import base64
import re
import zlib
from pathlib import Path

from globscope.errors import FileError
from globscope.reading.bounds import JSON_BYTES, MIB, RATIO, UNPACKED_BYTES, read_bytes

_ELEMENT = re.compile(rb"<script([^>]*)>(.*?)</script>", re.DOTALL)
_GZIP = 31  # what zlib calls gzip with its heading


def read_scripts(path: Path, attributes: str, what: str) -> list[bytes]:
    """Return the texts of a page's script elements with these attributes, in the page's order.

    Args:
        path: Where the page is.
        attributes: All that stands between `<script` and `>`.
        what: What would be accepted, for messages.

    Raises:
        FileError: The file does not exist, or is too large.
    """
    raw = read_bytes(path, JSON_BYTES, what)
    return [text for found, text in _ELEMENT.findall(raw) if found.strip() == attributes.encode()]


def unpack_base64(path: Path, text: bytes, what: str) -> bytes:
    """Return the bytes of gzip as the text of base 64.

    Raises:
        FileError: It is damaged, or unpacks to more than 256 MiB and more than 100 times its size.
    """
    unpacker = zlib.decompressobj(_GZIP)
    try:
        packed = base64.b64decode(text.strip(), validate=True)
        most = max(UNPACKED_BYTES, RATIO * len(packed))
        content = unpacker.decompress(packed, most + 1)
    except (ValueError, zlib.error) as error:
        raise FileError(f"{path}: is damaged ({error}); expected {what}") from error
    if len(content) > most:
        raise FileError(f"{path}: its arrays unpack to more than {most // MIB} MiB; expected {what}")
    if not unpacker.eof or unpacker.unused_data:
        raise FileError(f"{path}: is damaged (its arrays are cut off); expected {what}")
    return content
