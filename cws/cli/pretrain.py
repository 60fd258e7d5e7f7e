"""`cws pretrain`: raw text in, an encoder for neural models out."""

from __future__ import annotations

import sys

import click

from cws.cli.options import encoding_option, errors_option, progress_option
from cws.threads import MAX_THREADS, processors


@click.command("pretrain")
@click.argument("raw", nargs=-1, required=True, metavar="RAW...", type=click.Path())
@click.option("-o", "--output", required=True, type=click.Path(), metavar="DIR",
              help="The folder of the encoder, and of the checkpoint until it is complete.")  # fmt: skip
@click.option("--size", default="mini", show_default=True, metavar="NAME|LxW",
              help="tiny (2 layers of 128), mini (4x256), small (6x384), base (12x768), or numbers, as"
                   " 3x192.")  # fmt: skip
@click.option("--init", metavar="DIR|NAME",
              help="Go on from this encoder of transformers, such as a BERT, instead of a new one.")  # fmt: skip
@click.option("--steps", type=click.IntRange(1), default=10_000, show_default=True, metavar="N",
              help="How long to train; the rate falls over all of it.")  # fmt: skip
@click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True, metavar="N",
              help="Windows of text a step.")  # fmt: skip
@click.option("--length", type=click.IntRange(8, 8192), default=128, show_default=True, metavar="N",
              help="Characters a window.")  # fmt: skip
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), default=2e-3, show_default=True, metavar="X",
              help="Of learning, at its height. 1e-4 suits --init.")  # fmt: skip
@click.option("--minutes", type=click.FloatRange(0, min_open=True), metavar="N",
              help="Stop after so long; the same command goes on.")  # fmt: skip
@click.option("-m", "--model", default="pku", show_default=True, metavar="NAME|DIR",
              help="The model that says what words are, which are masked whole.")  # fmt: skip
@click.option("--device", metavar="NAME", help="cpu or cuda; by default CUDA where there is some.")
@click.option("--threads", type=click.IntRange(1, MAX_THREADS), default=processors,
              show_default="all processors", metavar="N", help="How many threads work on the CPU.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, metavar="N",
              help="First weights, choice of text and masks.")  # fmt: skip
@encoding_option
@errors_option
@progress_option
def pretrain_cli(
    raw: tuple[str, ...],
    output: str,
    size: str,
    init: str | None,
    steps: int,
    batch_size: int,
    length: int,
    learning_rate: float,
    minutes: float | None,
    model: str,
    device: str | None,
    threads: int,
    seed: int,
    encoding: str,
    errors: str,
    progress: bool | None,
) -> None:
    """Pretrain an encoder on raw text, for neural models.

    \b
    cws pretrain text.txt more.txt.xz -o my-encoder
    cws pretrain text.txt -o my-encoder --minutes 10    and again, until it says that it is complete

    RAW is text as it is, a paragraph or a sentence a line, of any size; .gz, .xz and .zst are unpacked. It trains a
    masked language model: words are hidden, whole, and the encoder learns to guess them, and so what goes together.
    That helps where a model is trained on little segmented text. Of several files, large ones are sampled down.

    A training that is interrupted, however, goes on with the same command from its last checkpoint, at most a minute
    back, and ends with the same weights. The folder of a complete one is a Hugging Face directory.

    A line for each of twenty epochs has loss and accuracy where words are hidden in text that was held out.
    """
    is_complete = pretrain(
        raw, output, size=size, init=init, steps=steps, batch_size=batch_size, length=length,
        learning_rate=learning_rate, minutes=minutes, model=model, device=device, threads=threads, seed=seed,
        encoding=encoding, errors=errors,
        progress=sys.stderr.isatty() if progress is None else progress,
    )  # fmt: skip
    if is_complete:
        click.echo(f"the encoder is in {output}", err=True)


def pretrain(
    raw: tuple[str, ...],
    output: str,
    *,
    size: str = "mini",
    init: str | None = None,
    steps: int = 10_000,
    batch_size: int = 32,
    length: int = 128,
    learning_rate: float = 2e-3,
    minutes: float | None = None,
    model: str = "pku",
    device: str | None = None,
    threads: int = 1,
    seed: int = 1,
    encoding: str = "utf-8",
    errors: str = "strict",
    progress: bool = False,
) -> bool:
    """Pretrain an encoder; arguments as of the command. Return whether it is complete."""
    import torch  # here, because --help should not wait for it

    from cws.segmenter import load
    from cws.training.pretraining.pretrain import PretrainOptions
    from cws.training.pretraining.pretrain import pretrain as run

    segmenter = load(model)
    torch.set_num_threads(threads)
    options = PretrainOptions(
        size=size, steps=steps, batch=batch_size, length=length, learning_rate=learning_rate, seed=seed
    )
    return run(
        raw, output, lambda texts: segmenter.segment_batch(texts, threads=threads), options=options, init=init,
        device=device, encoding=encoding, errors=errors, stop_after=None if minutes is None else 60 * minutes,
        show_progress=progress, log_line=lambda line: click.echo(line, err=True),
    )  # fmt: skip
