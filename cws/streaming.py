"""Segmenting files of any size: UTF-8 blocks in, formatted blocks out, in memory that does not grow with the file.

Blocks are cut after line feeds where there are any, otherwise (in a line of 200 MB, say) where the segmenter itself
cuts long lines. So the output is the same for any size of block and any number of threads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from cws._native import Format
from cws.errors import EncodingError, InputError
from cws.predictor import Predictor
from cws.segmenter import Segmenter
from cws.text import explain_invalid
from cws.threads import check_threads

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from cws.user_dictionary.report import DictionaryReport, EntryCount

_Result = TypeVar("_Result")

FORMATS = ("text", "json", "conll", "spans")
BLOCK = 1 << 18  # bytes; larger blocks are no faster
_BOM = b"\xef\xbb\xbf"


class _Block(NamedTuple):
    """A block that holds whole sequences, and where in the file and in its line it begins."""

    data: bytes
    offset: int
    line: int
    column: int
    has_words: bool
    is_last: bool


def segment_blocks(
    segmenter: Segmenter,
    blocks: Iterable[bytes],
    *,
    format: str = "text",
    only_words: bool = False,
    threads: int = 1,
    path: str = "<input>",
    report: DictionaryReport | None = None,
) -> Iterator[bytes]:
    """Yield the formatted words of a UTF-8 file that comes in blocks, cut anywhere; in order.

    Args:
        segmenter: The model.
        blocks: The bytes of the file, from its beginning; a byte order mark is dropped. An empty block says that the
            next may take a while: the words of all complete lines so far are yielded before it is asked for.
        format: `text` (words separated by spaces), `json` (an object a line, tokens with text, start, end and type),
            `conll` (a word and its type a line, a tab between, an empty line after each line) or `spans` (start-end).
            White space is not written.
        only_words: Whether punctuation is left out too.
        threads: How many threads segment.
        path: What messages call the file.
        report: Gets what becomes of the entries of the user dictionary. The bytes are the same with it.

    Raises:
        EncodingError: Bytes that are not UTF-8, with path:line:byte. The blocks before have been yielded.
        InputError: An unknown format or an invalid number of threads.
        Exception: What `blocks` raises, after the words of the complete lines before it.
    """
    if format not in FORMATS:
        raise InputError(f"unknown format {format!r}: take one of {', '.join(FORMATS)}")
    check_threads(threads)
    predictor, native_format = segmenter.predictor, getattr(Format, format)

    def work(block: _Block | Exception) -> tuple[bytes, dict[int, EntryCount] | None]:
        if isinstance(block, Exception):
            raise block
        result = predictor.format(native_format, block.data, block.column, block.has_words, block.is_last, only_words)
        if isinstance(result, int):
            raise _encoding_error(block, result, path)
        if report is None:
            return result, None
        text = block.data.decode()
        return result, report.count(text, predictor.segment(text))

    for words, counts in _results(work, predictor, blocks, threads):
        if report is not None and counts is not None:
            report.add(counts)  # in order, and so the same for any number of threads
        yield words


def words_of_blocks(
    segmenter: Segmenter, blocks: Iterable[bytes], *, threads: int = 1, path: str = "<input>"
) -> Iterator[list[str]]:
    """Yield the words of a UTF-8 file that comes in blocks, white space too, in order, a list for each block.

    Args, Raises: As for `segment_blocks`.
    """
    check_threads(threads)

    def work(block: _Block | Exception) -> list[str]:
        if isinstance(block, Exception):
            raise block
        try:
            return segmenter.predictor.segment(block.data.decode())
        except UnicodeDecodeError as error:
            raise _encoding_error(block, error.start, path) from None

    return _results(work, segmenter.predictor, blocks, threads)


def _results(
    work: Callable[[_Block | Exception], _Result], predictor: Predictor, blocks: Iterable[bytes], threads: int
) -> Iterator[_Result]:
    """Yield what `work` makes of each block that can be segmented by itself, in order."""
    whole_blocks = _error_last(_whole_blocks(predictor, blocks))
    if threads > 1:
        return _in_threads(work, whole_blocks, threads)
    return (work(block) for block in whole_blocks if block)


def _in_threads(
    work: Callable[[_Block | Exception], _Result], blocks: Iterator[_Block | Exception | None], threads: int
) -> Iterator[_Result]:
    """Yield what `work` makes of each block, in order; None among the blocks says that the next may take a while."""
    waiting: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for block in blocks:
                if block:
                    waiting.append(pool.submit(work, block))
                # Enough to keep all busy, few enough to keep memory flat, and none while the input pauses.
                while len(waiting) > (2 * threads if block else 0):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _error_last(blocks: Iterator[_Block | None]) -> Iterator[_Block | Exception | None]:
    """Yield the blocks and, if reading fails, the error after them: it has to wait for its turn."""
    try:
        yield from blocks
    except Exception as error:
        yield error


def _whole_blocks(predictor: Predictor, blocks: Iterable[bytes]) -> Iterator[_Block | None]:
    """Yield the file again in blocks that end where a sequence ends, so that each can be segmented by itself.

    None stands for an empty block.
    """
    rest = b""
    offset, line, column, has_words = 0, 1, 0, False
    enough = BLOCK  # bytes of a line to look for a place to cut it; twice as many where there was none
    for block in blocks:
        if not block:
            yield None
            continue
        rest += block
        if offset == 0 and rest.startswith(_BOM):
            rest, offset = rest[len(_BOM) :], len(_BOM)
        length = rest.rfind(b"\n") + 1
        next_column, next_has_words = 0, False
        if not length and len(rest) >= enough:
            length, next_column, next_has_words = predictor.whole_sequences(rest, column, has_words)
            enough = BLOCK if length else 2 * len(rest)
        if length:
            yield _Block(rest[:length], offset, line, column, has_words, False)
            offset += length
            line += rest.count(b"\n", 0, length)
            column, has_words, rest = next_column, next_has_words, rest[length:]
    yield _Block(rest, offset, line, column, has_words, True)


def _encoding_error(block: _Block, at: int, path: str) -> EncodingError:
    line = block.line + block.data.count(b"\n", 0, at)
    invalid = UnicodeDecodeError("utf-8", block.data, at, at + 1, "")
    return EncodingError(explain_invalid(invalid, "utf-8"), path, line, block.offset + at)
