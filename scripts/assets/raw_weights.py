"""Learn what the statistics of raw text are worth to a linear model, from the corpora under CWS_CORPORA.

    CWS_CORPORA=… python -m scripts.assets.raw_weights

The model is ctb, which learned from no marks; the sentences are those with readers' marks, and the raw text is of the
same domains. What it is worth to others: docs/notebook/adapting.md.
"""

from __future__ import annotations

import lzma
from pathlib import Path
from tempfile import NamedTemporaryFile

import click
import numpy as np
from safetensors.numpy import save_file

from cws.bundled import bundled_raw_weights, find_model
from cws.corpus import read_marks
from cws.lexicon.raw_classes import raw_classes
from cws.training.initial_model import InitialModel
from cws.training.linear_text import Part, Standard
from cws.training.raw_weights import learn_raw_weights
from scripts.measuring import DOMAINS, ROOT, corpora_folder

EVERY = {"technical": 4, "law": 16, "literature": 4}  # one line of so many: these domains are over-represented
LEARNING_RATE, EPOCHS = 0.01, 6


@click.command(help=__doc__)
@click.option("-o", "--output", default=Path(bundled_raw_weights()), type=click.Path(path_type=Path))
def main(output: Path) -> None:
    root = corpora_folder()
    with NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as text:
        for domain in DOMAINS:
            with lzma.open(root / "raw" / f"{domain}.txt.xz", "rt", encoding="utf-8") as lines:
                text.writelines(line for at, line in enumerate(lines) if at % EVERY.get(domain, 1) == 0)
        text.flush()
        tables = raw_classes([text.name])
    paths = ROOT / "corpora" / "sentences" / "marks.txt", root / "readers" / "train.txt"
    marks = Standard("marks", [Part(list(read_marks(path))) for path in paths])
    initial = InitialModel.open(find_model("ctb")[1])
    weights = learn_raw_weights(initial, marks, tables, learning_rate=LEARNING_RATE, epochs=EPOCHS)
    save_file({"weights": np.ascontiguousarray(weights)}, output)
    click.echo(f"{output}: {np.count_nonzero(weights.any(axis=(2, 3)))} classes have weights")


if __name__ == "__main__":
    main()
