"""`cws train`: a segmented corpus in, a model out."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from cws.cli.options import (
    CorpusPath,
    RenamedOption,
    chosen,
    corpus_encoding_option,
)
from cws.cli.reporting import wants_progress
from cws.cli.suggestions import SuggestingChoice
from cws.cli.train_native import train_dictionary, train_hmm, train_linear
from cws.cli.train_neural import train_neural
from cws.cli.training_files import TrainingFiles
from cws.labelers.kind import KINDS
from cws.threads import MAX_THREADS, processors
from cws.training.hmm_options import HmmOptions
from cws.training.linear_options import LinearOptions
from cws.training.neural_options import NEURAL_OPTIONS, BertOptions, NeuralOptions
from cws.training.schedule import PRECISIONS

NEURAL_KINDS = tuple(str(kind) for kind in KINDS if kind.is_neural)
_OPTIONS = {  # who has each option that not all have
    "dev": ("linear", *NEURAL_KINDS),
    "also": ("linear", *NEURAL_KINDS),
    **dict.fromkeys(("standard", "marks", "weights", "choose_on"), ("linear",)),
    "lexicons": ("linear", "dictionary", *NEURAL_KINDS),
    "jieba": ("linear", "dictionary", *NEURAL_KINDS),
    "seed": ("linear", *NEURAL_KINDS),
    "raw": ("linear", "hmm", *NEURAL_KINDS),
    "init": ("linear", "hmm", *NEURAL_KINDS),
    **dict.fromkeys(("order", "iterations"), ("hmm",)),
    **dict.fromkeys(("epochs", "learning_rate", "batch_characters"), NEURAL_KINDS),
    **dict.fromkeys(("device", "precision", "minutes", "threads"), NEURAL_KINDS),
    "crf_lr_multiplier": tuple(str(kind) for kind in KINDS if kind.has_crf),
    **dict.fromkeys(
        ("encoder", "encoder_layers", "unshare_layers"), tuple(str(kind) for kind in KINDS if kind.is_bert)
    ),
}


def _defaults(name: str) -> str:
    """Return what the help says of an option whose default depends on the kind."""
    return f"{getattr(NeuralOptions, name):g}, bert {getattr(BertOptions, name):g}"


@click.command("train")
@click.option("-m", "--model", "kind", type=SuggestingChoice([str(kind) for kind in KINDS]), default="linear",
              show_default=True, metavar="KIND",
              help="linear, hmm, dictionary, or neural: bilstm, cnn, bert, each also with -crf.")  # fmt: skip
@click.option("--train", multiple=True, type=CorpusPath("train"), metavar="FILE|corpus:NAME",
              help="One sentence a line, words separated by spaces; .gz, .xz and .zst are unpacked. corpus:NAME is one"
                   " that cws corpora get made. Several are joined. Without it neural kinds take a bundled"
                   " sample.")  # fmt: skip
@click.option("--dev", multiple=True, type=CorpusPath("dev"), metavar="FILE|corpus:NAME",
              help="The same, to choose epochs on; else, a part of --train.  [linear, neural]")  # fmt: skip
@click.option("-o", "--output", type=click.Path(), metavar="DIR", show_default="cws-KIND",
              help="The folder of the new model.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace the model that is in the folder, all of it.")
@click.option("--lexicon", "lexicons", multiple=True, type=click.Path(), metavar="FILE",
              help="A word list, `word [count]` a line, beside jieba's.  [linear, dictionary, neural]")  # fmt: skip
@click.option("--jieba/--no-jieba", default=True, show_default=True,
              help="Learn from the word list of jieba.  [linear, dictionary, neural]")  # fmt: skip
@click.option("--order", type=click.IntRange(1, 2), default=HmmOptions.order, show_default=True,
              help="1: the classic model. 2: of characters with their tags; much better.  [hmm]")  # fmt: skip
@click.option("--raw", multiple=True, type=click.Path(), metavar="FILE",
              help="Raw text. linear learns what its n-grams' neighbours say; hmm of order 1 is re-estimated on it, by"
                   " Baum-Welch; neural models learn the words that a linear model of --train finds in it."
                   "  [linear, hmm, neural]")  # fmt: skip
@click.option("--init", metavar="NAME|DIR|jieba",
              help="linear: go on from this model, bundled or own: what is learned is the difference. hmm: instead of"
                   " --train, begin with the words this model finds, or jieba's tables. Neural: begin with the weights"
                   " and the word lists of the model in this folder.  [linear, hmm, neural]")  # fmt: skip
@click.option("--iterations", type=click.IntRange(0), default=HmmOptions.iterations, show_default=True,
              metavar="N", help="Of Baum-Welch, at most.  [hmm]")  # fmt: skip
@corpus_encoding_option
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), show_default=str(LinearOptions.seed), metavar="N",
              help="Order of sentences, choice of dev, first weights.  [linear, neural]")  # fmt: skip
@click.option("--also", multiple=True, metavar="STANDARD=FILE",
              help="A corpus of another annotation standard, learned together with --train; FILE may be corpus:NAME."
                   " linear writes a model of each standard, DIR/STANDARD.  [linear, neural]")  # fmt: skip
@click.option("--standard", metavar="NAME", show_default="the stem of --train",
              help="What the standard of --train is called, beside --also.  [linear]")  # fmt: skip
@click.option("--marks", multiple=True, type=click.Path(), metavar="FILE",
              help="Sentences with readers' marks, `id TAB marked sentence`: a blank is a cut, `¦` is open. Of the"
                   " standard of --train.  [linear]")  # fmt: skip
@click.option("--weight", "weights", multiple=True, metavar="FILE=X",
              help="See the sentences of this file X times an epoch.  [linear]")  # fmt: skip
@click.option("--choose-on", multiple=True, metavar="FILE|dev[=X]",
              help="Choose epochs and pruning on this file, segmented or with readers' marks, instead of dev; of"
                   " several, on the mean weighted by X.  [linear]")  # fmt: skip
@click.option("--epochs", type=click.IntRange(1), metavar="N", show_default=_defaults("epochs"),
              help="At most; it stops when dev F1 stops rising.  [neural]")  # fmt: skip
@click.option("--learning-rate", cls=RenamedOption, old="--rate", metavar="X",
              type=click.FloatRange(0, 1, min_open=True, max_open=True),
              show_default=_defaults("learning_rate"), help="Of all but the CRF, at its height.  [neural]")  # fmt: skip
@click.option("--crf-lr-multiplier", type=click.FloatRange(0), metavar="X",
              show_default=_defaults("crf_lr_multiplier"),
              help="The learning rate of the CRF is so many times --learning-rate.  [..-crf]")  # fmt: skip
@click.option("--batch-chars", "batch_characters", type=click.IntRange(1), metavar="N",
              default=NeuralOptions.batch_characters, show_default=True,
              help="Characters of a step, padding included.  [neural]")  # fmt: skip
@click.option("--encoder", default=BertOptions.encoder, show_default=True, metavar="NAME|DIR",
              help="A BERT of Chinese characters: a folder, or a name of the Hugging Face hub.  [bert]")  # fmt: skip
@click.option("--encoder-layers", type=click.IntRange(1), metavar="N", help="Use its first layers only.  [bert]")
@click.option("--unshare-layers", is_flag=True, help="Give each layer of an ALBERT weights of its own.  [bert]")
@click.option("--device", metavar="NAME", show_default="cuda if there is some", help="cpu, cuda, cuda:1.  [neural]")
@click.option("--precision", type=SuggestingChoice(PRECISIONS), default=NeuralOptions.precision,
              show_default=True,
              help="Of the encoder; auto is bf16 on CUDA.  [neural]")  # fmt: skip
@click.option("--minutes", type=click.FloatRange(0, min_open=True), metavar="N",
              help="Stop after so long; the same command goes on from there.  [neural]")  # fmt: skip
@click.option("--threads", type=click.IntRange(1, MAX_THREADS), default=processors, show_default="all processors",
              metavar="N", help="How many threads work on a CPU.  [neural]")  # fmt: skip
@click.option("--progress/--no-progress", default=None,
              help="Show a progress bar of a neural training; without either, only on a terminal.")  # fmt: skip
@click.pass_context
def train_cli(context: click.Context, /, kind: str, output: str | None, **values: Any) -> None:
    """Train a model on segmented text.

    \b
    cws train --train train.txt -o my-model
    cws segment --model my-model input.txt

    A corpus of words with tags (今天/t), of characters with tags (B, M, E, S) or in CoNLL is read for its words; text
    that is not segmented is refused.

    linear, a CRF over n-grams and word lists, takes seconds for a million words, and is the fastest to segment with.
    hmm is a hidden Markov model; dictionary takes the best path over word lists. The neural kinds need PyTorch (pip
    install "cws-toolkit[neural]") and minutes to hours: bilstm and cnn begin with random weights, bert tunes a
    pretrained encoder. The same files, options and seed give the same model, of a neural kind on the same device. A
    neural training that was interrupted goes on where it was when the same command is given again.

    \b
    cws train --train ctb.txt --also pku=pku.txt --also sxu=sxu.txt -o models     models/ctb, models/pku, models/sxu
    cws train --init ctb --train novel.txt -o my-model                        what a hundred sentences add
    cws train --train ctb.txt --marks marks.txt --weight marks.txt=3 --choose-on dev --choose-on other.txt -o my-model
    cws train --model hmm --order 2 --train train.txt -o my-model
    cws train --model hmm --train train.txt --raw text.txt -o my-model     then Baum-Welch
    cws train --model hmm --init pku --raw text.txt -o my-model            without a corpus
    cws train --model dictionary --lexicon mine.txt --no-jieba -o my-model only the words of a list
    cws train --model bilstm-crf --train train.txt --raw text.txt -o my-model
    cws train --model bert-crf --encoder bert-base-chinese --train train.txt -o my-model
    """
    _check_options(context, kind, values["init"])
    files, output = chosen(TrainingFiles, values), output or f"cws-{kind}"
    overwrite = values["overwrite"]
    if kind == "linear":
        train_linear(files, output, chosen(LinearOptions, values), overwrite=overwrite)
    elif kind == "hmm":
        train_hmm(files, output, chosen(HmmOptions, values), overwrite=overwrite)
    elif kind == "dictionary":
        train_dictionary(files, output, overwrite=overwrite)
    else:
        train_neural(
            kind, files, output, chosen(NEURAL_OPTIONS[kind], values), device=values["device"],
            minutes=values["minutes"], threads=values["threads"], show_progress=wants_progress(values["progress"]),
            overwrite=overwrite,
        )  # fmt: skip


def _check_options(context: click.Context, kind: str, init: str | None) -> None:
    """Refuse options that were given and would mean nothing; `--no-jieba` asks for what is so anyway."""
    given = {
        one.name: one.opts[0]
        for one in context.command.params
        if context.get_parameter_source(one.name or "") is ParameterSource.COMMANDLINE
        and context.params.get(one.name or "") is not False
    }
    for name, kinds in _OPTIONS.items():
        if kind not in kinds and name in given:
            raise click.UsageError(f"{given[name]} is for {', '.join(kinds)}; it means nothing to {kind}")
    for name in ("encoder", "encoder_layers", "unshare_layers"):
        if init is not None and name in given:
            raise click.UsageError(f"{given[name]} means nothing beside --init, whose model has an encoder: give one")
