"""A column of text in, a column of words out: Arrow arrays, without a Python object for each record.

Records are joined, a line feed after each, and the core segments the block: a line feed ends whatever stands before
it, so a block gives what its records give one by one. Words are slices of the text, so a column of lists of words has
the bytes of the column of text: only the places of the words are new.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cws._native import Format
from cws.errors import EncodingError, InputError
from cws.segmenter import Segmenter
from cws.streaming import BLOCK

TOKEN = pa.struct(
    [
        ("text", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("label", pa.string()),
        ("probability", pa.float64()),
        ("type", pa.string()),
    ]
)
OUTPUTS = {"words": pa.list_(pa.string()), "text": pa.string(), "tokens": pa.list_(TOKEN)}
ERRORS = ("strict", "replace")
_LINE_FEED = 10

Places = NDArray[np.int64]


class _Block(NamedTuple):
    """Some records, joined."""

    data: bytes
    stops: Places  # after the line feed of each record


def check_options(output: str, errors: str) -> None:
    """Raise InputError for an unknown output or way to treat errors."""
    if output not in OUTPUTS:
        raise InputError(f"no output {output!r}: take one of {', '.join(OUTPUTS)}")
    if errors not in ERRORS:
        raise InputError(f"errors must be one of {', '.join(ERRORS)}, got {errors!r}")


def segment_column(
    segmenter: Segmenter, column: pa.Array, output: str = "words", *, errors: str = "strict", place: str = "the column"
) -> pa.Array:
    """Return the words of each record; null for null.

    Args:
        segmenter: The model.
        column: Strings (or large strings) of less than 2 GB together.
        output: `words` (a list of them, as `Segmenter.segment`), `text` (separated by spaces, as `cws segment` writes
            them: white space is dropped, line feeds stay) or `tokens` (as `Segmenter.tokens`).
        errors: What to do with bytes that are not UTF-8, which Arrow may hold: `strict` or `replace`.
        place: What messages call the column.

    Raises:
        EncodingError: Bytes that are not UTF-8, with the record, counted from 0, and the byte in it.
        InputError: An unknown output, or one of more than 2 GB.
    """
    check_options(output, errors)
    is_valid = column.is_valid().buffers()[1] if column.null_count else None
    texts = pc.fill_null(column, "") if column.null_count else column
    try:
        return _MAKE[output](segmenter, texts, is_valid)
    except _InvalidRecord as error:
        if errors == "replace":
            return _MAKE[output](segmenter, _mended(texts), is_valid)
        record, byte, value = error.args
        raise EncodingError(
            f"byte 0x{value:02x} at {byte} of record {record} is not valid utf-8: mend the text, read it in its"
            ' encoding, or replace such bytes (errors="replace")',
            place,
        ) from None


def slices(column: pa.Array, most: int) -> Iterator[tuple[int, int]]:
    """Yield (first, count) of runs of records that have at most so many bytes, or are one record."""
    offsets = _offsets(column)
    first = 0
    while first < len(column):
        stop = int(np.searchsorted(offsets, offsets[first] + most, "right")) - 1
        stop = min(max(stop, first + 1), len(column))
        yield first, stop - first
        first = stop


class _InvalidRecord(Exception):
    """Bytes that are not UTF-8: the record, the byte in it, its value."""


def _words(segmenter: Segmenter, texts: pa.Array, is_valid: pa.Buffer | None) -> pa.Array:
    offsets = _offsets(texts)
    ends, counts = [np.zeros(1, np.int64)], []
    for first, block in _blocks(texts):
        found = _checked(segmenter.predictor.word_ends(block.data), block, first)
        of_block, of_records = _without_line_feeds(np.frombuffer(found, np.uint32).astype(np.int64), block.stops)
        ends.append(of_block + (offsets[first] - offsets[0]))
        counts.append(of_records)
    data = texts.buffers()[2]
    if data is not None:
        data = data.slice(int(offsets[0]), int(offsets[-1] - offsets[0]))
    words = _strings(ends, data)
    lists = np.concatenate([np.zeros(1, np.int64), *counts]).cumsum().astype(np.int32)
    return pa.Array.from_buffers(OUTPUTS["words"], len(texts), [is_valid, pa.py_buffer(lists)], children=[words])


def _without_line_feeds(ends: Places, stops: Places) -> tuple[Places, Places]:
    """Return where words end in the records without the line feeds that were put after them, and words a record.

    The last word of a record is the line feed, alone or after white space of the record.
    """
    lasts = np.searchsorted(ends, stops)
    counts = np.diff(lasts, prepend=-1)
    ends = ends - np.repeat(np.arange(len(stops)), counts)
    ends[lasts] -= 1
    is_word = np.diff(ends, prepend=0) > 0
    return ends[is_word], counts - ~is_word[lasts]


def _text(segmenter: Segmenter, texts: pa.Array, is_valid: pa.Buffer | None) -> pa.Array:
    parts, ends, size = [], [np.zeros(1, np.int64)], 0
    for first, block in _blocks(texts):
        written = _checked(segmenter.predictor.format(Format.text, block.data, 0, False, True, False), block, first)
        feeds = np.flatnonzero(np.frombuffer(written, np.uint8) == _LINE_FEED)
        if len(feeds) == len(block.stops):
            parts.append(written.replace(b"\n", b""))
        else:  # records have line feeds of their own
            own = np.flatnonzero(np.frombuffer(block.data, np.uint8) == _LINE_FEED)
            feeds = feeds[np.searchsorted(own, block.stops - 1)]
            parts.append(np.delete(np.frombuffer(written, np.uint8), feeds).tobytes())
        ends.append(feeds - np.arange(len(feeds)) + size)
        size += len(parts[-1])
    return _strings(ends, pa.py_buffer(b"".join(parts)), is_valid)


def _tokens(segmenter: Segmenter, texts: pa.Array, is_valid: pa.Buffer | None) -> pa.Array:
    for first, block in _blocks(texts):
        _check_utf8(block, first)
    found = [segmenter.tokens(text) for text in texts.to_pylist()]
    lists = np.cumsum([0, *map(len, found)]).astype(np.int32)
    columns = list(zip(*(token for tokens in found for token in tokens), strict=True)) or [()] * len(TOKEN)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, TOKEN, strict=True)]
    tokens = pa.StructArray.from_arrays(arrays, fields=list(TOKEN))
    return pa.Array.from_buffers(OUTPUTS["tokens"], len(texts), [is_valid, pa.py_buffer(lists)], children=[tokens])


_MAKE = {"words": _words, "text": _text, "tokens": _tokens}


def _blocks(texts: pa.Array) -> Iterator[tuple[int, _Block]]:
    """Yield the first record of each block, and the block."""
    binary = pa.large_binary() if pa.types.is_large_string(texts.type) else pa.binary()
    feed = pa.scalar(b"\n", binary)
    offsets = _offsets(texts)
    for first, count in slices(texts, BLOCK):
        records = texts.slice(first, count).view(binary)
        whole = pa.ListArray.from_arrays(pa.array([0, count], pa.int32()), records)
        data = pc.binary_join(whole, feed)[0].as_buffer().to_pybytes() + b"\n"
        stops = offsets[first + 1 : first + count + 1] - offsets[first] + np.arange(1, count + 1)
        yield first, _Block(data, stops)


def _offsets(texts: pa.Array) -> Places:
    """Return where each record begins in the buffer of bytes, and where the last one ends."""
    width = np.dtype(np.int64 if pa.types.is_large_string(texts.type) else np.int32)
    buffer = texts.buffers()[1]
    if len(texts) == 0 or buffer is None:
        return np.zeros(len(texts) + 1, np.int64)
    return np.frombuffer(buffer, width, len(texts) + 1, texts.offset * width.itemsize).astype(np.int64)


def _strings(ends: list[Places], data: pa.Buffer | None, is_valid: pa.Buffer | None = None) -> pa.Array:
    """Return the strings that end at these places, the first of which is 0."""
    offsets = np.concatenate(ends)
    if offsets[-1] >= 1 << 31:
        raise InputError(f"expected less than 2 GB of text at once, got {offsets[-1]:,} bytes: take smaller batches")
    buffers = [is_valid, pa.py_buffer(offsets.astype(np.int32)), data or pa.py_buffer(b"")]
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers)


def _checked(found: bytes | int, block: _Block, first: int) -> bytes:
    if isinstance(found, int):
        record = int(np.searchsorted(block.stops, found, "right"))
        begin = int(block.stops[record - 1]) if record else 0
        raise _InvalidRecord(first + record, found - begin, block.data[found])
    return found


def _check_utf8(block: _Block, first: int) -> None:
    try:
        block.data.decode()
    except UnicodeDecodeError as error:
        _checked(error.start, block, first)


def _mended(texts: pa.Array) -> pa.Array:
    binary = pa.large_binary() if pa.types.is_large_string(texts.type) else pa.binary()
    values: list[Any] = texts.view(binary).to_pylist()
    return pa.array([value.decode("utf-8", "replace") for value in values], texts.type)
