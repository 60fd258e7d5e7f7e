"""Folders of text, and the parts of their files that tasks read, on any file system of pyarrow: file, s3, gs, hdfs.

A part of a file is the lines that begin in a range of its bytes. The text of all parts, joined, is the file's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import fs

from cws.errors import CorpusError, CwsError, EncodingError, InputError
from cws.files import compressed, file_error

SPLIT = 1 << 26  # bytes of a part
_BLOCK = 1 << 18
_BOM = b"\xef\xbb\xbf"
_UTF8 = ("utf-8", "utf8")


class InputFile(NamedTuple):
    """A file, and its name in the folder that was listed."""

    path: str
    name: str
    size: int
    modified: float  # seconds since 1970

    @property
    def is_parquet(self) -> bool:
        return self.name.endswith(".parquet")

    def splits(self, encoding: str = "utf-8", size: int = SPLIT) -> list[Split]:
        """Return the parts of the file. Only UTF-8 that is not compressed has more than one."""
        whole = self.is_parquet or self.name.endswith((".gz", ".xz", ".zst")) or not is_utf8(encoding)
        if whole or self.size <= size:
            return [Split(self.path, 0, -1)]
        return [Split(self.path, start, min(start + size, self.size)) for start in range(0, self.size, size)]


class Split(NamedTuple):
    """The lines of a file that begin in the bytes start to end - 1; all of the file if end is -1."""

    path: str
    start: int
    end: int


def is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("_", "-") in _UTF8


def absolute(path: str | os.PathLike[str]) -> str:
    """Return a path that means the same on executors, which have a working directory of their own; a URI as it is."""
    name = os.fspath(path)
    return name if "://" in name else os.path.abspath(name)


def file_system(path: str) -> tuple[Any, str]:
    """Return the file system of an absolute path or URI, and the path in it."""
    try:
        found: tuple[Any, str] = fs.FileSystem.from_uri(path)
    except (ValueError, pa.ArrowException) as error:
        raise InputError(f"{path}: no file system ({error}): give a path, or a URI of file, s3, gs or hdfs") from None
    return found


def list_files(path: str | os.PathLike[str]) -> list[InputFile]:
    """Return the files of a folder and of the folders in it, or the one file, sorted by name.

    Those whose names begin with a dot or an underscore are no data, as everywhere in Spark.

    Raises:
        FileError: There is nothing, or it cannot be read.
        InputError: No file system.
    """
    path = absolute(path)
    system, root = file_system(path)
    with file_errors(path):
        one = system.get_file_info(root)
        if one.type == fs.FileType.NotFound:
            raise FileNotFoundError(2, os.strerror(2))
        if one.type == fs.FileType.File:
            return [InputFile(path, os.path.basename(root), one.size, _modified(one))]
        infos = system.get_file_info(fs.FileSelector(root, recursive=True))
    found = []
    for info in infos:
        name = info.path[len(root) :].lstrip("/")
        if info.type == fs.FileType.File and not any(part[0] in "._" for part in name.split("/")):
            found.append(InputFile(f"{path.rstrip('/')}/{name}", name, info.size, _modified(info)))
    return sorted(found, key=lambda file: file.name)


def _modified(info: Any) -> float:
    return info.mtime_ns / 1e9 if info.mtime_ns else 0.0


@contextmanager
def read_split(split: Split, *, utf8: bool = True) -> Iterator[Iterator[bytes]]:
    """Open a part of a file: its bytes, decompressed, in blocks. Errors raised inside get their place in the file.

    Args:
        split: The part.
        utf8: Whether the text is UTF-8. A part from the middle of it begins with a byte order mark, which readers drop:
            so a line that begins with one keeps it.

    Raises:
        FileError: A file that cannot be read.
        CorpusError: Broken compressed data.
        EncodingError: The caller's, with line and byte counted from the beginning of the file.
    """
    system, path = file_system(split.path)
    with file_errors(split.path), system.open_input_file(path) as raw:
        if split.end < 0:
            file, broken = compressed(raw, path, "rb")
            try:
                yield iter(lambda: file.read(_BLOCK), b"")
            except broken as error:
                message = f"broken compressed file ({error}): fetch it or compress it again"
                raise CorpusError(message, split.path) from error
            return
        begin = _line_start(raw, split.start)
        stop = _line_start(raw, split.end)
        mark = [_BOM] if utf8 and split.start else []
        try:
            yield (block for part in (mark, _range(raw, begin, stop)) for block in part)
        except EncodingError as error:
            byte = None if error.byte is None else error.byte + begin - len(b"".join(mark))
            line = None if error.line is None else error.line + _line_feeds(raw, begin)
            raise EncodingError(error.message, error.path, line, byte) from None


def _line_start(raw: Any, at: int) -> int:
    """Return where the first line begins that begins at `at` or after it."""
    if at == 0:
        return 0
    raw.seek(at - 1)
    begin = at - 1
    while block := raw.read(_BLOCK):
        found: int = block.find(b"\n")
        if found >= 0:
            return begin + found + 1
        begin += len(block)
    return begin


def _range(raw: Any, begin: int, stop: int) -> Iterator[bytes]:
    raw.seek(begin)
    while begin < stop:
        block: bytes = raw.read(min(_BLOCK, stop - begin))
        if not block:
            return
        begin += len(block)
        yield block


def _line_feeds(raw: Any, stop: int) -> int:
    return sum(block.count(b"\n") for block in _range(raw, 0, stop))


@contextmanager
def file_errors(path: str) -> Iterator[None]:
    """Turn errors of a file system into FileErrors that name the path and a remedy."""
    try:
        yield
    except CwsError:
        raise
    except OSError as error:
        raise file_error(error, path) from error
