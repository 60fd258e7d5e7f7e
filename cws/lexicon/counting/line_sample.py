"""A fair share of any amount of text, in bounded memory; cws/lexicon/reference.py is the definition."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from os import PathLike

from cws._native import LineSample
from cws.errors import CorpusError
from cws.files import read_lines

_MOST_WAITING = 8  # pieces of text


class SampleThread:
    """Hands text on to a sample in a thread of its own, while the next is read. Leaving the context ends the thread."""

    def __init__(self, sample: LineSample) -> None:
        self._sample, self._executor = sample, ThreadPoolExecutor(1)
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> SampleThread:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(cancel_futures=True)

    def add(self, text: str) -> None:
        self._submit(self._sample.add, text)

    def end_line(self) -> None:
        self._submit(self._sample.end_line)

    def runs(self) -> list[str]:
        while self._waiting:
            self._waiting.popleft().result()
        return self._sample.runs()

    def _submit(self, work: Callable[..., None], *arguments: str) -> None:
        if len(self._waiting) == _MOST_WAITING:
            self._waiting.popleft().result()
        self._waiting.append(self._executor.submit(work, *arguments))


def sample_runs(lines: Iterable[str], characters: int) -> list[str]:
    """Return the runs of a share of lines, of about so many characters or all there are, one run an item.

    The checksum of a line decides whether it is in, and where. So the order of lines makes no difference, and a
    larger share holds a smaller one.

    Args:
        lines: Any text; in a text of several lines each counts for itself.
        characters: How many at most.
    """
    sample = LineSample(characters)
    for line in lines:
        sample.add(line)
        sample.end_line()
    return sample.runs()


def lines_of(paths: Iterable[str | PathLike[str]], *, encoding: str = "utf-8", errors: str = "strict") -> Iterator[str]:
    """Yield the lines of all files.

    Raises:
        FileError, EncodingError, CorpusError: As `cws.files.read_lines`; CorpusError where there are no files.
    """
    none = True
    for path in paths:
        none = False
        yield from read_lines(path, encoding=encoding, errors=errors)
    if none:
        raise CorpusError("no files: name one or more")
