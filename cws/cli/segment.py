"""`cws segment`: text files in, words out."""

from __future__ import annotations

import os
import select
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BufferedIOBase

import click

from cws.bundled import DEFAULT_MODEL
from cws.cli.options import (
    device_options,
    encoding_option,
    engine_options,
    errors_option,
    model_option,
    read_user_dictionary,
    refuse_given,
    refuse_without_engine,
    start_spark,
    threads_option,
    units_option,
    user_dictionary_options,
)
from cws.cli.reporting import log_line, wants_progress
from cws.cli.suggestions import SuggestingChoice
from cws.document import evidence_of
from cws.errors import FileError, InputError
from cws.files import (
    atomic_output,
    check_input,
    check_output,
    display_name,
    files_in,
    open_input,
    reopenable_input,
)
from cws.segmenter import Segmenter
from cws.streaming import BLOCK, FORMATS, segment_blocks, words_of_blocks
from cws.text import HANZI, character_type, decode_blocks

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from cws.user_dictionary import UserDictionary
    from cws.user_dictionary.report import DictionaryReport


@click.command("segment")
@click.argument("inputs", nargs=-1, metavar="[INPUT]...", type=click.Path())
@click.option("-o", "--output", default="-", type=click.Path(), metavar="FILE", help="Where the words go, not stdout.")
@model_option
@user_dictionary_options
@click.option("--format", type=SuggestingChoice(FORMATS), default="text", show_default=True, help="See below.")
@units_option
@click.option("--only-words", is_flag=True, help="Leave out punctuation.")
@click.option("--document", is_flag=True,
              help="Read each input twice, as one document: a word that it repeats is cut in one way.")  # fmt: skip
@threads_option
@device_options
@encoding_option
@errors_option
@click.option("--progress/--no-progress", default=None,
              help="Show a progress bar; without either, on a terminal, if the words go to a file.")  # fmt: skip
@engine_options
@click.option("--dictionary-report", type=click.Path(), metavar="FILE",
              help="Write what became of each entry of the user dictionary, a line each.")  # fmt: skip
@click.option("--column", metavar="NAME", show_default="text", help="The text of parquet files, for an engine.")
@click.pass_context
def segment_cli(
    context: click.Context,
    inputs: tuple[str, ...],
    output: str,
    model: str,
    user_dicts: tuple[str, ...],
    user_dict_encoding: str,
    ignore_case: bool,
    ignore_width: bool,
    user_dict_format: str | None,
    force_user_dict: bool,
    format: str,
    units: bool,
    only_words: bool,
    document: bool,
    threads: int,
    device: str | None,
    precision: str,
    batch_chars: int | None,
    encoding: str,
    errors: str,
    progress: bool | None,
    engine: str | None,
    master: str | None,
    dictionary_report: str | None,
    column: str | None,
) -> None:
    """Segment text files.

    Without a file, or for `-`, it reads stdin; .gz, .xz and .zst are unpacked.

    \b
    cws segment input.txt -o words.txt
    cat *.txt | cws segment --format json | head
    cws segment --document novel.txt -o words.txt
    cws segment --user-dict words.txt input.txt
    cws segment --user-dict words.txt --dictionary-report report.tsv input.txt -o words.out
    cws segment FOLDER -o OUT --engine spark --master yarn     files of any number, and parquet

    A line of text gives, by format:

    \b
    text   今天 天气 好
    json   {"tokens":[{"text":"今天","start":0,"end":2,"type":"word"},...]}
    conll  a word, a tab and its type a line; then an empty line
    spans  0-2 2-4 4-5

    start and end count characters (code points) from the beginning of the line. A type is word, number, date, time,
    latin, url, email, path, mention, hashtag, markup, emoji or punctuation. White space and
    control characters are not written, except inside a word of the user dictionary or a tag. Files of any size need the
    same memory, and the output file appears only when it is complete.

    With --document, a first pass finds names and terms that a text repeats, as evidence for a second one; what the
    user dictionary says counts more. Each input is a document of its own; cat makes one of several. Stdin is
    copied into a temporary file, and the counts of the first pass need up to 300 MB of memory.
    """
    if "-" in user_dicts and (not inputs or "-" in inputs):
        raise click.UsageError("the user dictionary and the text cannot both come from stdin: name a file")
    refuse_without_engine(engine, master=master, column=column)
    check_output(output, user_dicts)
    dictionary = read_user_dictionary(
        user_dicts, user_dict_encoding, ignore_case, ignore_width, user_dict_format, force_user_dict
    )
    if engine:
        refuse_given(context, engine, "threads", "only_words", "document", "dictionary_report")
        if len(inputs) != 1 or "-" in (*inputs, output):
            raise click.UsageError("--engine spark segments one folder into another: cws segment IN -o OUT")
        segmenter = Segmenter(model, dictionary, device, precision, batch_chars, units)
        segment_folder(
            inputs[0], output, segmenter, master=master, format=format, column=column or "text", encoding=encoding,
            errors=errors, progress=wants_progress(progress),
        )  # fmt: skip
        return
    if not inputs and sys.stdin.isatty():
        log_line("cws: reading what you type; Ctrl-D ends it")
    segment(
        inputs or ("-",), output, model=model, user_dictionary=dictionary, format=format, units=units,
        only_words=only_words, document=document, threads=threads, device=device, precision=precision,
        batch_chars=batch_chars, encoding=encoding, errors=errors,
        progress=wants_progress(progress, output=output), dictionary_report=dictionary_report,
    )  # fmt: skip


def segment_folder(
    source: str,
    target: str,
    segmenter: Segmenter,
    *,
    master: str | None,
    format: str,
    column: str,
    encoding: str,
    errors: str,
    progress: bool,
) -> None:
    """Segment the files of a folder on Spark; arguments as of the command."""
    if os.path.exists(target) and os.path.exists(source) and os.path.samefile(source, target):
        raise InputError(f"{source} is the output too: choose another folder for the words")
    spark = start_spark(master, f"cws segment {source}", progress)
    from cws.engines.spark import segment_folder as segment_files

    try:
        counts = segment_files(
            spark, source, target, model=segmenter, format=format, column=column, encoding=encoding, errors=errors
        )
    finally:
        spark.stop()
    kept = f", {counts.kept:,} were there" if counts.kept else ""
    log_line(f"{counts.files:,} files: {counts.parts:,} parts segmented{kept}")


def segment(
    inputs: tuple[str, ...],
    output: str,
    *,
    model: str = DEFAULT_MODEL,
    user_dictionary: UserDictionary | None = None,
    format: str = "text",
    units: bool = True,
    only_words: bool = False,
    document: bool = False,
    threads: int = 1,
    device: str | None = None,
    precision: str = "auto",
    batch_chars: int | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    progress: bool = False,
    dictionary_report: str | None = None,
) -> None:
    """Segment files, one after the other, into one output file; arguments as of the command."""
    segmenter = Segmenter(model, user_dictionary, device, precision, batch_chars, units)
    report = _begin_report(segmenter, dictionary_report)
    if torch := sys.modules.get("torch"):  # a neural model has loaded it
        torch.set_num_threads(1)  # its own threads would come on top of these
    for path in inputs:
        _check_input(path)  # now, not when the files before it are done
    check_output(output, [*inputs, *files_in(segmenter.path)])
    # Nobody reads a compressed file before its end, and flushing it would cost compression.
    flushes = not output.endswith((".gz", ".xz", ".zst"))
    recodes = encoding.lower().replace("_", "-") not in ("utf-8", "utf8") or errors != "strict"
    with _counting(inputs, progress, 2 if document else 1) as count, atomic_output(output) as out:
        for path in inputs:

            def read(file: BufferedIOBase, name: str = display_name(path)) -> Iterator[bytes]:
                blocks = _read(file, count, out if flushes else None)
                return _recode(blocks, name, encoding, errors) if recodes else blocks

            # Decoding swallows the empty blocks that make several threads hand out all they have.
            workers = 1 if recodes and path == "-" and not document else threads
            with _opened(path, segmenter, read if document else None, threads) as (file, adapted):
                for words in segment_blocks(
                    adapted, read(file), format=format, only_words=only_words, threads=workers,
                    path=display_name(path), report=report,
                ):  # fmt: skip
                    out.write(words)
    if report is not None and dictionary_report is not None:
        with atomic_output(dictionary_report) as file:
            file.writelines(f"{line}\n".encode("utf-8", "surrogatepass") for line in report.lines())


@contextmanager
def _opened(
    path: str, segmenter: Segmenter, read: Callable[[BufferedIOBase], Iterator[bytes]] | None, threads: int
) -> Iterator[tuple[BufferedIOBase, Segmenter]]:
    """Yield an input, opened, and what segments it.

    Args:
        read: What yields the blocks of a document; None if the input is none, and the segmenter is to stay as it is.
    """
    if read is None:
        with open_input(path) as file:
            yield file, segmenter
        return
    with reopenable_input(path) as reopen:
        with reopen() as file:
            evidence = evidence_of(words_of_blocks(segmenter, read(file), threads=threads, path=display_name(path)))
        with reopen() as file:
            yield file, segmenter.with_evidence(evidence) if evidence else segmenter


def _recode(blocks: Iterator[bytes], name: str, encoding: str, errors: str) -> Iterator[bytes]:
    for text in decode_blocks(blocks, name, encoding, errors):
        yield text.encode("utf-8", "replace")


def _begin_report(segmenter: Segmenter, path: str | None) -> DictionaryReport | None:
    if path is None:
        return None
    if not len(segmenter.user_dictionary):
        raise InputError("--dictionary-report is about a user dictionary, and there is none: give --user-dict FILE")
    from cws.user_dictionary.report import DictionaryReport  # only here, because most commands do without

    return DictionaryReport(segmenter.user_dictionary)


def _check_input(path: str) -> None:
    """Raise FileError for a file that cannot be read; where a text may have been given for its name, say how to."""
    try:
        check_input(path)
    except FileError as error:
        if os.path.exists(path) or not any(character_type(character) == HANZI for character in path):
            raise
        shown = path if len(path) <= 20 else f"{path[:20]}…"
        hint = f"{error.strerror}; if this is a text: echo {shlex.quote(shown)} | cws segment"
        raise FileError(error.errno, hint, shown) from None


@contextmanager
def _counting(inputs: Sequence[str], progress: bool, passes: int) -> Iterator[Callable[[int], object]]:
    """Yield what to call with each number of bytes read: it moves a progress bar, if there is to be one."""
    if not progress:
        yield lambda size: None
        return
    from tqdm import tqdm  # here, because it takes a fifth of the time to start

    packed = any(path.endswith((".gz", ".xz", ".zst")) for path in inputs)
    sizes = [os.path.getsize(path) if path != "-" and os.path.isfile(path) else None for path in inputs]
    total = None if packed or None in sizes else passes * sum(size or 0 for size in sizes)
    with tqdm(total=total, unit="B", unit_scale=True, desc="segmenting") as bar:
        yield bar.update


def _read(file: BufferedIOBase, count: Callable[[int], object], out: BufferedIOBase | None) -> Iterator[bytes]:
    """Yield a file in blocks; before it waits for one, an empty block, so that all words so far come out."""
    while True:
        if _would_wait(file):
            yield b""
            if out:
                out.flush()  # whoever writes to us may wait for an answer
        block = file.read1(BLOCK)
        if not block:
            return
        count(len(block))
        yield block


def _would_wait(file: BufferedIOBase) -> bool:
    try:
        return not select.select([file], [], [], 0)[0]
    except (OSError, ValueError):  # not a file of the system
        return False
