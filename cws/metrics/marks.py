"""Scores of a segmentation against readers' marks: how often it does what no reader would accept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, zip_longest
from typing import NamedTuple

from cws.corpus.marks import CUT, JOIN, MarkedSentence
from cws.errors import InputError
from cws.metrics.segmentation import check_same_text, one_row_table

_CONTEXT = 4  # characters on either side of an objection


@dataclass(frozen=True)
class MarkCounts:
    """Counts of any number of sentences; counts add up, starting from `MarkCounts()`.

    Attributes:
        sentences: Sentences counted.
        demanded_words: Words that readers demand: a sentence has one more than its marks for a cut.
        wrong_cuts: Cuts where every reader wants none.
        wrong_joins: Places without a cut where every reader wants one.
    """

    sentences: int = 0
    demanded_words: int = 0
    wrong_cuts: int = 0
    wrong_joins: int = 0

    @property
    def objections(self) -> int:
        """Wrong cuts and wrong joins."""
        return self.wrong_cuts + self.wrong_joins

    @property
    def per_hundred(self) -> float:
        """Objections for each 100 demanded words; 0.0 where no words were counted."""
        return 100 * self.objections / self.demanded_words if self.demanded_words else 0.0

    def __add__(self, other: MarkCounts) -> MarkCounts:
        return MarkCounts(
            self.sentences + other.sentences,
            self.demanded_words + other.demanded_words,
            self.wrong_cuts + other.wrong_cuts,
            self.wrong_joins + other.wrong_joins,
        )

    def as_dict(self) -> dict[str, int | float]:
        """Return counts and figures, ready for JSON."""
        return {**self.__dict__, "objections": self.objections, "per_hundred": self.per_hundred}

    def __str__(self) -> str:
        """A table in Markdown, which is also readable as it is."""
        names = {"sentences": "sentences", "demanded_words": "demanded words"}
        names |= {"wrong_cuts": "wrong cuts", "wrong_joins": "wrong joins"}
        cells = {name: f"{getattr(self, field):,}" for field, name in names.items()}
        return one_row_table(cells | {"per 100 words": f"{self.per_hundred:.2f}"})


class Objection(NamedTuple):
    """What no reader would accept in a segmentation.

    Attributes:
        sentence: The sentence.
        place: Between the characters `place` and `place + 1` of its text.
        is_cut: Whether the cut there is wrong, or else that there is none.
    """

    sentence: MarkedSentence
    place: int
    is_cut: bool

    @property
    def kind(self) -> str:
        """What is wrong: a `cut` or a `join`."""
        return "cut" if self.is_cut else "join"

    @property
    def context(self) -> str:
        """The characters around it, with `/` where the cut is, or `+` where there is none."""
        text, after = self.sentence.text, self.place + 1
        return text[max(0, after - _CONTEXT) : after] + ("/" if self.is_cut else "+") + text[after : after + _CONTEXT]

    def as_dict(self) -> dict[str, str | int]:
        """Return it ready for JSON."""
        return {"id": self.sentence.name, "kind": self.kind, "place": self.place, "context": self.context}

    def __str__(self) -> str:
        """All of it for people, such as `a7: cut 他自/定义了`."""
        return f"{self.sentence.name}: {self.kind} {self.context}"


def find_objections(sentence: MarkedSentence, words: Sequence[str]) -> Iterator[Objection]:
    """Yield what no reader would accept, in the order of the text.

    Args:
        sentence: The marks.
        words: The words of its text, with its white space as words, inside words, or left out.

    Raises:
        InputError: They spell another text, whatever the white space.
    """
    lengths = [len(_without_space(word)) for word in words]
    check_same_text(_without_space(sentence.text), _without_space("".join(words)), "marks")
    written = [at for at, character in enumerate(sentence.text) if not character.isspace()]
    begins = {written[count] for count in accumulate(lengths) if count < len(written)}
    for place, mark in enumerate(sentence.places):
        is_cut = place + 1 in begins
        if mark == (JOIN if is_cut else CUT):
            yield Objection(sentence, place, is_cut)


def _without_space(text: str) -> str:
    return "".join(text.split())


def count_marks(sentence: MarkedSentence, words: Sequence[str]) -> MarkCounts:
    """Return the counts of one sentence; arguments and errors as of `find_objections`."""
    are_cuts = [objection.is_cut for objection in find_objections(sentence, words)]
    return MarkCounts(1, sentence.demanded_words, are_cuts.count(True), are_cuts.count(False))


def score_marks(sentences: Iterable[MarkedSentence], segmentations: Iterable[Sequence[str]]) -> MarkCounts:
    """Return the counts of all sentences; segmentations in the same order, each as the words of `find_objections`.

    Raises:
        InputError: Different numbers of sentences, or one whose words spell another text, with its name.
    """
    counts = MarkCounts()
    for sentence, words in zip_longest(sentences, segmentations):
        if sentence is None or words is None:
            short, long = ("marks", "predicted") if sentence is None else ("predicted", "marks")
            raise InputError(
                f"{short} ends after {counts.sentences} sentences, {long} goes on: score the same sentences"
            )
        try:
            counts += count_marks(sentence, words)
        except InputError as error:
            raise InputError(f"sentence {sentence.name}: {error}") from None
    return counts
