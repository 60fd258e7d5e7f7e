"""Opening files: `-` for the standard streams, compressed ones by suffix, and outputs that are whole or not there."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedIOBase, BufferedReader, RawIOBase
from typing import TYPE_CHECKING, BinaryIO, cast

from cws.errors import CorpusError, FileError, InputError
from cws.text import decode_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from _typeshed import WriteableBuffer

BLOCK = 1 << 16  # bytes read at once

_REMEDIES = {
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "check the path: one of its folders is a file",
    errno.EISDIR: "name a file in it",
    errno.EACCES: "choose another file or change its permissions",
    errno.EROFS: "write to another folder",
    errno.ENOSPC: "free some space or write to another disk",
    errno.EDQUOT: "free some space or write to another disk",
    errno.EFBIG: "raise the limit on file sizes or write less",
}
_OUTPUT_REMEDIES = {**_REMEDIES, errno.ENOENT: "check the path: the folder of an output must exist"}
_UNFINISHED = re.compile(r"\.cws-[0-9a-f]{16}\.tmp")
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def file_error(error: OSError, path: str | os.PathLike[str], remedies: Mapping[int, str] = _REMEDIES) -> FileError:
    """Return the error with the path and what to do about it."""
    code = error.errno or errno.EIO
    remedy = remedies.get(code, "check the path and the disk")
    return FileError(code, f"{error.strerror or os.strerror(code)}: {remedy}", os.fspath(path))


def check_input(path: str | os.PathLike[str]) -> None:
    """Raise FileError for a file that is not there, or a directory, without opening it (a pipe would wait)."""
    if os.fspath(path) == "-":
        return
    try:
        if stat.S_ISDIR(os.stat(path).st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    except OSError as error:
        raise file_error(error, path) from error


def check_folder(folder: str | os.PathLike[str]) -> None:
    """Raise FileError if the folder could not be made: better now than after the training."""
    nearest = os.path.abspath(folder)
    while not os.path.exists(nearest):
        nearest = os.path.dirname(nearest)
    if not os.path.isdir(nearest):
        raise file_error(NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)), folder)
    if not os.access(nearest, os.W_OK):
        raise file_error(PermissionError(errno.EACCES, os.strerror(errno.EACCES)), folder)


def check_output(output: str | os.PathLike[str], inputs: Iterable[str | os.PathLike[str]]) -> None:
    """Raise InputError if the output is one of the inputs, by whatever path or link; `-` is stdin and stdout.

    Devices and pipes are never the same, and an output that does not exist is none of the inputs.
    """
    target = _regular_file(output, 1)
    for path in inputs if target else ():
        source = _regular_file(path, 0)
        if target and source and os.path.samestat(source, target):
            raise InputError(f"{display_name(path)} is the output too, and would be overwritten: choose another output")


def files_in(folder: str | os.PathLike[str]) -> list[str]:
    """Return the paths of what is in a folder; none where there is no folder."""
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder))] if os.path.isdir(folder) else []


def _regular_file(path: str | os.PathLike[str], stream: int) -> os.stat_result | None:
    """Return the status of a file, or of an open stream for `-`; None where there is no regular file."""
    try:
        status = os.fstat(stream) if os.fspath(path) == "-" else os.stat(path)
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None


@contextmanager
def open_input(path: str | os.PathLike[str]) -> Iterator[BufferedIOBase]:
    """Open a file for reading bytes; `-` is stdin, `.xz`, `.gz` and `.zst` are decompressed.

    Raises:
        FileError: A missing file, a directory, no permission.
        CorpusError: Broken compressed data, found while the file is read.
    """
    if os.fspath(path) == "-":
        yield cast("BufferedIOBase", sys.stdin.buffer)
        return
    try:
        raw = open(path, "rb")  # noqa: SIM115 - closed below, where errors are the caller's
    except OSError as error:
        raise file_error(error, path) from error
    file, broken = compressed(raw, path, "rb")
    with raw, file:
        try:
            yield file
        except broken as error:
            raise CorpusError(f"broken compressed file ({error}): fetch it or compress it again", path) from error


@contextmanager
def reopenable_input(path: str | os.PathLike[str]) -> Iterator[Callable[[], AbstractContextManager[BufferedIOBase]]]:
    """Yield what opens an input as `open_input` does, as often as it is called, one after the other.

    Stdin and pipes, which can be read only once, are first copied into a temporary file, which nobody else sees.

    Raises:
        FileError: No room for the copy; and as `open_input`.
    """
    import tempfile  # here, because the default model should not wait for it

    if _regular_file(path, 0) and os.fspath(path) != "-":
        yield lambda: open_input(path)
        return
    with tempfile.TemporaryFile() as copy:
        with open_input(path) as file:
            while block := file.read1(BLOCK):
                try:
                    copy.write(block)
                    copy.flush()
                except OSError as error:
                    raise file_error(error, tempfile.gettempdir()) from error

        @contextmanager
        def reopen() -> Iterator[BufferedIOBase]:
            copy.seek(0)
            yield cast("BufferedIOBase", copy)

        yield reopen


def read_lines(path: str | os.PathLike[str], *, encoding: str = "utf-8", errors: str = "strict") -> Iterator[str]:
    """Yield the lines of a text file without their ends, as they come in.

    Raises:
        FileError, CorpusError: As `open_input`.
        EncodingError, InputError: As `cws.text.decode`.
    """
    with open_input(path) as file:
        # read1 hands on what a pipe has, where read would wait for a full block.
        blocks = iter(lambda: file.read1(BLOCK), b"")
        yield from decode_lines(blocks, path=display_name(path), encoding=encoding, errors=errors)


def display_name(path: str | os.PathLike[str]) -> str:
    """Return what messages call an input: its path, or `<stdin>` for `-`."""
    return "<stdin>" if os.fspath(path) == "-" else os.fspath(path)


@contextmanager
def atomic_output(path: str | os.PathLike[str]) -> Iterator[BufferedIOBase]:
    """Open a file for writing bytes that appears under its name only when all went well.

    Until then the bytes go to a temporary file in the same folder, which any error removes; an existing file stays
    untouched, and when it is replaced its permissions stay. `.xz`, `.gz` and `.zst` are compressed. `-` (stdout),
    devices and pipes cannot be replaced: they are written directly.

    Raises:
        FileError: A missing folder, a directory, no permission, a full disk.
    """
    name = os.fspath(path)
    target = os.path.realpath(name)  # through links, which stay links
    temporary = os.path.join(os.path.dirname(target), f".cws-{os.urandom(8).hex()}.tmp")
    try:
        if name == "-":
            yield cast("BufferedIOBase", sys.stdout.buffer)
            sys.stdout.buffer.flush()
        elif _is_stream(name):
            with open(name, "wb") as stream:
                yield stream
        else:
            with _replacement(target, temporary) as file:
                yield file
    except OSError as error:
        # What else goes wrong while the caller has the file open is not about this file.
        if isinstance(error, FileError) or not (error.errno in _DISK_FULL or error.filename in (name, temporary)):
            raise
        raise file_error(error, "<stdout>" if name == "-" else path, _OUTPUT_REMEDIES) from error


def is_unfinished(name: str) -> bool:
    """Whether a file of this name is an output that was not finished, which a killed process left."""
    return _UNFINISHED.fullmatch(name) is not None


@contextmanager
def _replacement(target: str, temporary: str) -> Iterator[BufferedIOBase]:
    if os.path.isdir(target):  # say so now, not after an hour of work
        raise file_error(IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)), target)
    with open(temporary, "xb") as raw:
        try:
            if os.path.exists(target):
                os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
            with compressed(raw, target, "wb")[0] as file:
                yield file
            raw.close()  # before the rename: closing writes what is left, and may find the disk full
            os.replace(temporary, target)
        except BaseException:  # Ctrl-C too leaves nothing
            os.unlink(temporary)
            raise


def _is_stream(name: str) -> bool:
    """Whether the name is a device, a pipe, or an open file of this process such as /dev/stdout."""
    try:
        mode = os.stat(name).st_mode
    except OSError:
        return False
    mine = os.path.abspath(name).startswith(("/dev/std", "/dev/fd/", "/proc/self/fd/"))
    return mine or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def compressed(
    raw: BinaryIO, path: str | os.PathLike[str], mode: str
) -> tuple[BufferedIOBase, tuple[type[Exception], ...]]:
    """Return the file through the compressor its name asks for, and the errors that mean broken data.

    Closing it leaves `raw` open.
    """
    name = os.fspath(path)
    if name.endswith(".xz"):
        import lzma

        return lzma.LZMAFile(raw, mode), (lzma.LZMAError, EOFError)
    if name.endswith(".gz"):
        import gzip
        import zlib

        # No name and no time in the header: the same content gives the same bytes.
        return gzip.GzipFile("", mode, fileobj=raw, mtime=0), (gzip.BadGzipFile, zlib.error, EOFError)
    if name.endswith(".zst"):
        import zstandard

        if mode == "wb":
            return cast("BufferedIOBase", zstandard.ZstdCompressor().stream_writer(raw, closefd=False)), ()
        return BufferedReader(_ZstdFrames(raw)), (zstandard.ZstdError, EOFError)
    return cast("BufferedIOBase", raw), ()


class _ZstdFrames(RawIOBase):
    """The content of all frames of a file. zstandard's own reader takes a file that is cut off for a whole one."""

    def __init__(self, raw: BinaryIO) -> None:
        import zstandard

        self._raw, self._decompressor = raw, zstandard.ZstdDecompressor()
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._content = memoryview(b"")
        self._waiting = b""  # compressed bytes after the end of a frame

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def readinto(self, buffer: WriteableBuffer) -> int:
        while not self._content:
            data = self._waiting or self._raw.read(BLOCK)
            if not data:
                if self._frame:
                    raise EOFError("it ends within a frame")
                return 0
            self._frame = self._frame or self._decompressor.decompressobj()
            self._content = memoryview(self._frame.decompress(data))
            self._waiting = self._frame.unused_data
            if self._frame.eof:
                self._frame = None
        target = memoryview(buffer).cast("B")
        size = min(len(target), len(self._content))
        target[:size], self._content = self._content[:size], self._content[size:]
        return size
