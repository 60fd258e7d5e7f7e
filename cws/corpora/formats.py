"""From the lines of a public corpus to sentences: one reader for each way corpora are written.

A sentence is either words, each with a tag or None, or a text with entities. Both are what `cws.corpora.fetch` writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from cws.errors import CorpusError

Words = list[tuple[str, str | None]]
Entity = tuple[int, int, str]  # start, end, label; end is left out, as in a slice


class EntitySentence(NamedTuple):
    """A text and its entities, sorted."""

    text: str
    entities: list[Entity]


class Format(NamedTuple):
    """A way a corpus is written: what its sentences have, and the reader of its lines."""

    holds: str
    read: Callable[[Iterable[str], str], Iterator[Words] | Iterator[EntitySentence]]


def read_words(lines: Iterable[str], path: str) -> Iterator[Words]:
    """One sentence a line, words separated by white space, as of the SIGHAN bakeoffs."""
    for line in lines:
        if words := line.split():
            yield [(word, None) for word in words]


def read_conllu(lines: Iterable[str], path: str) -> Iterator[Words]:
    """CoNLL-U: ten columns a word, of which FORM and UPOS are taken; a blank line ends a sentence.

    Left out are comments, multiword tokens (`1-2`) and empty nodes (`1.1`). A form with blanks is several words, since
    no word of a segmented text can hold one.
    """
    words: Words = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            if words:
                yield words
            words = []
        elif not line.startswith("#"):
            columns = line.split("\t")
            if len(columns) != 10:
                raise CorpusError(
                    f"expected the 10 columns of CoNLL-U, got {len(columns)}: is it CoNLL-U?", path, number
                )
            if columns[0].isdecimal():
                words += [(form, columns[3]) for form in columns[1].split()]
    if words:
        yield words


_PARAGRAPH = re.compile(r"\d{8}-\d\d-\d{3}-\d{3}/m\s*")
_BRACKET = re.compile(r"\][A-Za-z]*$")
_PINYIN = re.compile(r"(?<=.)\{[^{}]*\}")


def read_pfr(lines: Iterable[str], path: str) -> Iterator[Words]:
    """PFR: `word/tag`, a number such as `19980101-01-001-001/m` before each paragraph, names in brackets.

    Of `[中央/n 电视台/n]nt` the words in the brackets are taken. A pronunciation such as `{chang2}` is dropped.
    """
    for number, line in enumerate(lines, 1):
        words: Words = []
        for item in _PARAGRAPH.sub("", line.strip(), count=1).split():
            while item.startswith("[") and not item.startswith("[/"):
                item = item[1:]
            while "/" in (inner := _BRACKET.sub("", item)) and inner != item and not inner.endswith("/"):
                item = inner
            word, _, tag = item.rpartition("/")
            if not word or not tag:
                raise CorpusError(f"expected word/tag, got {item!r}", path, number)
            words.append((_PINYIN.sub("", word), tag))
        if words:
            yield words


def read_cluener(lines: Iterable[str], path: str) -> Iterator[EntitySentence]:
    """CLUENER: JSON lines with `text` and `label`, a mapping label → surface → [[first, last], ...], ends included."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            text = record["text"]
            found = {
                (first, last + 1, label): surface
                for label, surfaces in record["label"].items()
                for surface, spans in surfaces.items()
                for first, last in spans
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CorpusError(f"expected a JSON object with text and label ({error})", path, number) from error
        for (start, end, label), surface in found.items():
            if not 0 <= start < end <= len(text) or text[start:end] != surface:
                raise CorpusError(f"{label} {surface!r} is not at {start} to {end - 1} of the text", path, number)
        yield EntitySentence(text, sorted(found))


def read_character_tags(lines: Iterable[str], path: str) -> Iterator[EntitySentence]:
    """One character and its tag a line, BIO, BMES or BIOES; a blank line ends a sentence."""
    return _read_tagged_characters(lines, path, numbered=False)


def read_numbered_character_tags(lines: Iterable[str], path: str) -> Iterator[EntitySentence]:
    """The same, where each character carries a digit for its place in a word: `科0 O`, `技1 O`."""
    return _read_tagged_characters(lines, path, numbered=True)


def _read_tagged_characters(lines: Iterable[str], path: str, *, numbered: bool) -> Iterator[EntitySentence]:
    characters: list[str] = []
    tags: list[str] = []
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if not fields:
            if tags:
                yield EntitySentence("".join(characters), tags_to_entities(tags))
            characters, tags = [], []
            continue
        if len(fields) != 2:
            raise CorpusError(f"expected a character and its tag, got {line.strip()!r}", path, number)
        character, tag = fields
        if numbered and len(character) == 2 and character[1].isdecimal():
            character = character[0]
        if len(character) != 1:
            raise CorpusError(f"expected one character, got {character!r}", path, number)
        if tag != "O" and not (tag[:2] in _POSITIONS and tag[2:]):
            raise CorpusError(f"expected O or a tag such as B-PER, got {tag!r}", path, number)
        characters.append(character)
        tags.append(tag)
    if tags:
        yield EntitySentence("".join(characters), tags_to_entities(tags))


_POSITIONS = ("B-", "I-", "M-", "E-", "S-")


def tags_to_entities(tags: Iterable[str]) -> list[Entity]:
    """Return the entities that tags of BIO, BMES or BIOES spell, legal or not.

    An entity begins at B and S, and where the label changes; it ends after E and S, and before O and what begins.

    >>> tags_to_entities(["B-PER", "E-PER", "O", "S-LOC"])
    [(0, 2, 'PER'), (3, 4, 'LOC')]
    """
    entities: list[Entity] = []
    open_label = None  # of the last entity, while it may go on
    for at, tag in enumerate(tags):
        if tag == "O":
            open_label = None
            continue
        position, label = tag[0], tag[2:]
        if open_label == label and position not in "BS":
            entities[-1] = (entities[-1][0], at + 1, label)
        else:
            entities.append((at, at + 1, label))
        open_label = None if position in "ES" else label
    return entities


FORMATS = {
    "words": Format("words", read_words),
    "conllu": Format("words and tags", read_conllu),
    "pfr": Format("words and tags", read_pfr),
    "cluener": Format("entities", read_cluener),
    "character-tags": Format("entities", read_character_tags),
    "numbered-character-tags": Format("entities", read_numbered_character_tags),
}
