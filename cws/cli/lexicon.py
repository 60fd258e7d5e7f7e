"""`cws lexicon`: words from raw text, without a dictionary and without annotation."""

from __future__ import annotations

import json
import os

import click

from cws import model_io
from cws.cli.model_folder import check_not_input
from cws.cli.options import (
    corpus_encoding_option,
    encoding_option,
    engine_options,
    errors_option,
    progress_option,
    refuse_given,
    refuse_without_engine,
    start_spark,
    threads_option,
)
from cws.cli.reporting import log_line, wants_progress
from cws.cli.suggestions import SuggestingChoice, SuggestingGroup
from cws.errors import InputError
from cws.files import check_folder, check_input, check_output

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from cws.lexicon.build import BuildOptions, BuildResult

LEXICON_FILE = "lexicon.txt"  # in the folder of a lexicon, beside the model


@click.group("lexicon", cls=SuggestingGroup)
def lexicon_cli() -> None:
    """Find the words of raw text by itself.

    \b
    cws lexicon build news.txt novels.txt.xz -o my-lexicon
    cws segment --model my-lexicon input.txt            segment with it
    cws segment --user-dict my-lexicon/lexicon.txt input.txt
    cws train --train mine.txt --lexicon my-lexicon/lexicon.txt -o my-model
    """


@lexicon_cli.command("build")
@click.argument("raw", nargs=-1, required=True, type=click.Path(), metavar="RAW...")
@click.option("-o", "--output", required=True, type=click.Path(), metavar="DIR",
              help="The folder of the lexicon: lexicon.txt, and a model for cws segment.")  # fmt: skip
@click.option("--goal", type=SuggestingChoice(["words", "information", "entropy"]), default="words", show_default=True,
              help="words: what people call words. information: the fewest bits a character. entropy: cut, truncate,"
                   " prune and estimate, the classic steps.")  # fmt: skip
@click.option("--known", type=click.Path(), metavar="FILE", help="Write only words that are not in this word list.")
@click.option("--memory", default="2G", show_default=True, metavar="SIZE", help="What counting may take.")
@click.option("--work-folder", type=click.Path(file_okay=False), metavar="DIR",
              help="Where finished parts of counting wait: after an interruption, the same command goes on from there."
                   " It is empty in the end.")  # fmt: skip
@threads_option
@encoding_option
@errors_option
@progress_option
@engine_options
@click.pass_context
def build_cli(
    context: click.Context,
    raw: tuple[str, ...],
    output: str,
    goal: str,
    known: str | None,
    memory: str,
    work_folder: str | None,
    threads: int,
    encoding: str,
    errors: str,
    progress: bool | None,
    engine: str | None,
    master: str | None,
) -> None:
    """Find the words of raw text. Files may be of any size; .gz, .xz and .zst are unpacked.

    lexicon.txt has a word a line, the most frequent first, with its count, the mutual information of its parts, what
    merging them saves, its branching entropies, and its weight as an entry of a user dictionary, in nats. A 0 in a word
    stands for any number, an a for any Latin word. The same text gives the same lexicon, for any number of threads and
    order of files.

    \b
    cws lexicon build raw/*.txt.xz -o my-lexicon
    cws lexicon build raw.txt --known dict.txt -o new-words
    cws lexicon build *.txt.xz -o my-lexicon --work-folder counts     a long count can be interrupted
    cws lexicon build FOLDER -o my-lexicon --engine spark --master yarn    all files of a folder, on a cluster
    """
    refuse_without_engine(engine, master=master)
    if engine:
        refuse_given(context, engine, "memory", "work_folder")
    build(
        raw, output, goal=goal, known=known, memory=memory, work_folder=work_folder, threads=threads,
        encoding=encoding, errors=errors, progress=wants_progress(progress),
        engine=engine, master=master,
    )  # fmt: skip


def build(
    raw: tuple[str, ...],
    output: str,
    *,
    goal: str = "words",
    known: str | None = None,
    memory: str = "2G",
    work_folder: str | None = None,
    threads: int = 1,
    encoding: str = "utf-8",
    errors: str = "strict",
    progress: bool = False,
    engine: str | None = None,
    master: str | None = None,
) -> None:
    """Build a lexicon; arguments as of the command."""
    from cws.lexicon.build import BuildOptions
    from cws.lexicon.build import build as find_words
    from cws.word_list import read_word_list

    check_folder(output)
    _check_lexicon_folder(output, [*raw, *([known] if known else [])])
    listed = read_word_list(known) if known else None
    options = BuildOptions(goal=goal)
    if engine:
        result = _build_on_spark(raw, options, master, threads, encoding, errors, progress)
    else:
        for path in raw:
            check_input(path)
        result = find_words(
            raw, options=options, memory=memory, work_folder=work_folder, threads=threads,
            encoding=encoding, errors=errors, show_progress=progress, log_line=log_line,
        )  # fmt: skip
    about = {"goal": goal, "from": list(raw), "characters": result.characters, "information": result.information}
    result.lexicon.save_model(output, about)
    shown = result.lexicon.without(listed) if listed else result.lexicon
    shown.save(os.path.join(output, LEXICON_FILE))
    log_line(f"{len(shown.entries):,} words are in {os.path.join(output, LEXICON_FILE)}")
    log_line(f"cws segment --model {output} input.txt segments with them")


def _check_lexicon_folder(folder: str, inputs: list[str]) -> None:
    """Raise InputError if a lexicon in this folder would take the place of an input, or of a model of another kind."""
    check_not_input(folder, inputs)
    if model_io.holds_model(folder) and not os.path.exists(os.path.join(folder, LEXICON_FILE)):
        raise InputError(f"{folder} holds a model that is no lexicon: choose another folder, or delete it")


def _build_on_spark(
    raw: tuple[str, ...],
    options: BuildOptions,
    master: str | None,
    threads: int,
    encoding: str,
    errors: str,
    progress: bool,
) -> BuildResult:
    spark = start_spark(master, "cws lexicon build", progress)
    from cws.engines.spark import build_lexicon

    try:
        return build_lexicon(
            spark, raw, options=options, threads=threads, encoding=encoding, errors=errors, log_line=log_line
        )
    finally:
        spark.stop()


@lexicon_cli.command("evaluate")
@click.argument("lexicon")
@click.argument("gold", type=click.Path())
@corpus_encoding_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, shares from 0 to 1.")
def evaluate_cli(lexicon: str, gold: str, encoding: str, as_json: bool) -> None:
    """Score the words of a lexicon on a gold corpus.

    Its text is segmented with the lexicon, and the words are scored as cws score does.

    LEXICON is the folder of a lexicon. GOLD has one sentence a line, words separated by spaces.
    """
    from cws.cli.evaluate import evaluate
    from cws.segmenter import Segmenter

    counts = evaluate(Segmenter(lexicon), gold, encoding=encoding)
    click.echo(json.dumps(counts.as_dict()) if as_json else str(counts))


@lexicon_cli.command("segment")
@click.argument("lexicon")
@click.argument("inputs", nargs=-1, metavar="[INPUT]...", type=click.Path())
@click.option("-o", "--output", default="-", type=click.Path(), metavar="FILE", help="Where the words go, not stdout.")
@threads_option
def segment_cli(lexicon: str, inputs: tuple[str, ...], output: str, threads: int) -> None:
    """Segment text files with a lexicon.

    The same as cws segment --model LEXICON, which has more options.
    """
    from cws.cli.segment import segment

    segment(inputs or ("-",), output, model=lexicon, threads=threads)


@lexicon_cli.command("report")
@click.argument("lexicon")
@click.option("-o", "--output", default="lexicon.png", show_default=True, type=click.Path(), metavar="FILE",
              help="The plot: .png, .svg or .pdf.")  # fmt: skip
def report_cli(lexicon: str, output: str) -> None:
    """Draw a lexicon.

    Rank and frequency, lengths, mutual information, bits a character after each iteration.

    LEXICON is the folder of a lexicon. Needs matplotlib.
    """
    from cws.lexicon.lexicon import Lexicon
    from cws.lexicon.report import draw_report

    check_output(output, (os.path.join(lexicon, name) for name in ("cws.json", LEXICON_FILE)))
    information = model_io.read_config(lexicon).get("information", [])
    draw_report(Lexicon.load(os.path.join(lexicon, LEXICON_FILE)), information, output)
    log_line(f"the plot is {output}")
