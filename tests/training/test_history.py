"""The history of a training, as a file."""

from __future__ import annotations

import pytest

from cws.errors import FileError, InputError
from cws.training.history import HISTORY_FILE, read_history, write_history


def test_history_comes_back(tmp_path):
    records = [{"epoch": 1, "loss": 0.5, "learning_rates": [0.1]}, {"epoch": 2, "loss": 0.25, "learning_rates": [0.05]}]
    write_history(str(tmp_path), records)
    assert read_history(str(tmp_path)) == records


def test_history_that_cannot_be_used_says_why(tmp_path):
    with pytest.raises(FileError, match="No such file"):
        read_history(str(tmp_path))
    write_history(str(tmp_path), [])
    with pytest.raises(InputError, match="no epoch is complete yet: wait for the first"):
        read_history(str(tmp_path))
    (tmp_path / HISTORY_FILE).write_text('{"epoch": 1\n', "utf-8")
    with pytest.raises(InputError, match="is not JSON .*: train again"):
        read_history(str(tmp_path))
