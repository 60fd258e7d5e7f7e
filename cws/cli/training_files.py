"""The files that `cws train` learns from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cws.corpus import cut_sentences, read_segmented
from cws.corpus.marks import MarkedSentence, has_marks, read_marks
from cws.errors import CorpusError, InputError
from cws.files import read_lines
from cws.word_list import jieba_word_list, read_word_list


@dataclass(frozen=True, kw_only=True)
class TrainingFiles:
    """Paths of the files of a training; each is read when it is asked for.

    Attributes:
        train: The segmented corpus, of one file or more; none where a model needs none.
        dev: The same, to choose epochs on; none: a part of `train`.
        standard: The name of the annotation standard of `train`; None: the stem of its first file.
        also: Corpora of other annotation standards, `STANDARD=FILE`, or a file, whose stem is the standard's name.
        marks: Sentences with readers' marks, of the standard of `train`.
        weights: `FILE=NUMBER`: how many times the sentences of a file are seen in an epoch.
        choose_on: `FILE`, `dev`, or either with `=NUMBER`: what to choose on, and its weight in the mean.
        raw: Raw text.
        lexicons: Word lists.
        jieba: Whether jieba's word list is one more.
        init: The model to begin with, if any.
        encoding: Of all of them.
    """

    train: tuple[str, ...] = ()
    dev: tuple[str, ...] = ()
    standard: str | None = None
    also: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    choose_on: tuple[str, ...] = ()
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
        self.check_enough(len(sentences))
        return sentences

    def check_enough(self, sentences: int) -> None:
        """Raise CorpusError for one sentence in `train`, where dev has to be taken from it."""
        if sentences < 2 and not self.dev and self.train:
            remedy = "give more, one a line or ended by 。！？, or --dev FILE"
            raise CorpusError(f"one sentence cannot be split in training and dev: {remedy}", self.train[0], 1)

    def dev_sentences(self) -> list[Sequence[str]] | None:
        """Return the sentences to choose epochs on, where there are some."""
        return self.sentences(*self.dev) if self.dev else None

    def standard_name(self) -> str:
        """Return the name of the standard of `train`, or of `marks` where there is nothing else.

        Raises:
            InputError: A name that is none.
        """
        if self.standard is not None and not _is_name(self.standard):
            raise InputError(f"--standard {self.standard!r}: the name of a standard is that of a folder")
        return self.standard or _stem(next(iter(self.train + self.marks), "train"))

    def also_files(self) -> dict[str, str]:
        """Return the file of each other standard, by its name.

        Raises:
            InputError: A name that is none, or that two have.
        """
        files: dict[str, str] = {}
        for value in self.also:
            name, equals, path = ("", "", value) if os.path.exists(value) else value.partition("=")
            name, path = (name, path) if equals else (_stem(value), value)
            if not _is_name(name):
                raise InputError(f"expected STANDARD=FILE, got {value!r}: the name of a standard is that of a folder")
            if name in files or name == self.standard_name():
                raise InputError(f"two corpora of a standard called {name}: give each a name, or join their files")
            files[name] = path
        return files

    def marked(self, path: str) -> list[MarkedSentence]:
        """Return the sentences of a file of readers' marks."""
        return list(read_marks(path, encoding=self.encoding))

    def weight_of(self, path: str) -> float:
        """Return how many times the sentences of a file are seen in an epoch."""
        return self._weights().get(path, 1.0)

    def check_weights(self) -> None:
        """Raise InputError for a weight of a file that is not learned from."""
        known = {*self.train, *self.marks, *self.also_files().values()}
        for path in self._weights():
            if path not in known:
                raise InputError(f"--weight {path}: not one of the files to learn from: give its path as it is there")

    def criteria(self) -> Iterator[tuple[list[Sequence[str]] | list[MarkedSentence] | None, float]]:
        """Yield what to choose on, and the weight of each; None stands for dev."""
        for value in self.choose_on:
            path, weight = _split_number(value)
            if path == "dev":
                yield None, weight
            elif has_marks(path, encoding=self.encoding):
                yield self.marked(path), weight
            else:
                yield self.sentences(path), weight

    def _weights(self) -> dict[str, float]:
        pairs = [_split_number(value) for value in self.weights]
        for value, (path, _) in zip(self.weights, pairs, strict=True):
            if path == value:
                raise InputError(f"expected --weight FILE=NUMBER, got {value!r}")
        return dict(pairs)

    def paths(self) -> list[str]:
        """Return all files, and the folder or name of the model to begin with."""
        chosen_on = [path for path, _ in map(_split_number, self.choose_on) if path != "dev"]
        init = [self.init] if self.init else []
        also = self.also_files().values()
        return [*self.train, *self.dev, *also, *self.marks, *chosen_on, *self.raw, *self.lexicons, *init]

    def word_lists(self) -> list[Mapping[str, int | None]]:
        """Return the word lists, that of jieba first."""
        own = self.own_word_lists()
        return [jieba_word_list(), *own] if self.jieba else own

    def own_word_lists(self) -> list[Mapping[str, int | None]]:
        """Return the word lists but that of jieba."""
        return [*(read_word_list(path, encoding=self.encoding) for path in self.lexicons)]

    def raw_lines(self) -> Iterator[str]:
        """Yield the lines of the raw text."""
        for path in self.raw:
            yield from read_lines(path, encoding=self.encoding)


def _stem(path: str) -> str:
    """Return the name of a file without its endings: ctb6.train.txt.xz is ctb6."""
    return os.path.basename(path).split(".")[0].rsplit(":", 1)[-1] or "train"


def _is_name(standard: str) -> bool:
    """Whether a standard can be called so: a folder in the output's can."""
    return standard not in ("", ".", "..") and not set(standard) & set("/\\\0")


def _split_number(value: str) -> tuple[str, float]:
    """Return what stands before the last `=`, and the number after it; all of it and 1 where there is no number."""
    path, equals, number = value.rpartition("=")
    try:
        return (path, float(number)) if equals and path else (value, 1.0)
    except ValueError:
        return value, 1.0
