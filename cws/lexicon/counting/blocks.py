"""The sorted files of the blocks that are counted: without names, or in a work folder to go on from."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from cws import _native
from cws.errors import InputError
from cws.files import atomic_output, is_unfinished

MOST_FILES = 64  # of one level; they are merged into one of the next level
MANIFEST = "count.json"
_SORTED_FILE = re.compile(r"block-\d{5,}-\d+\.ngrams")

Watch = Callable[[float], None] | None


class Position(NamedTuple):
    """How far the text is counted: the input, and the code points of it that are done."""

    input: int
    characters: int


class _Sorted(NamedTuple):
    level: int
    name: str  # empty if it has none
    file: _native.NgramFile


class Blocks:
    """Partial counts of the blocks so far.

    In a work folder a manifest says which files belong to the count, what text they cover, and what of it the next
    block begins with. It is replaced after each block, when the files are on the disk.

    Args:
        work_folder: None for files without names in the other folder.
        folder: For files without names.
        identity: What is counted, in JSON's types. An interrupted count of something else is not gone on with.

    Raises:
        InputError: The folder holds an interrupted count of something else, or other files.
    """

    def __init__(
        self, work_folder: str | os.PathLike[str] | None, folder: str, identity: dict[str, Any], threads: int
    ) -> None:
        self.folder = folder if work_folder is None else os.fspath(work_folder)
        self.position, self.rest = Position(0, 0), [0]
        self._named = work_folder is not None
        self._identity, self._threads = identity, threads
        self._files: list[_Sorted] = []
        self._made = 0
        if self._named:
            os.makedirs(self.folder, exist_ok=True)
            self._resume()
            self._remove_unfinished()

    @property
    def files(self) -> list[_native.NgramFile]:
        return [entry.file for entry in self._files]

    def add(self, counter: _native.NgramCounter, position: Position, watch: Watch) -> None:
        """Sort what the counter holds into files; the text up to the position is then done."""
        names = self._new_names(self._threads)
        paths = [os.path.join(self.folder, name) for name in names if name]
        try:
            files = counter.write_block(paths, self.folder, watch)
        except BaseException:
            self._remove(names)
            raise
        self.position, self.rest = position, counter.rest()
        self._replace([], [_Sorted(0, name, file) for name, file in zip(names, files, strict=True)])
        level = 0
        while len(full := [entry for entry in self._files if entry.level == level]) >= MOST_FILES:
            level += 1
            self._merge(full, level, watch)

    def remove(self) -> None:
        """Remove the files, when they are no longer needed."""
        if self._named:
            self._remove([entry.name for entry in self._files] + [MANIFEST])
        self._files = []

    def _merge(self, entries: list[_Sorted], level: int, watch: Watch) -> None:
        names = self._new_names(1)
        path = os.path.join(self.folder, names[0]) if names[0] else ""
        try:
            file = _native.merge_ngram_files([entry.file for entry in entries], path, self.folder, watch)
        except BaseException:
            self._remove(names)
            raise
        self._replace(entries, [_Sorted(level, names[0], file)])

    def _replace(self, old: list[_Sorted], new: list[_Sorted]) -> None:
        self._files = [entry for entry in self._files if entry not in old] + new
        if self._named:
            manifest = {
                "format": "cws-count",
                "version": 1,
                "identity": self._identity,
                "position": self.position,
                "rest": self.rest,
                "made": self._made,
                "files": [(entry.level, entry.name) for entry in self._files],
            }
            with atomic_output(os.path.join(self.folder, MANIFEST)) as output:
                output.write(json.dumps(manifest).encode())
            self._remove([entry.name for entry in old])

    def _new_names(self, count: int) -> list[str]:
        self._made += 1
        return [f"block-{self._made:05d}-{i}.ngrams" if self._named else "" for i in range(count)]

    def _remove(self, names: list[str]) -> None:
        for name in filter(None, names):
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(self.folder, name))

    def _resume(self) -> None:
        path = os.path.join(self.folder, MANIFEST)
        if not os.path.exists(path):
            return
        foreign = InputError(
            f"{self.folder} holds an interrupted count of other text, or with another n or encoding: "
            f"name another work folder, or remove {MANIFEST} and *.ngrams in it"
        )
        try:
            with open(path, encoding="utf-8") as file:
                manifest = json.load(file)
            if manifest["version"] != 1 or manifest["identity"] != self._identity:
                raise foreign
            self.position, self.rest = Position(*manifest["position"]), manifest["rest"]
            self._made = manifest["made"]
            for level, name in manifest["files"]:
                self._files.append(_Sorted(level, name, _native.NgramFile(os.path.join(self.folder, name))))
        except (KeyError, TypeError, ValueError) as error:
            raise foreign from error

    def _remove_unfinished(self) -> None:
        """Remove files that a killed run was writing. Where it left no sorted file, there was none."""
        found = os.listdir(self.folder)
        sorted_files = set(filter(_SORTED_FILE.fullmatch, found))
        if sorted_files:
            unlisted = sorted_files - {entry.name for entry in self._files}
            self._remove([*unlisted, *filter(is_unfinished, found)])
