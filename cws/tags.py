"""The tag scheme: how words are written as one tag a character. The only place that knows it.

    text     他  来  到  了
    words    他  来到    了
    tags     S   B   E   S
    spans    (0, 1) (1, 3) (3, 4)

Positions count code points; a span is (start, end) with the end left out, as in a slice.
"""

from __future__ import annotations

from itertools import pairwise

from cws.errors import InputError

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import NoReturn

MAX_TAGS = 256  # a tag is one byte


class TagScheme:
    """One way to write words as tags. Immutable.

    A scheme is given by spelling: the tags of the words of one, two, three ... characters. Longer words repeat the last
    tag but one of the longest spelling. Legality follows from the spellings, so it cannot contradict them: a transition
    is legal when some words spell it.

    With labels, every tag is a position and a label, such as `B-NOUN`, and the label stays the same inside a word. Tags
    are then ordered by label first: tag = label index * number of positions + position index.

    Args:
        name: What model files call the scheme.
        positions: The names of the positions, separated by spaces, in the order of their tags.
        spellings: The tags of words of 1, 2, 3 ... characters, by name.
        labels: The labels of a joint scheme; none for plain segmentation.

    Attributes:
        names: The name of each tag.
        size: The number of tags, K.
        transitions_allowed: K rows of K bools, `[from][to]`.
        start_allowed: K bools, whether a text may begin with the tag.
        end_allowed: K bools, whether a text may end with the tag.

    >>> SBME.words_to_tags(["他", "来到"])
    b'\\x00\\x01\\x03'
    >>> SBME.tags_to_spans([0, 1, 3])
    [(0, 1), (1, 3)]
    """

    __slots__ = (
        "_closes", "_spelled", "end_allowed", "labels", "name", "names", "positions", "size", "spellings",
        "start_allowed", "transitions_allowed",
    )  # fmt: skip
    name: str
    positions: tuple[str, ...]
    spellings: tuple[str, ...]
    labels: tuple[str, ...]
    names: tuple[str, ...]
    size: int
    transitions_allowed: tuple[tuple[bool, ...], ...]
    start_allowed: tuple[bool, ...]
    end_allowed: tuple[bool, ...]
    _spelled: tuple[bytes, ...]
    _closes: tuple[bool, ...]

    def __init__(self, name: str, positions: str, spellings: Iterable[str], labels: Iterable[str] = ()) -> None:
        own = object.__setattr__  # the way around the class's own lock
        own(self, "name", name)
        own(self, "positions", tuple(positions.split()))
        own(self, "spellings", tuple(spellings))
        own(self, "labels", tuple(labels))
        names = [f"{position}-{label}" for label in self.labels for position in self.positions]
        own(self, "names", tuple(names) or self.positions)
        own(self, "size", len(self.names))
        if len(set(self.names)) < self.size:
            raise InputError(f"labels must differ from each other, got {', '.join(self.labels)}")
        if self.size > MAX_TAGS:
            fit = MAX_TAGS // len(self.positions)
            raise InputError(f"{name} has room for {fit} labels, got {len(self.labels)}: use a coarser label set")
        self._derive_legality()

    def _derive_legality(self) -> None:
        own = object.__setattr__
        spelled = tuple(bytes(map(self.positions.index, word.split())) for word in self.spellings)
        own(self, "_spelled", spelled)
        words = (*spelled, self._spell(len(spelled) + 1))  # one longer, for the tag that repeats
        inside = {pair for word in words for pair in pairwise(word)}
        first, last = {word[0] for word in words}, {word[-1] for word in words}
        going_on = {before for before, _ in inside}

        count = len(self.positions)
        pairs = [divmod(tag, count) for tag in range(self.size)]  # (label, position) of each tag
        own(self, "start_allowed", tuple(position in first for _, position in pairs))
        own(self, "end_allowed", tuple(position in last for _, position in pairs))
        own(self, "_closes", tuple(position not in going_on for _, position in pairs))
        allowed = tuple(
            tuple((p in last and q in first) or (a == b and (p, q) in inside) for b, q in pairs) for a, p in pairs
        )
        own(self, "transitions_allowed", allowed)

    def with_labels(self, labels: Iterable[str]) -> TagScheme:
        """Return the joint scheme of these positions and the given labels."""
        return TagScheme(self.name, " ".join(self.positions), self.spellings, labels)

    def index(self, name: str) -> int:
        """Return the tag called `name`. Raises InputError for an unknown name."""
        if name not in self.names:
            raise InputError(f"unknown tag {name!r}: {self.name} has {', '.join(self.names)}")
        return self.names.index(name)

    def position(self, tag: int) -> str:
        """Return the name of the tag's position, such as `B`."""
        return self.positions[tag % len(self.positions)]

    def label(self, tag: int) -> str | None:
        """Return the tag's label, such as `NOUN`; None in a scheme without labels."""
        return self.labels[tag // len(self.positions)] if self.labels else None

    def words_to_tags(self, words: Iterable[str], labels: Iterable[str] | None = None) -> bytes:
        """Return the tags of the words, one byte a character.

        Args:
            words: Words, none of them empty.
            labels: The label of each word; needed when the scheme has labels, and only then.

        Raises:
            InputError: An empty word, an unknown label, or labels that do not match the words.
        """
        lengths = list(map(len, words := list(words)))
        spelled = {length: self._spell(length) for length in set(lengths)}
        if 0 in spelled:
            raise InputError("cannot tag an empty word: leave empty words out")
        shifts = self._label_shifts(len(words), labels)
        if not any(shifts):  # plain segmentation, of millions of words
            return b"".join([spelled[length] for length in lengths])
        pairs = zip(lengths, shifts, strict=True)
        return b"".join(bytes(tag + shift for tag in spelled[length]) for length, shift in pairs)

    def tags_to_spans(self, tags: Sequence[int]) -> list[tuple[int, int]]:
        """Return the spans of the words, for any tags: legal or not, the spans always cover every character once.

        A word begins at every tag that begins words (S, B) and after every tag that no word goes on from (S, E); the
        last word ends with the tags. Labels do not matter.
        """
        self._check(tags)
        opens, closes = self.start_allowed, self._closes
        spans = []
        start = 0
        for at, tag in enumerate(tags):
            if opens[tag] and at > start:
                spans.append((start, at))
                start = at
            if closes[tag]:
                spans.append((start, at + 1))
                start = at + 1
        if start < len(tags):
            spans.append((start, len(tags)))
        return spans

    def tags_to_labelled_spans(self, tags: Sequence[int]) -> list[tuple[int, int, str]]:
        """Return (start, end, label) of the words, for any tags; the label is that of the word's first character."""
        if not self.labels:
            raise InputError(f"{self.name} has no labels: use tags_to_spans, or make a scheme by with_labels")
        count = len(self.positions)
        return [(start, end, self.labels[tags[start] // count]) for start, end in self.tags_to_spans(tags)]

    def is_legal(self, tags: Sequence[int]) -> bool:
        """Whether some words spell these tags; no tags at all are legal."""
        self._check(tags)
        if not len(tags):
            return True
        inner = all(self.transitions_allowed[before][after] for before, after in pairwise(tags))
        return inner and self.start_allowed[tags[0]] and self.end_allowed[tags[-1]]

    def _spell(self, length: int) -> bytes:
        if length <= len(self._spelled):
            return self._spelled[length - 1]
        longest = self._spelled[-1]
        return longest[:-1] + longest[-2:-1] * (length - len(longest)) + longest[-1:]

    def _label_shifts(self, count: int, labels: Iterable[str] | None) -> list[int]:
        """Return what each word's label adds to its tags."""
        if (labels is None) == bool(self.labels):
            raise InputError(f"{self.name} {'needs' if self.labels else 'takes no'} labels: see with_labels")
        if labels is None:
            return [0] * count
        shift_of = {label: at * len(self.positions) for at, label in enumerate(self.labels)}
        labels = list(labels)
        if len(labels) != count:
            raise InputError(f"expected a label for each of {count} words, got {len(labels)}")
        for label in labels:
            if label not in shift_of:
                raise InputError(f"unknown label {label!r}: {self.name} has {', '.join(self.labels)}")
        return [shift_of[label] for label in labels]

    def _check(self, tags: Sequence[int]) -> None:
        # A negative tag would index from the end without a word.
        if len(tags) and not 0 <= min(tags) <= max(tags) < self.size:
            raise InputError(f"tags of {self.name} are 0 to {self.size - 1}, got {min(tags)} to {max(tags)}")

    def _key(self) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
        return self.name, " ".join(self.positions), self.spellings, self.labels

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"TagScheme is immutable, cannot set {name}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TagScheme) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __reduce__(self) -> tuple[type[TagScheme], tuple[object, ...]]:
        return TagScheme, self._key()

    def __repr__(self) -> str:
        return f"<TagScheme {self.name}: {' '.join(self.names)}>"


SBME = TagScheme("SBME", "S B M E", ("S", "B E", "B M E"))
BI = TagScheme("BI", "B I", ("B", "B I", "B I I"))
# The six tags of Zhao, Huang & Li, "An improved Chinese word segmentation system with conditional random field" (2006).
SBBME6 = TagScheme("SBBME6", "S B B2 B3 M E", ("S", "B E", "B B2 E", "B B2 B3 E", "B B2 B3 M E"))

SCHEMES: dict[str, TagScheme] = {scheme.name: scheme for scheme in (SBME, BI, SBBME6)}


def words_to_spans(words: Iterable[str]) -> list[tuple[int, int]]:
    """Return the (start, end) of each word in the text the words spell."""
    spans = []
    start = 0
    for word in words:
        spans.append((start, start + len(word)))
        start += len(word)
    return spans


def spans_to_words(text: str, spans: Iterable[tuple[int, int]]) -> list[str]:
    """Return the slices of the text."""
    return [text[start:end] for start, end in spans]
