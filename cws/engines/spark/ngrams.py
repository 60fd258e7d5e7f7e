"""Counting n-grams on a cluster.

Tasks count their text in the core and cut what they counted into shards by first character; Spark brings each shard
together; other tasks merge it and drop what is rare. Counts are exact, so the tables are those of one machine.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from cws.engines.spark.columns import check_options
from cws.engines.spark.shards import ShardMerge, cut_file
from cws.errors import EncodingError, InputError
from cws.lexicon.counting.count import MAX_ORDER, NgramCounts, NgramTable, count_merged, count_source_partially
from cws.lexicon.counting.source import TextSource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_MEMORY = "1G"  # of a task that counts
_ROWS = 1 << 18  # of a table in one record
# What tasks hand on. kind: "shard", "lines" or "bits" of the sample, "ngrams", "characters", "runs". number: of the
# shard; zeros at the end of the lines' checksums; the order of n-grams. size: characters of lines; a total.
_RECORD = pa.schema([("kind", pa.string()), ("number", pa.int32()), ("size", pa.int64()), ("data", pa.binary())])
RECORD_TYPES = "kind string, number int, size bigint, data binary"
_TABLE = pa.schema(
    [
        ("ngram", pa.string()),
        ("count", pa.int64()),
        ("left_neighbours", pa.int64()),
        ("right_neighbours", pa.int64()),
        ("left_entropy", pa.float32()),
        ("right_entropy", pa.float32()),
    ]
)
_TABLE_TYPES = (
    "ngram string, count bigint, left_neighbours bigint, right_neighbours bigint, left_entropy float,"
    " right_entropy float"
)
_NUMBERS = (np.int64, np.uint32, np.uint32, np.float32, np.float32)  # the columns of NgramTable after the n-grams


def count_ngrams(
    df: DataFrame, column: str, *, n: int = 4, min_count: int = 1, partitions: int | None = None, errors: str = "strict"
) -> DataFrame:
    """Return the n-grams of a column of text, with the statistics of `cws.lexicon.NgramTable`; lazy.

    A run of characters ends with its record. Counts and neighbours are exact, whatever the least count, and those that
    `cws.lexicon.count_texts` gives.

    Args:
        df: Any DataFrame.
        column: Its column of strings.
        n: Characters of the longest n-grams, 1 to 10.
        min_count: The least count of n-grams that are returned.
        partitions: How many tasks merge; by default as `spark.sql.shuffle.partitions` says.
        errors: What to do with bytes that are not UTF-8: `strict` or `replace`.

    Returns:
        ngram, count, left_neighbours, right_neighbours, left_entropy, right_entropy; in no order.

    Raises:
        InputError: No such column, or not one of strings; an option out of range.
    """
    check_options("words", errors)
    if dict(df.dtypes).get(column) != "string":
        columns = ", ".join(f"{name} ({kind})" for name, kind in df.dtypes)
        raise InputError(f"expected a column of strings, got {column!r}: the DataFrame has {columns}")
    if not isinstance(n, int) or not 1 <= n <= MAX_ORDER or not isinstance(min_count, int) or min_count < 1:
        raise InputError(f"expected n from 1 to {MAX_ORDER} and a min_count of at least 1, got {n!r} and {min_count!r}")
    merging = partitions or int(str(df.sparkSession.conf.get("spark.sql.shuffle.partitions")))

    def count(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        texts = (text for batch in batches for text in _texts(batch.column(0), errors))
        yield from count_into_shards(TextSource(texts), n, 2 * merging)

    counted = df.select(column).mapInArrow(count, RECORD_TYPES)
    return merge_shards(counted, min_count, merging).where("kind = 'ngrams'").mapInArrow(_tables, _TABLE_TYPES)


def count_into_shards(source: TextSource, n: int, shards: int) -> Iterator[pa.RecordBatch]:
    with tempfile.TemporaryDirectory(prefix="cws-") as folder:
        path = os.path.join(folder, "counts.ngrams")
        count_source_partially(source, path, n=n, memory=_MEMORY)
        for number, data in cut_file(path, shards):
            yield record("shard", number, 0, data)


def _texts(column: pa.Array, errors: str) -> Iterator[str]:
    for record, value in enumerate(column.view(pa.binary()).to_pylist()):
        try:
            yield (value or b"").decode("utf-8", errors)
        except UnicodeDecodeError as error:
            message = (
                f"byte 0x{value[error.start]:02x} at {error.start} of record {record} of a batch is not valid utf-8"
            )
            raise EncodingError(f'{message}: mend the text, or replace such bytes (errors="replace")') from None


def merge_shards(counted: DataFrame, min_count: int, partitions: int) -> DataFrame:
    """Bring the records of tasks together by number, and merge the shards."""

    def merge(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        shards = ShardMerge()
        for batch in batches:
            for at, kind in enumerate(batch.column(0).to_pylist()):
                if kind == "shard":
                    shards.add(batch.column(3)[at].as_py())
                else:
                    yield batch.slice(at, 1)
        if not shards.files:
            return
        counts = count_merged(shards.files, min_count=min_count, folder=shards.folder)
        yield record("characters", 0, counts.characters, b"")
        yield record("runs", 0, counts.runs, b"")
        for order, table in enumerate(counts.tables, 1):
            for first in range(0, len(table.counts), _ROWS):
                rows = NgramTable._make(column[first : first + _ROWS] for column in table)
                yield record("ngrams", order, len(rows.counts), pack(_to_arrow(rows)))

    from pyspark.sql.functions import expr

    together = expr("if(kind = 'shard', number, hash(data))")
    return counted.repartition(partitions, together).mapInArrow(merge, RECORD_TYPES)


def _tables(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for data in batch.column(3):
            yield unpack(data.as_buffer())


def _to_arrow(table: NgramTable) -> pa.RecordBatch:
    columns = [pa.array(table.strings()), *map(pa.array, table[1:])]
    return pa.record_batch([one.cast(kind) for one, kind in zip(columns, _TABLE.types, strict=True)], schema=_TABLE)


def collect_counts(merged: DataFrame, n: int) -> NgramCounts:
    """Return the tables of all shards as those of one machine."""
    parts: list[list[NgramTable]] = [[] for _ in range(n)]
    totals = {"characters": 0, "runs": 0}
    of_shards = merged.where("kind in ('ngrams', 'characters', 'runs')")
    merged.count()  # in parallel; what follows fetches the results one partition after the other
    for row in of_shards.toLocalIterator():
        if row.kind == "ngrams":
            parts[row.number - 1].append(_from_arrow(unpack(pa.py_buffer(bytes(row.data))), row.number))
        else:
            totals[row.kind] += row.size
    tables = tuple(_joined(tables, order) for order, tables in enumerate(parts, 1))
    return NgramCounts(tables, totals["characters"], totals["runs"])


def _from_arrow(batch: pa.RecordBatch, order: int) -> NgramTable:
    ngrams, *numbers = batch.columns
    codes = np.frombuffer(ngrams.buffers()[2].to_pybytes().decode().encode("utf-32-le"), np.uint32)
    columns = (column.to_numpy().astype(kind) for column, kind in zip(numbers, _NUMBERS, strict=True))
    return NgramTable._make((codes.reshape(-1, order), *columns))


def _joined(tables: list[NgramTable], order: int) -> NgramTable:
    """Join tables, no two of which have n-grams that begin with the same character, and each ascending."""
    if not tables:
        return NgramTable._make((np.zeros((0, order), np.uint32), *(np.zeros(0, kind) for kind in _NUMBERS)))
    columns = [np.concatenate(column) for column in zip(*tables, strict=True)]
    rows = np.argsort(columns[0][:, 0], kind="stable")
    return NgramTable._make(column[rows] for column in columns)


def record(kind: str, number: int, size: int, data: bytes) -> pa.RecordBatch:
    return pa.record_batch([[kind], [number], [size], [data]], schema=_RECORD)


def pack(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def unpack(data: pa.Buffer) -> pa.RecordBatch:
    with pa.ipc.open_stream(data) as reader:
        return reader.read_next_batch()
