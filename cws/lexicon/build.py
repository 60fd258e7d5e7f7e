"""Raw text in, a lexicon out: all the steps, in order."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike

from cws.errors import CorpusError, InputError
from cws.lexicon.autonomy import segment_by_autonomy
from cws.lexicon.candidates import NgramIndex
from cws.lexicon.counting.count import NgramCounts, count_and_sample
from cws.lexicon.lexicon import Lexicon
from cws.lexicon.minimise import candidates, minimise
from cws.lexicon.retag import retag
from cws.lexicon.sampler import LONGEST, SamplerOptions, refine
from cws.lexicon.steps import cut, estimate, least_count, prune, truncate
from cws.lexicon.words import SegmentedRuns
from cws.threads import processors

log = logging.getLogger(__name__)

GOALS = ("words", "information", "entropy")


@dataclass(frozen=True)
class BuildOptions:
    """What the steps do; the defaults adapt to the size of the text."""

    goal: str = "words"  # what people call words; or "information": least bits a character; or "entropy": see `build`
    n: int | None = None  # characters of the longest n-grams and words; None: 4, and 8 for the goal information
    min_count: int | None = None  # of a candidate; None: see `steps.least_count`
    sample: int = 4_000_000  # characters of the text that the steps after counting look at
    sampler: SamplerOptions = field(default_factory=SamplerOptions)
    retag_iterations: int = 2  # after the sampler; 0: no tagger
    passes: int = 2  # of sampler and tagger; the second has half the sweeps

    def __post_init__(self) -> None:
        for name, allowed in (
            ("goal", self.goal in GOALS),
            ("n", self.n is None or 1 <= self.n <= LONGEST),
            ("min_count", self.min_count is None or self.min_count >= 1),
            ("sample", self.sample >= 1),
            ("retag_iterations", self.retag_iterations >= 0),
            ("passes", self.passes >= 0),
        ):
            if not allowed:
                raise InputError(f"{name} of a lexicon cannot be {getattr(self, name)!r}: see BuildOptions")

    @property
    def longest(self) -> int:
        """Characters of the longest n-grams and words."""
        return self.n or (LONGEST if self.goal == "information" else 4)


@dataclass(frozen=True)
class BuildResult:
    """What `build` returns.

    Attributes:
        lexicon: The words.
        words: The words of each run of the sample; None for other goals than words.
        information: L in bits a character after each iteration, for other goals than words.
        characters: How many Han characters there were in all of the text.
    """

    lexicon: Lexicon
    words: SegmentedRuns | None
    information: list[float]
    characters: int


def build(
    paths: Sequence[str | PathLike[str]],
    *,
    options: BuildOptions | None = None,
    memory: int | str = "2G",
    work_folder: str | PathLike[str] | None = None,
    threads: int | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    show_progress: bool = False,
    log_line: Callable[[str], None] = log.info,
) -> BuildResult:
    """Find the words of raw text, without a dictionary and without annotation.

    The goal `words` begins with the segmentation by autonomy, and improves it with sampler and tagger, pass after pass.
    The goal `information` keeps of all n-grams what pays for its entry. The goal `entropy` is the classic lexicon: cut,
    truncate, prune, estimate.

    Args:
        paths: Any text; `.gz`, `.xz` and `.zst` are decompressed. `-` is stdin.
        options: See there.
        memory, work_folder: What counting may take, and where an interrupted count goes on from: see `count`.
        threads: By default, as many as there are processors. They make no difference to the result.
        encoding: Any text encoding Python knows.
        errors: What to do with invalid bytes: `strict`, `replace`, or another of Python's error handlers.
        show_progress: Whether to show on stderr how far counting is.
        log_line: Called with a line about each step.

    Raises:
        FileError, EncodingError: As `cws.files.read_lines`.
        CorpusError: No Chinese in the text.
        InputError: An option out of range.
    """
    options = options or BuildOptions()
    if not paths:
        raise CorpusError("no files: name one or more")
    counts, sample = count_and_sample(
        paths,
        options.sample,
        n=options.longest,
        min_count=least_kept(sum(os.path.getsize(path) for path in paths if os.path.isfile(path))),
        memory=memory,
        work_folder=work_folder,
        threads=threads,
        encoding=encoding,
        errors=errors,
        progress=show_progress,
    )
    return build_from_counts(counts, sample, options=options, threads=threads, log_line=log_line)


def least_kept(size: int) -> int:
    """Return how often an n-gram must be seen to have statistics: half of what candidates must be, by the files' bytes.

    Without it, the tables of a gigabyte would not fit in memory.
    """
    return max(2, least_count(size // 3) // 2)  # about three bytes a character


def build_from_counts(
    counts: NgramCounts,
    sample: Sequence[str],
    *,
    options: BuildOptions | None = None,
    threads: int | None = None,
    log_line: Callable[[str], None] = log.info,
) -> BuildResult:
    """Find the words of text that is counted: the n-grams of all of it, and the runs of a sample.

    Arguments and errors as of `build`; sample as `sample.sample_runs` returns it.
    """
    options = options or BuildOptions()
    threads = processors() if threads is None else threads
    if not sample or not counts.characters:
        raise CorpusError("no Chinese in this text: give some")
    log_line(f"counted {counts.characters:,} characters in {counts.runs:,} runs")
    index = NgramIndex(counts)
    if options.goal == "words":
        words = segment_by_autonomy(sample, longest=options.longest, threads=threads)
        log_line(f"autonomy: {len(words.word_counts()):,} word types")
        for step in range(options.passes):
            words = _improve(words, options, step, log_line)
        return BuildResult(Lexicon.of(words.word_counts(), index), words, [], counts.characters)
    text = "\n".join(sample)
    least = options.min_count or least_count(len(text) - len(sample) + 1)
    if options.goal == "information":
        rare = options.min_count or (least + 1) // 2  # what pays for its entry is found out, not assumed
        minimum = minimise(text, candidates(index, min_count=rare), threads=threads)
        found, information = minimum.counts, minimum.information
    else:
        found, information = _four_steps(text, index, least, options, threads, log_line)
    log_line(f"{len(found):,} words; bits a character: {' '.join(f'{bits:.4f}' for bits in information)}")
    whole = {word: max(1, round(count)) for word, count in found.items()}
    return BuildResult(Lexicon.of(whole, index), None, information, counts.characters)


def _four_steps(
    text: str,
    index: NgramIndex,
    least: int,
    options: BuildOptions,
    threads: int,
    log_line: Callable[[str], None],
) -> tuple[dict[str, float], list[float]]:
    """Return words with their expected counts, and L after each iteration."""
    pieces = cut(text, index, min_count=least, threads=threads)
    long_enough = truncate(pieces, min_count=least, longest=options.longest)
    words = prune(long_enough)
    log_line(f"cut: {len(pieces):,} pieces; truncated: {len(long_enough):,}; pruned: {len(words):,} words")
    estimated = estimate(text, words, threads=threads)
    return estimated.counts, estimated.information


def _improve(words: SegmentedRuns, options: BuildOptions, step: int, log_line: Callable[[str], None]) -> SegmentedRuns:
    """Return the words after one pass of sampler and tagger."""
    sampler = options.sampler

    def show(sweep: int, log_probability: float, word_types: int) -> None:
        if sweep % 10 == 0:
            log_line(f"sampled {sweep} times: log-probability {log_probability:.0f}, {word_types:,} word types")

    words = refine(words, replace(sampler, sweeps=sampler.sweeps >> step, seed=sampler.seed + step), progress=show)
    words = retag(words, iterations=options.retag_iterations)
    log_line(f"pass {step + 1}: {len(words.word_counts()):,} word types")
    return words
