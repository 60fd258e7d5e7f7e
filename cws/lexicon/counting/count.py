"""Counts of character n-grams and of their neighbours, from any amount of text in bounded memory.

Text is cut into runs of Han characters (Chinese numerals are some; digits, letters and punctuation are not). Counting
goes block by block: a block is as much text as fits in half of the memory. When all of it is one block, its n-grams go
straight from the sort into the statistics; else each block becomes sorted files of partial counts, and these are
merged. docs/reference/ngram_counts.md describes the scheme and the file format; count_reference.py is the definition.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from mmap import ACCESS_READ, mmap
from typing import BinaryIO, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from cws import _native
from cws.errors import CorpusError, FileError, InputError
from cws.files import atomic_output, file_error
from cws.lexicon.counting.blocks import MOST_FILES, Blocks
from cws.lexicon.counting.line_sample import SampleThread
from cws.lexicon.counting.source import Display, FileSource, TextSource
from cws.text import HANZI_RANGES
from cws.threads import check_threads, processors

MAX_ORDER = 10
LEAST_MEMORY = 128 << 20
_OWN_MEMORY = 96 << 20  # Python, numpy, buffers of files
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class NgramTable(NamedTuple):
    """The n-grams of one order, ascending by code points.

    A neighbour is the character before or after an n-gram. Each edge of a run is a neighbour of its own, unlike any
    other, as in accessor variety (Feng, Chen, Deng and Zheng 2004). An entropy is that of the distribution of the
    neighbours (branching entropy: Jin and Tanaka-Ishii 2006).

    Attributes:
        ngrams: (m, k) uint32, code points.
        counts: (m,) int64.
        left_neighbours, right_neighbours: (m,) uint32, how many distinct ones; 2**32 - 1 stands for any more.
        left_entropies, right_entropies: (m,) float32, in nats.
    """

    ngrams: NDArray[np.uint32]
    counts: NDArray[np.int64]
    left_neighbours: NDArray[np.uint32]
    right_neighbours: NDArray[np.uint32]
    left_entropies: NDArray[np.float32]
    right_entropies: NDArray[np.float32]

    def strings(self) -> NDArray[np.str_]:
        """Return the n-grams as (m,) strings over the same memory."""
        return self.ngrams.view(f"<U{self.ngrams.shape[1]}").reshape(-1)


class NgramCounts(NamedTuple):
    """All n-grams of order 1 to n that are frequent enough.

    Attributes:
        tables: tables[k - 1] is that of order k. They are mapped from a file without a name, which is gone with them.
        characters: How many Han characters there were.
        runs: In how many runs.
    """

    tables: tuple[NgramTable, ...]
    characters: int
    runs: int


def count(
    paths: Sequence[str | os.PathLike[str]],
    *,
    n: int = 4,
    min_count: int = 1,
    memory: int | str = "2G",
    threads: int | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    progress: bool = False,
    work_folder: str | os.PathLike[str] | None = None,
) -> NgramCounts:
    """Count the n-grams of files. Their order, memory and threads make no difference to the result.

    Args:
        paths: Any text; `.gz`, `.xz` and `.zst` are decompressed, `-` is stdin. A run ends with its file.
        n: The length of the longest n-grams, 1 to 10.
        min_count: The least count of n-grams that are kept. Those that are not are neighbours all the same.
        memory: What the process may take, in bytes or such as `500M` and `2G`; at least 128M. What does not fit in it
            is sorted into files, about as large as the text, in `work_folder` or the folder for temporary files
            (TMPDIR). There they have no name and are gone with the process, however it ends.
        threads: By default, as many as there are processors.
        encoding: Any text encoding Python knows.
        errors: What to do with invalid bytes: `strict`, `replace`, or another of Python's error handlers.
        progress: Whether to show on stderr how far it is.
        work_folder: Where the finished blocks of an interrupted count stay. The same call goes on from them, whatever
            its memory and threads, and removes them at the end.

    Raises:
        FileError, EncodingError, CorpusError: As `cws.files.read_lines`; FileError for a full disk too.
        InputError: An argument out of range; a work folder with an interrupted count of something else.
    """
    limits = _Limits.checked(n, memory, threads)
    source = FileSource(paths, encoding, errors, progress)
    return _count(source, limits, _checked_min_count(min_count), work_folder)


def count_and_sample(
    paths: Sequence[str | os.PathLike[str]],
    characters: int,
    *,
    n: int = 4,
    min_count: int = 1,
    memory: int | str = "2G",
    threads: int | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    progress: bool = False,
    work_folder: str | os.PathLike[str] | None = None,
) -> tuple[NgramCounts, list[str]]:
    """Return what `count` and `sample.sample_runs` return for the text of files, which are read once for both."""
    limits = _Limits.checked(n, memory, threads)
    min_count = _checked_min_count(min_count)
    sample = _native.LineSample(characters)
    with SampleThread(sample) if limits.threads > 1 else nullcontext(sample) as taking:
        source = FileSource(paths, encoding, errors, progress, taking)
        counts = _count(source, limits, min_count, work_folder)
        return counts, taking.runs()


def count_texts(
    texts: Iterable[str],
    *,
    n: int = 4,
    min_count: int = 1,
    memory: int | str = "2G",
    threads: int | None = None,
) -> NgramCounts:
    """Count the n-grams of texts, where a run ends with its text. Arguments and errors as of `count`."""
    return _count(TextSource(texts), _Limits.checked(n, memory, threads), _checked_min_count(min_count), None)


def count_partially(
    paths: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    n: int = 4,
    memory: int | str = "2G",
    threads: int | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    progress: bool = False,
    work_folder: str | os.PathLike[str] | None = None,
) -> None:
    """Write the partial counts of files, for `merge_counts`. Arguments and errors as of `count`.

    The same text gives the same bytes, whatever the order of files, memory and threads.
    """
    if os.fspath(output).endswith((".gz", ".xz", ".zst")) or os.fspath(output) == "-":
        raise InputError(f"partial counts are read at any place and not compressed: expected a file, got {output}")
    limits = _Limits.checked(n, memory, threads)
    source = FileSource(paths, encoding, errors, progress)
    with atomic_output(output) as file:
        # The file has no bytes and a name for the time being.
        _write_partial(source, limits, cast("BinaryIO", file).name, work_folder)


def count_source_partially(
    source: FileSource | TextSource, output: str | os.PathLike[str], *, n: int = 4, memory: int | str = "2G"
) -> None:
    """Write the partial counts of a source of text with one thread; see `count_partially`."""
    _write_partial(source, _Limits.checked(n, memory, 1), os.fspath(output), None)


def _write_partial(
    source: FileSource | TextSource, limits: _Limits, output: str, work_folder: str | os.PathLike[str] | None
) -> None:
    folder = os.path.dirname(os.path.realpath(output))
    with _native_errors():
        blocks = _sorted_blocks(source, limits, limits.counter(), work_folder, folder, last=True)
        _native.merge_ngram_files(blocks.files, output, blocks.folder, source.watch("merging"))
        source.close()
        blocks.remove()


def merge_counts(
    paths: Sequence[str | os.PathLike[str]], *, min_count: int = 1, threads: int | None = None, progress: bool = False
) -> NgramCounts:
    """Return the counts of all text whose partial counts are in the files: just what `count` gives for that text.

    Raises:
        FileError: A missing file, a full disk.
        CorpusError: A broken or foreign file, or files of different n.
        InputError: No file, or an argument out of range.
    """
    if not paths:
        raise InputError("expected at least one file of partial counts")
    threads = processors() if threads is None else check_threads(threads)
    min_count, folder = _checked_min_count(min_count), tempfile.gettempdir()
    display = Display([]) if progress else None
    watch = display.watch("merging") if display else None
    with _native_errors():
        files: list[_native.NgramFile] = []
        for at in range(0, len(paths), MOST_FILES):  # a process may have some thousand files open, or fewer
            group = [_native.NgramFile(os.fspath(path)) for path in paths[at : at + MOST_FILES]]
            one = len(paths) > MOST_FILES
            files += [_native.merge_ngram_files(group, "", folder, watch)] if one else group
        counts = _mapped(_native.count_ngram_files(files, min_count, threads, folder, watch))
    if display:
        display.close()
    return counts


def count_merged(files: list[_native.NgramFile], *, min_count: int, folder: str) -> NgramCounts:
    """Return the counts of open files of partial counts, with one thread; see `merge_counts`."""
    with _native_errors():
        return _mapped(_native.count_ngram_files(files, _checked_min_count(min_count), 1, folder, None))


class _Limits(NamedTuple):
    n: int
    memory: int
    threads: int

    @classmethod
    def checked(cls, n: int, memory: int | str, threads: int | None) -> _Limits:
        if not isinstance(n, int) or not 1 <= n <= MAX_ORDER:
            raise InputError(f"n must be from 1 to {MAX_ORDER}, got {n!r}")
        return cls(n, parse_memory(memory), processors() if threads is None else check_threads(threads))

    def counter(self) -> _native.NgramCounter:
        """Return a counter that takes half of the memory for a block of text, and half for sorting."""
        half = (self.memory - _OWN_MEMORY) // 2
        return _native.NgramCounter(self.n, _is_han(), half // 2, half, self.threads)


def parse_memory(memory: int | str) -> int:
    """Return bytes.

    >>> parse_memory("2G")
    2147483648

    Raises:
        InputError: Not a size, or less than 128M.
    """
    text = str(memory).strip().upper().removesuffix("B")
    unit = _UNITS.get(text[-1:], 1)
    try:
        size = int(float(text.rstrip("KMGT") if unit > 1 else text) * unit)
    except (ValueError, OverflowError):
        raise InputError(f"memory must be bytes or such as 500M and 2G, got {memory!r}") from None
    if size < LEAST_MEMORY:
        raise InputError(f"memory must be at least 128M, got {memory!r}")
    return size


def _checked_min_count(min_count: int) -> int:
    if not isinstance(min_count, int) or not 1 <= min_count < 2**63:
        raise InputError(f"min_count must be at least 1, got {min_count!r}")
    return min_count


@cache
def _is_han() -> bytes:
    """Return one byte for each code point below 0x40000: whether it is a Han character."""
    flags = bytearray(0x40000)
    for first, last in HANZI_RANGES:
        flags[first : last + 1] = b"\1" * (last + 1 - first)
    return bytes(flags)


def _count(
    source: FileSource | TextSource, limits: _Limits, min_count: int, work_folder: str | os.PathLike[str] | None
) -> NgramCounts:
    counter = limits.counter()
    with _native_errors():
        blocks = _sorted_blocks(source, limits, counter, work_folder, tempfile.gettempdir(), last=False)
        watch = source.watch("counting")
        if blocks.files:
            found = _native.count_ngram_files(blocks.files, min_count, limits.threads, blocks.folder, watch)
        else:
            found = counter.count_block(min_count, blocks.folder, watch)
        source.close()
        blocks.remove()
        return _mapped(found)


def _sorted_blocks(
    source: FileSource | TextSource,
    limits: _Limits,
    counter: _native.NgramCounter,
    work_folder: str | os.PathLike[str] | None,
    folder: str,
    *,
    last: bool,
) -> Blocks:
    """Return the blocks of all text; the last one stays in the counter if it is the only one, unless `last`."""
    blocks = Blocks(
        work_folder, folder, {"n": limits.n, **source.identity(resumed=work_folder is not None)}, limits.threads
    )
    counter.begin_with(blocks.rest)
    for text in source.pieces(blocks.position):
        if text is None:
            counter.end_run()
            continue
        at = counter.add(text, 0)
        while at < len(text):
            blocks.add(counter, source.position(at), source.watch("sorting"))
            at = counter.add(text, at)
    if blocks.files or last:
        blocks.add(counter, source.position(0), source.watch("sorting"))
    return blocks


def _mapped(found: tuple[int, list[tuple[int, int]], int, int]) -> NgramCounts:
    """Map the file of tables, whose descriptor this closes."""
    descriptor, orders, characters, runs = found
    try:
        size = os.fstat(descriptor).st_size
        buffer = mmap(descriptor, size, access=ACCESS_READ) if size else b""
    finally:
        os.close(descriptor)
    tables = []
    for order, (rows, at) in enumerate(orders, 1):
        columns = []
        for dtype, width in ((np.uint32, order), (np.int64, 1), *[(np.uint32, 1)] * 2, *[(np.float32, 1)] * 2):
            columns.append(np.frombuffer(buffer if rows else b"", dtype, rows * width, at if rows else 0))
            at += (columns[-1].nbytes + 7) // 8 * 8
        tables.append(NgramTable(columns[0].reshape(rows, order), *columns[1:]))
    return NgramCounts(tuple(tables), characters, runs)


@contextmanager
def _native_errors() -> Iterator[None]:
    try:
        yield
    except _native.BrokenCounts as error:
        message, path = error.args
        raise CorpusError(f"broken partial counts ({message}): make the file again", path) from error
    except FileError:
        raise
    except OSError as error:
        raise file_error(error, error.filename or "") from error
