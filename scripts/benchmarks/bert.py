"""Measure segmenting with a model of kind bert against transformers' own pipeline; write docs/figures/benchmark_bert.*.

    pip install ".[neural,bench]"
    CWS_CORPORA=… python -m scripts.benchmarks.bert MODEL

Both have the encoder of the model, the same sentences in one call, the same number of threads. The pipeline is
`token-classification` with the same output layer, in batches of the size that suits it best of those tried; it picks
the best tag of each character by itself, and makes no words of them. It knows nothing of pairs and word lists either.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import click
import torch
from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer, logging, pipeline

import cws
from cws.labelers.neural.storage import load_neural
from cws.labelers.neural.torch_predictor import TorchPredictor
from cws.model_io import read_config
from scripts.measuring import CORPORA, made_by, output_option, pku_sentences, setting, speeds, write_figures

RUNS = 3
BATCHES = (1, 8, 32)  # sentences, of the pipeline
PEER = "pipeline"


def make_peer(folder: Path) -> Any:
    """Return the pipeline with the encoder and the output layer of a model."""
    labeler = load_neural(folder, read_config(folder)).labeler
    config = AutoConfig.from_pretrained(folder, num_labels=4, id2label=dict(enumerate("SBME")))
    peer = AutoModelForTokenClassification.from_config(config)
    encoder = getattr(peer, peer.base_model_prefix)
    encoder.load_state_dict(labeler.encoder.model.state_dict())  # type: ignore[union-attr]
    peer.classifier.load_state_dict(labeler.output.state_dict())
    return pipeline("token-classification", model=peer.eval(), tokenizer=AutoTokenizer.from_pretrained(folder))


def measure(folder: Path, threads: int, characters: int) -> list[dict[str, Any]]:
    texts = pku_sentences(CORPORA, characters)
    torch.set_num_threads(threads)
    peer = make_peer(folder)
    actions: dict[str, Any] = {
        f"{PEER}, batches of {size}": lambda size=size: peer(texts, batch_size=size) for size in BATCHES
    }
    segmenters: dict[str, Any] = {
        "cws, 16-bit integers": cws.load(folder, device="cpu").predictor,
        "cws, float32": cws.load(folder, device="cpu", precision="float32").predictor,
        "cws on PyTorch, float32": TorchPredictor(load_neural(folder, read_config(folder)), "cpu", "float32"),
        "cws on PyTorch, int8": cws.load(folder, device="cpu", precision="int8").predictor,
    }
    for name, segmenter in segmenters.items():
        actions[name] = lambda segmenter=segmenter: segmenter.segment_batch(texts, threads)
    return speeds(actions, sum(map(len, texts)), RUNS)


def render(results: dict[str, Any]) -> str:
    """Return the table in Markdown; ratios are to the best row of the pipeline."""
    rows = results["rows"]
    names = ("characters_per_second", "characters_per_processor_second")
    best = {name: max(row[name] for row in rows if row["system"].startswith(PEER)) for name in names}
    options = f"{results['model']} --threads {results['threads']} --characters {results['characters']}"
    lines = [
        "# Segmenting with bert on a CPU",
        "",
        made_by(f"CWS_CORPORA=… python -m scripts.benchmarks.bert {options}", results["setting"]),
        f"{results['characters']:,} characters of pku.test in one call; encoder: {results['encoder']}; threads:"
        f" {results['threads']}. Medians of {RUNS} alternating runs, by the clock and by the seconds that processors"
        " worked; ratios are to the best row of the pipeline.",
        "",
        "| system | characters/s | ratio | characters/processor-second | ratio |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        cells = [part for name in names for part in (f"{row[name]:,.0f}", f"{row[name] / best[name]:.1f}×")]
        lines.append(f"| {row['system']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


@click.command(help=__doc__)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--threads", default=2, show_default=True, help="Of each system.")
@click.option("--characters", default=20_000, show_default=True, help="To segment.")
@output_option
def main(model: Path, threads: int, characters: int, output: Path) -> None:
    logging.set_verbosity_error()
    warnings.simplefilter("ignore")
    rows = measure(model, threads, characters)
    config = AutoConfig.from_pretrained(model)
    encoder = f"{config.model_type}, {config.num_hidden_layers} layers of {config.hidden_size}"
    made = setting("torch", "transformers")
    results = {"setting": made, "model": "MODEL", "encoder": encoder, "threads": threads, "characters": characters}
    results["rows"] = rows
    write_figures(output, "benchmark_bert", results, render(results))


if __name__ == "__main__":
    main()
