"""What `cws train` does for the models that the core trains: linear, hmm and dictionary."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack

import click

from cws.bundled import find_model
from cws.cli.model_folder import model_folder
from cws.cli.reporting import log_line, report_model, wants_progress
from cws.cli.training_files import TrainingFiles
from cws.segmenter import load
from cws.training.hmm_options import HmmOptions
from cws.training.linear_options import LinearOptions

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from cws.training.hmm import Hmm
    from cws.training.linear import LinearText


def train_linear(files: TrainingFiles, output: str, options: LinearOptions, *, overwrite: bool = False) -> None:
    """Train linear models on files, and write the one there is to the folder `output`, several to folders in it."""
    from cws.training import linear  # here, because --help should not wait for numpy

    if not files.train and not files.marks:
        raise click.UsageError("linear needs --train FILE, one sentence a line, words separated by spaces")
    files.check_weights()
    names = [files.standard_name(), *files.also_files()]
    folders = [output] if len(names) == 1 else [os.path.join(output, name) for name in names]
    with ExitStack() as stack:
        for folder in folders:
            stack.enter_context(model_folder(folder, files.paths(), overwrite=overwrite))
        text = linear_text(files, names)
        linear.train_standards(
            text, folders, options=options, descriptions=[{} if len(names) == 1 else {"name": one} for one in names],
            log_line=log_line,
        )  # fmt: skip
    for folder in folders:
        report_model(folder)


def linear_text(files: TrainingFiles, names: Sequence[str]) -> LinearText:
    """Return what a linear model learns from files, in standards of these names."""
    from cws.lexicon.raw_classes import raw_classes
    from cws.training.initial_model import InitialModel
    from cws.training.linear import LinearText
    from cws.training.linear_choice import Criterion
    from cws.training.linear_text import Part, Standard

    initial = InitialModel.open(find_model(files.init)[1]) if files.init else None
    parts = [Part(files.sentences(path), files.weight_of(path)) for path in files.train]
    files.check_enough(sum(len(part.sentences) for part in parts))
    parts += [Part(files.marked(path), files.weight_of(path)) for path in files.marks]
    standards = [Standard(names[0], parts, files.dev_sentences())]
    for name, path in files.also_files().items():
        standards.append(Standard(name, [Part(files.sentences(path), files.weight_of(path))]))
    if initial is not None:
        initial.check_knows(text for standard in standards for text in standard.texts())
    raw = raw_classes(files.raw, encoding=files.encoding, progress=wants_progress(None)) if files.raw else []
    criteria = [Criterion(sentences, weight) for sentences, weight in files.criteria()]
    # What the initial model learned of its lists, jieba's among them, goes on with its n-grams.
    word_lists = files.word_lists() if initial is None else files.own_word_lists()
    return LinearText(standards, word_lists, raw, initial, criteria)


def train_hmm(files: TrainingFiles, output: str, options: HmmOptions, *, overwrite: bool = False) -> None:
    """Train a hidden Markov model on files, and write it to the folder `output`."""
    from cws.training import hmm

    _check_hmm(files, options)
    with model_folder(output, files.paths(), overwrite=overwrite):
        if options.order == 2 and files.train:
            hmm.train_hmm(files.sentences(*files.train), output, options=options)
        else:
            _train_first_order(files, output, options)
    report_model(output)


def _train_first_order(files: TrainingFiles, output: str, options: HmmOptions) -> None:
    from cws.training import hmm
    from cws.training.baum_welch import reestimate

    texts = [part for line in files.raw_lines() for part in line.split()]
    start = _first_hmm(files, texts)
    if files.raw:
        start = reestimate(start, texts, options=options, log_line=log_line)
    origin = list(files.train) if len(files.train) > 1 else next(iter(files.train), files.init)
    hmm.write_hmm(start, output, {"from": origin, "raw": list(files.raw)})


def _check_hmm(files: TrainingFiles, options: HmmOptions) -> None:
    if (not files.train) == (files.init is None):
        raise click.UsageError("hmm needs --train FILE or --init MODEL, one of them")
    if options.order == 2 and (files.raw or files.init):
        raise click.UsageError("--raw and --init are for models of order 1: leave --order out")
    if files.init not in (None, "jieba") and not files.raw:
        raise click.UsageError("--init MODEL needs --raw FILE, the text to learn from")


def _first_hmm(files: TrainingFiles, texts: list[str]) -> Hmm:
    """Return the model that the corpus gives, or the one to begin with."""
    from cws.training import hmm

    if files.train:
        return hmm.count_hmm(files.sentences(*files.train))
    if files.init == "jieba":
        return hmm.jieba_hmm()
    return hmm.count_hmm(load(files.init or "").segment_batch(texts))


def train_dictionary(files: TrainingFiles, output: str, *, overwrite: bool = False) -> None:
    """Make a model of word lists, and write it to the folder `output`."""
    from cws.training import dictionary

    if files.train or files.raw or files.init:
        raise click.UsageError("dictionary learns from word lists alone: give --lexicon FILE")
    sources = [*(["jieba"] if files.jieba else []), *files.lexicons]
    with model_folder(output, files.paths(), overwrite=overwrite):
        dictionary.train_dictionary(files.word_lists(), output, description={"from": sources})
    report_model(output)
