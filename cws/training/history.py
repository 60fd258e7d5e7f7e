"""The history of a training: a record of each epoch, as a line of JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from cws.errors import InputError
from cws.files import atomic_output, read_lines

HISTORY_FILE = "history.jsonl"


def write_history(folder: str, history: Sequence[Mapping[str, Any]]) -> None:
    """Write the records of a training into its folder.

    Raises:
        FileError: It cannot be written.
    """
    with atomic_output(os.path.join(folder, HISTORY_FILE)) as file:
        file.write("".join(json.dumps(record) + "\n" for record in history).encode())


def read_history(folder: str) -> list[dict[str, Any]]:
    """Return the records of a training, one or more.

    Raises:
        InputError: None yet, or a file that is no JSON.
        FileError: It cannot be read.
    """
    lines = list(read_lines(os.path.join(folder, HISTORY_FILE)))
    try:
        records = [json.loads(line) for line in lines]
    except ValueError as error:
        raise InputError(f"{folder}: {HISTORY_FILE} is not JSON ({error}): train again") from None
    if not records:
        raise InputError(f"{folder}: no epoch is complete yet: wait for the first")
    return records
