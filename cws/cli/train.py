"""`cws train`: a segmented corpus in, a model out."""

from __future__ import annotations

import click

from cws.cli.options import corpus_encoding_option
from cws.corpus import read_segmented
from cws.dictionary import jieba_word_list, read_word_list
from cws.files import check_folder, read_lines
from cws.segmenter import load


@click.command("train")
@click.option("-m", "--model", "kind", type=click.Choice(["linear", "hmm", "dictionary"]), default="linear",
              show_default=True,
              help="linear, a CRF over n-grams and word lists, is the best; hmm is a hidden Markov model; dictionary"
                   " takes the best path over word lists.")  # fmt: skip
@click.option("--train", "train_path", type=click.Path(), metavar="FILE",
              help="One sentence a line, words separated by spaces; .gz and .xz are unpacked.")  # fmt: skip
@click.option("--dev", "dev_path", type=click.Path(), metavar="FILE",
              help="The same, to choose epochs and pruning on; else, a tenth of --train.  [linear]")  # fmt: skip
@click.option("-o", "--output", required=True, type=click.Path(), metavar="DIR", help="The folder of the new model.")
@click.option("--lexicon", "lexicons", multiple=True, type=click.Path(), metavar="FILE",
              help="A word list, `word [count]` a line, beside jieba's.  [linear, dictionary]")  # fmt: skip
@click.option("--jieba/--no-jieba", default=True, show_default=True,
              help="Learn from the word list of jieba.  [linear, dictionary]")  # fmt: skip
@click.option("--order", type=click.IntRange(1, 2), default=1, show_default=True,
              help="1: the classic model. 2: of characters with their tags; much better.  [hmm]")  # fmt: skip
@click.option("--raw", "raw_path", type=click.Path(), metavar="FILE",
              help="Raw text to re-estimate the model on, by Baum-Welch.  [hmm, order 1]")  # fmt: skip
@click.option("--init", metavar="NAME|DIR|jieba",
              help="Instead of --train: begin with the words this model finds, or jieba's tables.  [hmm]")  # fmt: skip
@click.option("--iterations", type=click.IntRange(0), default=10, show_default=True, metavar="N",
              help="Of Baum-Welch, at most.  [hmm]")  # fmt: skip
@corpus_encoding_option
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, metavar="N",
              help="Order of sentences, choice of dev.  [linear]")  # fmt: skip
def train_cli(
    kind: str,
    train_path: str | None,
    dev_path: str | None,
    output: str,
    lexicons: tuple[str, ...],
    jieba: bool,
    order: int,
    raw_path: str | None,
    init: str | None,
    iterations: int,
    encoding: str,
    seed: int,
) -> None:
    """Train a model on segmented text.

    \b
    cws train --train train.txt -o my-model
    cws segment --model my-model input.txt

    It takes seconds for a million words. The linear model learns from the corpus how to cut, and from word lists which
    characters make words. The same corpus, lists and seed give the same model.

    \b
    cws train --model hmm --order 2 --train train.txt -o my-model
    cws train --model hmm --train train.txt --raw text.txt -o my-model     then Baum-Welch
    cws train --model hmm --init pku --raw text.txt -o my-model            without a corpus
    cws train --model dictionary --lexicon mine.txt --no-jieba -o my-model only the words of a list
    """
    if kind == "linear":
        if train_path is None:
            raise click.UsageError("linear needs --train FILE, one sentence a line, words separated by spaces")
        train(train_path, dev_path, output, lexicons=lexicons, jieba=jieba, encoding=encoding, seed=seed)
        return
    if kind == "dictionary":
        if train_path or raw_path or init:
            raise click.UsageError("dictionary learns from word lists alone: give --lexicon FILE")
        train_dictionary(output, lexicons=lexicons, jieba=jieba, encoding=encoding)
        return
    if (train_path is None) == (init is None):
        raise click.UsageError("hmm needs --train FILE or --init MODEL, one of them")
    if order == 2 and (raw_path or init):
        raise click.UsageError("--raw and --init are for models of order 1: leave --order out")
    if init not in (None, "jieba") and raw_path is None:
        raise click.UsageError("--init MODEL needs --raw FILE, the text to learn from")
    train_hmm(train_path, output, order=order, raw=raw_path, init=init, iterations=iterations, encoding=encoding)


def train(
    train_path: str,
    dev_path: str | None,
    output: str,
    *,
    lexicons: tuple[str, ...] = (),
    jieba: bool = True,
    encoding: str = "utf-8",
    seed: int = 1,
) -> None:
    """Train a linear model; arguments as of the command."""
    from cws.training.linear import LinearOptions, train_linear  # here, because --help should not wait for numpy

    check_folder(output)
    sentences = list(read_segmented(train_path, encoding=encoding))
    dev = list(read_segmented(dev_path, encoding=encoding)) if dev_path else None
    word_lists = [jieba_word_list()] if jieba else []
    word_lists += [read_word_list(path, encoding=encoding) for path in lexicons]
    train_linear(
        sentences, dev, word_lists, output,
        options=LinearOptions(seed=seed), progress=lambda line: click.echo(line, err=True),
    )  # fmt: skip
    _say_where(output)


def train_hmm(
    train_path: str | None,
    output: str,
    *,
    order: int = 1,
    raw: str | None = None,
    init: str | None = None,
    iterations: int = 10,
    encoding: str = "utf-8",
) -> None:
    """Train a hidden Markov model; arguments as of the command."""
    from cws.training import hmm

    check_folder(output)
    if order == 2 and train_path:
        hmm.train_hmm(list(read_segmented(train_path, encoding=encoding)), output, order=2)
    else:
        texts = [part for line in read_lines(raw, encoding=encoding) for part in line.split()] if raw else []
        if train_path:
            start = hmm.count_hmm(read_segmented(train_path, encoding=encoding))
        elif init == "jieba":
            start = hmm.jieba_hmm()
        else:
            start = hmm.count_hmm(load(init or "").segment_batch(texts))
        if raw:
            start = hmm.reestimate(
                start, texts, iterations=iterations, progress=lambda line: click.echo(line, err=True)
            )
        hmm.write_hmm(start, output, {"from": train_path or init, "raw": raw})
    _say_where(output)


def train_dictionary(
    output: str, *, lexicons: tuple[str, ...] = (), jieba: bool = True, encoding: str = "utf-8"
) -> None:
    """Make a model of word lists; arguments as of the command. A word of several lists has its largest count."""
    from cws.labelers.dictionary import write_dictionary

    check_folder(output)
    counts: dict[str, int | None] = {}
    sources = ["jieba"] if jieba else []
    for words in ([jieba_word_list()] if jieba else []) + [
        read_word_list(path, encoding=encoding) for path in lexicons
    ]:
        for word, count in words.items():
            counts[word] = max(counts.get(word) or 0, count or 0)
    write_dictionary(output, counts, {"from": [*sources, *lexicons]})
    _say_where(output)


def _say_where(output: str) -> None:
    click.echo(f"the model is in {output}: cws segment --model {output} input.txt", err=True)
