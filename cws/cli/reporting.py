"""What commands say to the user on stderr."""

from __future__ import annotations

import click


def say_where(output: str) -> None:
    """Tell where a new model is, and how to use it."""
    click.echo(f"the model is in {output}: cws segment --model {output} input.txt", err=True)
