"""`cws` itself: help, version, models."""

from __future__ import annotations

import os
import re

import pytest
from commands import (
    COMMANDS,
    is_misused,
    run,
    works,
)

import cws
from cws.cli.train import _OPTIONS, train_cli


def test_cli_alone_shows_the_help(here):
    result = run(cwd=here)
    assert result.returncode == 2
    assert all(f"  {command} " in result.stderr.decode() for command in COMMANDS)


@pytest.mark.parametrize("args", [("-h",), ("--help",), *((command, "-h") for command in COMMANDS)])
def test_cli_help(here, args):
    assert works(*args, cwd=here).startswith("Usage: ")


def test_cli_help_lists_each_command_in_one_whole_sentence(here):
    listing = works("-h", cwd=here, env={"COLUMNS": "80"}).split("Commands:\n")[1]
    assert len(listing.splitlines()) == len(COMMANDS)
    assert "..." not in listing


def test_cli_help_in_a_locale_without_chinese(here):
    assert "\\u4eca" in works("segment", "-h", cwd=here, env={"PYTHONIOENCODING": "latin-1"})


def test_cli_version(here):
    assert cws.__version__ in works("--version", cwd=here)


def test_cli_unknown_command(here):
    is_misused("No such command 'segmant'", "segmant", cwd=here)


def test_cli_models(here):
    blocks = re.split(r"\n(?=\S)", works("models", cwd=here).rstrip("\n"))
    assert [block.split()[0] for block in blocks] == cws.models()
    for block in blocks:
        title, description, words, sources = block.split("\n")
        assert re.search(r" \(\d+ MB(, the default)?\)$", title)
        assert description.strip() and sources.startswith("  learned from ")
        segmenter = cws.load(title.split()[0])
        assert [" ".join(segmenter.segment(one.replace(" ", ""))) for one in words[2:].split(" · ")] == words[2:].split(
            " · "
        )


@pytest.mark.parametrize("command", [("segment", "input.txt"), ("models",), ("-h",)])
def test_cli_stdout_closed(here, command):
    assert works(*command, cwd=here, limit=lambda: os.close(1)) == ""


def test_cli_help_of_train_says_which_kinds_have_an_option():
    # What is refused for some kinds says so, and what all kinds have does not.
    marked = {option.name for option in train_cli.params if re.search(r"\[[a-z, .-]+\]$", option.help or "")}
    assert marked == set(_OPTIONS)


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".zst"])
@pytest.mark.parametrize("command", ["segment", "train", "pretrain", "lexicon build"])
def test_cli_help_names_all_compressed_files(here, command, suffix):
    assert suffix in works(*command.split(), "-h", cwd=here)
