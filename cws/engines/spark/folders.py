"""Folders of files in, folders of segmented files out; what is finished stays when a job is interrupted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, cast

from pyarrow import fs

from cws.engines.spark.columns import segment_column, slices
from cws.engines.spark.session import clear_errors
from cws.engines.spark.shipping import Shipment, make_segmenter, open_shipment, ship
from cws.engines.spark.splits import SPLIT, InputFile, Split, file_errors, file_system, is_utf8, list_files, read_split
from cws.errors import CorpusError, CwsError, EncodingError, InputError
from cws.files import compressed
from cws.segmenter import DEFAULT_MODEL, Segmenter
from cws.streaming import FORMATS, segment_blocks
from cws.text import decode_blocks
from cws.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from cws.segmenter import Dictionary

MANIFEST = "_cws.json"  # in the folder of the output: what made it
SUCCESS = "_SUCCESS"
_MOST_TASKS = 100_000
_ROWS = 10_000  # of a parquet file that are worked on at once
_MOST = 1 << 26  # bytes of text of them


class _Task(NamedTuple):
    """A part of a file, and where its words go."""

    split: Split
    output: str
    is_parquet: bool
    modified: float  # the input, in seconds since 1970


class _Options(NamedTuple):
    format: str
    encoding: str
    errors: str
    column: str


class FolderResult(NamedTuple):
    """What `segment_folder` did.

    Attributes:
        files: How many files the input has.
        parts: How many parts of files were segmented.
        kept: How many parts were there from before.
    """

    files: int
    parts: int
    kept: int


def segment_folder(
    spark: SparkSession,
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    model: str | os.PathLike[str] | Segmenter = DEFAULT_MODEL,
    user_dictionary: Dictionary | None = None,
    format: str = "text",
    encoding: str = "utf-8",
    errors: str = "strict",
    column: str = "text",
    split_size: int = SPLIT,
) -> FolderResult:
    """Segment all files of a folder into files of the same names in another folder, which all machines must see.

    A text file gives what `cws segment` gives for it, compressed as the file is. One of more than `split_size` bytes
    becomes a folder of that name with part-00000, part-00001 ...; one behind the other they are what `cws segment`
    gives. A parquet file gets one more column, `words`. Each file appears when it is complete, and is left alone by the
    next call as long as it is newer than its input.

    Args:
        spark: See `start_session`.
        source, target: Folders: paths, or URIs of file systems that pyarrow knows.
        model, user_dictionary: As of `segment`.
        format, encoding, errors: As of `cws segment`, for text files.
        column: The text of parquet files.
        split_size: Bytes a task works on.

    Raises:
        FileError: No such folder; the output cannot be written.
        EncodingError, CorpusError: The first file that could not be segmented; all others have been.
        InputError: A folder that holds something else; an option out of range.
        EngineError: A job that failed.
    """
    source, target = os.fspath(source), os.fspath(target)
    options = _checked(_Options(format, encoding, errors, column), split_size)
    segmenter = make_segmenter(model, user_dictionary)
    files = list_files(source)
    if not files:
        raise InputError(f"{source}: no files to segment: names that begin with . or _ do not count")
    _check_apart(source, target)
    context = spark.sparkContext
    shipment = ship(context, segmenter)
    _prepare(target, shipment, options, split_size)
    tasks = [task for file in files for task in _tasks(file, target, encoding, split_size)]
    _remove_other_parts(tasks, target)
    with clear_errors():
        parts = context.parallelize(tasks, min(len(tasks), _MOST_TASKS))
        found = parts.mapPartitions(_worker(shipment, options)).collect()
    failures = sorted((one for one in found if isinstance(one, CwsError)), key=str)
    if failures:
        raise _summary(failures, len(tasks))
    system, root = file_system(target)
    with file_errors(target), system.open_output_stream(f"{root}/{SUCCESS}"):
        pass
    return FolderResult(len(files), sum(map(bool, found)), len(found) - sum(map(bool, found)))


def _checked(options: _Options, split_size: int) -> _Options:
    if options.format not in FORMATS:
        raise InputError(f"unknown format {options.format!r}: take one of {', '.join(FORMATS)}")
    if split_size < 1:
        raise InputError(f"split_size must be 1 or more, got {split_size!r}")
    next(decode_blocks([], "", options.encoding, options.errors), None)  # raises for unknown ones
    return options


def _check_apart(source: str, target: str) -> None:
    """Raise InputError if one of the folders is in the other: the output would be input of the next call."""
    paths = [f"{file_system(path)[1].rstrip('/')}/" for path in (source, target)]
    if paths[0].startswith(paths[1]) or paths[1].startswith(paths[0]):
        raise InputError(f"the output {target} and the input {source} must not be in each other: name another folder")


def _prepare(target: str, shipment: Shipment, options: _Options, split_size: int) -> None:
    """Make the folder, or check that it holds the output of an interrupted call with the same options."""
    what = {
        "format": "cws-segment", "version": 1, "cws": __version__, "model": shipment.model_checksum,
        "dictionary": shipment.dictionary_checksum, "split_size": split_size, **options._asdict(),
    }  # fmt: skip
    system, root = file_system(target)
    with file_errors(target):
        infos = system.get_file_info(fs.FileSelector(root, allow_not_found=True))
        if not infos:
            system.create_dir(root, recursive=True)
            with system.open_output_stream(f"{root}/{MANIFEST}") as file:
                file.write(json.dumps(what, indent=1).encode())
            return
        try:
            with system.open_input_stream(f"{root}/{MANIFEST}") as file:
                found = json.loads(file.read())
        except (FileNotFoundError, ValueError):
            found = None
        if any(info.base_name == SUCCESS for info in infos):
            system.delete_file(f"{root}/{SUCCESS}")
    if found != what:
        differs = (
            "other files"
            if not isinstance(found, dict)
            else "words made with another "
            + ", ".join(name.replace("_", " ") for name in what if found.get(name) != what[name])
        )
        raise InputError(f"{target} holds {differs}: name an empty folder, or remove this one")


def _tasks(file: InputFile, target: str, encoding: str, split_size: int) -> list[_Task]:
    splits = file.splits(encoding, split_size)
    output = f"{target.rstrip('/')}/{file.name}"
    if len(splits) == 1:
        return [_Task(splits[0], output, file.is_parquet, file.modified)]
    return [_Task(split, f"{output}/part-{at:05d}", False, file.modified) for at, split in enumerate(splits)]


def _remove_other_parts(tasks: Sequence[_Task], target: str) -> None:
    """Remove what was made when files had another size: parts of what is whole now, and the other way round."""
    system, _ = file_system(target)
    outputs = {file_system(task.output)[1] for task in tasks}
    folders = {os.path.dirname(task.output) for task in tasks if task.split.end >= 0}
    with file_errors(target):
        for folder in folders:
            [info] = system.get_file_info([file_system(folder)[1]])
            if info.type == fs.FileType.File:
                system.delete_file(info.path)
            elif info.type == fs.FileType.Directory:
                for part in system.get_file_info(fs.FileSelector(info.path)):
                    if part.path not in outputs:
                        system.delete_file(part.path)
        for info in system.get_file_info(sorted(outputs)):
            if info.type == fs.FileType.Directory:
                system.delete_dir(info.path)


def _summary(failures: Sequence[CwsError], tasks: int) -> CwsError:
    """Return the first failure, which says if there are more."""
    first = failures[0]
    if len(failures) > 1 and isinstance(first, CorpusError | EncodingError):
        more = f" ({len(failures):,} of {tasks:,} parts failed, this is the first; the others are done)"
        return type(first)(first.message + more, first.path, first.line, first.byte)
    return first


def _worker(shipment: Shipment, options: _Options) -> Callable[[Iterable[_Task]], Iterator[CwsError | bool]]:
    """Return what works on tasks, on an executor: True for what is done now, False for what was there before.

    What is wrong with a file is returned, so that all others are done; it would be wrong the next time too. Everything
    else is raised, and Spark tries again.
    """

    def work(tasks: Iterable[_Task]) -> Iterator[CwsError | bool]:
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


def _is_finished(task: _Task) -> bool:
    system, path = file_system(task.output)
    with file_errors(task.output):
        info = system.get_file_info(path)
    return bool(info.type == fs.FileType.File and info.mtime_ns / 1e9 >= task.modified)


def _write(segmenter: Segmenter, task: _Task, options: _Options) -> None:
    with _new_file(task.output) as out:
        if task.is_parquet:
            _write_parquet(segmenter, task.split.path, out, options)
            return
        with read_split(task.split, utf8=is_utf8(options.encoding)) as blocks:
            file = cast("BinaryIO", compressed(out, task.output, "wb")[0])
            if not is_utf8(options.encoding) or options.errors != "strict":
                texts = decode_blocks(blocks, task.split.path, options.encoding, options.errors)
                blocks = (text.encode("utf-8", "replace") for text in texts)
            for words in segment_blocks(segmenter, blocks, format=options.format, path=task.split.path):
                file.write(words)
            if file is not out:
                file.close()


def _write_parquet(segmenter: Segmenter, path: str, out: BinaryIO, options: _Options) -> None:
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
    temporary = f"{folder}/.cws-{os.urandom(8).hex()}.tmp"
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
