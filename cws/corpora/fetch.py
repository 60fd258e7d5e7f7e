"""`get`: a public corpus becomes a folder of plain text.

<folder>/get/NAME/train.txt         one sentence a line, words separated by spaces; also dev.txt and test.txt
<folder>/get/NAME/train.tagged.txt  the same as word/tag, where the corpus has parts of speech
<folder>/get/NAME/train.jsonl       of entities: {"text": …, "entities": [[start, end, label], …]}, end left out
<folder>/get/NAME/corpus.json       where it is from, its sum, licence and counts
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cws.corpora import sources
from cws.corpora.formats import FORMATS, EntitySentence, Words
from cws.corpora.recipes import Recipe
from cws.corpora.store import CARD, corpus_folder
from cws.errors import CorpusError, EncodingError
from cws.files import check_folder
from cws.text import decode

Counts = dict[str, int]


@dataclass(frozen=True)
class Result:
    """What `get` made: the folder, and what each part has (sentences, characters, words or entities)."""

    folder: Path
    parts: dict[str, Counts]


def get(
    recipe: Recipe,
    source: str | None = None,
    *,
    accept: str | None = None,
    root: str | os.PathLike[str] | None = None,
    show_bar: bool = False,
) -> Result:
    """Download a corpus, or take the files the user has, and write its folder; one that is there is replaced.

    The folder appears when all of it is written. Whatever goes wrong before, nothing is left.

    Args:
        recipe: Which corpus.
        source: The archive, a file of it, or a folder with its files; None downloads.
        accept: The SHA-256 that the user takes for right; needed where the recipe has none.
        root: The folder of corpora.
        show_bar: Show progress bars of downloads on stderr.

    Raises:
        InputError: A sum that is not accepted, or files that are not those of the recipe.
        CorpusError: No network, a broken archive, or lines that are not of the recipe's format.
        FileError: A file that is missing, or a folder that cannot be written.
    """
    folder = corpus_folder(recipe.name, root)
    check_folder(folder)
    with tempfile.TemporaryDirectory(prefix="cws-") as downloads:
        if source is None:
            files = sources.download(recipe, Path(downloads), show_bar=show_bar)
        else:
            files = sources.local_files(recipe, source)
        each, total = sources.sums(files)
        sources.check_sums(recipe, each, total, accept)
        contents = sources.read_parts(recipe, files)
        if source is None and (missing := recipe.parts.keys() - contents.keys()):
            raise CorpusError(f"{', '.join(each)} has no {recipe.parts[min(missing)]}: the source has changed")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _new_folder(folder) as unfinished:
        parts = {part: _write_part(recipe, part, contents[part], unfinished) for part in contents}
        _write_card(recipe, unfinished / CARD, each, total, parts)
    return Result(folder, parts)


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A folder that takes its name, and the place of what had it, only when all went well."""
    unfinished = folder.with_name(f".cws-{os.urandom(8).hex()}.tmp")
    replaced = unfinished.with_suffix(".old")
    unfinished.mkdir()
    try:
        yield unfinished
        if folder.exists():
            folder.rename(replaced)
        unfinished.rename(folder)
    finally:  # Ctrl-C too leaves nothing
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


def _write_part(recipe: Recipe, part: str, contents: list[tuple[str, bytes]], folder: Path) -> Counts:
    form = FORMATS[recipe.format]
    sentences = (one for name, data in contents for one in form.read(_lines(recipe, name, data), name))
    counts: Counts = {}
    if form.holds == "entities":
        with _create(folder / f"{part}.jsonl") as file:
            for sentence in sentences:
                assert isinstance(sentence, EntitySentence)
                _add(counts, sentences=1, characters=len(sentence.text), entities=len(sentence.entities))
                record = {"text": sentence.text, "entities": sentence.entities}
                file.write(f"{json.dumps(record, ensure_ascii=False)}\n")
    else:
        _write_words(sentences, folder / f"{part}.txt", counts, tagged="tags" in form.holds)
    if not counts:
        raise CorpusError("no sentence in this file: check that it is the right one", contents[0][0])
    return counts


def _write_words(sentences: Iterable[Words | EntitySentence], path: Path, counts: Counts, *, tagged: bool) -> None:
    tags = path.with_name(f"{path.stem}.tagged.txt") if tagged else Path(os.devnull)
    with _create(path) as plain, open(tags, "w", encoding="utf-8", newline="\n") as with_tags:
        for sentence in sentences:
            assert isinstance(sentence, list)
            words = [word for word, _ in sentence]
            _add(counts, sentences=1, characters=sum(map(len, words)), words=len(words))
            plain.write(f"{' '.join(words)}\n")
            with_tags.write(f"{' '.join(f'{word}/{tag}' for word, tag in sentence)}\n")


def _lines(recipe: Recipe, name: str, data: bytes) -> Iterable[str]:
    for encoding in recipe.encodings[:-1]:
        try:
            return decode(data, path=name, encoding=encoding).replace("\r\n", "\n").split("\n")
        except EncodingError:
            continue
    return decode(data, path=name, encoding=recipe.encodings[-1]).replace("\r\n", "\n").split("\n")


def _write_card(recipe: Recipe, path: Path, each: dict[str, str], total: str, parts: dict[str, Counts]) -> None:
    addresses = {one.name: one.url for one in recipe.downloads}
    card = {
        "format": "cws-corpus",
        "version": 1,
        **{key: getattr(recipe, key) for key in ("name", "title", "homepage", "licence", "terms", "cite", "holds")},
        "files": [{"name": name, "url": addresses.get(name), "sha256": value} for name, value in each.items()],
        "sha256": total,
        "parts": parts,
    }
    with _create(path) as file:
        file.write(f"{json.dumps(card, ensure_ascii=False, indent=2)}\n")


def _create(path: Path) -> IO[str]:
    return open(path, "x", encoding="utf-8", newline="\n")


def _add(counts: Counts, **more: int) -> None:
    for key, value in more.items():
        counts[key] = counts.get(key, 0) + value
