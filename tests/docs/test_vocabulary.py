"""Code and documents speak the field's words: those that were coined here once do not come back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What a reader would not search for, and what the field says.
INSTEAD = {
    r"\bdoors?\b": "API",
    r"reword": "resegment",
    r"\bcompanions?\b": "batch invariance",
    r"\btold\b": "given; additional input features",
    r"\btaught\b|\bteachers?\b": "self-training, pseudo-labels",
    r"\bpictures?\b": "plot",
    r"\bshipping\b": "broadcast",
    r"\bwidest\b": "cpu_dispatch",
    r"\bkinds of words\b": "word types",
    r"\bbehind\b": "after",
    r"\bsenseless\b": "invalid",
    r"\b(at|with|of) a rate\b|--rate\b(?! is now)": "learning rate",
    r"\b(training|of|each) rounds\b": "epochs",
}
FOLDERS = ("cws", "scripts", "tests", "docs")
ENDINGS = {".py", ".pyi", ".h", ".cpp", ".sh", ".md"}
# Figures keep the commands that made them, and this file the words.
LEFT_OUT = (ROOT / "docs/figures", ROOT / "cws/data", Path(__file__))
# The old spelling of an option that works for one more release.
OLD_SPELLING = {
    "cws/cli/options.py", "cws/cli/train.py", "cws/cli/pretrain.py", "tests/cli/test_cli_options.py", "CHANGELOG.md",
    "docs/notebook/neural.md",
}  # fmt: skip


def files() -> list[Path]:
    found = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.suffix in ENDINGS]
    found += sorted(ROOT.glob("*.md"))
    return [path for path in found if not any(path == one or one in path.parents for one in LEFT_OUT)]


@pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the sources are not part of the installed package")
@pytest.mark.parametrize(("word", "instead"), INSTEAD.items())
def test_vocabulary_is_the_fields(word, instead):
    pattern = re.compile(word, re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files()
        if not ("--rate" in word and str(path.relative_to(ROOT)) in OLD_SPELLING)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, f"say {instead}:\n" + "\n".join(found)
