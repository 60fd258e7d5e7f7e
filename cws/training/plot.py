"""Plots of trainings: curves of loss and F1, heat maps of transitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cws.plotting import new_figure, save_figure
from cws.tags import SBME


def draw_trainings(
    histories: Mapping[str, Sequence[Mapping[str, Any]]],
    matrices: Mapping[str, NDArray[np.float32]],
    path: str | PathLike[str],
) -> None:
    """Draw trainings into a file.

    Args:
        histories: The records of each training, by its name, as in history.jsonl.
        matrices: The transitions (4, 4) of a CRF, [from, to], by name.
        path: .png, .svg or .pdf.

    Raises:
        InputError: matplotlib is not installed, or cannot write such a file.
        FileError: The file cannot be written.
    """
    columns = max(2, len(matrices))
    rows = 2 if matrices else 1
    figure = new_figure(4.5 * columns, 3.6 * rows, path)
    loss, f1 = (figure.add_subplot(rows, 2, at) for at in (1, 2))
    for name, history in histories.items():
        # Histories of release 0.1 called an epoch a round.
        epochs = [record.get("epoch", record.get("round")) for record in history]
        loss.plot(epochs, [record["loss"] for record in history], marker=".", label=name)
        f1.plot(epochs, [100 * record.get("f1", float("nan")) for record in history], marker=".", label=name)
    loss.set(title="loss, nats a character", xlabel="epoch")
    f1.set(title="F1 on dev", xlabel="epoch")
    f1.legend(fontsize="small")
    for at, (name, matrix) in enumerate(matrices.items()):
        draw_transitions(figure.add_subplot(rows, columns, columns + at + 1), matrix, name)
    save_figure(figure, path)


def draw_transitions(axes: Any, matrix: NDArray[np.float32], title: str) -> None:
    """Draw a matrix of transitions; those that are illegal have a cross."""
    largest = max(float(np.abs(matrix).max()), 1e-6)
    axes.imshow(matrix, cmap="RdBu_r", vmin=-largest, vmax=largest)
    axes.set(title=title, xticks=range(SBME.size), yticks=range(SBME.size), xlabel="to", ylabel="from")
    axes.set_xticklabels(SBME.names)
    axes.set_yticklabels(SBME.names)
    for one, row in enumerate(matrix):
        for other, value in enumerate(row):
            mark = "" if SBME.transitions_allowed[one][other] else " ×"
            axes.text(other, one, f"{value:.2f}{mark}", ha="center", va="center", fontsize="small")
