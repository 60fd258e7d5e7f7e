"""`cws evaluate`: how well a model segments a gold corpus."""

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
from cws.corpus import read_segmented
from cws.metrics import SegmentationCounts, score
from cws.segmenter import Segmenter
from cws.threads import processors

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from cws.user_dictionary import UserDictionary


@click.command("evaluate")
@click.argument("model")
@click.argument("gold", type=CorpusPath("test"))
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
    gold: str,
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
    """Segment the text of a gold corpus and score the words.

    MODEL is a bundled model (see cws models) or the folder of a trained one. GOLD has one sentence a line, words
    separated by spaces, or is corpus:NAME (see cws corpora), its test part; text that is not segmented is an error. The
    figures are those of cws score, in
    percent.

    \b
    cws evaluate pku test.gold --train-words train.txt
    """
    dictionary = read_user_dictionary(
        user_dicts, user_dict_encoding, ignore_case, ignore_width, user_dict_format, force_user_dict
    )
    counts = evaluate(
        model, gold, train_words, user_dictionary=dictionary, device=device, precision=precision,
        batch_chars=batch_chars, units=units, encoding=encoding,
    )  # fmt: skip
    click.echo(json.dumps(counts.as_dict()) if as_json else str(counts))


def evaluate(
    model: str,
    gold: str,
    train_words: Sequence[str] = (),
    *,
    user_dictionary: UserDictionary | None = None,
    device: str | None = None,
    precision: str = "auto",
    batch_chars: int | None = None,
    units: bool = True,
    encoding: str = "utf-8",
) -> SegmentationCounts:
    """Return the counts of a model on a gold corpus; arguments as of the command."""
    segmenter = Segmenter(model, user_dictionary, device, precision, batch_chars, units)
    sentences = list(read_segmented(gold, encoding=encoding))
    predicted = segmenter.segment_batch(("".join(words) for words in sentences), threads=processors())
    return score(map(written, sentences), map(written, predicted), read_vocabulary(train_words, encoding))
