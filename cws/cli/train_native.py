"""What `cws train` does for the models that the core trains: linear, hmm and dictionary."""

from __future__ import annotations

import click

from cws.cli.reporting import log_line, report_model
from cws.cli.training_files import TrainingFiles
from cws.files import check_folder
from cws.segmenter import load
from cws.training.hmm_options import HmmOptions
from cws.training.linear_options import LinearOptions

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from cws.training.hmm import Hmm


def train_linear(files: TrainingFiles, output: str, options: LinearOptions) -> None:
    """Train a linear model on files, and write it to the folder `output`."""
    from cws.training import linear  # here, because --help should not wait for numpy

    if files.train is None:
        raise click.UsageError("linear needs --train FILE, one sentence a line, words separated by spaces")
    check_folder(output)
    sentences, dev = files.sentences(files.train), files.dev_sentences()
    linear.train_linear(sentences, dev, files.word_lists(), output, options=options, log_line=log_line)
    report_model(output)


def train_hmm(files: TrainingFiles, output: str, options: HmmOptions) -> None:
    """Train a hidden Markov model on files, and write it to the folder `output`."""
    from cws.training import hmm
    from cws.training.baum_welch import reestimate

    _check_hmm(files, options)
    check_folder(output)
    if options.order == 2 and files.train:
        hmm.train_hmm(files.sentences(files.train), output, options=options)
    else:
        texts = [part for line in files.raw_lines() for part in line.split()]
        start = _first_hmm(files, texts)
        if files.raw:
            start = reestimate(start, texts, options=options, log_line=log_line)
        hmm.write_hmm(start, output, {"from": files.train or files.init, "raw": list(files.raw)})
    report_model(output)


def _check_hmm(files: TrainingFiles, options: HmmOptions) -> None:
    if (files.train is None) == (files.init is None):
        raise click.UsageError("hmm needs --train FILE or --init MODEL, one of them")
    if options.order == 2 and (files.raw or files.init):
        raise click.UsageError("--raw and --init are for models of order 1: leave --order out")
    if files.init not in (None, "jieba") and not files.raw:
        raise click.UsageError("--init MODEL needs --raw FILE, the text to learn from")


def _first_hmm(files: TrainingFiles, texts: list[str]) -> Hmm:
    """Return the model that the corpus gives, or the one to begin with."""
    from cws.training import hmm

    if files.train:
        return hmm.count_hmm(files.sentences(files.train))
    if files.init == "jieba":
        return hmm.jieba_hmm()
    return hmm.count_hmm(load(files.init or "").segment_batch(texts))


def train_dictionary(files: TrainingFiles, output: str) -> None:
    """Make a model of word lists, and write it to the folder `output`."""
    from cws.training import dictionary

    if files.train or files.raw or files.init:
        raise click.UsageError("dictionary learns from word lists alone: give --lexicon FILE")
    check_folder(output)
    sources = [*(["jieba"] if files.jieba else []), *files.lexicons]
    dictionary.train_dictionary(files.word_lists(), output, description={"from": sources})
    report_model(output)
