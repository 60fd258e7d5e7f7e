"""Fixtures that several files of tests about commands share."""

from __future__ import annotations

import pytest
from commands import GOLD, TEXT, run


@pytest.fixture
def here(tmp_path):
    """A folder with input.txt and gold.txt."""
    (tmp_path / "input.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "gold.txt").write_text(GOLD, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model trained on gold.txt, beside it, in one folder."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "gold.txt").write_text(GOLD, encoding="utf-8")
    assert run("train", "--train", "gold.txt", "-o", "model", "--no-jieba", cwd=folder).returncode == 0
    return folder
