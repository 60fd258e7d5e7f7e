"""`cws train`: a segmented corpus in, a model out."""

from __future__ import annotations

import sys

import click
from click.core import ParameterSource

from cws.cli.options import CorpusPath, corpus_encoding_option, progress_option, threads_option
from cws.cli.reporting import say_where
from cws.corpus import read_segmented
from cws.files import check_folder, read_lines
from cws.labelers.kind import KINDS, Kind
from cws.segmenter import load
from cws.training.precision import PRECISIONS
from cws.word_list import jieba_word_list, read_word_list

NEURAL_KINDS = tuple(str(kind) for kind in KINDS if kind.is_neural)
_OPTIONS = {  # who has each option that not all have
    "dev_path": ("linear", *NEURAL_KINDS),
    "lexicons": ("linear", "dictionary", *NEURAL_KINDS),
    "jieba": ("linear", "dictionary", *NEURAL_KINDS),
    "seed": ("linear", *NEURAL_KINDS),
    "raw": ("hmm", *NEURAL_KINDS),
    "init": ("hmm", *NEURAL_KINDS),
    **dict.fromkeys(("order", "iterations"), ("hmm",)),
    **dict.fromkeys(
        ("also", "epochs", "learning_rate", "batch_chars", "device", "precision", "minutes", "threads", "progress"),
        NEURAL_KINDS,
    ),
    "crf_lr_multiplier": tuple(str(kind) for kind in KINDS if kind.has_crf),
    **dict.fromkeys(
        ("encoder", "encoder_layers", "unshare_layers"), tuple(str(kind) for kind in KINDS if kind.is_bert)
    ),
}


@click.command("train")
@click.option("-m", "--model", "kind", type=click.Choice([str(kind) for kind in KINDS]), default="linear",
              show_default=True, metavar="KIND",
              help="linear, hmm, dictionary, or neural: bilstm, cnn, bert, each also with -crf.")  # fmt: skip
@click.option("--train", "train_path", type=CorpusPath("train"), metavar="FILE|corpus:NAME",
              help="One sentence a line, words separated by spaces; .gz and .xz are unpacked. corpus:NAME is one that"
                   " cws corpora get made. Without it neural kinds take a bundled sample.")  # fmt: skip
@click.option("--dev", "dev_path", type=CorpusPath("dev"), metavar="FILE|corpus:NAME",
              help="The same, to choose epochs on; else, a part of --train.  [linear, neural]")  # fmt: skip
@click.option("-o", "--output", type=click.Path(), metavar="DIR", show_default="cws-KIND",
              help="The folder of the new model.")  # fmt: skip
@click.option("--lexicon", "lexicons", multiple=True, type=click.Path(), metavar="FILE",
              help="A word list, `word [count]` a line, beside jieba's.  [linear, dictionary, neural]")  # fmt: skip
@click.option("--jieba/--no-jieba", default=True, show_default=True,
              help="Learn from the word list of jieba.  [linear, dictionary, neural]")  # fmt: skip
@click.option("--order", type=click.IntRange(1, 2), default=1, show_default=True,
              help="1: the classic model. 2: of characters with their tags; much better.  [hmm]")  # fmt: skip
@click.option("--raw", multiple=True, type=click.Path(), metavar="FILE",
              help="Raw text. hmm of order 1 is re-estimated on it, by Baum-Welch; neural models learn the words that a"
                   " linear model of --train finds in it.  [hmm, neural]")  # fmt: skip
@click.option("--init", metavar="NAME|DIR|jieba",
              help="hmm: instead of --train, begin with the words this model finds, or jieba's tables. Neural: begin"
                   " with the weights and the word lists of the model in this folder.  [hmm, neural]")  # fmt: skip
@click.option("--iterations", type=click.IntRange(0), default=10, show_default=True, metavar="N",
              help="Of Baum-Welch, at most.  [hmm]")  # fmt: skip
@corpus_encoding_option
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, metavar="N",
              help="Order of sentences, choice of dev, first weights.  [linear, neural]")  # fmt: skip
@click.option(
    "--also",
    multiple=True,
    type=CorpusPath("train"),
    metavar="FILE",
    help="Another corpus, of another annotation standard, learned together with --train.  [neural]",
)
@click.option("--epochs", type=click.IntRange(1), metavar="N", show_default="20, bert 10",
              help="At most; it stops when dev F1 stops rising.  [neural]")  # fmt: skip
@click.option("--learning-rate", type=click.FloatRange(0, 1, min_open=True, max_open=True), metavar="X",
              show_default="2e-3, bert 2e-4", help="The learning rate.  [neural]")  # fmt: skip
@click.option("--crf-lr-multiplier", type=click.FloatRange(0), metavar="X", show_default="5, bert 100",
              help="The learning rate of the CRF is so many times --learning-rate.  [..-crf]")  # fmt: skip
@click.option("--batch-chars", type=click.IntRange(1), default=2048, show_default=True, metavar="N",
              help="Characters of a step.  [neural]")  # fmt: skip
@click.option("--encoder", default="mini", show_default=True, metavar="NAME|DIR",
              help="A BERT of Chinese characters: a folder, or a name of the Hugging Face hub.  [bert]")  # fmt: skip
@click.option("--encoder-layers", type=click.IntRange(1), metavar="N", help="Use its first layers only.  [bert]")
@click.option("--unshare-layers", is_flag=True, help="Give each layer of an ALBERT weights of its own.  [bert]")
@click.option("--device", metavar="NAME", show_default="cuda if there is some", help="cpu, cuda, cuda:1.  [neural]")
@click.option("--precision", type=click.Choice(PRECISIONS), default="auto", show_default=True,
              help="Of the encoder; auto is bf16 on CUDA.  [neural]")  # fmt: skip
@click.option("--minutes", type=click.FloatRange(0, min_open=True), metavar="N",
              help="Stop after so long; the same command goes on from there.  [neural]")  # fmt: skip
@threads_option
@progress_option
@click.pass_context
def train_cli(
    context: click.Context,
    kind: str,
    train_path: str | None,
    dev_path: str | None,
    output: str | None,
    lexicons: tuple[str, ...],
    jieba: bool,
    order: int,
    raw: tuple[str, ...],
    init: str | None,
    iterations: int,
    encoding: str,
    seed: int,
    also: tuple[str, ...],
    epochs: int | None,
    learning_rate: float | None,
    crf_lr_multiplier: float | None,
    batch_chars: int,
    encoder: str,
    encoder_layers: int | None,
    unshare_layers: bool,
    device: str | None,
    precision: str,
    minutes: float | None,
    threads: int,
    progress: bool | None,
) -> None:
    """Train a model on segmented text.

    \b
    cws train --train train.txt -o my-model
    cws segment --model my-model input.txt

    linear, a CRF over n-grams and word lists, takes seconds for a million words, and is the fastest to segment with.
    hmm is a hidden Markov model; dictionary takes the best path over word lists. The neural kinds need PyTorch (pip
    install "cws[neural]") and minutes to hours: bilstm and cnn learn from the corpus alone, bert tunes a pretrained
    encoder. The same corpus, lists and seed give the same model; a training that was interrupted goes on where it was
    when the same command is given again.

    \b
    cws train --model hmm --order 2 --train train.txt -o my-model
    cws train --model hmm --train train.txt --raw text.txt -o my-model     then Baum-Welch
    cws train --model hmm --init pku --raw text.txt -o my-model            without a corpus
    cws train --model dictionary --lexicon mine.txt --no-jieba -o my-model only the words of a list
    cws train --model bilstm-crf --train train.txt --raw text.txt -o my-model
    cws train --model bert-crf --encoder bert-base-chinese --train train.txt -o my-model
    """
    _check_options(context, kind, init)
    output = output or f"cws-{kind}"
    if Kind.parse(kind).is_neural:
        from cws.cli.train_neural import train_neural

        show_bar = sys.stderr.isatty() if progress is None else progress
        train_neural(
            kind, train_path, dev_path, output, also=also, raw=raw, init=init, lexicons=lexicons, jieba=jieba,
            encoding=encoding, seed=seed, epochs=epochs, learning_rate=learning_rate,
            crf_lr_multiplier=crf_lr_multiplier, batch_chars=batch_chars, encoder=encoder, encoder_layers=encoder_layers,
            unshare_layers=unshare_layers, device=device, precision=precision, minutes=minutes, threads=threads, progress=show_bar,
        )  # fmt: skip
        return
    if kind == "linear":
        if train_path is None:
            raise click.UsageError("linear needs --train FILE, one sentence a line, words separated by spaces")
        train(train_path, dev_path, output, lexicons=lexicons, jieba=jieba, encoding=encoding, seed=seed)
        return
    if kind == "dictionary":
        if train_path or raw or init:
            raise click.UsageError("dictionary learns from word lists alone: give --lexicon FILE")
        train_dictionary(output, lexicons=lexicons, jieba=jieba, encoding=encoding)
        return
    if (train_path is None) == (init is None):
        raise click.UsageError("hmm needs --train FILE or --init MODEL, one of them")
    if order == 2 and (raw or init):
        raise click.UsageError("--raw and --init are for models of order 1: leave --order out")
    if init not in (None, "jieba") and not raw:
        raise click.UsageError("--init MODEL needs --raw FILE, the text to learn from")
    train_hmm(train_path, output, order=order, raw=raw, init=init, iterations=iterations, encoding=encoding)


def _check_options(context: click.Context, kind: str, init: str | None) -> None:
    """Refuse options that were given and would mean nothing."""
    given = {
        one.name: one.opts[0]
        for one in context.command.params
        if context.get_parameter_source(one.name or "") is ParameterSource.COMMANDLINE
    }
    for name, kinds in _OPTIONS.items():
        if kind not in kinds and name in given:
            raise click.UsageError(f"{given[name]} is for {', '.join(kinds)}; it means nothing to {kind}")
    for name in ("encoder", "encoder_layers", "unshare_layers"):
        if init is not None and name in given:
            raise click.UsageError(f"{given[name]} means nothing beside --init, whose model has an encoder: give one")


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
        options=LinearOptions(seed=seed), log_line=lambda line: click.echo(line, err=True),
    )  # fmt: skip
    say_where(output)


def train_hmm(
    train_path: str | None,
    output: str,
    *,
    order: int = 1,
    raw: tuple[str, ...] = (),
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
        texts = [part for path in raw for line in read_lines(path, encoding=encoding) for part in line.split()]
        if train_path:
            start = hmm.count_hmm(read_segmented(train_path, encoding=encoding))
        elif init == "jieba":
            start = hmm.jieba_hmm()
        else:
            start = hmm.count_hmm(load(init or "").segment_batch(texts))
        if raw:
            start = hmm.reestimate(
                start, texts, iterations=iterations, log_line=lambda line: click.echo(line, err=True)
            )
        hmm.write_hmm(start, output, {"from": train_path or init, "raw": list(raw)})
    say_where(output)


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
    say_where(output)
