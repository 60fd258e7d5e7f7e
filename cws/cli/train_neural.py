"""What `cws train` does for neural models."""

from __future__ import annotations

from dataclasses import replace

import click

from cws.bundled import sample_corpus
from cws.cli.reporting import say_where
from cws.corpus import read_segmented
from cws.errors import InputError
from cws.files import check_folder, read_lines
from cws.labelers.kind import Kind
from cws.word_list import jieba_word_list, read_word_list


def train_neural(
    kind: str,
    train_path: str | None,
    dev_path: str | None,
    output: str,
    *,
    also: tuple[str, ...] = (),
    raw: tuple[str, ...] = (),
    init: str | None = None,
    lexicons: tuple[str, ...] = (),
    jieba: bool = True,
    encoding: str = "utf-8",
    seed: int = 1,
    epochs: int | None = None,
    learning_rate: float | None = None,
    crf_lr_multiplier: float | None = None,
    batch_chars: int = 2048,
    encoder: str = "mini",
    encoder_layers: int | None = None,
    unshare_layers: bool = False,
    device: str | None = None,
    precision: str = "auto",
    minutes: float | None = None,
    threads: int = 1,
    progress: bool = False,
) -> None:
    """Train a neural model; arguments as of the command."""
    try:
        import torch
        import transformers  # noqa: F401 - it is only needed further down, where it would be too late to say so
        from accelerate import PartialState

        from cws.training.loop import LoopOptions
        from cws.training.neural import NeuralOptions
        from cws.training.neural import train_neural as train_model
    except ImportError as error:
        raise InputError(f"{error}: neural models need pip install 'cws[neural]'") from error
    check_folder(output)
    torch.set_num_threads(threads)
    if train_path is None:
        train_path, dev_path = sample_corpus("train"), dev_path or sample_corpus("dev")
        click.echo(
            "no --train: learning from the bundled sample, a few hundred sentences; this is for trying", err=True
        )
    corpora = [list(read_segmented(path, encoding=encoding)) for path in (train_path, *also)]
    dev = list(read_segmented(dev_path, encoding=encoding)) if dev_path else None
    word_lists = [jieba_word_list()] if jieba else []
    word_lists += [read_word_list(path, encoding=encoding) for path in lexicons]
    lines = [line for path in raw for line in read_lines(path, encoding=encoding)]
    loop = LoopOptions(seed=seed, precision=precision)
    options = NeuralOptions(
        learning_rate=learning_rate, crf_lr_multiplier=crf_lr_multiplier, batch_characters=batch_chars, encoder=encoder,
        encoder_layers=encoder_layers, unshare_layers=unshare_layers,
        loop=replace(loop, epochs=epochs or (10 if Kind.parse(kind).is_bert else loop.epochs)),
    )  # fmt: skip
    figures = train_model(
        kind, corpora, dev, word_lists, output, raw=lines, init=init, options=options, device=device,
        stop_after=None if minutes is None else 60 * minutes, show_progress=progress,
        log_line=lambda line: click.echo(line, err=True),
    )  # fmt: skip
    if figures is not None and PartialState().is_main_process:
        click.echo(f"dev F1 {100 * figures['f1']:.2f}", err=True)
        say_where(output)
