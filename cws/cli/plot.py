"""`cws plot`: plots of a training, and of what a CRF has learned."""

from __future__ import annotations

import json
import os

import click

from cws.errors import InputError
from cws.files import read_lines

HISTORY_FILE = "history.jsonl"  # that of cws/training/loop.py, which would import torch


@click.command("plot")
@click.argument("models", nargs=-1, required=True, type=click.Path(), metavar="MODEL...")
@click.option("-o", "--output", default="training.png", show_default=True, type=click.Path(), metavar="FILE",
              help="The plot: .png, .svg or .pdf.")  # fmt: skip
def plot_cli(models: tuple[str, ...], output: str) -> None:
    """Draw the trainings of neural models.

    Loss and F1 after each epoch, and the transitions of each CRF.

    MODEL is a folder made by cws train, also of a training that is not complete. Needs matplotlib.

    \b
    cws plot my-model other-model -o trainings.png
    """
    plot(models, output)
    click.echo(f"the plot is {output}", err=True)


def plot(models: tuple[str, ...], output: str) -> None:
    """Draw the trainings of models; arguments as of the command."""
    from safetensors import safe_open

    from cws.training.plot import draw_trainings  # here, because --help should not wait for it

    histories, matrices = {}, {}
    for folder in models:
        lines = list(read_lines(os.path.join(folder, HISTORY_FILE)))
        try:
            histories[folder] = [json.loads(line) for line in lines]
        except ValueError as error:
            raise InputError(f"{folder}: {HISTORY_FILE} is not JSON ({error}): train again") from None
        if not histories[folder]:
            raise InputError(f"{folder}: no epoch is complete yet: wait for the first")
        weights = os.path.join(folder, "weights.safetensors")
        if os.path.exists(weights):
            with safe_open(weights, "np") as file:
                if "crf.transitions" in file.keys():  # noqa: SIM118 - no mapping
                    matrices[folder] = file.get_tensor("crf.transitions")
    draw_trainings(histories, matrices, output)
