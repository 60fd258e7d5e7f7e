"""`cws train`: a segmented corpus in, a model out."""

from __future__ import annotations

import errno
import os

import click

from cws.cli.options import corpus_encoding_option
from cws.corpus import read_segmented
from cws.dictionary import jieba_word_list, read_word_list
from cws.files import file_error


@click.command("train")
@click.option("-m", "--model", "kind", type=click.Choice(["linear"]), default="linear", show_default=True,
              help="The kind of model: linear, a CRF over character n-grams and word lists.")  # fmt: skip
@click.option("--train", "train_path", required=True, type=click.Path(), metavar="FILE",
              help="One sentence a line, words separated by spaces; .gz and .xz are unpacked.")  # fmt: skip
@click.option("--dev", "dev_path", type=click.Path(), metavar="FILE",
              help="The same, to choose epochs and pruning on; else, a tenth of the training sentences.")  # fmt: skip
@click.option("-o", "--output", required=True, type=click.Path(), metavar="DIR", help="The folder of the new model.")
@click.option("--lexicon", "lexicons", multiple=True, type=click.Path(), metavar="FILE",
              help="A word list, `word [count]` a line, beside that of jieba; may be repeated.")  # fmt: skip
@click.option("--jieba/--no-jieba", default=True, show_default=True, help="Learn from the word list of jieba.")
@corpus_encoding_option
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, metavar="N",
              help="Order of sentences, choice of dev.")  # fmt: skip
def train_cli(
    kind: str,
    train_path: str,
    dev_path: str | None,
    output: str,
    lexicons: tuple[str, ...],
    jieba: bool,
    encoding: str,
    seed: int,
) -> None:
    """Train a model on segmented text.

    \b
    cws train --train train.txt -o my-model
    cws segment --model my-model input.txt

    It takes seconds for a million words. The model learns from the corpus how to cut, and from word lists which
    characters make words. The same corpus, lists and seed give the same model.
    """
    train(train_path, dev_path, output, lexicons=lexicons, jieba=jieba, encoding=encoding, seed=seed)


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

    _check_folder(output)
    sentences = list(read_segmented(train_path, encoding=encoding))
    dev = list(read_segmented(dev_path, encoding=encoding)) if dev_path else None
    word_lists = [jieba_word_list()] if jieba else []
    word_lists += [read_word_list(path, encoding=encoding) for path in lexicons]
    train_linear(
        sentences, dev, word_lists, output,
        options=LinearOptions(seed=seed), progress=lambda line: click.echo(line, err=True),
    )  # fmt: skip
    click.echo(f"the model is in {output}: cws segment --model {output} input.txt", err=True)


def _check_folder(folder: str) -> None:
    """Raise FileError if the folder could not be made: better now than after the training."""
    nearest = os.path.abspath(folder)
    while not os.path.exists(nearest):
        nearest = os.path.dirname(nearest)
    if not os.path.isdir(nearest):
        raise file_error(NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)), folder)
    if not os.access(nearest, os.W_OK):
        raise file_error(PermissionError(errno.EACCES, os.strerror(errno.EACCES)), folder)
