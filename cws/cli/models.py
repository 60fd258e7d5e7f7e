"""`cws models`: what is bundled."""

from __future__ import annotations

import os

import click

from cws.bundled import DEFAULT_MODEL, models
from cws.segmenter import Segmenter

# What standards differ in: a name, an organisation, a date, a negated adjective, a verb with its particle.
EXAMPLES = ("江泽民", "北京大学", "1998年1月", "不好", "走过")


@click.command("models")
def models_cli() -> None:
    """List the bundled models, the default one first.

    For each: its standard, what it makes of a name, an organisation, a date, 不好 and 走过, and what it learned from,
    with the terms of that.
    """
    for name in models():
        click.echo("\n".join(describe(name)))


def describe(name: str) -> list[str]:
    """Return what to say of a bundled model."""
    segmenter = Segmenter(name)
    size = os.path.getsize(os.path.join(segmenter.path, "weights.safetensors")) / 1e6
    default = ", the default" if name == DEFAULT_MODEL else ""
    words = " · ".join(" ".join(segmenter.segment(example)) for example in EXAMPLES)
    return [
        f"{name} ({size:.0f} MB{default})",
        f"  {segmenter.config.get('description', '')}",
        f"  {words}",
        f"  learned from {'; '.join(segmenter.config.get('sources', ()))}",
    ]
