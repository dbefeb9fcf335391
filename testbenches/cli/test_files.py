"""Is a set of files written whole or not at all, and is nothing foreign ever lost?"""

from __future__ import annotations

import json
import os
import signal
import stat
from pathlib import Path

import pytest

from mgd_hdl import files
from mgd_hdl.files import MANIFEST, FileRefused, write_file, write_files

FIRST = {"a.v": "module a;\n", "b.json": "{}\n"}
SECOND = {"a.v": "module a2;\n", "c.core": "CAPI=2:\n"}


def contents(folder: Path) -> dict[str, str]:
    """All files, hidden ones too, without the manifest."""
    return {path.name: path.read_text() for path in folder.iterdir() if path.name != MANIFEST}


# ---- sets of files -------------------------------------------------------------------------------


def test_files_and_manifest(tmp_path):
    folder = tmp_path / "new" / "deep"
    assert write_files(folder, FIRST) == [folder / "a.v", folder / "b.json"]
    assert contents(folder) == FIRST
    assert set(json.loads((folder / MANIFEST).read_text())["files"]) == set(FIRST)


def test_same_files_give_the_same_bytes_in_any_folder(tmp_path):
    write_files(tmp_path / "one", FIRST)
    write_files(tmp_path / "two", dict(reversed(FIRST.items())))
    assert (tmp_path / "one" / MANIFEST).read_bytes() == (tmp_path / "two" / MANIFEST).read_bytes()


def test_permissions_are_those_of_any_new_file(tmp_path):
    before = os.umask(0o027)
    try:
        write_files(tmp_path / "out", FIRST)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out" / "a.v").stat().st_mode) == 0o640


def test_own_files_are_replaced_and_older_ones_stay(tmp_path):
    write_files(tmp_path, FIRST)
    write_files(tmp_path, SECOND)
    assert contents(tmp_path) == {**FIRST, **SECOND}
    write_files(tmp_path, FIRST)
    assert contents(tmp_path) == {**SECOND, **FIRST}


@pytest.mark.parametrize("force", [False, True])
def test_foreign_files_are_never_replaced(tmp_path, force):
    (tmp_path / "a.v").write_text("mine\n")
    (tmp_path / "c.core").write_text("mine too\n")
    with pytest.raises(FileRefused) as caught:
        write_files(tmp_path, SECOND, force=force)
    assert len(caught.value.problems) == 2
    assert all("was not written by mgd-hdl" in problem for problem in caught.value.problems)
    assert contents(tmp_path) == {"a.v": "mine\n", "c.core": "mine too\n"}
    assert not (tmp_path / MANIFEST).exists()


def test_changed_files_need_force(tmp_path):
    write_files(tmp_path, FIRST)
    (tmp_path / "a.v").write_text("module a; // my fix\n")
    with pytest.raises(FileRefused, match="was changed since it was generated; --force replaces it"):
        write_files(tmp_path, SECOND)
    assert contents(tmp_path) == {**FIRST, "a.v": "module a; // my fix\n"}
    write_files(tmp_path, SECOND, force=True)
    assert contents(tmp_path) == {**FIRST, **SECOND}


def test_deleted_files_come_back(tmp_path):
    write_files(tmp_path, FIRST)
    (tmp_path / "a.v").unlink()
    write_files(tmp_path, FIRST)
    assert contents(tmp_path) == FIRST


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../a.v",
        "a/b.v",
        "/etc/x",
        "a\\b",
        ".hidden",
        "a\nb",
        "a\0b",
        "-o",
        "\u03b8.v",
        "x" * 201,
    ],
)
def test_names_that_lead_elsewhere(tmp_path, name):
    folder = tmp_path / "out"
    with pytest.raises(FileRefused, match="must be a plain file name"):
        write_files(folder, {"good.v": "", name: ""})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["A.v", MANIFEST, MANIFEST.upper()])
def test_names_that_clash(tmp_path, name):
    with pytest.raises(FileRefused, match="is the same file as"):
        write_files(tmp_path / "out", {"a.v": "", name: ""})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("name", ["a.v", MANIFEST])
def test_links_are_not_followed(tmp_path, name, force):
    outside = tmp_path / "outside"
    outside.write_text("keep\n")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / name).symlink_to(outside)
    with pytest.raises(FileRefused, match="is a symbolic link"):
        write_files(folder, FIRST, force=force)
    assert outside.read_text() == "keep\n"
    assert [path.name for path in folder.iterdir()] == [name]


def test_linked_folder(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(FileRefused, match="link: is a symbolic link"):
        write_files(tmp_path / "link", FIRST)
    assert contents(tmp_path / "real") == {}


def test_dangling_link(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.v").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileRefused, match=r"a\.v: is a symbolic link"):
        write_files(tmp_path / "out", FIRST)
    assert not (tmp_path / "nowhere").exists()


def test_folder_and_pipe_in_the_way(tmp_path):
    (tmp_path / "a.v").mkdir()
    os.mkfifo(tmp_path / "b.json")
    with pytest.raises(FileRefused) as caught:
        write_files(tmp_path, FIRST, force=True)
    assert str(caught.value).endswith(
        f"{tmp_path / 'a.v'}: is a directory\n{tmp_path / 'b.json'}: is not a regular file"
    )


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 3}', "\0", "[" * 100_000])
def test_broken_manifest(tmp_path, text):
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(FileRefused, match="is not a list of files that mgd-hdl wrote"):
        write_files(tmp_path, FIRST)
    assert contents(tmp_path) == {}


def test_folder_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileRefused, match="file: is not a directory"):
        write_files(tmp_path / "file", FIRST)
    with pytest.raises(FileRefused, match="cannot be written: not a directory"):
        write_files(tmp_path / "file" / "deeper", FIRST)


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()], ids=repr)
def test_nothing_is_left_when_writing_fails(tmp_path, monkeypatch, at, error):
    """Fail at every single write of a set: manifest, then each file."""
    write_files(tmp_path / "old", FIRST)
    before = {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()}
    write, count = files._write_new, 0

    def failing(path: Path, data: bytes) -> None:
        nonlocal count
        write(path, data)
        if count == at:
            raise error
        count += 1

    monkeypatch.setattr(files, "_write_new", failing)
    contents_to_write = {**SECOND, "d.v": ""}
    for folder in ("old", "new/deep"):
        count = 0
        with pytest.raises(FileRefused if isinstance(error, OSError) else KeyboardInterrupt):
            write_files(tmp_path / folder, contents_to_write)
    assert {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize("at", range(4))
def test_what_was_there_comes_back_when_renaming_fails(tmp_path, monkeypatch, at):
    write_files(tmp_path / "old", FIRST)
    before = {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()}
    replace, count = Path.replace, 0

    def failing(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == at + 1:
            raise PermissionError(13, "Permission denied")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    for folder in ("old", "new/deep"):
        count = 0
        with pytest.raises(FileRefused, match="cannot be written: permission denied"):
            write_files(tmp_path / folder, {**SECOND, "d.v": ""})
    assert {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize("at", range(3))
def test_an_interrupt_between_renames_waits(tmp_path, monkeypatch, at):
    """The set is complete before Ctrl-C is heard."""
    replace, count = Path.replace, 0

    def interrupted(self: Path, target: Path) -> Path:
        nonlocal count
        if count == at:
            signal.raise_signal(signal.SIGINT)
        count += 1
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_files(tmp_path, FIRST)
    assert contents(tmp_path) == FIRST
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# ---- single files --------------------------------------------------------------------------------


def test_one_file(tmp_path):
    write_file(tmp_path / "x.bin", b"\0\1")
    write_file(tmp_path / "x.txt", "\u03b8\n")
    assert (tmp_path / "x.bin").read_bytes() == b"\0\1"
    assert (tmp_path / "x.txt").read_bytes() == b"\xce\xb8\n"
    assert len(list(tmp_path.iterdir())) == 2


def test_one_file_that_exists(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(FileRefused, match="x: exists; --force replaces it"):
        write_file(path, "new")
    assert path.read_text() == "old"
    write_file(path, "new", force=True)
    assert contents(tmp_path) == {"x": "new"}


def test_one_file_that_appears_meanwhile(tmp_path, monkeypatch):
    path, write = tmp_path / "x", files._write_new

    def meanwhile(temporary: Path, data: bytes) -> None:
        write(temporary, data)
        path.write_text("somebody's")

    monkeypatch.setattr(files, "_write_new", meanwhile)
    with pytest.raises(FileRefused, match="exists"):
        write_file(path, "new")
    assert contents(tmp_path) == {"x": "somebody's"}


def test_one_file_without_hard_links(tmp_path, monkeypatch):
    def unsupported(self: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", unsupported)
    write_file(tmp_path / "x", "new")
    assert contents(tmp_path) == {"x": "new"}


@pytest.mark.parametrize("force", [False, True])
def test_one_file_where_something_else_is(tmp_path, force):
    (tmp_path / "target").write_text("keep")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "folder").mkdir()
    for name, message in [
        ("link", "is a symbolic link"),
        ("folder", "is a directory"),
        ("missing/x", "no such file or directory"),
        ("target/x", "not a directory"),
        ("nul\0", "is no name of a file"),
        ("n" * 300, "file name too long"),
    ]:
        with pytest.raises(FileRefused, match=message):
            write_file(tmp_path / name, "new", force=force)
    assert (tmp_path / "target").read_text() == "keep"
    assert len(list(tmp_path.iterdir())) == 3


def test_device(tmp_path):
    with pytest.raises(FileRefused, match="is not a regular file"):
        write_file("/dev/null", "new", force=True)
