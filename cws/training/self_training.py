"""Self-training with pseudo-labels: a linear model segments raw text, which a neural one then learns from.

The linear model learns from the same corpus in seconds, and knows the word lists (Yarowsky 1995; by a better model it
is distillation: Hinton et al. 2015).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from tempfile import TemporaryDirectory

from cws import model_io
from cws.labelers.alphabet import Words
from cws.labelers.linear import open_linear
from cws.training.linear import train_linear
from cws.training.linear_options import LinearOptions
from cws.training.ngram_classes import WordList

log = logging.getLogger(__name__)

_SENTENCE = re.compile(r"[^。！？!?]+[。！？!?]*[”’」』）]*|[。！？!?]+")
_TOGETHER = 1 << 12  # lines


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text, each with what ends it; white space is taken out.

    >>> sentences_of("他说：“好！”我走了。 再见")
    ['他说：“好！”', '我走了。', '再见']
    """
    return _SENTENCE.findall("".join(text.split()))


def pseudo_labels(
    lines: Iterable[str],
    train: Sequence[Words],
    dev: Sequence[Words],
    word_lists: Sequence[WordList],
    *,
    options: LinearOptions | None = None,
    threads: int = 1,
    log_line: Callable[[str], None] = log.info,
) -> list[Words]:
    """Return the sentences of raw text in the words that a linear model finds.

    Args:
        lines: The text.
        train, dev, word_lists: What the linear model learns from.
        options: Its hyper-parameters.
        threads: To segment with.
        log_line: Called with a line about what it learned.
    """
    with TemporaryDirectory(prefix="cws-self-training-") as folder:
        counts = train_linear(train, dev, word_lists, folder, options=options, log_line=log.debug)
        labeler = open_linear(folder, model_io.read_config(folder))
        found: list[Words] = [
            words for texts in _blocks(lines) for words in labeler.segment_batch(texts, threads) if words
        ]
    size = sum(len(word) for words in found for word in words)
    log_line(f"{size:,} characters of raw text in the words of a linear model, whose dev F1 is {100 * counts.f1:.2f}")
    return found


def _blocks(lines: Iterable[str]) -> Iterator[list[str]]:
    block: list[str] = []
    for line in lines:
        block += sentences_of(line)
        if len(block) >= _TOGETHER:
            yield block
            block = []
    yield block
