"""Measure the training of bilstm-crf and cnn-crf against the same encoders with pytorch-crf's loss; write
docs/figures/benchmark_training.*.

    pip install ".[neural,bench]" pytorch-crf
    CWS_CORPORA=… python -m scripts.benchmarks.training

Both take whole steps on the same batches, those of `cws train`: forward, backward, clipping, AdamW in one pass. The
peer is what one writes with PyTorch: the encoder's modules (nn.LSTM), padded emissions and torchcrf.CRF. The rows
between change one thing at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
import torchcrf
from torch import Tensor, nn

from cws.corpus import read_segmented
from cws.labelers.alphabet import Alphabet
from cws.labelers.kind import Kind
from cws.labelers.neural import encoders
from cws.labelers.neural.features import Batch, FeatureOptions
from cws.labelers.neural.labeler import NeuralLabeler
from cws.labelers.neural.lexicon_features import LexiconFeatures
from cws.labelers.neural.model import NeuralModel, make_labeler
from cws.training.batches import Encoded, bucketed_batches
from cws.training.schedule import LoopOptions
from cws.word_list import jieba_word_list
from scripts.measuring import CORPORA, made_by, output_option, setting, speeds, write_figures

RUNS = 5
BATCH_CHARACTERS = 2048  # the default of cws train
SENTENCES = 4000
PEER = "pytorch-crf"


class PeerLabeler(nn.Module):
    """The encoder of another labeler and torchcrf's loss."""

    def __init__(self, labeler: NeuralLabeler) -> None:
        super().__init__()
        self.encoder, self.output = labeler.encoder, labeler.output
        self.crf = torchcrf.CRF(4, batch_first=True)

    def forward(self, batch: Batch, tags: Tensor) -> Tensor:
        mask = batch.mask()
        emissions = torch.zeros(*mask.shape, 4).masked_scatter(mask.unsqueeze(-1), self.output(self.encoder(batch)))
        padded = torch.zeros(mask.shape, dtype=torch.int64).masked_scatter(mask, tags)
        loss: Tensor = -self.crf(emissions, padded, mask, reduction="token_mean")
        return loss


def steps_of(model: nn.Module, batches: list[tuple[Batch, Tensor]], in_core: bool) -> Callable[[], None]:
    """Return what takes a step on each batch.

    Args:
        model: From batch and tags to the loss.
        batches: What to learn.
        in_core: Whether the recurrence of a BiLSTM may run in the core; else nn.LSTM does it.
    """
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    can_run = encoders.can_run if in_core else lambda lstm, features: False

    def run() -> None:
        kept, encoders.can_run = encoders.can_run, can_run
        for batch, tags in batches:
            model(batch, tags).backward()
            nn.utils.clip_grad_norm_(model.parameters(), LoopOptions().clip)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        encoders.can_run = kept

    return run


def read_batches(characters: int) -> tuple[NeuralModel, list[tuple[Batch, Tensor]]]:
    """Return a model of kind bilstm-crf for its alphabet, and batches of about so many characters in all."""
    sentences = list(read_segmented(CORPORA / "seg" / "ctb6.train.txt"))[:SENTENCES]
    alphabet = Alphabet.of(["".join(words) for words in sentences])
    features = FeatureOptions(len(alphabet.types))
    lexicon = LexiconFeatures.of(alphabet, [jieba_word_list()])
    model = NeuralModel(Kind("bilstm", "crf"), make_labeler(Kind("bilstm", "crf"), features), alphabet, lexicon)
    encoded = Encoded.of(model, [sentences])
    lengths = np.array([len(tags) for tags in encoded.tags], np.int64)
    batches = []
    for rows in bucketed_batches(lengths, BATCH_CHARACTERS, 1):
        gold = torch.from_numpy(encoded.gold(rows.tolist()).astype(np.int64))
        batches.append((encoded.batch(rows.tolist()), gold))
        characters -= len(gold)
        if characters <= 0:
            break
    return model, batches


def measure(threads: int, characters: int) -> list[dict[str, Any]]:
    torch.set_num_threads(threads)
    model, batches = read_batches(characters)
    features = FeatureOptions(len(model.alphabet.types))  # type: ignore[union-attr]
    size = sum(len(tags) for _, tags in batches)
    rows = []
    for kind, encoder in ((Kind("bilstm", "crf"), "BiLSTM"), (Kind("cnn", "crf"), "CNN")):
        torch.manual_seed(1)
        systems = {
            f"{encoder} of PyTorch, {PEER}": steps_of(PeerLabeler(make_labeler(kind, features)), batches, False),
            f"{encoder} of PyTorch, cws.crf": steps_of(make_labeler(kind, features), batches, False),
        }
        if encoder == "BiLSTM":
            systems[f"{encoder} of cws, {PEER}"] = steps_of(PeerLabeler(make_labeler(kind, features)), batches, True)
            systems[f"{encoder} of cws, cws.crf: cws train"] = steps_of(make_labeler(kind, features), batches, True)
        measured = speeds(systems, size, RUNS)
        for row in measured:
            row["ratio"] = row["characters_per_second"] / measured[0]["characters_per_second"]
            row["processor_ratio"] = (
                row["characters_per_processor_second"] / measured[0]["characters_per_processor_second"]
            )
        rows += measured
    return rows


def render(results: dict[str, Any]) -> str:
    """Return the table in Markdown."""
    options = f"--threads {results['threads']} --characters {results['characters']}"
    lines = [
        "# Training speed of neural labelers on a CPU",
        "",
        made_by(f"CWS_CORPORA=… python -m scripts.benchmarks.training {options}", results["setting"]),
        f"About {results['characters']:,} characters of ctb6.train in batches of {BATCH_CHARACTERS:,}; threads:"
        f" {results['threads']}. Medians of {RUNS} alternating runs, by the clock and by the seconds that processors"
        " worked.",
        "",
        "| system | characters/s | ratio | characters/processor-second | ratio |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in results["rows"]:
        lines.append(
            f"| {row['system']} | {row['characters_per_second']:,.0f} | {row['ratio']:.1f}× |"
            f" {row['characters_per_processor_second']:,.0f} | {row['processor_ratio']:.1f}× |"
        )
    return "\n".join(lines) + "\n"


@click.command(help=__doc__)
@click.option("--threads", default=1, show_default=True, help="Of each system.")
@click.option("--characters", default=20_000, show_default=True, help="To learn in a run.")
@output_option
def main(threads: int, characters: int, output: Path) -> None:
    rows = measure(threads, characters)
    made = setting("torch", "pytorch-crf")
    results = {"setting": made, "threads": threads, "characters": characters, "rows": rows}
    write_figures(output, "benchmark_training", results, render(results))


if __name__ == "__main__":
    main()
