"""`cws models`: what is bundled."""

from __future__ import annotations

import os

import click

from cws.bundled import models
from cws.segmenter import Segmenter


@click.command("models")
def models_cli() -> None:
    """List the bundled models, the default one first."""
    for name in models():
        segmenter = Segmenter(name)
        size = os.path.getsize(os.path.join(segmenter.path, "weights.safetensors"))
        click.echo(f"{name:6} {segmenter.config.get('description', '')} ({size / 1e6:.0f} MB)")
