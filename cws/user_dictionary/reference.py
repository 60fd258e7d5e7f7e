"""How a user dictionary changes the words of a model: the specification, in plain Python and slow.

The model segments as if there were no dictionary. Then, in each sequence (a text between white space):

1. Forced entries (`!`) are found from the left, at each place the longest. They do not overlap; other entries that
   overlap one of them are left out. An entry that reaches over white space, beyond its sequence, is taken like a forced
   one if it is decided or its weight is positive, because no model scores such a word. (A sequence of more than 1,024
   characters is cut: a decided entry over such a place is taken too, one with a weight is left out.)
2. Decided entries, those without a number, are one word wherever their two ends are plausible. The model judges the
   ends: the best segmentation that cuts at both, whatever it does between them, scores less than TOLERANCE nats below
   the best of all; TOLERANCE_INSIDE for an entry that lies in a single word of the model, and tears no other. An entry
   of one character is never decided: the model cuts there, or it does not.
   Of decided entries that contain each other the longest is taken. Of those that cross, the one whose ends lose least,
   then the longest, then the first. What a loser contains is then looked at again. Entries that overlap one that is
   taken are left out.
3. A region is some whole words of the model: those that a forced or decided entry overlaps, unless it is one of them,
   and, where it cuts one off, the word beside that one; those that an entry of positive weight overlaps, unless it is
   one of them; a word that is an entry of negative weight, with the word before it and the word after it. Regions
   that overlap are one region.
4. The words of a region become those of highest score, among all that have its forced and decided entries as words. The
   score is the model's, in nats, plus the weight of each entry that is a word. On equal scores the model's words stay.

So every word that no entry touches stays as it was. An entry never begins or ends inside a run of letters and digits.
The core does the same in one pass; tests compare them.
"""

from __future__ import annotations

from itertools import product

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Span = tuple[int, int]

FORCED, DECIDED, NEVER = 1e9, 1e8, -1e9  # the weights that stand for `!`, no number, and `-`
# Nats that cuts at both ends of a decided entry may cost: what tears two words is seldom one, what lies in one word may
# be a matter of the standard.
TOLERANCE, TOLERANCE_INSIDE = 5.5, 16.0


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
        entries: Weights of the entries; FORCED, DECIDED and NEVER are weights too.
        score: The model's score of a sequence with these word ends, in nats.
    """
    covered = 0  # by the last forced entry
    result = []
    for (begin, end), ends in sequences:
        pieces: list[Span] = [(begin, min(covered, end))] if covered > begin else []
        others: dict[Span, float] = {}
        for at in range(max(begin, covered), end):
            found = dict(entries_at(text, at, entries))
            over_space = end < len(text) and text[end].isspace()
            taken = [
                e
                for e, weight in found.items()
                if weight >= FORCED or (e > end and (weight == DECIDED or (weight > 0 and over_space)))
            ]
            longest = max(taken, default=0)
            if at >= covered and longest:
                covered = longest
                pieces.append((at, min(longest, end)))
            elif at >= covered:
                others.update({(at, e): weight for e, weight in found.items() if e <= end})
        others = _without_overlaps(others, pieces)
        decided = [span for span, weight in others.items() if weight == DECIDED]
        pieces += decided_words((begin, end), ends, decided, score)
        weights = {span: weight for span, weight in others.items() if weight != DECIDED}
        weights = _without_overlaps(weights, pieces)
        result.append(_resegment_sequence((begin, end), list(ends), sorted(pieces), weights, score))
    return result


def decided_words(
    sequence: Span, ends: Sequence[int], spans: Sequence[Span], score: Callable[[Span, Sequence[int]], float]
) -> list[Span]:
    """Return which of the decided entries of a sequence, whose words have these ends, are words of it."""
    gains = {span: _gain_of_cuts(sequence, span, score) for span in spans if span[1] - span[0] > 1}
    tears = {span: any(span[0] < end < span[1] for end in ends) for span in gains}
    left = [span for span, gain in gains.items() if gain > -(TOLERANCE if tears[span] else TOLERANCE_INSIDE)]
    taken: list[Span] = []
    while left:
        longest = [one for one in left if not any(one != other and _contains(other, one) for other in left)]
        for span in sorted(longest, key=lambda span: (-gains[span], span[0] - span[1], span[0])):
            if not any(_overlap(span, other) for other in taken):
                taken.append(span)
        left = [span for span in left if span not in longest and not any(_overlap(span, other) for other in taken)]
    return taken


def _gain_of_cuts(sequence: Span, span: Span, score: Callable[[Span, Sequence[int]], float]) -> float:
    """Return what cuts at both ends of a span add to the score of the best segmentation: 0 or less."""
    begin, end = sequence
    scores = {tuple(ends): score(sequence, ends) for ends in _segmentations(begin, end, [])}
    with_cuts = [value for ends, value in scores.items() if all(at in (begin, *ends) for at in span)]
    return max(with_cuts) - max(scores.values())


def _resegment_sequence(
    sequence: Span,
    ends: list[int],
    pieces: list[Span],
    weights: dict[Span, float],
    score: Callable[[Span, Sequence[int]], float],
) -> list[int]:
    def total(ends: list[int]) -> float:
        words = zip([sequence[0], *ends], ends, strict=False)
        return score(sequence, ends) + sum(weights.get(word, 0.0) for word in words)

    words = list(zip([sequence[0], *ends], ends, strict=False))
    for first, last in _regions(words, pieces, weights):
        inside = [piece for piece in pieces if first <= piece[0] < last]
        best, best_score = ends, total(ends) if all(piece in words for piece in inside) else -float("inf")
        for found in _segmentations(first, last, inside):
            candidate = [end for end in ends if end <= first] + found + [end for end in ends if end > last]
            if (found_score := total(candidate)) > best_score:
                best, best_score = candidate, found_score
        ends = best
    return ends


def _regions(words: list[Span], pieces: list[Span], weights: dict[Span, float]) -> list[Span]:
    touched = [_with_neighbours(words, piece) for piece in pieces if piece not in words]
    touched += [span for span, weight in weights.items() if weight > 0 and span not in words]
    touched += [(a - 1, b + 1) for (a, b), weight in weights.items() if weight < 0 and (a, b) in words]
    regions: list[Span] = []
    for first, last in sorted(_whole_words(words, span) for span in touched):
        if regions and first < regions[-1][1]:
            regions[-1] = (regions[-1][0], max(last, regions[-1][1]))
        else:
            regions.append((first, last))
    return regions


def _with_neighbours(words: list[Span], piece: Span) -> Span:
    """Return the words that a piece overlaps and, where it cuts one off, the word beside that one."""
    first, last = _whole_words(words, piece)
    return first - (first < piece[0]), last + (last > piece[1])


def _whole_words(words: list[Span], span: Span) -> Span:
    return (
        min(word[0] for word in words if _overlap(word, span)),
        max(word[1] for word in words if _overlap(word, span)),
    )


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


def _without_overlaps(entries: dict[Span, float], pieces: list[Span]) -> dict[Span, float]:
    return {span: weight for span, weight in entries.items() if not any(_overlap(span, one) for one in pieces)}


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _contains(one: Span, other: Span) -> bool:
    return one[0] <= other[0] and other[1] <= one[1]


def is_run_character(character: str) -> bool:
    """Return whether a character is a letter or digit that is written in runs: Latin, Greek or Cyrillic, any width."""
    code = ord(character)
    if 0xFF10 <= code <= 0xFF5A:
        code -= 0xFEE0
    if code < 0x80:
        return chr(code).isalnum()
    in_blocks = 0xC0 <= code <= 0x24F or 0x370 <= code <= 0x52F or 0x1E00 <= code <= 0x1FFF
    return in_blocks and code not in (0xD7, 0xF7)
