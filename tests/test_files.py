from __future__ import annotations

import gzip
import io
import lzma
import os
import stat
import sys
import threading
from types import SimpleNamespace

import pytest
import zstandard

from cws.errors import CorpusError, FileError
from cws.files import atomic_output, check_input, open_input, read_lines, reopenable_input


def write(path, data=b"new"):
    with atomic_output(path) as file:
        file.write(data)


def use_stdin(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))


def test_files_open_input_reads_bytes(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"one\n")
    with open_input(tmp_path / "a.txt") as file:
        assert file.read() == b"one\n"


def read_twice(path):
    with reopenable_input(path) as reopen:
        return [read_all(reopen) for _ in range(2)]


def read_all(reopen):
    with reopen() as file:
        return file.read()


def test_files_reopenable_input_is_read_twice(tmp_path, monkeypatch):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"one\n"))
    assert read_twice(tmp_path / "a.gz") == [b"one\n"] * 2
    use_stdin(monkeypatch, b"two")
    assert read_twice("-") == [b"two"] * 2


def test_files_reopenable_input_copies_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"one",))
    writer.start()
    assert read_twice(tmp_path / "pipe") == [b"one"] * 2
    writer.join()


def test_files_reopenable_input_that_is_not_there(tmp_path):
    with pytest.raises(FileError, match="check the path"):
        read_twice(tmp_path / "a.txt")


def test_files_open_input_dash_is_stdin_and_stays_open(monkeypatch):
    use_stdin(monkeypatch, b"one")
    with open_input("-") as file:
        assert file.read() == b"one"
    assert not sys.stdin.buffer.closed


def zstd_decompress(data):
    return zstandard.ZstdDecompressor().decompressobj().decompress(data)


@pytest.mark.parametrize(
    ("suffix", "decompress"), [(".xz", lzma.decompress), (".gz", gzip.decompress), (".zst", zstd_decompress)]
)
def test_files_compressed_by_suffix(tmp_path, suffix, decompress):
    path = tmp_path / f"a.txt{suffix}"
    write(path, b"one" * 1000)
    first = path.read_bytes()
    assert decompress(first) == b"one" * 1000
    with open_input(path) as file:
        assert file.read() == b"one" * 1000
    write(path, b"one" * 1000)
    assert path.read_bytes() == first


def test_files_zst_of_several_frames(tmp_path):
    data = os.urandom(300_000)
    frames = [zstandard.ZstdCompressor().compress(part) for part in (data, b"", b"one\n", bytes(200_000))]
    (tmp_path / "a.zst").write_bytes(b"".join(frames))
    with open_input(tmp_path / "a.zst") as file:
        assert file.read() == data + b"one\n" + bytes(200_000)


@pytest.mark.parametrize("suffix", [".xz", ".gz", ".zst"])
@pytest.mark.parametrize(
    "harm", [lambda data: data[:-9], lambda data: b"plain text", lambda data: data[:20] + b"x" * 50]
)
def test_files_broken_compressed_file_is_a_corpus_error(tmp_path, suffix, harm):
    path = tmp_path / f"a{suffix}"
    write(path, os.urandom(1000))
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(CorpusError, match=f"{path}: broken compressed file .*: fetch it or compress it again"):
        list(read_lines(path, errors="replace"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.txt", "none.txt: No such file or directory: check the path"),
        (".", ": Is a directory: name a file in it"),
        ("a.txt/b", "a.txt/b: Not a directory: check the path: one of its folders is a file"),
        ("x" * 300, "File name too long: check the path and the disk"),
    ],
)
def test_files_input_that_cannot_be_opened(tmp_path, name, message):
    (tmp_path / "a.txt").touch()
    with pytest.raises(FileError, match=message) as caught, open_input(tmp_path / name):
        pass
    assert caught.value.filename == str(tmp_path / name)


def test_files_read_lines_reports_the_place(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"ok\n\xff")
    with pytest.raises(ValueError, match="a.txt:2:3: byte 0xff"):
        list(read_lines(tmp_path / "a.txt"))


def test_files_read_lines_reports_stdin_by_name(monkeypatch):
    use_stdin(monkeypatch, b"\xff")
    with pytest.raises(ValueError, match="^<stdin>:1:0: byte 0xff"):
        list(read_lines("-"))


def test_files_read_lines_hands_on_what_a_pipe_has(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    may_end = threading.Event()

    def feed():
        with open(tmp_path / "pipe", "wb", buffering=0) as pipe:
            pipe.write(b"one\n")
            may_end.wait(10)

    writer = threading.Thread(target=feed)
    writer.start()
    lines = read_lines(tmp_path / "pipe")
    assert next(lines) == "one"
    may_end.set()
    assert list(lines) == []
    writer.join()


def test_files_atomic_output_appears_at_the_end(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with atomic_output(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, FileNotFoundError])
def test_files_atomic_output_leaves_nothing_after_an_error(tmp_path, error):
    (tmp_path / "a.txt").write_bytes(b"old")
    for name in ("a.txt", "b.txt"):
        with pytest.raises(error) as caught, atomic_output(tmp_path / name) as file:
            file.write(b"new")
            raise error("mine")
        assert str(caught.value) == "mine"
    assert os.listdir(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"old"


def test_files_atomic_output_keeps_permissions(tmp_path):
    path = tmp_path / "a.txt"
    path.touch()
    path.chmod(0o640)
    write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_files_atomic_output_honours_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "a.txt")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


def test_files_atomic_output_writes_through_links(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link.txt").symlink_to(tmp_path / "there" / "a.txt")
    write(tmp_path / "link.txt")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "there" / "a.txt").read_bytes() == b"new"


def test_files_atomic_output_dash_is_stdout(monkeypatch):
    stdout = io.BufferedWriter(raw := io.BytesIO())
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=stdout))
    write("-")
    assert raw.getvalue() == b"new"
    assert not stdout.closed


def test_files_atomic_output_to_a_device():
    write("/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_files_atomic_output_to_an_open_file_of_this_process(tmp_path):
    with open(tmp_path / "a.txt", "wb") as file:
        write(f"/dev/fd/{file.fileno()}")
        assert os.fstat(file.fileno()).st_nlink == 1  # not replaced by another file
    assert (tmp_path / "a.txt").read_bytes() == b"new"


@pytest.mark.parametrize("size", [10, 1_000_000])
def test_files_full_disk(size):
    with pytest.raises(
        FileError, match="^/dev/full: No space left on device: free some space or write to another disk$"
    ):
        write("/dev/full", b"x" * size)


def test_files_full_disk_behind_stdout(monkeypatch):
    with open("/dev/full", "wb", buffering=0) as full:
        monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=full))
        with pytest.raises(FileError, match="^<stdout>: No space left on device"):
            write("-")


def test_files_full_disk_found_at_the_end_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_bytes(b"old")
    monkeypatch.setattr(os, "replace", lambda *names: os.write(os.open("/dev/full", os.O_WRONLY), b"x"))
    with pytest.raises(FileError, match="a.txt: No space left on device"):
        write(tmp_path / "a.txt")
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none/a.txt", "none/a.txt: No such file or directory: .*the folder of an output must exist"),
        (".", ": Is a directory: name a file in it"),
        ("a.txt/b", "a.txt/b: Not a directory: check the path: one of its folders is a file"),
    ],
)
def test_files_output_that_cannot_be_opened(tmp_path, name, message):
    (tmp_path / "a.txt").touch()
    with pytest.raises(FileError, match=message) as caught, atomic_output(tmp_path / name):
        raise AssertionError("opened")
    assert caught.value.filename == str(tmp_path / name)


def test_files_a_closed_pipe_stays_a_broken_pipe():
    with pytest.raises(BrokenPipeError), atomic_output("/dev/null"):
        raise BrokenPipeError(32, "Broken pipe")


def test_files_check_input_finds_what_cannot_be_read(tmp_path):
    check_input("-")
    (tmp_path / "a").write_text("")
    check_input(tmp_path / "a")
    with pytest.raises(FileError, match="No such file or directory: check the path"):
        check_input(tmp_path / "b")
    with pytest.raises(FileError, match="Is a directory: name a file in it"):
        check_input(tmp_path)
