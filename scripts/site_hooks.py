"""Hooks of mkdocs: the site's page of the command line shows examples as they are in the shell."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click
from mkdocs.config.defaults import MkDocsConfig

from cws.cli import cli

VERBATIM = "\b\n"  # what click takes for a paragraph that is not to be wrapped


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Write the help of each command in Markdown, once."""
    for command in every_command(cli):
        if command.help:
            command.help = with_code_blocks(command.help)
    return config


def every_command(command: click.Command) -> Iterator[click.Command]:
    """Yield a command and all commands of it."""
    yield command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if (found := command.get_command(context, name)) is not None:
                yield from every_command(found)


def with_code_blocks(text: str) -> str:
    """Return the help of a command with its verbatim paragraphs as code.

    >>> with_code_blocks("Segment.\\n\\n\\b\\ncws segment input.txt")
    'Segment.\\n\\n```text\\ncws segment input.txt\\n```'
    """
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(
        f"```text\n{paragraph.removeprefix(VERBATIM)}\n```" if paragraph.startswith(VERBATIM) else paragraph
        for paragraph in paragraphs
    )
