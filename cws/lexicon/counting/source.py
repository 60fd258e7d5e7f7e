"""Where the text of a count comes from: files, with a display of how far it is, or texts."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from cws._native import LineSample
from cws.errors import InputError
from cws.files import check_input, display_name, open_input
from cws.lexicon.counting.blocks import Position
from cws.lexicon.counting.line_sample import SampleThread
from cws.text import decode_blocks

_BLOCK = 1 << 18  # bytes read at once


class TextSource:
    """Texts, each of which ends a run."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = texts

    def pieces(self, start: Position) -> Iterator[str | None]:
        """Yield pieces of text, and None where a run must end."""
        for text in self._texts:
            if not isinstance(text, str):
                raise InputError(f"expected texts, got {type(text).__name__}")
            yield text
            yield None

    def identity(self, *, resumed: bool) -> dict[str, Any]:
        return {}

    def position(self, at: int) -> Position:
        return Position(0, 0)

    def watch(self, doing: str) -> None:
        return None

    def close(self) -> None:
        pass


class FileSource:
    """Files, each of which ends a run.

    Args:
        sample: Sees all of the text on the way.
    """

    def __init__(
        self,
        paths: Sequence[str | os.PathLike[str]],
        encoding: str,
        errors: str,
        progress: bool,
        sample: LineSample | SampleThread | None = None,
    ) -> None:
        if isinstance(paths, (str, bytes, os.PathLike)):
            raise InputError("expected a list of paths, got one path")
        for path in paths:
            check_input(path)
        self._paths, self._encoding, self._errors, self._sample = paths, encoding, errors, sample
        self._input = self._characters = 0
        self._display = Display(paths) if progress else None

    def pieces(self, start: Position) -> Iterator[str | None]:
        """Yield pieces of text from the position on, and None where a run must end."""
        for number, path in enumerate(self._paths):
            if number < start.input:
                if self._sample:
                    deque(self._texts(path), maxlen=0)
                continue
            self._input, self._characters = number, 0
            skip = start.characters if number == start.input else 0
            for text in self._texts(path):
                skipped = min(skip, len(text))
                skip -= skipped
                self._characters += skipped
                piece = text[skipped:]
                yield piece
                self._characters += len(piece)
            yield None
        self._input, self._characters = len(self._paths), 0

    def _texts(self, path: str | os.PathLike[str]) -> Iterator[str]:
        with open_input(path) as file:
            for text in decode_blocks(self._blocks(file), display_name(path), self._encoding, self._errors):
                if self._sample:
                    self._sample.add(text)
                yield text
        if self._sample:
            self._sample.end_line()

    def identity(self, *, resumed: bool) -> dict[str, Any]:
        """Return what tells this text from other text. Raises InputError if a count of it cannot be resumed."""
        if not resumed:
            return {}
        if any(os.fspath(path) == "-" for path in self._paths):
            raise InputError("stdin cannot be read again: leave the work folder out, or name files")
        states = [os.stat(path) for path in self._paths]
        files = [
            [os.path.abspath(path), state.st_size, state.st_mtime_ns]
            for path, state in zip(self._paths, states, strict=True)
        ]
        return {"files": files, "encoding": self._encoding, "errors": self._errors}

    def position(self, at: int) -> Position:
        """Return where the character `at` of the last piece is."""
        return Position(self._input, self._characters + at)

    def watch(self, doing: str) -> Callable[[float], None] | None:
        return self._display.watch(doing) if self._display else None

    def close(self) -> None:
        if self._display:
            self._display.close()

    def _blocks(self, file: Any) -> Iterator[bytes]:
        while block := file.read1(_BLOCK):
            yield block
            if self._display:
                self._display.read(file, len(block))


class Display:
    """A bar of the bytes read from the disk; what else goes on stands after it."""

    def __init__(self, paths: Sequence[str | os.PathLike[str]]) -> None:
        from tqdm import tqdm

        seen = [os.fspath(path) != "-" for path in paths]
        total = sum(os.path.getsize(path) for path in paths if os.fspath(path) != "-") if all(seen) else None
        self._bar = tqdm(total=total, unit="B", unit_scale=True, desc="reading")
        self._before = 0  # bytes of this file

    def read(self, file: Any, size: int) -> None:
        try:
            at = os.lseek(file.fileno(), 0, os.SEEK_CUR)  # compressed bytes of compressed files
        except OSError:
            at = self._before + size
        self._bar.update(max(at - self._before, 0) if at >= self._before else at)
        self._before = at

    def watch(self, doing: str) -> Callable[[float], None]:
        def show(done: float) -> None:
            self._bar.set_postfix_str(f"{doing} {done:.0%}")

        show(0.0)
        return show

    def close(self) -> None:
        self._bar.set_postfix_str("")
        self._bar.close()
