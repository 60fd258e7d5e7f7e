"""The learning rate of the CRF: Su's study of 2020 on this project's encoder; write docs/figures/crf_learning_rate.*.

    pip install ".[neural,plot]"
    CWS_CORPORA=… python -m scripts.studies.crf_learning_rate --encoder mini --sentences 1000 --epochs 4 --seeds 3

One encoder layer with softmax, and with a CRF at three pairs of rates; then all layers, the CRF's rate 1, 10, 100 and
1,000 times that of the encoder. As in the post, the CRF learns without a mask, so that its matrix shows what it has
understood of legality; F1 is of legal tags. Each run is kept in the JSON file as it ends, and not repeated.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import asdict
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import click
import numpy as np
import torch

from cws.bundled import bundled_encoder
from cws.corpus import read_segmented
from cws.crf import CRF
from cws.labelers.kind import Kind
from cws.labelers.neural.bert import Bert, load_encoder
from cws.labelers.neural.labeler import NeuralLabeler
from cws.labelers.neural.lexicon_features import LexiconFeatures
from cws.labelers.neural.model import NeuralModel
from cws.tags import SBME
from cws.training.batches import Encoded
from cws.training.loop import fit
from cws.training.neural_options import BertOptions
from cws.training.tagging import Tagging
from cws.word_list import jieba_word_list
from scripts.measuring import CORPORA, FIGURES, made_by, read_json, setting, write_figures

OUTPUT = FIGURES / "crf_learning_rate.json"
COLUMNS = 4  # of the plot
DEV = 500  # sentences, the first of ctb6.dev
POST = {  # F1 of the post, on its own data, of a BERT of twelve layers
    "one layer, softmax, 1e-3": 0.907,
    "one layer, CRF, 1e-3 / 1e-3": 0.925,
    "one layer, CRF, 1e-3 / 1e-2": 0.930,
    "one layer, CRF, 1e-2 / 1e-2": 0.747,
}
RUNS: dict[str, tuple[int | None, bool, float, float]] = {  # layers, CRF, learning rate, multiplier
    "one layer, softmax, 1e-3": (1, False, 1e-3, 1),
    "one layer, CRF, 1e-3 / 1e-3": (1, True, 1e-3, 1),
    "one layer, CRF, 1e-3 / 1e-2": (1, True, 1e-3, 10),
    "one layer, CRF, 1e-2 / 1e-2": (1, True, 1e-2, 1),
    "all layers, softmax": (None, False, 2e-4, 1),
    **{f"all layers, CRF, {times} times": (None, True, 2e-4, times) for times in (1, 10, 100, 1000)},
}


def illegal_preferred(transitions: np.ndarray[Any, Any]) -> int:
    """Return how many pairs of an illegal and a legal transition from the same tag the matrix orders the wrong way."""
    allowed = np.array(SBME.transitions_allowed)
    return sum(
        int(transitions[tag, bad] >= transitions[tag, good])
        for tag in range(SBME.size)
        for bad in np.flatnonzero(~allowed[tag])
        for good in np.flatnonzero(allowed[tag])
    )


def run(encoder: str, name: str, sentences: int, epochs: int, seed: int) -> dict[str, Any]:
    """Train one labeler and return its F1 after each epoch and its matrix."""
    layers, has_crf, learning_rate, multiplier = RUNS[name]
    torch.manual_seed(seed)
    folder = bundled_encoder() if encoder == "mini" else encoder
    transformer, tokenizer, tokens = load_encoder(folder, layers=layers)
    labeler = NeuralLabeler(Bert(transformer, tokens), has_crf)
    if has_crf:
        labeler.crf = CRF(SBME.size)  # without a scheme: nothing is masked
    lexicon = LexiconFeatures.of(tokens, [jieba_word_list()])
    model = NeuralModel(Kind("bert", "crf" if has_crf else "softmax"), labeler, tokens, lexicon, tokenizer=tokenizer)
    seg = CORPORA / "seg"
    train = list(read_segmented(seg / "ctb6.train.txt"))[:sentences]
    dev = list(read_segmented(seg / "ctb6.dev.txt"))[:DEV]
    options = BertOptions(
        learning_rate=learning_rate,
        crf_lr_multiplier=multiplier,
        epochs=epochs,
        patience=epochs,
        averaging=0,
        seed=seed,
    )
    identity = hashlib.sha256(repr((encoder, name, sentences, asdict(options))).encode()).hexdigest()[:16]
    task = Tagging(model, Encoded.of(model, [train]), Encoded.of(model, [dev]), options, identity)
    kept = Path(tempfile.gettempdir()) / f"crf_learning_rate-{identity}"
    result = fit(task, str(kept), options=options, log_line=click.echo)
    matrix = None if labeler.crf is None else labeler.crf.transitions.detach().cpu().numpy()
    return {
        "f1": [record["f1"] for record in result.history],
        "transitions": None if matrix is None else matrix.tolist(),
        "illegal_preferred": None if matrix is None else illegal_preferred(matrix),
    }


def render(results: dict[str, Any]) -> str:
    """Return the table in Markdown."""
    lines = [
        "# The learning rate of the CRF",
        "",
        made_by(results["command"], results["setting"]),
        "",
        "| | post | F1 after epoch 1 | best F1 | illegal before legal, of 16 |",
        "|---|---:|---:|---:|---:|",
    ]
    for name in RUNS:
        runs = [run for key, run in results["runs"].items() if key.rsplit(", seed", 1)[0] == name]
        if not runs:
            continue
        wrong = [run["illegal_preferred"] for run in runs if run["illegal_preferred"] is not None]
        shown = f"{mean(wrong):.1f}" if wrong else "-"
        first, best = spread([run["f1"][0] for run in runs]), spread([max(run["f1"]) for run in runs])
        lines.append(f"| {name} | {POST.get(name, '-')} | {first} | {best} | {shown} |")
    return "\n".join([*lines, ""])


def spread(values: list[float]) -> str:
    """Return mean and standard deviation, in percent."""
    more = f" ± {100 * stdev(values):.2f}" if len(values) > 1 else ""
    return f"{100 * mean(values):.2f}{more}"


def draw(results: dict[str, Any]) -> None:
    """Draw the matrices of the first seed."""
    from cws.plotting import new_figure, save_figure
    from cws.training.plot import draw_transitions

    path = OUTPUT.with_suffix(".png")
    shown = [(name, results["runs"].get(f"{name}, seed 1")) for name in RUNS]
    matrices = [(name, np.array(run["transitions"])) for name, run in shown if run and run["transitions"]]
    rows = -(-len(matrices) // COLUMNS)
    figure = new_figure(4 * COLUMNS, 4.2 * max(1, rows), path)
    for at, (name, matrix) in enumerate(matrices, 1):
        draw_transitions(figure.add_subplot(rows, COLUMNS, at), matrix, name)
    save_figure(figure, path)


@click.command(help=__doc__)
@click.option("--encoder", default="mini", show_default=True, help="A folder or a name of the Hugging Face hub.")
@click.option("--sentences", default=1000, show_default=True, help="Of ctb6.train.")
@click.option("--epochs", default=4, show_default=True)
@click.option("--seeds", default=3, show_default=True)
@click.option("--only", multiple=True, type=click.Choice(list(RUNS)), help="Only these runs.")
def main(encoder: str, sentences: int, epochs: int, seeds: int, only: tuple[str, ...]) -> None:
    command = (
        f"CWS_CORPORA=… python -m scripts.studies.crf_learning_rate --encoder {Path(encoder).name}"
        f" --sentences {sentences} --epochs {epochs} --seeds {seeds}"
    )
    for seed in range(1, seeds + 1):
        for name in only or RUNS:
            results = read_json(OUTPUT) or {"runs": {}}
            if results.setdefault("command", command) != command:
                raise click.ClickException(f"{OUTPUT} is of `{results['command']}`: repeat that, or delete the file")
            key = f"{name}, seed {seed}"
            if key in results["runs"]:
                continue
            click.echo(key)
            results["setting"] = setting("torch", "transformers")
            results["runs"][key] = run(encoder, name, sentences, epochs, seed)
            write_figures(FIGURES, OUTPUT.stem, results, render(results))
    draw(read_json(OUTPUT))


if __name__ == "__main__":
    main()
