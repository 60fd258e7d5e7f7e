"""What commands say on stderr of what they do."""

from __future__ import annotations

import sys

import click


def log_line(line: str) -> None:
    """Write a line about what goes on."""
    click.echo(line, err=True)


def report_model(folder: str) -> None:
    """Say where a new model is, and how to use it."""
    log_line(f"the model is in {folder}: cws segment --model {folder} input.txt")


def wants_progress(progress: bool | None, *, output: str | None = None) -> bool:
    """Return whether to show a progress bar: as the option says, and without it on a terminal.

    Args:
        progress: True, False, or None where the option is not given.
        output: Where results go. On stdout (`-`) they would mix with a bar, so the option has to ask for it.
    """
    return sys.stderr.isatty() and output != "-" if progress is None else progress
