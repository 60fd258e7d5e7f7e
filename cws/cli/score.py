"""`cws score`: gold and predicted words in, precision, recall and F1 out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import click

from cws.cli.options import CorpusPath, corpus_encoding_option
from cws.corpus import read_segmented
from cws.metrics import BootstrapResult, SegmentationCounts, paired_bootstrap
from cws.metrics import score as score_sentences
from cws.text import is_written


@click.command("score")
@click.argument("gold", type=CorpusPath("test"))
@click.argument("predicted", type=click.Path())
@click.option("--train-words", multiple=True, type=CorpusPath("train"), metavar="FILE",
              help="The training corpus, of one file or more: adds the OOV rate and the recall of words in and out of"
                   " it.")  # fmt: skip
@click.option("--against", type=click.Path(), metavar="FILE",
              help="Another system's words: tells whether the two differ (paired bootstrap).")  # fmt: skip
@corpus_encoding_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, shares from 0 to 1.")
def score_cli(
    gold: str, predicted: str, train_words: tuple[str, ...], against: str | None, encoding: str, as_json: bool
) -> None:
    """Score segmented text against gold.

    Both files have one sentence a line, words separated by spaces, and spell the same text. GOLD and --train-words may
    be corpus:NAME (see cws corpora). Printed are the precision, recall and F1 of the SIGHAN bakeoffs, in percent.
    A gold file that is not segmented is an error; PREDICTED that is not is scored, with a warning.

    \b
    cws segment test.raw -o test.out && cws score test.gold test.out --train-words train.txt
    """
    counts, test = score(gold, predicted, train_words, against, encoding=encoding)
    result: dict[str, object] = {**counts.as_dict()}
    lines = [str(counts)]
    if test:
        result["against"] = asdict(test)
        low, high = (100 * bound for bound in test.interval)
        lines.append(
            f"against {against}: F1 {100 * test.f1_b:.2f}, difference {100 * test.difference:+.2f}"
            f" (95 % of samples {low:+.2f} to {high:+.2f}), p = {test.p_value:.4f}"
        )
    click.echo(json.dumps(result) if as_json else "\n".join(lines))


def score(
    gold: str,
    predicted: str,
    train_words: Sequence[str] = (),
    against: str | None = None,
    *,
    encoding: str = "utf-8",
) -> tuple[SegmentationCounts, BootstrapResult | None]:
    """Return the counts of a file of predicted words, and the test against another; arguments as of the command."""
    # Each is read once, for it may be a pipe.
    gold_words = read_written(gold, encoding)
    predicted_words = read_written(predicted, encoding, strict=False)
    counts = score_sentences(gold_words, predicted_words, read_vocabulary(train_words, encoding))
    if not against:
        return counts, None
    return counts, paired_bootstrap(gold_words, predicted_words, read_written(against, encoding, strict=False))


def read_written(path: str, encoding: str = "utf-8", *, strict: bool = True) -> list[list[str]]:
    """Return the sentences of a segmented file in the words that `cws segment` writes, so without control characters.

    Args:
        path, encoding: As of `read_segmented`.
        strict: Whether a file that is not segmented is an error.
    """
    return list(map(written, read_segmented(path, encoding=encoding, strict=strict)))


def written(words: list[str]) -> list[str]:
    """Return the words that `cws segment` writes: not white space, nor control characters."""
    return list(filter(is_written, words))


def read_vocabulary(paths: Sequence[str], encoding: str = "utf-8") -> set[str] | None:
    """Return the words of corpora, or None for no path."""
    sentences = (words for path in paths for words in read_segmented(path, encoding=encoding))
    return {word for words in sentences for word in words} if paths else None
