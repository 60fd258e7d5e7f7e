"""Raw text in, a lexicon out: all the steps, in order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike

from cws.errors import CorpusError
from cws.lexicon.candidates import NgramIndex
from cws.lexicon.count import NgramCounts, count
from cws.lexicon.lexicon import Lexicon
from cws.lexicon.refine import SamplerOptions, refine, word_counts
from cws.lexicon.retag import retag
from cws.lexicon.sample import lines_of, sample_runs
from cws.lexicon.steps import cut, estimate, least_count, prune, truncate

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BuildOptions:
    """What the steps do; the defaults adapt to the size of the text."""

    n: int = 4  # characters of the longest n-grams and words
    min_count: int | None = None  # of a candidate; None: see `steps.least_count`
    sample: int = 8_000_000  # characters of the text that cut and the steps after it look at
    iterations: int = 5  # of expectation maximisation
    sampler: SamplerOptions = field(default_factory=SamplerOptions)
    retag_rounds: int = 2  # after the sampler; 0: no tagger
    passes: int = 2  # of sampler and tagger; the second takes half the sweeps. 0: the lexicon of least information


@dataclass(frozen=True)
class BuildResult:
    """What `build` returns.

    Attributes:
        lexicon: The words.
        lines: The words of each run of the sample.
        information: L in bits a character: after each iteration of expectation maximisation.
        characters: How many Han characters there were in all of the text.
    """

    lexicon: Lexicon
    lines: list[list[str]]
    information: list[float]
    characters: int


def build(
    paths: Sequence[str | PathLike[str]],
    *,
    options: BuildOptions | None = None,
    memory: int | str = "2G",
    threads: int | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    show_progress: bool = False,
    progress: Callable[[str], None] = log.info,
) -> BuildResult:
    """Find the words of raw text, without a dictionary and without annotation.

    Args:
        paths: Any text; `.gz`, `.xz` and `.zst` are decompressed. They are read twice, so `-` is no choice.
        options: See there.
        memory: What counting may take, see `count`.
        threads: By default, as many as there are processors. They make no difference to the result.
        encoding: Any text encoding Python knows.
        errors: What to do with invalid bytes: `strict`, `replace`, or another of Python's error handlers.
        show_progress: Whether to show on stderr how far counting is.
        progress: Called with a line about each step.

    Raises:
        FileError, EncodingError: As `cws.files.read_lines`.
        CorpusError: No Chinese in the text.
        InputError: An option out of range.
    """
    options = options or BuildOptions()
    counts = count(
        paths, n=options.n, min_count=2, memory=memory, threads=threads, encoding=encoding, errors=errors,
        progress=show_progress,
    )  # fmt: skip
    sample = sample_runs(lines_of(paths, encoding=encoding, errors=errors), options.sample)
    return build_from_counts(counts, sample, options=options, threads=threads, progress=progress)


def build_from_counts(
    counts: NgramCounts,
    sample: Sequence[str],
    *,
    options: BuildOptions | None = None,
    threads: int | None = None,
    progress: Callable[[str], None] = log.info,
) -> BuildResult:
    """Find the words of text that is counted: the n-grams of all of it, and the runs of a sample.

    Arguments and errors as of `build`; sample as `sample.sample_runs` returns it.
    """
    options = options or BuildOptions()
    if not sample:
        raise CorpusError("no Chinese in this text: give some")
    progress(f"counted {counts.characters:,} characters in {counts.runs:,} runs")
    index = NgramIndex(counts)
    text = "\n".join(sample)
    min_count = options.min_count or least_count(len(text) - len(sample) + 1)
    pieces = cut(text, index, min_count=min_count)
    candidates = truncate(pieces, min_count=min_count, longest=options.n)
    words = prune(candidates)
    progress(f"cut: {len(pieces):,} pieces; truncated: {len(candidates):,}; pruned: {len(words):,} words")
    estimated = estimate(text, words, iterations=options.iterations, threads=threads)
    trace = " ".join(f"{bits:.4f}" for bits in estimated.information)
    progress(f"estimated: {len(estimated.counts):,} words; bits a character: {trace}")
    lines = segment_runs(sample, estimated.counts)
    for step in range(options.passes):
        lines = _improve(lines, options, step, progress)
    lexicon = Lexicon.of(word_counts(lines), index)
    return BuildResult(lexicon, lines, estimated.information, counts.characters)


def segment_runs(runs: Sequence[str], counts: dict[str, float]) -> list[list[str]]:
    """Return the words of each run by the best path."""
    lexicon = Lexicon.of({word: max(1, round(count)) for word, count in counts.items()})
    return [lexicon.segment_run(run) for run in runs]


def _improve(
    lines: list[list[str]], options: BuildOptions, step: int, progress: Callable[[str], None]
) -> list[list[str]]:
    """Return the words after one pass of sampler and tagger."""
    sampler = options.sampler

    def show(sweep: int, log_probability: float, kinds: int) -> None:
        if sweep % 10 == 0:
            progress(f"sampled {sweep} times: log-probability {log_probability:.0f}, {kinds:,} kinds of words")

    lines = refine(lines, replace(sampler, sweeps=sampler.sweeps >> step, seed=sampler.seed + step), progress=show)
    lines = retag(lines, rounds=options.retag_rounds)
    progress(f"pass {step + 1}: {len(word_counts(lines)):,} kinds of words")
    return lines
