"""Slow, obvious answers to compare the fast ones with: everything by enumeration, in plain Python.

Emissions are N rows of K scores, transitions K rows of K [from][to], start and end K scores; all of them are added up,
and only paths that the scheme calls legal count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

from cws.tags import TagScheme

Path = tuple[int, ...]
Matrix = Sequence[Sequence[float]]


def all_sequences(scheme: TagScheme, n: int) -> list[Path]:
    """Return every sequence of n tags, legal or not."""
    return list(product(range(scheme.size), repeat=n))


def all_paths(scheme: TagScheme, n: int) -> list[Path]:
    """Return every legal sequence of n tags; for n = 0, the empty one."""
    return [path for path in all_sequences(scheme, n) if is_legal(scheme, path)]


def is_legal(scheme: TagScheme, path: Path) -> bool:
    """Whether the tables of the scheme allow the path."""
    if not path:
        return True
    steps = all(scheme.transitions_allowed[path[i - 1]][path[i]] for i in range(1, len(path)))
    return steps and scheme.start_allowed[path[0]] and scheme.end_allowed[path[-1]]


def path_score(
    emissions: Matrix,
    transitions: Matrix,
    path: Path,
    start: Sequence[float] | None = None,
    end: Sequence[float] | None = None,
) -> float:
    """Return the sum of all scores on the path; 0 for the empty path."""
    if not path:
        return 0.0
    total = sum(emissions[i][tag] for i, tag in enumerate(path))
    total += sum(transitions[path[i - 1]][path[i]] for i in range(1, len(path)))
    return total + (start[path[0]] if start else 0.0) + (end[path[-1]] if end else 0.0)


def best_path(
    scheme: TagScheme,
    emissions: Matrix,
    transitions: Matrix,
    start: Sequence[float] | None = None,
    end: Sequence[float] | None = None,
) -> tuple[Path, float]:
    """Return the best legal path and its score.

    Of equal paths it is the one with the lowest last tag, then the lowest last but one, and so on: what a Viterbi
    search finds that takes the lowest tag at every tie on its way back.
    """
    scores = {path: path_score(emissions, transitions, path, start, end) for path in all_paths(scheme, len(emissions))}
    best = min(scores, key=lambda path: (-scores[path], path[::-1]))
    return best, scores[best]


def log_partition(
    scheme: TagScheme,
    emissions: Matrix,
    transitions: Matrix,
    start: Sequence[float] | None = None,
    end: Sequence[float] | None = None,
) -> float:
    """Return the log of the summed exp(score) of all legal paths."""
    scores = [path_score(emissions, transitions, path, start, end) for path in all_paths(scheme, len(emissions))]
    highest = max(scores)
    return highest + math.log(sum(math.exp(score - highest) for score in scores))


def marginals(
    scheme: TagScheme,
    emissions: Matrix,
    transitions: Matrix,
    start: Sequence[float] | None = None,
    end: Sequence[float] | None = None,
) -> list[list[float]]:
    """Return the probability of each tag at each place, N rows of K."""
    whole = log_partition(scheme, emissions, transitions, start, end)
    result = [[0.0] * scheme.size for _ in emissions]
    for path in all_paths(scheme, len(emissions)):
        probability = math.exp(path_score(emissions, transitions, path, start, end) - whole)
        for i, tag in enumerate(path):
            result[i][tag] += probability
    return result


def correct_words(gold: Sequence[str], predicted: Sequence[str]) -> int:
    """Return how many words both have at the same place, by comparing every pair."""

    def spans(words: Sequence[str]) -> list[tuple[int, int]]:
        return [(len("".join(words[:i])), len("".join(words[: i + 1]))) for i in range(len(words))]

    return sum(ours == theirs for ours in spans(gold) for theirs in spans(predicted))
