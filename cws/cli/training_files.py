"""The files that `cws train` learns from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cws.corpus import cut_sentences, read_segmented
from cws.errors import CorpusError
from cws.files import read_lines
from cws.word_list import jieba_word_list, read_word_list


@dataclass(frozen=True, kw_only=True)
class TrainingFiles:
    """Paths of the files of a training; each is read when it is asked for.

    Attributes:
        train: The segmented corpus, of one file or more; none where a model needs none.
        dev: The same, to choose epochs on; none: a part of `train`.
        also: Corpora of other annotation standards.
        raw: Raw text.
        lexicons: Word lists.
        jieba: Whether jieba's word list is one more.
        init: The model to begin with, if any.
        encoding: Of all of them.
    """

    train: tuple[str, ...] = ()
    dev: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    lexicons: tuple[str, ...] = ()
    jieba: bool = True
    init: str | None = None
    encoding: str = "utf-8"

    def sentences(self, *paths: str) -> list[Sequence[str]]:
        """Return the sentences of segmented files, one after the other, lists of words; very long ones are cut."""
        return [words for path in paths for words in cut_sentences(list(read_segmented(path, encoding=self.encoding)))]

    def train_sentences(self) -> list[Sequence[str]]:
        """Return the sentences to train on.

        Raises:
            CorpusError: One sentence, where dev has to be taken from it.
        """
        sentences = self.sentences(*self.train)
        if len(sentences) < 2 and not self.dev:
            remedy = "give more, one a line or ended by 。！？, or --dev FILE"
            raise CorpusError(f"one sentence cannot be split in training and dev: {remedy}", self.train[0], 1)
        return sentences

    def dev_sentences(self) -> list[Sequence[str]] | None:
        """Return the sentences to choose epochs on, where there are some."""
        return self.sentences(*self.dev) if self.dev else None

    def paths(self) -> list[str]:
        """Return all files, and the folder or name of the model to begin with."""
        init = [self.init] if self.init else []
        return [*self.train, *self.dev, *self.also, *self.raw, *self.lexicons, *init]

    def word_lists(self) -> list[Mapping[str, int | None]]:
        """Return the word lists, that of jieba first."""
        own = [read_word_list(path, encoding=self.encoding) for path in self.lexicons]
        return [jieba_word_list(), *own] if self.jieba else [*own]

    def raw_lines(self) -> Iterator[str]:
        """Yield the lines of the raw text."""
        for path in self.raw:
            yield from read_lines(path, encoding=self.encoding)
