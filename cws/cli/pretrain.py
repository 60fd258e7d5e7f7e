"""`cws pretrain`: raw text in, an encoder for neural models out."""

from __future__ import annotations

from typing import Any

import click

from cws.bundled import DEFAULT_MODEL
from cws.cli.model_folder import check_not_input
from cws.cli.options import RenamedOption, chosen, errors_option, progress_option, torch_threads_option
from cws.cli.reporting import log_line, wants_progress
from cws.errors import InputError
from cws.model_io import holds_model
from cws.segmenter import load
from cws.training.pretraining.options import PretrainOptions


@click.command("pretrain")
@click.argument("raw", nargs=-1, required=True, metavar="RAW...", type=click.Path())
@click.option("-o", "--output", required=True, type=click.Path(), metavar="DIR",
              help="The folder of the encoder, and of the checkpoint until it is complete.")  # fmt: skip
@click.option("--size", default=PretrainOptions.size, show_default=True, metavar="NAME|LxW",
              help="tiny (2 layers of 128), mini (4x256), small (6x384), base (12x768), or numbers, as"
                   " 3x192.")  # fmt: skip
@click.option("--init", metavar="DIR|NAME",
              help="Go on from this encoder of transformers, such as a BERT, instead of a new one.")  # fmt: skip
@click.option("--steps", type=click.IntRange(1), default=PretrainOptions.steps, show_default=True, metavar="N",
              help="How long to train; the learning rate falls over all of it.")  # fmt: skip
@click.option("--batch-size", type=click.IntRange(1), default=PretrainOptions.batch_size, show_default=True,
              metavar="N", help="Windows of text a step.")  # fmt: skip
@click.option("--length", type=click.IntRange(8, 8192), default=PretrainOptions.length, show_default=True,
              metavar="N", help="Characters a window.")  # fmt: skip
@click.option("--learning-rate", cls=RenamedOption, old="--rate", type=click.FloatRange(0, min_open=True),
              default=PretrainOptions.learning_rate, show_default=True, metavar="X",
              help="At its height. 1e-4 suits --init.")  # fmt: skip
@click.option("--minutes", type=click.FloatRange(0, min_open=True), metavar="N",
              help="Stop after so long; the same command goes on.")  # fmt: skip
@click.option("-m", "--model", default=DEFAULT_MODEL, show_default=True, metavar="NAME|DIR",
              help="The model that says what words are, which are masked whole.")  # fmt: skip
@click.option("--device", metavar="NAME", show_default="cuda if there is some", help="cpu, cuda, cuda:1.")
@torch_threads_option
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=PretrainOptions.seed, show_default=True, metavar="N",
              help="First weights, choice of text and masks.")  # fmt: skip
@click.option("--encoding", default="utf-8", show_default=True, metavar="NAME",
              help="Encoding of RAW, such as gb18030 or big5.")  # fmt: skip
@errors_option
@progress_option
def pretrain_cli(raw: tuple[str, ...], output: str, progress: bool | None, **values: Any) -> None:
    """Pretrain an encoder on raw text, for neural models.

    \b
    cws pretrain text.txt more.txt.xz -o my-encoder
    cws pretrain text.txt -o my-encoder --minutes 10    and again, until it says that it is complete

    RAW is text as it is, a paragraph or a sentence a line, of any size; .gz, .xz and .zst are unpacked. It trains a
    masked language model: words are hidden, whole, and the encoder learns to guess them, and so what goes together.
    That helps where a model is trained on little segmented text. Of several files, large ones are sampled down.

    A training that was interrupted goes on with the same command from its last checkpoint, at most a minute back,
    and ends with the same weights. The folder of a complete one is a Hugging Face directory.

    A line for each of some twenty epochs has loss and accuracy where words are hidden in text that was held out.
    """
    is_complete = pretrain(
        raw, output, chosen(PretrainOptions, values), init=values["init"], minutes=values["minutes"],
        model=values["model"], device=values["device"], threads=values["threads"], encoding=values["encoding"],
        errors=values["errors"], show_progress=wants_progress(progress),
    )  # fmt: skip
    if is_complete:
        log_line(f"the encoder is in {output}")


def pretrain(
    raw: tuple[str, ...],
    output: str,
    options: PretrainOptions,
    *,
    init: str | None = None,
    minutes: float | None = None,
    model: str = DEFAULT_MODEL,
    device: str | None = None,
    threads: int = 1,
    encoding: str = "utf-8",
    errors: str = "strict",
    show_progress: bool = False,
) -> bool:
    """Pretrain an encoder on files, and write it to the folder `output`; return whether it is complete.

    Other arguments as of `cws.training.pretraining.pretrain.pretrain`; `model` is that of the words that are masked
    whole, and `threads` are those it segments with, and PyTorch's.
    """
    try:
        import torch  # here, because --help should not wait for it

        from cws.training.pretraining import pretrain as pretraining
    except ImportError as error:
        raise InputError(f"{error}: neural models need pip install 'cws-toolkit[neural]'") from error
    check_not_input(output, [*raw, init])
    if holds_model(output):
        raise InputError(f"{output} holds a model: choose another folder for the encoder")
    segmenter = load(model)
    torch.set_num_threads(threads)
    return pretraining.pretrain(
        raw, output, lambda texts: segmenter.segment_batch(texts, threads=threads), options=options, init=init,
        device=device, encoding=encoding, errors=errors, stop_after=None if minutes is None else 60 * minutes,
        show_progress=show_progress, log_line=log_line,
    )  # fmt: skip
