"""Building a lexicon of text that is counted on a cluster.

The steps after counting look at the tables of n-grams and at a sample of the text, on the driver. Tables and sample are
those of one machine, so the lexicon is the same, byte for byte.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from cws import _native
from cws.engines.spark.ngrams import RECORD_TYPES, collect_counts, count_into_shards, merge_shards, pack, record, unpack
from cws.engines.spark.session import clear_errors
from cws.engines.spark.splits import Split, is_utf8, list_files, read_split
from cws.errors import CorpusError, InputError
from cws.lexicon.build import BuildOptions, BuildResult, build_from_counts, least_kept
from cws.lexicon.counting.blocks import Position
from cws.lexicon.counting.source import TextSource
from cws.text import decode_blocks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

log = logging.getLogger(__name__)

SPLIT = 1 << 29  # bytes of text a task counts: the more, the less goes over the network
_MERGED = 1 << 28  # bytes of text for which there is a task that merges
_LEVELS = 33  # zeros at the end of a checksum
_LINES = pa.schema([("checksum", pa.uint32()), ("runs", pa.string())])


def build_lexicon(
    spark: SparkSession,
    paths: Sequence[str | os.PathLike[str]],
    *,
    options: BuildOptions | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    threads: int | None = None,
    split_size: int = SPLIT,
    log_line: Callable[[str], None] = log.info,
) -> BuildResult:
    """Find the words of raw text that all machines can read; the result is that of `cws.lexicon.build`.

    Args:
        spark: See `start_session`.
        paths: Files, and folders of files: paths, or URIs of file systems that pyarrow knows.
        options, encoding, errors: As of `cws.lexicon.build`.
        threads: Of the driver, after counting; by default, as many as there are processors.
        split_size: Bytes of text a task counts.
        log_line: Called with a line about each step.

    Raises:
        FileError, EncodingError, CorpusError, InputError: As `cws.lexicon.build`.
        EngineError: A job that failed.
    """
    from pyspark import StorageLevel

    options = options or BuildOptions()
    files = [file for path in paths for file in list_files(path)]
    if not files:
        raise CorpusError("no files: name one or more")
    if any(file.is_parquet for file in files):
        raise InputError("expected files of text, got parquet: count_ngrams counts the column of a DataFrame")
    next(decode_blocks([], "", encoding, errors), None)  # raises for unknown ones
    size = sum(file.size for file in files)
    splits = [split for file in files for split in file.splits(encoding, split_size)]
    merging = max(2 * spark.sparkContext.defaultParallelism, size // _MERGED)
    work = _split_counter(encoding, errors, options.longest, 2 * merging, options.sample)
    rows = spark.createDataFrame(_in_groups(spark, splits, split_size), "path string, start bigint, end bigint")
    with clear_errors():
        merged = merge_shards(rows.mapInArrow(work, RECORD_TYPES), least_kept(size), merging)
        merged = merged.persist(StorageLevel.DISK_ONLY)
        try:
            counts, sample = collect_counts(merged, options.longest), _sample(merged, options.sample)
        finally:
            merged.unpersist()
    return build_from_counts(counts, sample, options=options, threads=threads, log_line=log_line)


def _in_groups(spark: SparkSession, splits: list[Split], split_size: int) -> Any:
    """Return an RDD of splits, each partition about `split_size` bytes of them."""
    size = sum(split.end - split.start if split.end >= 0 else split_size for split in splits)
    parallel = spark.sparkContext.defaultParallelism
    return spark.sparkContext.parallelize(splits, min(len(splits), max(parallel, size // split_size)))


class _SplitSource(TextSource):
    """Parts of files, each of which ends a run."""

    def __init__(self, splits: Iterable[Split], encoding: str, errors: str, sample: _native.LineSample) -> None:
        self._splits, self._encoding, self._errors, self._sample = splits, encoding, errors, sample

    def pieces(self, start: Position) -> Iterator[str | None]:
        for split in self._splits:
            with read_split(split, utf8=is_utf8(self._encoding)) as blocks:
                for text in decode_blocks(blocks, split.path, self._encoding, self._errors):
                    self._sample.add(text)
                    yield text
            self._sample.end_line()
            yield None


def _split_counter(
    encoding: str, errors: str, n: int, shards: int, characters: int
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return what counts the splits of a task, and takes its part of the sample, on an executor."""

    def count(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        sample = _native.LineSample(characters)
        splits = (Split(**row) for batch in batches for row in batch.to_pylist())
        yield from count_into_shards(_SplitSource(splits, encoding, errors, sample), n, shards)
        yield from _sampled(sample)

    return count


def _sampled(sample: _native.LineSample) -> Iterator[pa.RecordBatch]:
    """Yield the lines of a sample, by the zeros at the end of their checksums, and how many zeros all must have."""
    bits, lines = sample.lines()
    yield record("bits", bits, 0, b"")
    levels: dict[int, list[tuple[int, str]]] = {}
    for checksum, runs in lines:
        levels.setdefault(_zeros(checksum), []).append((checksum, runs))
    for level, found in levels.items():
        checksums, texts = zip(*found, strict=True)
        batch = pa.record_batch([pa.array(checksums, pa.uint32()), pa.array(texts, pa.string())], schema=_LINES)
        yield record("lines", level, sum(map(len, texts)), pack(batch))


def _zeros(checksum: int) -> int:
    return (checksum & -checksum).bit_length() - 1 if checksum else _LEVELS - 1


def _sample(merged: DataFrame, characters: int) -> list[str]:
    """Return the runs of the sample of all text; see cws/lexicon/reference.py.

    Each task kept the lines whose checksums end in so many zeros that its own lines were not too many. All together
    may need more zeros, never fewer.
    """
    bits = max((row.number for row in merged.where("kind = 'bits'").select("number").collect()), default=0)
    sizes = [0] * _LEVELS
    for row in merged.where("kind = 'lines'").select("number", "size").collect():
        sizes[row.number] += row.size
    while bits < _LEVELS - 1 and sum(sizes[bits:]) > characters:
        bits += 1
    kept: list[tuple[int, str]] = []
    for row in merged.where(f"kind = 'lines' and number >= {bits}").toLocalIterator():
        batch = unpack(pa.py_buffer(bytes(row.data)))
        kept += zip(*(column.to_pylist() for column in batch.columns), strict=True)
    return [run for _, found in sorted(kept) for run in found.split("\n")]
