"""`cws evaluate`: how well a model segments a gold corpus, and what readers object to in its words."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from cws.cli.options import (
    CorpusPath,
    corpus_encoding_option,
    device_options,
    read_user_dictionary,
    units_option,
    user_dictionary_options,
)
from cws.cli.score import read_vocabulary, written
from cws.corpus import read_marks, read_segmented
from cws.metrics import MarkCounts, Objection, SegmentationCounts, find_objections, score, score_marks
from cws.segmenter import Segmenter
from cws.threads import processors


@click.command("evaluate")
@click.argument("model")
@click.argument("gold", type=CorpusPath("test"), required=False)
@click.option(
    "--marks",
    type=click.Path(),
    metavar="FILE",
    help="Readers' marks: counts what no reader would accept. A line is id TAB marked sentence.",
)
@click.option("--objections", is_flag=True, help="List each place that the readers of --marks object to.")
@click.option("--train-words", multiple=True, type=CorpusPath("train"), metavar="FILE",
              help="The training corpus, of one file or more: adds the OOV rate and the recall of words in and out of"
                   " it.")  # fmt: skip
@user_dictionary_options
@device_options
@units_option
@corpus_encoding_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, shares from 0 to 1.")
def evaluate_cli(
    model: str,
    gold: str | None,
    marks: str | None,
    objections: bool,
    train_words: tuple[str, ...],
    user_dicts: tuple[str, ...],
    user_dict_encoding: str,
    ignore_case: bool,
    ignore_width: bool,
    user_dict_format: str | None,
    force_user_dict: bool,
    device: str | None,
    precision: str,
    batch_chars: int | None,
    units: bool,
    encoding: str,
    as_json: bool,
) -> None:
    """Score a model against gold, or against readers' marks.

    MODEL is a bundled model (see cws models) or the folder of a trained one. GOLD has one sentence a line, words
    separated by spaces, or is corpus:NAME (see cws corpora), its test part; text that is not segmented is an error. The
    figures are those of cws score, in percent. In the file of --marks a blank is a cut that must be there, ¦ may be cut
    or not, and elsewhere a cut is wrong (␣ is a blank of the text); its figure is wrong cuts and wrong joins for each
    100 words that are demanded. Either file may be given, or both.

    \b
    cws evaluate pku test.gold --train-words train.txt
    cws evaluate pku --marks marks.txt --objections
    """
    _check_given(gold, marks, objections, train_words)
    dictionary = read_user_dictionary(
        user_dicts, user_dict_encoding, ignore_case, ignore_width, user_dict_format, force_user_dict
    )
    segmenter = Segmenter(model, dictionary, device, precision, batch_chars, units)
    result: dict[str, object] = {}
    shown: list[object] = []
    if gold is not None:
        counts = evaluate(segmenter, gold, train_words, encoding=encoding)
        result, shown = {**counts.as_dict()}, [counts]
    if marks is not None:
        of_marks, found = evaluate_marks(segmenter, marks, encoding=encoding)
        listed = found if objections else []
        result["marks"] = of_marks.as_dict()
        if objections:
            result["objections"] = [one.as_dict() for one in listed]
        shown += [*([""] if shown else []), of_marks, *([""] if listed else []), *listed]
    click.echo(json.dumps(result) if as_json else "\n".join(map(str, shown)))


def _check_given(gold: str | None, marks: str | None, objections: bool, train_words: Sequence[str]) -> None:
    """Raise UsageError for nothing to score, and for options without what they are about."""
    if gold is None and marks is None:
        raise click.UsageError("nothing to score: give GOLD, --marks FILE, or both")
    if gold is None and train_words:
        raise click.UsageError("--train-words is for gold words: give GOLD with it")
    if marks is None and objections:
        raise click.UsageError("--objections is for readers' marks: give --marks FILE with it")


def evaluate(
    segmenter: Segmenter, gold: str, train_words: Sequence[str] = (), *, encoding: str = "utf-8"
) -> SegmentationCounts:
    """Return the counts of a segmenter on a gold corpus; arguments as of the command."""
    sentences = list(read_segmented(gold, encoding=encoding))
    predicted = segmenter.segment_batch(("".join(words) for words in sentences), threads=processors())
    return score(map(written, sentences), map(written, predicted), read_vocabulary(train_words, encoding))


def evaluate_marks(segmenter: Segmenter, marks: str, *, encoding: str = "utf-8") -> tuple[MarkCounts, list[Objection]]:
    """Return the counts of a segmenter on a file of readers' marks, and each objection; arguments as of the command."""
    sentences = list(read_marks(marks, encoding=encoding))
    predicted = list(segmenter.segment_batch((sentence.text for sentence in sentences), threads=processors()))
    pairs = zip(sentences, predicted, strict=True)
    objections = [one for sentence, words in pairs for one in find_objections(sentence, words)]
    return score_marks(sentences, predicted), objections
