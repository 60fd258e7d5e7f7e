"""Plots, drawn by matplotlib where it is installed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO, cast

from cws.errors import InputError
from cws.files import atomic_output

FORMATS = (".png", ".svg", ".pdf")


def new_figure(width: float, height: float, path: str | os.PathLike[str]) -> Any:
    """Return an empty figure of matplotlib.

    Args:
        width, height: In inches.
        path: Where it will be saved; its ending, one of FORMATS, says what it is.

    Raises:
        InputError: Another ending; matplotlib is not installed.
    """
    if Path(path).suffix.lower() not in FORMATS:
        raise InputError(f"{os.fspath(path)}: expected a name that ends in {', '.join(FORMATS)}")
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("plots need matplotlib: pip install matplotlib") from None
    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Any, path: str | os.PathLike[str]) -> None:
    """Write a figure; FileError where that cannot be done."""
    with atomic_output(path) as file:
        figure.savefig(cast("BinaryIO", file), format=Path(path).suffix[1:].lower(), dpi=120)
