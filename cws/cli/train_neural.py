"""What `cws train` does for neural models."""

from __future__ import annotations

from dataclasses import replace

from cws.bundled import sample_corpus
from cws.cli.model_folder import model_folder
from cws.cli.reporting import log_line, report_model
from cws.cli.training_files import TrainingFiles
from cws.errors import InputError
from cws.training.neural_options import NeuralOptions


def train_neural(
    kind: str,
    files: TrainingFiles,
    output: str,
    options: NeuralOptions,
    *,
    device: str | None = None,
    minutes: float | None = None,
    threads: int = 1,
    show_progress: bool = False,
    overwrite: bool = False,
) -> None:
    """Train a neural model on files, and write it to a folder.

    Args:
        kind: The name of a neural kind.
        files: What it learns from; without a corpus, from the bundled sample.
        output: The folder.
        options: Hyper-parameters.
        device: `cpu`, `cuda`, ...; by default CUDA where there is some.
        minutes: After which to stop, for the same call to go on from; None: never.
        threads: Of PyTorch, on a CPU.
        show_progress: Whether to show a bar on stderr.
        overwrite: Whether a model that is in the folder may be replaced.
    """
    try:
        import torch
        import transformers  # noqa: F401 - it is only needed further down, where it would be too late to say so
        from accelerate import PartialState

        from cws.training import neural
    except ImportError as error:
        raise InputError(f"{error}: neural models need pip install 'cws-toolkit[neural]'") from error
    torch.set_num_threads(threads)
    if not files.train:
        files = replace(files, train=(sample_corpus("train"),), dev=files.dev or (sample_corpus("dev"),))
        log_line("no --train: learning from the bundled sample, a few hundred sentences; this is for trying")
    with model_folder(output, files.paths(), overwrite=overwrite, resumes=True):
        figures = neural.train_neural(
            kind, [files.train_sentences(), *map(files.sentences, files.also_files().values())], files.dev_sentences(),
            files.word_lists(), output, raw=list(files.raw_lines()), init=files.init, options=options, device=device,
            stop_after=None if minutes is None else 60 * minutes, show_progress=show_progress, log_line=log_line,
        )  # fmt: skip
    if figures is not None and PartialState().is_main_process:
        log_line(f"dev F1 {100 * figures['f1']:.2f}")
        report_model(output)
