"""What tasks do with the files of a folder: read a part, segment it, write a file that appears when it is complete."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, cast

from pyarrow import fs

from cws.engines.spark.broadcast import Shipment, open_shipment
from cws.engines.spark.columns import segment_column, slices
from cws.engines.spark.splits import Split, file_errors, file_system, is_utf8, read_split
from cws.errors import CorpusError, CwsError, EncodingError
from cws.files import compressed
from cws.segmenter import Segmenter
from cws.streaming import segment_blocks
from cws.text import decode_blocks

TEMPORARY = ".cws-"  # begins the names of files that are not complete
_ROWS = 10_000  # of a parquet file that are worked on at once
_MOST = 1 << 26  # bytes of text of them


class Task(NamedTuple):
    """A part of a file, and where its words go."""

    split: Split
    output: str
    is_parquet: bool
    modified: float  # the input, in seconds since 1970


class Options(NamedTuple):
    format: str
    encoding: str
    errors: str
    column: str


def worker(shipment: Shipment, options: Options) -> Callable[[Iterable[Task]], Iterator[CwsError | bool]]:
    """Return what works on tasks, on an executor: True for what is done now, False for what was there before.

    What is wrong with a file is returned, so that all others are done; it would be wrong the next time too. Everything
    else is raised, and Spark tries again.
    """

    def work(tasks: Iterable[Task]) -> Iterator[CwsError | bool]:
        for task in tasks:
            if _is_finished(task):
                yield False
                continue
            try:
                _write(open_shipment(shipment), task, options)
                yield True
            except (CorpusError, EncodingError) as error:
                yield error

    return work


def _is_finished(task: Task) -> bool:
    system, path = file_system(task.output)
    with file_errors(task.output):
        info = system.get_file_info(path)
    return bool(info.type == fs.FileType.File and info.mtime_ns / 1e9 >= task.modified)


def _write(segmenter: Segmenter, task: Task, options: Options) -> None:
    with _new_file(task.output) as out:
        if task.is_parquet:
            _write_parquet(segmenter, task.split.path, out, options)
            return
        with read_split(task.split, utf8=is_utf8(options.encoding)) as blocks:
            if not is_utf8(options.encoding) or options.errors != "strict":
                texts = decode_blocks(blocks, task.split.path, options.encoding, options.errors)
                blocks = (text.encode("utf-8", "replace") for text in texts)
            with compressed(out, task.output, "wb")[0] as file:
                for words in segment_blocks(segmenter, blocks, format=options.format, path=task.split.path):
                    file.write(words)


def _write_parquet(segmenter: Segmenter, path: str, out: BinaryIO, options: Options) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    system, name = file_system(path)
    with file_errors(path), system.open_input_file(name) as raw:
        try:
            file = parquet.ParquetFile(raw)
        except pa.ArrowException as error:
            raise CorpusError(f"no parquet file ({error}): fetch it or make it again", path) from None
        schema = file.schema_arrow
        at = schema.get_field_index(options.column)
        if at < 0 or not (pa.types.is_string(schema.types[at]) or pa.types.is_large_string(schema.types[at])):
            found = ", ".join(f"{field.name} ({field.type})" for field in schema)
            raise CorpusError(f"expected a column {options.column!r} of strings, got {found}: name it (--column)", path)
        if "words" in schema.names:
            raise CorpusError("it has a column 'words' already: rename it", path)
        whole = schema.append(pa.field("words", pa.list_(pa.string())))
        # Spark believes what it wrote there more than the columns that there are.
        about = {
            key: value for key, value in (schema.metadata or {}).items() if not key.startswith(b"org.apache.spark")
        }
        whole = whole.with_metadata(about)
        done = 0
        with parquet.ParquetWriter(out, whole) as writer:
            for batch in file.iter_batches(_ROWS):
                for first, count in slices(batch.column(at), _MOST):
                    part = batch.slice(first, count)
                    place = f"{path}: column {options.column!r}, rows from {done + first}"
                    words = segment_column(segmenter, part.column(at), errors=options.errors, place=place)
                    writer.write_batch(pa.RecordBatch.from_arrays([*part.columns, words], schema=whole))
                done += batch.num_rows


@contextmanager
def _new_file(path: str) -> Iterator[BinaryIO]:
    """Open a file that appears under its name when all went well, whatever becomes of this process."""
    system, target = file_system(path)
    folder, name = os.path.split(target)
    temporary = f"{folder}/{TEMPORARY}{os.urandom(8).hex()}.tmp"
    with file_errors(path):
        system.create_dir(folder, recursive=True)
        out = system.open_output_stream(temporary, compression=None)
        try:
            with out:
                yield cast("BinaryIO", out)
            system.move(temporary, f"{folder}/{name}")
        except BaseException:
            system.delete_file(temporary)
            raise
