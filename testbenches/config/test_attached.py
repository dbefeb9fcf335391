"""Do files that a configuration names go with it, wherever it goes? And is what cannot be one refused?"""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import zipfile

import numpy as np
import pytest

from mgd_hdl.config import Attached, AttachedFile, ConfigError, TrainerConfig
from mgd_hdl.config.attached import Unreadable, arrays, files
from mgd_hdl.config.attached.arrays import npy, npz
from mgd_hdl.config.attached.files import Slot

DOCUMENT = {"network": {"layers": [2, 2, 1]}, "table": "café au lait.bin"}
CONTENT = bytes(range(256)) * 3


class WithFile(TrainerConfig):
    """A trainer with one key that names a file."""

    table: str = ""


@pytest.fixture(autouse=True)
def slot(monkeypatch):
    monkeypatch.setattr(files, "SLOTS", (Slot("table", 1000),))


@pytest.fixture
def config(tmp_path):
    """Its file is gone."""
    path = tmp_path / DOCUMENT["table"]
    path.write_bytes(CONTENT)
    config = WithFile.build(DOCUMENT, Attached(folder=tmp_path))
    path.unlink()
    return config


def content(config: TrainerConfig) -> bytes:
    file = config.attached.file("table")
    assert file is not None
    return file.data


# ---- where it goes -------------------------------------------------------------------------------


def test_copies_and_other_processes_have_the_content(config):
    assert content(config) == CONTENT
    assert content(config.replaced(learning={"rate": 0.25})) == CONTENT
    assert content(pickle.loads(pickle.dumps(config))) == CONTENT  # noqa: S301 - our own bytes
    packed = json.loads(json.dumps(config.attached.packed()))
    assert content(WithFile.build(config.model_dump(mode="json"), Attached.unpacked(packed))) == CONTENT


def test_tables_hold_the_name_alone(config):
    assert config.model_dump()["table"] == DOCUMENT["table"]
    assert "attached" not in str(config.model_dump())
    assert "attached" not in json.dumps(WithFile.json_schema())


def test_results_name_file_and_hash(config):
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert config.attached.as_json() == {
        "table": {"file": DOCUMENT["table"], "sha256": digest, "bytes": len(CONTENT)}
    }


def test_equal_is_what_has_equal_content(config):
    same = config.with_file("table", AttachedFile(DOCUMENT["table"], CONTENT))
    other = config.with_file("table", AttachedFile(DOCUMENT["table"], CONTENT[1:]))
    assert config == same
    assert hash(config) == hash(same)
    assert config != other
    assert content(other) == CONTENT[1:]


def test_another_name_is_read_beside_the_first(config, tmp_path):
    (tmp_path / "other").write_bytes(b"x")
    assert content(config.replaced(table="other")) == b"x"
    assert config.replaced(table="").attached.files == ()


def test_without_a_folder_names_are_of_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "here").write_bytes(b"y")
    monkeypatch.chdir(tmp_path)
    assert content(WithFile.build({**DOCUMENT, "table": "here"})) == b"y"
    assert content(WithFile.build({**DOCUMENT, "table": str(tmp_path / "here")})) == b"y"


# ---- what is no file -----------------------------------------------------------------------------


def test_odd_files_are_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(bytes(1001))
    (tmp_path / "empty").touch()
    (tmp_path / "just right").write_bytes(bytes(1000))
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "alias").symlink_to("just right")
    expected = {
        "missing": "cannot be read: no such file or directory",
        "folder": "is a directory",
        "pipe": "is not a regular file",
        "/dev/zero": "is not a regular file",
        "large": "is larger than 1,000 bytes",
        "empty": "is empty",
        "circle": "cannot be read: too many levels of symbolic links",
        "a\0b": "is no name of a file",
        "\ud800": "is no name of a file",
        "n" * 300: "cannot be read: file name too long",
    }
    for name, reason in expected.items():
        with pytest.raises(ConfigError) as caught:
            WithFile.build({**DOCUMENT, "table": name}, Attached(folder=tmp_path))
        (problem,) = caught.value.problems
        assert (problem.key, problem.allowed) == ("table", reason)
    for name in ("just right", "alias"):
        config = WithFile.build({**DOCUMENT, "table": name}, Attached(folder=tmp_path))
        assert len(content(config)) == 1000


def test_a_file_that_nobody_may_read(tmp_path, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.os, "open", denied)
    with pytest.raises(ConfigError, match=r'table = "x": cannot be read: permission denied'):
        WithFile.build({**DOCUMENT, "table": "x"}, Attached(folder=tmp_path))


def test_other_problems_are_told_beside(tmp_path):
    with pytest.raises(ConfigError) as caught:
        WithFile.build({**DOCUMENT, "seed": -1}, Attached(folder=tmp_path))
    assert [problem.key for problem in caught.value.problems] == ["seed", "table"]


# ---- arrays --------------------------------------------------------------------------------------


def saved(*given, **named) -> bytes:
    """As NumPy writes them."""
    file = io.BytesIO()
    if named:
        np.savez_compressed(file, **named)
    else:
        np.save(file, *given)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["?", "u1", "<i2", ">i4", "<i8", "<f2", ">f4", "<f8", "<U9"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_come_back(kind, order):
    given = np.asarray(np.arange(12).reshape(3, 4).astype(kind), order=order)
    for found in (npy(saved(given)), npz(saved(a=given, b=given[:0]))["a"]):
        assert found.dtype == given.dtype.newbyteorder("=")
        assert np.array_equal(found, given)
        assert not found.flags.writeable
    assert npy(saved(given[:0])).shape == (0, 4)
    assert npy(saved(given[1, 2])).shape == ()


def patched(data: bytes, place: bytes, instead: bytes) -> bytes:
    assert data.count(place) == 1
    assert len(place) == len(instead)
    return data.replace(place, instead)


class _Trap:
    """Whoever unpickles it is told."""

    def __reduce__(self):
        return pytest.fail, ("unpickled",)


WHOLE = saved(np.zeros((3, 4)))
HUGE = b"\x93NUMPY\x01\x00\xff\xff" + b" " * 65535
BAD_ARRAYS = {
    "empty": (b"", "is not an .npy file"),
    "text": (b"1,2,3\n", "is not an .npy file"),
    "cut in its header": (WHOLE[:40], "is not an .npy file"),
    "cut": (WHOLE[:-1], "promises 96 bytes of numbers and has 95"),
    "too long": (WHOLE + b"\0", "promises 96 bytes of numbers and has 97"),
    "a huge shape": (
        patched(WHOLE, b"(3, 4), }     ", b"(3, 4000000),}"),
        "promises 96,000,000 bytes of numbers and has 96",
    ),
    "a negative shape": (patched(WHOLE, b"(3, 4)", b"(-3,4)"), "promises -96 bytes"),
    "a huge header": (HUGE, "is not an .npy file, or its header is damaged"),
    "a header that is code": (patched(WHOLE, b"(3, 4)", b"exit()"), "is not an .npy file, or its header"),
    "version 9": (patched(WHOLE, b"NUMPY\x01", b"NUMPY\x09"), "is an .npy file of version 9.0"),
    "objects": (saved(np.array([_Trap()])), "holds Python objects; must hold numbers"),
    "complex numbers": (saved(np.zeros(2, complex)), "holds entries of type complex128"),
    "records": (saved(np.zeros(2, [("a", "i4")])), "holds entries of type [('a', '<i4')]"),
    "times": (saved(np.zeros(2, "M8[s]")), "holds entries of type datetime64[s]"),
    "nine axes": (saved(np.zeros((1,) * 9)), "has 9 axes; at most 8"),
}


@pytest.mark.parametrize("name", BAD_ARRAYS)
def test_bad_arrays_are_refused(name):
    data, reason = BAD_ARRAYS[name]
    with pytest.raises(Unreadable) as caught:
        npy(data)
    assert reason in str(caught.value)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("a.npy", data)
    with pytest.raises(Unreadable) as caught:
        npz(archive.getvalue())
    assert f"array 'a' {reason}" in str(caught.value)


def archive(*entries: tuple[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as written:
        for name, data in entries:
            written.writestr(name, data)
    return file.getvalue()


ZEROS = saved(np.zeros(625_000))
ONE = archive(("a.npy", WHOLE))
ENCRYPTED = bytearray(archive(("a.npy", WHOLE)))
ENCRYPTED[ENCRYPTED.index(b"PK\x01\x02") + 8] |= 1
BAD_ARCHIVES = {
    "no archive": (b"PK", "is not an .npz file, or is damaged"),
    "cut": (ONE[:-30], "is not an .npz file"),
    "damaged": (ONE[:60] + bytes([ONE[60] ^ 255]) + ONE[61:], "is not an .npz file, or is damaged"),
    "no array": (archive(("a.txt", b"x")), "holds 'a.txt', which is no array: these are NAME.npy"),
    "encrypted": (bytes(ENCRYPTED), "is encrypted"),
    "many": (archive(*((f"{number}.npy", WHOLE) for number in range(257))), "holds 257 files; at most 256"),
    "a bomb": (archive(("a.npy", bytes(30_000_001))), "unpacks to more than 30000000 bytes"),
    "many bombs": (archive(*((f"{n}.npy", ZEROS) for n in range(7))), "unpacks to more than 30000000"),
}


@pytest.mark.parametrize("name", BAD_ARCHIVES)
def test_bad_archives_are_refused(name, monkeypatch):
    monkeypatch.setattr(arrays, "MAX_BYTES", 30_000_000)
    data, reason = BAD_ARCHIVES[name]
    with pytest.raises(Unreadable) as caught:
        npz(data)
    assert reason.replace("30000000", "30,000,000") in str(caught.value)


def test_an_archive_that_lies_of_its_size():
    """More is packed than is promised: no more is read, and what is read does not fit its checksum."""
    data = bytearray(archive(("a.npy", saved(np.zeros(1_000_000)))))
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (1000).to_bytes(4, "little")
    with pytest.raises(Unreadable, match=r"damaged|promises"):
        npz(bytes(data))
