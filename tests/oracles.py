"""Slow, obvious answers to compare the fast ones with: everything by enumeration, in plain Python.

Emissions are N rows of K scores, transitions K rows of K [from][to], start and end K scores; all of them are added up,
and only paths that the scheme calls legal count. A scheme is anything with a size and three tables of legality, such as
a `TagScheme` or `Tables`. Constraints, `allowed`, are N rows of K bools; None allows all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Protocol

Path = tuple[int, ...]
Matrix = Sequence[Sequence[float]]
Allowed = Sequence[Sequence[bool]] | None


class Scheme(Protocol):
    """What says which paths are legal."""

    @property
    def size(self) -> int: ...
    @property
    def transitions_allowed(self) -> Sequence[Sequence[bool]]: ...
    @property
    def start_allowed(self) -> Sequence[bool]: ...
    @property
    def end_allowed(self) -> Sequence[bool]: ...


@dataclass(frozen=True)
class Tables:
    """A legality that is nobody's scheme."""

    transitions_allowed: tuple[tuple[bool, ...], ...]
    start_allowed: tuple[bool, ...]
    end_allowed: tuple[bool, ...]

    @property
    def size(self) -> int:
        return len(self.start_allowed)

    @classmethod
    def free(cls, size: int) -> Tables:
        """Return the legality of `size` tags that forbids nothing."""
        row = (True,) * size
        return cls((row,) * size, row, row)


def all_sequences(scheme: Scheme, n: int) -> list[Path]:
    """Return every sequence of n tags, legal or not."""
    return list(product(range(scheme.size), repeat=n))


def all_paths(scheme: Scheme, n: int, allowed: Allowed = None) -> list[Path]:
    """Return every legal sequence of n tags; for n = 0, the empty one."""
    legal = _legal_paths(scheme, n)
    return [path for path in legal if allowed is None or all(allowed[i][tag] for i, tag in enumerate(path))]


@lru_cache(maxsize=256)
def _legal_paths(scheme: Scheme, n: int) -> tuple[Path, ...]:
    return tuple(path for path in all_sequences(scheme, n) if is_legal(scheme, path))


def is_legal(scheme: Scheme, path: Path) -> bool:
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
    scheme: Scheme,
    emissions: Matrix,
    transitions: Matrix,
    start: Sequence[float] | None = None,
    end: Sequence[float] | None = None,
    allowed: Allowed = None,
) -> tuple[Path, float]:
    """Return the best legal path and its score; see `n_best` for ties."""
    score, best = n_best(scheme, emissions, transitions, start, end, allowed)[0]
    return best, score


def n_best(
    scheme: Scheme,
    emissions: Matrix,
    transitions: Matrix,
    start: Sequence[float] | None = None,
    end: Sequence[float] | None = None,
    allowed: Allowed = None,
) -> list[tuple[float, Path]]:
    """Return the score of every legal path and the path, best first.

    Of equal paths first comes the one with the lowest last tag, then the lowest last but one, and so on: what a Viterbi
    search finds that takes the lowest tag at every tie on its way back.
    """
    paths = all_paths(scheme, len(emissions), allowed)
    scored = [(path_score(emissions, transitions, path, start, end), path) for path in paths]
    return sorted(scored, key=lambda one: (-one[0], one[1][::-1]))


def log_partition(
    scheme: Scheme,
    emissions: Matrix,
    transitions: Matrix,
    start: Sequence[float] | None = None,
    end: Sequence[float] | None = None,
    allowed: Allowed = None,
) -> float:
    """Return the log of the summed exp(score) of all legal paths."""
    paths = all_paths(scheme, len(emissions), allowed)
    scores = [path_score(emissions, transitions, path, start, end) for path in paths]
    highest = max(scores)
    return highest + math.log(sum(math.exp(score - highest) for score in scores))


def marginals(
    scheme: Scheme,
    emissions: Matrix,
    transitions: Matrix,
    start: Sequence[float] | None = None,
    end: Sequence[float] | None = None,
    allowed: Allowed = None,
) -> list[list[float]]:
    """Return the probability of each tag at each place, N rows of K."""
    whole = log_partition(scheme, emissions, transitions, start, end, allowed)
    result = [[0.0] * scheme.size for _ in emissions]
    for path in all_paths(scheme, len(emissions), allowed):
        probability = math.exp(path_score(emissions, transitions, path, start, end) - whole)
        for i, tag in enumerate(path):
            result[i][tag] += probability
    return result


def pair_marginals(
    scheme: Scheme,
    emissions: Matrix,
    transitions: Matrix,
    start: Sequence[float] | None = None,
    end: Sequence[float] | None = None,
    allowed: Allowed = None,
) -> list[list[list[float]]]:
    """Return the probability of each two tags at a place and the one before, N of K rows of K; 0 at the first place."""
    whole = log_partition(scheme, emissions, transitions, start, end, allowed)
    result = [[[0.0] * scheme.size for _ in range(scheme.size)] for _ in emissions]
    for path in all_paths(scheme, len(emissions), allowed):
        probability = math.exp(path_score(emissions, transitions, path, start, end) - whole)
        for i in range(1, len(path)):
            result[i][path[i - 1]][path[i]] += probability
    return result


def correct_words(gold: Sequence[str], predicted: Sequence[str]) -> int:
    """Return how many words both have at the same place, by comparing every pair."""

    def spans(words: Sequence[str]) -> list[tuple[int, int]]:
        return [(len("".join(words[:i])), len("".join(words[: i + 1]))) for i in range(len(words))]

    return sum(ours == theirs for ours in spans(gold) for theirs in spans(predicted))
