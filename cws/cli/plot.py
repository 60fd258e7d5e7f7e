"""`cws plot`: plots of a training, and of what a CRF has learned."""

from __future__ import annotations

import os

import click

from cws.cli.reporting import log_line
from cws.files import check_output, files_in
from cws.training.history import read_history


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
    log_line(f"the plot is {output}")


def plot(models: tuple[str, ...], output: str) -> None:
    """Draw the trainings of models; arguments as of the command."""
    for folder in models:
        check_output(output, files_in(folder))
    from safetensors import safe_open

    from cws.training.plot import draw_trainings  # here, because --help should not wait for it

    histories, matrices = {}, {}
    for folder in models:
        histories[folder] = read_history(folder)
        weights = os.path.join(folder, "weights.safetensors")
        if os.path.exists(weights):
            with safe_open(weights, "np") as file:
                if "crf.transitions" in file.keys():  # noqa: SIM118 - no mapping
                    matrices[folder] = file.get_tensor("crf.transitions")
    draw_trainings(histories, matrices, output)
