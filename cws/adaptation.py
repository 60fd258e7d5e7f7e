"""A model made one's own: what raw text, segmented sentences and readers' marks of a domain add to a linear model."""

from __future__ import annotations

import os
from typing import NamedTuple

from cws.bundled import find_model
from cws.errors import InputError
from cws.segmenter import Segmenter

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cws.metrics import MarkCounts, SegmentationCounts
    from cws.training.initial_model import InitialModel
    from cws.training.linear_options import LinearOptions
    from cws.training.linear_text import Standard

    Path = str | os.PathLike[str]
    Counts = SegmentationCounts | MarkCounts

SHARES = (1.0, 0.7, 0.4)  # of the weights of the model that is adapted, tried in this order
LEAST_GAIN = 0.002  # of F1 that the next share must bring: a hundred sentences hold 20 out, and less is chance
HELD_OUT = 0.2  # of labelled sentences, to show what was won
_LEAST = 10  # labelled sentences
_SAMPLE = 200_000  # characters of raw text that changes are looked for in
_CONTEXT = 6  # characters on either side of a change


class Change(NamedTuple):
    """A piece of text that the adapted model cuts in another way.

    Attributes:
        before: The words of the model that was adapted.
        after: Those of the new one.
        times: How often, in the sample of the raw text.
        context: Where it stood first, with the new words between bars.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    times: int
    context: str


class Adaptation(NamedTuple):
    """What `adapt` did.

    Attributes:
        before: Counts of the model that was adapted, on the fifth of the labelled sentences that was held out; None
            without labelled sentences.
        after: The same of what was learned from the other four fifths.
        changes: What raw text is cut otherwise, the most frequent first; none without raw text.
    """

    before: Counts | None
    after: Counts | None
    changes: list[Change]


def adapt(
    model: Path,
    output: Path,
    *,
    raw: Sequence[Path] = (),
    train: Sequence[Path] = (),
    marks: Sequence[Path] = (),
    seed: int = 1,
    memory: int | str = "2G",
    work_folder: Path | None = None,
    encoding: str = "utf-8",
    show_progress: bool = False,
    log_line: Callable[[str], None] | None = None,
) -> Adaptation:
    """Make a linear model that knows a domain, and write it; a model like any other, without a dictionary beside it.

    First, the n-grams of the raw text get the weights that their statistics are worth. Then training goes on from
    there, on segmented sentences and marks: on four fifths, to choose how long and to show F1 on the other fifth before
    and after, and on all of them for the model that is written.

    Args:
        model: A bundled linear model, or the folder of one.
        output: The folder of the new model.
        raw: Files of raw text.
        train: Files of segmented sentences; they may follow another standard than the model's.
        marks: Files of readers' marks (`cws.corpus.read_marks`).
        seed: Of the choice of the fifth, and of the order of sentences.
        memory: What counting n-grams may take.
        work_folder: Where an interrupted count of the raw text stays, for the same call to go on from.
        encoding: Of all files.
        show_progress: Whether to show on stderr how far counting is.
        log_line: Called with a line about each step; None: they go to the log.

    Raises:
        InputError: Nothing to learn from; a model of another kind, or one of the first release.
        FileError, EncodingError, CorpusError: A file that cannot be read, or that is not what it should be.
    """
    if not (raw or train or marks):
        raise InputError("nothing to adapt to: give raw text, segmented sentences or sentences with marks")
    if any(os.fspath(path) == "-" for path in raw):
        raise InputError("raw text is read twice: give a file instead of -")
    import logging  # here, because this is imported with the package

    from cws import model_io
    from cws.training.initial_model import InitialModel

    log_line = log_line or logging.getLogger(__name__).info
    folder = find_model(model)[1]
    initial = InitialModel.open(folder)
    standard = _labelled(train, marks, encoding)
    if standard is not None:
        initial.check_knows(standard.texts())
    changed = initial
    if raw:
        from cws.lexicon.raw_classes import raw_classes
        from cws.training.raw_weights import with_raw

        tables = raw_classes(raw, memory=memory, encoding=encoding, progress=show_progress, work_folder=work_folder)
        found = sum(len(ngrams) for ngrams, _ in tables)
        if not found and standard is None:
            raise InputError("the raw text is too short: no string in it recurs often enough; give some 100 KB or more")
        log_line(f"{found:,} n-grams of the raw text have classes")
        changed = with_raw(initial, tables)
    before = after = None
    if standard is None:
        kept = {name: initial.config[name] for name in ("kind", "scheme", "scale", "ngram_table")}
        kept["sources"] = initial.sources
        training = {"init": initial.name, "raw": [os.fspath(path) for path in raw]}
        model_io.write_model(output, {**kept, "training": training}, changed.tensors, aligned="buckets")
    else:
        before, after = _go_on(initial, changed, standard, output, seed, log_line)
    changes = find_changes(Segmenter(folder), Segmenter(output), _sample(raw, encoding)) if raw else []
    return Adaptation(before, after, changes)


def _labelled(train: Sequence[Path], marks: Sequence[Path], encoding: str) -> Standard | None:
    """Return the labelled sentences, if there are some."""
    from cws.corpus import cut_sentences, read_marks, read_segmented
    from cws.training.linear_text import Part, Standard

    parts = [Part(cut_sentences(list(read_segmented(path, encoding=encoding)))) for path in train]
    parts += [Part(list(read_marks(path, encoding=encoding))) for path in marks]
    if parts and sum(len(part.sentences) for part in parts) < _LEAST:
        raise InputError(f"a few sentences cannot be split to show what was won: give {_LEAST} or more, one a line")
    return Standard("adapted", parts) if parts else None


def _go_on(
    initial: InitialModel,
    changed: InitialModel,
    standard: Standard,
    output: Path,
    seed: int,
    log_line: Callable[[str], None],
) -> tuple[Counts, Counts]:
    """Train on labelled sentences and write the model; return the counts before and after, on what was held out.

    How much of the first model is kept is chosen on what was held out: less where the sentences are many, or of a
    standard that is far from its own.
    """
    from tempfile import TemporaryDirectory

    from cws.training.linear import LinearText, train_standards
    from cws.training.linear_choice import Criterion, figure
    from cws.word_list import jieba_word_list

    options = adapting_options(seed)
    split = standard.split(options.dev_fraction, options.seed)
    before = Criterion(split.dev).counts(initial.segment)
    best, words = float("-inf"), jieba_word_list()
    with TemporaryDirectory(prefix="cws-adapt-") as trial:
        for share in SHARES:
            log_line(f"with {share:.0%} of the weights of {initial.name}")
            scaled = changed.scaled(share)
            text = LinearText([split], [words], initial=scaled)
            [counts] = train_standards(text, [trial], options=options, log_line=log_line)
            if figure(counts) < best + LEAST_GAIN:
                break
            best, kept = figure(counts), scaled
    text = LinearText([standard], [words], initial=kept)
    [after] = train_standards(text, [output], options=options, log_line=log_line)
    return before, after


def adapting_options(seed: int = 1) -> LinearOptions:
    """Return the hyper-parameters of going on from a model with little text."""
    from cws.training.linear_options import LinearOptions

    return LinearOptions(
        learning_rate=0.07, dev_fraction=HELD_OUT, min_trigram_count=1, min_gain=0.0, epochs=12, seed=seed
    )


def find_changes(before: Segmenter, after: Segmenter, lines: Iterable[str]) -> list[Change]:
    """Return what one segmenter cuts otherwise than another, the most frequent first."""
    counts: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
    contexts: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}
    for line in lines:
        for begin, old, new in _differences(before.segment(line), after.segment(line)):
            counts[old, new] = counts.get((old, new), 0) + 1
            end = begin + sum(map(len, new))
            shown = line[max(begin - _CONTEXT, 0) : begin] + "|" + "/".join(new) + "|" + line[end : end + _CONTEXT]
            contexts.setdefault((old, new), shown)
    ordered = sorted(counts, key=lambda pair: (-counts[pair], pair))
    return [Change(old, new, counts[old, new], contexts[old, new]) for old, new in ordered]


def _differences(before: list[str], after: list[str]) -> Iterator[tuple[int, tuple[str, ...], tuple[str, ...]]]:
    """Yield where two segmentations of one text differ: a place, and the words between the cuts that both have."""
    old, new = list[str](), list[str]()
    begin = at_old = at_new = 0
    news = iter(after)
    for word in before:
        old.append(word)
        at_old += len(word)
        while at_new < at_old:
            new.append(next(news))
            at_new += len(new[-1])
        if at_old == at_new:
            if old != new:
                yield begin, tuple(old), tuple(new)
            old, new, begin = [], [], at_old


def _sample(raw: Sequence[Path], encoding: str) -> Iterator[str]:
    """Yield the first lines of the raw files, as much of each."""
    from cws.files import read_lines

    for path in raw:
        left = _SAMPLE // len(raw)
        for line in read_lines(path, encoding=encoding):
            yield line
            left -= len(line)
            if left <= 0:
                break
