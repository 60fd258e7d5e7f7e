"""Folders of files in, folders of segmented files out; what is finished stays when a job is interrupted."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import NamedTuple

from pyarrow import fs

from cws.bundled import DEFAULT_MODEL
from cws.engines.spark.broadcast import Shipment, make_segmenter, ship
from cws.engines.spark.files import TEMPORARY, Options, Task, worker
from cws.engines.spark.session import clear_errors
from cws.engines.spark.splits import SPLIT, InputFile, absolute, file_errors, file_system, list_files
from cws.errors import CorpusError, CwsError, EncodingError, InputError
from cws.segmenter import Segmenter
from cws.streaming import FORMATS
from cws.text import decode_blocks
from cws.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from cws.segmenter import Dictionary

MANIFEST = "_cws.json"  # in the folder of the output: what made it
SUCCESS = "_SUCCESS"
_MOST_TASKS = 100_000


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
    becomes a folder of that name with part-00000, part-00001 ...; one after the other they are what `cws segment`
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
    source, target = absolute(source), absolute(target)
    options = _checked(Options(format, encoding, errors, column), split_size)
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
        found = parts.mapPartitions(worker(shipment, options)).collect()
    failures = sorted((one for one in found if isinstance(one, CwsError)), key=str)
    if failures:
        raise _summary(failures, len(tasks))
    _finish(target)
    return FolderResult(len(files), sum(map(bool, found)), len(found) - sum(map(bool, found)))


def _checked(options: Options, split_size: int) -> Options:
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


def _prepare(target: str, shipment: Shipment, options: Options, split_size: int) -> None:
    """Make the folder, or check that it holds the output of an interrupted call with the same options."""
    what = {
        "manifest": "cws-segment 1", "cws": __version__, "model": shipment.model_checksum,
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


def _tasks(file: InputFile, target: str, encoding: str, split_size: int) -> list[Task]:
    splits = file.splits(encoding, split_size)
    output = f"{target.rstrip('/')}/{file.name}"
    if len(splits) == 1:
        return [Task(splits[0], output, file.is_parquet, file.modified)]
    return [Task(split, f"{output}/part-{at:05d}", False, file.modified) for at, split in enumerate(splits)]


def _remove_other_parts(tasks: Sequence[Task], target: str) -> None:
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


def _finish(target: str) -> None:
    """Remove what killed executors left, and say that all is done."""
    system, root = file_system(target)
    with file_errors(target):
        for info in system.get_file_info(fs.FileSelector(root, recursive=True)):
            if info.base_name.startswith(TEMPORARY):
                system.delete_file(info.path)
        with system.open_output_stream(f"{root}/{SUCCESS}"):
            pass


def _summary(failures: Sequence[CwsError], tasks: int) -> CwsError:
    """Return the first failure, which says if there are more."""
    first = failures[0]
    if len(failures) > 1 and isinstance(first, CorpusError | EncodingError):
        more = f" ({len(failures):,} of {tasks:,} parts failed, this is the first; the others are done)"
        return type(first)(first.message + more, first.path, first.line, first.byte)
    return first
