"""How a user dictionary changes the words of a model: the specification, in plain Python and slow.

The model segments as if there were no dictionary. Then, in each sequence (a text between white space):

1. Forced entries are found from the left, at each place the longest. They do not overlap; other entries that overlap
   one of them are left out. An entry that reaches over white space, beyond its sequence, is taken like a forced one if
   its weight is positive, because no model scores such a word. (A sequence of more than 1,024 characters is cut; other
   entries over such a place are left out.)
2. A region is some whole words of the model: those that a forced entry overlaps, unless it is one of them; those that
   an entry of positive weight overlaps, unless it is one of them; a word that is an entry of negative weight, with the
   word before it and the word after it. Regions that overlap are one region.
3. The words of a region become those of highest score, among all that have its forced entries as words. The score is
   the model's, in nats, plus the weight of each entry that is a word. On equal scores the model's words stay.

So every word that no entry touches stays as it was. An entry never begins or ends inside a run of letters and digits.
The core does the same in one pass; tests compare them.
"""

from __future__ import annotations

from itertools import product

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Span = tuple[int, int]

FORCED, NEVER = 1e9, -1e9  # the weights that stand for `!` and `-`


def resegment(
    text: str,
    sequences: Sequence[tuple[Span, Sequence[int]]],
    entries: Mapping[str, float],
    score: Callable[[Span, Sequence[int]], float],
) -> list[list[int]]:
    """Return the ends of the words of each sequence, places in the text.

    Args:
        text: Any text.
        sequences: The span of each sequence of the text, and the ends of the model's words in it.
        entries: Weights of the entries; FORCED and NEVER are weights too.
        score: The model's score of a sequence with these word ends, in nats.
    """
    covered = 0  # by the last forced entry
    result = []
    for (begin, end), ends in sequences:
        forced: list[Span] = [(begin, min(covered, end))] if covered > begin else []
        soft: dict[Span, float] = {}
        for at in range(max(begin, covered), end):
            found = dict(entries_at(text, at, entries))
            over_space = end < len(text) and text[end].isspace()
            taken = [e for e, w in found.items() if w >= FORCED or (e > end and w > 0 and over_space)]
            longest = max(taken, default=0)
            if at >= covered and longest:
                covered = longest
                forced.append((at, min(longest, end)))
            elif at >= covered:
                soft.update({(at, e): weight for e, weight in found.items() if e <= end})
        soft = {span: weight for span, weight in soft.items() if not any(_overlap(span, piece) for piece in forced)}
        result.append(_resegment_sequence((begin, end), list(ends), forced, soft, score))
    return result


def _resegment_sequence(
    sequence: Span,
    ends: list[int],
    forced: list[Span],
    soft: dict[Span, float],
    score: Callable[[Span, Sequence[int]], float],
) -> list[int]:
    def total(ends: list[int]) -> float:
        words = zip([sequence[0], *ends], ends, strict=False)
        return score(sequence, ends) + sum(soft.get(word, 0.0) for word in words)

    words = list(zip([sequence[0], *ends], ends, strict=False))
    for first, last in _regions(words, forced, soft):
        pieces = [piece for piece in forced if first <= piece[0] < last]
        best, best_score = ends, total(ends) if all(piece in words for piece in pieces) else -float("inf")
        for inside in _segmentations(first, last, pieces):
            candidate = [end for end in ends if end <= first] + inside + [end for end in ends if end > last]
            if (found := total(candidate)) > best_score:
                best, best_score = candidate, found
        ends = best
    return ends


def _regions(words: list[Span], forced: list[Span], soft: dict[Span, float]) -> list[Span]:
    touched = [piece for piece in forced if piece not in words]
    touched += [span for span, weight in soft.items() if weight > 0 and span not in words]
    touched += [(a - 1, b + 1) for (a, b), weight in soft.items() if weight < 0 and (a, b) in words]
    regions: list[Span] = []
    for first, last in sorted(
        (min(word[0] for word in words if _overlap(word, span)), max(word[1] for word in words if _overlap(word, span)))
        for span in touched
    ):
        if regions and first < regions[-1][1]:
            regions[-1] = (regions[-1][0], max(last, regions[-1][1]))
        else:
            regions.append((first, last))
    return regions


def _segmentations(first: int, last: int, pieces: list[Span]) -> Iterator[list[int]]:
    """Yield the word ends of every segmentation that has the pieces as words; the last is the region's end."""
    edges = {edge for piece in pieces for edge in piece}
    inner = {at for a, b in pieces for at in range(a + 1, b)}
    places = [at for at in range(first + 1, last) if at not in inner]
    for chosen in product((False, True), repeat=len(places)):
        if all(is_end or at not in edges for at, is_end in zip(places, chosen, strict=True)):
            yield [at for at, is_end in zip(places, chosen, strict=True) if is_end] + [last]


def entries_at(text: str, at: int, entries: Mapping[str, float]) -> Iterator[tuple[int, float]]:
    """Yield (end, weight) of the entries that begin at a place and take no part of a run of letters and digits."""
    if at and is_run_character(text[at - 1]) and is_run_character(text[at]):
        return
    for end in range(at + 1, len(text) + 1):
        if text[at:end] in entries and not (
            end < len(text) and is_run_character(text[end - 1]) and is_run_character(text[end])
        ):
            yield end, entries[text[at:end]]


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def is_run_character(character: str) -> bool:
    """Return whether a character is a letter or digit that is written in runs: Latin, Greek or Cyrillic, any width."""
    code = ord(character)
    if 0xFF10 <= code <= 0xFF5A:
        code -= 0xFEE0
    if code < 0x80:
        return chr(code).isalnum()
    in_blocks = 0xC0 <= code <= 0x24F or 0x370 <= code <= 0x52F or 0x1E00 <= code <= 0x1FFF
    return in_blocks and code not in (0xD7, 0xF7)
