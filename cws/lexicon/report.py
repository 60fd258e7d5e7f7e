"""Plots of a lexicon: short and long words, frequent and rare ones, and what holds them together."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

from cws.lexicon.lexicon import Lexicon
from cws.plotting import new_figure, save_figure

SURE_GAIN = (
    1.0  # nats of mutual information from which on merging two symbols is a gain, see `entropy.merge_gain_bound`
)


def draw_report(lexicon: Lexicon, information: Sequence[float], path: str | os.PathLike[str]) -> None:
    """Draw rank and frequency, lengths, mutual information against count, and L after each iteration.

    Args:
        lexicon: The words.
        information: L in bits a character after each iteration; may be empty.
        path: Where the plot goes; its ending, one of `plotting.FORMATS`, says what it is.

    Raises:
        InputError: Another ending; matplotlib is not installed.
        FileError: The file cannot be written.
    """
    figure = new_figure(10, 7.5, path)
    axes = figure.subplots(2, 2)
    _draw_ranks(axes[0, 0], lexicon)
    _draw_lengths(axes[0, 1], lexicon)
    _draw_information(axes[1, 0], lexicon)
    _draw_iterations(axes[1, 1], information)
    save_figure(figure, path)


def _draw_ranks(axes: Any, lexicon: Lexicon) -> None:
    counts = [entry.count for entry in lexicon.entries.values()]
    axes.loglog(range(1, len(counts) + 1), counts)
    axes.set(title=f"{len(counts):,} words", xlabel="rank", ylabel="count")


def _draw_lengths(axes: Any, lexicon: Lexicon) -> None:
    types = Counter(len(word) for word in lexicon.entries)
    running: Counter[int] = Counter()
    for word, entry in lexicon.entries.items():
        running[len(word)] += entry.count
    lengths = sorted(types)
    for shift, name, counts in ((-0.2, "word types", types), (0.2, "words of the text", running)):
        total = sum(counts.values())
        axes.bar(
            [length + shift for length in lengths], [counts[length] / total for length in lengths], 0.4, label=name
        )
    axes.set(title="length", xlabel="characters", ylabel="share", xticks=lengths)
    axes.legend()


def _draw_information(axes: Any, lexicon: Lexicon) -> None:
    found = [(entry.count, entry.pmi) for entry in lexicon.entries.values() if entry.pmi is not None]
    found = [(count, pmi) for count, pmi in found if math.isfinite(pmi)]
    axes.scatter([count for count, _ in found], [pmi for _, pmi in found], s=2, alpha=0.3, rasterized=True)
    axes.axhline(SURE_GAIN, color="black", linewidth=1, label="from here on a sure gain")
    axes.set(title="what holds words together", xlabel="count", ylabel="mutual information, nats", xscale="log")
    axes.legend()


def _draw_iterations(axes: Any, information: Sequence[float]) -> None:
    iterations = range(1, len(information) + 1)
    axes.plot(iterations, information, marker="o")
    axes.set_xticks(iterations[:: 1 + len(iterations) // 10])
    axes.set(title="information", xlabel="iteration", ylabel="bits a character")
    if not information:
        axes.text(0.5, 0.5, "this goal does not minimise it", ha="center", transform=axes.transAxes)
