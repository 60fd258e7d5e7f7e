"""The options of hidden Markov models."""

from __future__ import annotations

from dataclasses import dataclass

from cws.errors import InputError


@dataclass(frozen=True, kw_only=True)
class HmmOptions:
    """What model, and how long Baum-Welch re-estimates it.

    Raises:
        InputError: A value out of its range.
    """

    order: int = 1  # the classic model, the only one that Baum-Welch re-estimates; 2 is much better (docs/guide/hmm.md)
    iterations: int = 10  # of Baum-Welch, at most; `reestimate` says why not more
    min_gain: float = 1e-6  # nats a character; an iteration that gains less is the last

    def __post_init__(self) -> None:
        for name, expected, allowed in (
            ("order", "1 or 2", self.order in (1, 2)),
            ("iterations", "0 or more", self.iterations >= 0),
            ("min_gain", "0 or more", self.min_gain >= 0),
        ):
            if not allowed:
                raise InputError(f"{name}: expected {expected}, got {getattr(self, name)!r}")
