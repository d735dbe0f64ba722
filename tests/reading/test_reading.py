"""Readers of files: bounded before memory is taken, and every refusal names the file."""

import base64
import gzip
import json
import zipfile
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from globscope.api import FileError, SpecError, names_in_npz, open_zip, read_json, read_npz, read_safetensors
from globscope.reading import read_csv, read_scripts, unpack_base64
from globscope.reading.bounds import DEPTH
from globscope.reading.documents import depth
from globscope.spec.read import read_spec

GIB = 2**30


def inflating(path, size=GIB):
    """Write a .npz of about 1 MB whose one array of zeros takes `size` bytes, without ever holding it."""
    header = BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (size,)})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x_train.npy", "w") as member:
        member.write(header.getvalue())
        for _ in range(size // 2**24):
            member.write(b"\0" * 2**24)
    return path


@pytest.mark.slow
def test_an_npz_of_one_megabyte_that_unpacks_to_a_gigabyte_is_refused_by_its_header(tmp_path):
    path = inflating(tmp_path / "bomb.npz")
    assert path.stat().st_size < 2**21
    for reader in (read_npz, lambda at: open_zip(at).__enter__()):
        with pytest.raises(
            FileError, match=r"bomb\.npz: 1,\d{3},\d{3} bytes that unpack to 1,073,741,.*accepted are 256"
        ):
            reader(path)


def test_an_npz_whose_header_claims_more_than_it_holds_is_refused_before_memory_is_taken(tmp_path):
    header = BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 10**3)})
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue() + b"12345678")
    with pytest.raises(FileError, match=r"a\.npz: the array 'x' is damaged: 8 bytes for shape \(1000000000000, 1000\)"):
        read_npz(tmp_path / "a.npz")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '["\\"[", ' + "[" * 100_000])
def test_json_of_100000_brackets_is_refused_before_it_is_parsed(tmp_path, text):
    (tmp_path / "deep.json").write_text(text)
    with pytest.raises(FileError, match=r"deep\.json: is nested more than 64 deep; expected JSON"):
        read_json(tmp_path / "deep.json")


@settings(max_examples=50)
@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_depth_is_that_of_the_value_whatever_its_texts_hold(value):
    def deep(one):
        items = one.values() if isinstance(one, dict) else one if isinstance(one, list) else None
        return 0 if items is None else 1 + max(map(deep, items), default=0)

    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False), json.dumps(value, indent=1)):
        assert depth(text.encode()) == deep(value)


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": NaN}', b"\xff\xfe", b"[1, 2", b'{"a": ' + b"9" * 5000 + b"}"])
def test_what_is_no_json_is_refused_with_its_name(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(FileError, match=r"a\.json: is damaged, or not JSON \(.*\); expected an index"):
        read_json(tmp_path / "a.json", "an index")


@pytest.mark.parametrize("reader", [read_json, read_npz, names_in_npz, read_safetensors, read_csv])
def test_a_file_that_cannot_be_opened_is_named_with_the_reason(tmp_path, reader):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "lost").symlink_to("nowhere")
    for name, reason in {"none": "there is no such file", "lost": "is a link that leads nowhere"}.items():
        with pytest.raises(FileError, match=f"{name}: {reason}; expected "):
            reader(tmp_path / name)
    for name in ("", "loop"):
        with pytest.raises(FileError, match=str(tmp_path / name)):
            reader(tmp_path / name)


def test_a_zip_of_images_is_bounded_by_what_its_directory_says(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/a/1.png", b"image")
    with open_zip(tmp_path / "a.zip") as archive:
        assert archive.names == ("train/a/1.png",)
        assert archive.read("train/a/1.png") == b"image"
    content = bytearray((tmp_path / "a.zip").read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (2**30).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(FileError, match=r"a\.zip: .* unpack to 1,073,741,824"), open_zip(tmp_path / "a.zip"):
        pass


def test_rows_of_several_lengths_are_no_table(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3\n")
    with pytest.raises(FileError, match=r"a\.csv: is damaged \(.*\); expected CSV with a heading"):
        read_csv(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4\n")
    assert read_csv(tmp_path / "a.csv") == {"x": ("1", "3"), "y": ("2", "4")}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f'title = "{"x" * 5_000_000}"\n', "is larger than 4 MiB, which no spec needs"),
        ("a = 1\nx" + ".x" * 100_000 + " = 1\n", f"line 2: is nested more than {DEPTH} deep"),
        ('a = """\n[\n"""\nx = ' + "[" * 100_000 + "\n", f"line 4: is nested more than {DEPTH} deep"),
        ("x = [1]\ny = " + "[" * 70 + "]" * 70 + "\n", f"y: is nested more than {DEPTH} deep"),
    ],
)
def test_a_spec_is_bounded_in_size_and_depth(tmp_path, text, says):
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(SpecError, match=rf"s\.toml: {says}"):
        read_spec(tmp_path / "s.toml")


def test_the_scripts_of_a_page_are_read_as_text_by_their_attributes(tmp_path):
    path = tmp_path / "a.html"
    path.write_text('<script id="a">1</script><script>2</script><script id="a">\n3</script><script id="a">4')
    assert read_scripts(path, 'id="a"', "a page") == [b"1", b"\n3"]


def test_packed_bytes_in_a_page_are_unpacked_within_bounds(tmp_path):
    path, packed = tmp_path / "a.html", gzip.compress(b"numbers" * 9)
    assert unpack_base64(path, base64.b64encode(packed), "a page") == b"numbers" * 9
    for text, why in ((b"\xc3\xa4", "damaged"), (b"AAAA", "damaged"), (base64.b64encode(packed[:-9]), "cut off")):
        with pytest.raises(
            FileError, match=rf"a\.html: is damaged.*{why if why == 'cut off' else ''}.*; expected a page"
        ):
            unpack_base64(path, text, "a page")


def test_packed_bytes_in_a_page_that_would_fill_the_memory_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("globscope.reading.scripts.UNPACKED_BYTES", 2**20)
    monkeypatch.setattr("globscope.reading.scripts.RATIO", 1)
    text = base64.b64encode(gzip.compress(b"\0" * 2**22))
    with pytest.raises(FileError, match=r"a\.html: its arrays unpack to more than 1 MiB; expected a page"):
        unpack_base64(tmp_path / "a.html", text, "a page")
