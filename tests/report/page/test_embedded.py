"""One file: its pictures are in it, unless that makes it too large to send."""

from base64 import b64decode

from globscope.report.page.embedded import EmbeddedPictures
from globscope.report.page.gallery import Shown


def shown(folder, name, png, svg):
    (folder / f"{name}.png").write_bytes(b"p" * png)
    (folder / f"{name}.svg").write_bytes(b"s" * svg)
    return Shown(path=name, caption="", alt="")


def test_each_picture_is_embedded_as_the_smaller_of_its_files(tmp_path):
    found = EmbeddedPictures.of(tmp_path, [shown(tmp_path, "a", 9, 3), shown(tmp_path, "b", 3, 9)])
    assert found.sources["a"] == "data:image/svg+xml;base64,c3Nz"
    assert b64decode(found.sources["b"].removeprefix("data:image/png;base64,")) == b"ppp"
    assert found.note.startswith("This page is one file and needs no network.")


def test_pictures_beyond_the_page_s_size_stay_in_their_files_and_the_page_says_how_many(tmp_path):
    pictures = [shown(tmp_path, "small", 30, 40), shown(tmp_path, "large", 900, 999), shown(tmp_path, "last", 30, 40)]
    found = EmbeddedPictures.of(tmp_path, pictures, most=200)
    assert found.sources["large"] == "large.png"
    assert found.sources["last"].startswith("data:image/png")
    assert "1 of 3 are not in it" in found.note
