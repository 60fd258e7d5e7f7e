"""`cws score`: gold and predicted words in, precision, recall and F1 out."""

from __future__ import annotations

import json

import click

from cws.corpus import read_segmented
from cws.metrics import SegmentationCounts, paired_bootstrap
from cws.metrics import score as score_sentences


@click.command("score")
@click.argument("gold", type=click.Path())
@click.argument("predicted", type=click.Path())
@click.option("--train-words", type=click.Path(), metavar="FILE",
              help="The training corpus: adds the OOV rate and the recall of words in and out of it.")  # fmt: skip
@click.option("--against", type=click.Path(), metavar="FILE",
              help="Another system's words: tells whether the two differ (paired bootstrap).")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def score_cli(gold: str, predicted: str, train_words: str | None, against: str | None, as_json: bool) -> None:
    """Score segmented text against gold: SIGHAN precision, recall and F1, in percent.

    Both files have one sentence a line, words separated by spaces, and spell the same text.

    \b
    cws segment test.raw -o test.out && cws score test.gold test.out --train-words train.txt
    """
    counts = score(gold, predicted, train_words)
    result = counts.as_dict()
    lines = [str(counts)]
    if against:
        sentences = [list(read_segmented(path)) for path in (gold, predicted, against)]
        test = paired_bootstrap(*sentences)
        result |= {"against": test.__dict__}
        low, high = (100 * bound for bound in test.interval)
        lines.append(
            f"against {against}: F1 {100 * test.f1_b:.2f}, difference {100 * test.difference:+.2f}"
            f" (95 % of samples {low:+.2f} to {high:+.2f}), p = {test.p_value:.4f}"
        )
    click.echo(json.dumps(result) if as_json else "\n".join(lines))


def score(gold: str, predicted: str, train_words: str | None = None) -> SegmentationCounts:
    """Return the counts of a file of predicted words; arguments as of the command."""
    return score_sentences(read_segmented(gold), read_segmented(predicted), read_vocabulary(train_words))


def read_vocabulary(path: str | None) -> set[str] | None:
    """Return the words of a corpus, or None for no path."""
    return {word for words in read_segmented(path) for word in words} if path else None
