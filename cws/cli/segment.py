"""`cws segment`: text files in, words out."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from io import BufferedIOBase

import click
from tqdm import tqdm

from cws.cli.options import encoding_option, errors_option, model_option, progress_option, threads_option
from cws.files import atomic_output, display_name, open_input
from cws.segmenter import Segmenter
from cws.streaming import BLOCK, FORMATS, segment_blocks
from cws.text import decode_blocks


@click.command("segment")
@click.argument("inputs", nargs=-1, metavar="[INPUT]...", type=click.Path())
@click.option("-o", "--output", default="-", type=click.Path(), metavar="FILE", help="Where the words go, not stdout.")
@model_option
@click.option("--format", type=click.Choice(FORMATS), default="text", show_default=True, help="See below.")
@threads_option
@encoding_option
@errors_option
@progress_option
def segment_cli(
    inputs: tuple[str, ...],
    output: str,
    model: str,
    format: str,
    threads: int,
    encoding: str,
    errors: str,
    progress: bool | None,
) -> None:
    """Segment text files (stdin without any, or for `-`); .gz and .xz are unpacked.

    \b
    cws segment input.txt -o words.txt
    cat *.txt | cws segment --format json | head

    A line of text gives, by format:

    \b
    text   今天 天气 好
    json   {"tokens":[{"text":"今天","start":0,"end":2},...]}
    conll  a word a line, then an empty line
    spans  0-2 2-4 4-5

    start and end count characters (code points) from the beginning of the line. White space is not written. Files of any
    size need the same memory, and the output file appears only when it is complete.
    """
    if not inputs and sys.stdin.isatty():
        click.echo("cws: reading what you type; Ctrl-D ends it", err=True)
    segment(
        inputs or ("-",), output, model=model, format=format, threads=threads, encoding=encoding, errors=errors,
        progress=sys.stderr.isatty() and output != "-" if progress is None else progress,
    )  # fmt: skip


def segment(
    inputs: tuple[str, ...],
    output: str,
    *,
    model: str = "pku",
    format: str = "text",
    threads: int = 1,
    encoding: str = "utf-8",
    errors: str = "strict",
    progress: bool = False,
) -> None:
    """Segment files, one behind the other, into one output file; arguments as of the command."""
    segmenter = Segmenter(model)
    sizes = [os.path.getsize(path) if os.path.isfile(path) else None for path in inputs]
    packed = any(path.endswith((".gz", ".xz")) for path in inputs)
    total = None if packed or None in sizes else sum(size or 0 for size in sizes)
    with (
        tqdm(total=total, unit="B", unit_scale=True, disable=not progress, desc="segmenting") as bar,
        atomic_output(output) as out,
    ):
        for path in inputs:
            with open_input(path) as file:
                blocks = _read(file, bar)
                if encoding.lower().replace("_", "-") not in ("utf-8", "utf8") or errors != "strict":
                    texts = decode_blocks(blocks, display_name(path), encoding, errors)
                    blocks = (text.encode("utf-8", "replace") for text in texts)
                for words in segment_blocks(
                    segmenter, blocks, format=format, threads=threads, path=display_name(path)
                ):
                    out.write(words)
                    if path == "-":
                        out.flush()  # whoever writes to us may wait for an answer


def _read(file: BufferedIOBase, bar: tqdm[None]) -> Iterator[bytes]:
    while block := file.read1(BLOCK):
        bar.update(len(block))
        yield block
