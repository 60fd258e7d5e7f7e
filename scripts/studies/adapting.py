"""What `cws adapt` is worth, beside the model as it is and trainings anew, as tables in Markdown.

    CWS_CORPORA=… python -m scripts.studies.adapting

F1 in percent without units, on sentences that nothing learned from: medical.dev with the first of medical.train, and a
novel without its first hundred sentences. The trainings anew have all word lists of the bundled models. Then raw text
alone: readers' objections for each 100 words, and what it costs elsewhere.
"""

from __future__ import annotations

import logging
import lzma
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

import cws
from cws.corpus import read_marks, read_segmented, write_segmented
from cws.metrics import score, score_marks
from cws.training.linear import LinearText, train_standards
from cws.training.linear_text import Part, Standard
from cws.word_list import jieba_word_list, read_word_list
from scripts.assets.bundled_models import LEXICONS
from scripts.measuring import DOMAINS, corpora_folder, made_by, setting

Sentences = Sequence[Sequence[str]]
MODELS = ("ctb", "general", "pku")
FOREIGN = ("zx.dev", "medical.dev", "pud")
RAW_CHARACTERS = 550_000  # of each domain, beside the paragraphs of the marked sentences
EVERY = {"technical": 40, "law": 40, "literature": 12}  # one line of so many; of other domains one of 4
KNOWN = 12  # first characters that tell a paragraph of a marked sentence

log = logging.getLogger(__name__)


def f1(model: str | Path, gold: Sentences) -> float:
    """Return F1 in percent, without units."""
    predicted = cws.load(model, units=False).segment_batch("".join(words) for words in gold)
    return 100 * score(gold, predicted).f1


class Anew:
    """Trainings that begin with nothing."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._lists = [jieba_word_list(), *(read_word_list(root / "lexicons" / name) for name in LEXICONS)]
        self._folder = folder / "anew"

    def __call__(self, sentences: Sentences, dev: Sentences | None, gold: Sentences) -> float:
        text = LinearText([Standard("anew", [Part(sentences)], dev)], self._lists)
        train_standards(text, [self._folder], log_line=log.debug)
        return f1(self._folder, gold)


def measure_sentences(root: Path, folder: Path) -> Iterator[str]:
    """Yield the lines of the table of labelled sentences."""

    def read(name: str) -> list[list[str]]:
        return list(read_segmented(root / "seg" / f"{name}.txt"))

    anew, ctb, ctb_dev = Anew(root, folder), read("ctb6.train"), read("ctb6.dev")
    medical, medical_dev, novel = read("foreign/medical.train"), read("foreign/medical.dev"), read("foreign/zx.dev")
    cases = [(f"{count:,} medical questions", medical[:count], medical_dev) for count in (100, 500, len(medical))]
    cases.append(("100 sentences of the novel", novel[:100], novel[100:]))
    yield (
        "| learned from | ctb as it is | `adapt ctb` | `adapt general` | `adapt ctb` + raw text of the test set |"
        " from nothing | ctb6 + sentences, anew |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name, sentences, gold in cases:
        train, raw, new = folder / "train.txt", folder / "raw.txt", folder / "new"
        write_segmented(train, sentences)
        raw.write_text("\n".join("".join(words) for words in gold), "utf-8")
        figures = [f1("ctb", gold)]
        for model, texts in (("ctb", []), ("general", []), ("ctb", [raw])):
            cws.adapt(model, new, train=[train], raw=texts)
            figures.append(f1(new, gold))
        figures += [anew(sentences, None, gold), anew([*ctb, *sentences], ctb_dev, gold)]
        yield f"| {name} | {' | '.join(f'{one:.2f}' for one in figures)} |"


def sample(root: Path) -> str:
    """Return raw text of all domains, the paragraphs of the marked sentences among it."""
    texts = [sentence.text for sentence in read_marks(root / "readers" / "sentences.txt")]
    known = {text[:KNOWN] for text in texts if len(text) >= KNOWN}
    lines: list[str] = []
    for domain in DOMAINS:
        characters = 0
        with lzma.open(root / "raw" / f"{domain}.txt.xz", "rt", encoding="utf-8") as file:
            for at, line in enumerate(file):
                is_known = any(line[begin : begin + KNOWN] in known for begin in range(len(line) - KNOWN + 1))
                if is_known or (at % EVERY.get(domain, 4) == 0 and characters < RAW_CHARACTERS):
                    lines.append(line)
                    characters += len(line)
    return "".join(lines)


def measure_raw(root: Path, folder: Path) -> Iterator[str]:
    """Yield what the raw text is, and the lines of its table."""
    raw, new = folder / "raw.txt", folder / "new"
    raw.write_text(sample(root), "utf-8")
    yield f"{raw.stat().st_size / 1e6:.1f} MB of raw text; before and after it."
    yield ""
    yield f"| | readers | ctb6.dev | {' | '.join(FOREIGN)} |"
    yield f"|---|---:|---:|{'---:|' * len(FOREIGN)}"
    marks = list(read_marks(root / "readers" / "sentences.txt"))
    golds = [
        list(read_segmented(root / "seg" / f"{name}.txt"))
        for name in ("ctb6.dev", *(f"foreign/{one}" for one in FOREIGN))
    ]
    for model in MODELS:
        cws.adapt(model, new, raw=[raw])
        cells = []
        for one in (model, new):
            segment = cws.load(one).segment
            objections = score_marks(marks, (segment(sentence.text) for sentence in marks)).per_hundred
            cells.append([objections, *(f1(one, gold) for gold in golds)])
        pairs = (f"{before:.2f} → {after:.2f}" for before, after in zip(*cells, strict=True))
        yield f"| {model} | {' | '.join(pairs)} |"


@click.command(help=__doc__)
def main() -> None:
    root = corpora_folder()
    click.echo(made_by("CWS_CORPORA=… python -m scripts.studies.adapting", setting("numpy")) + "\n")
    with tempfile.TemporaryDirectory() as temporary:
        for measure in (measure_sentences, measure_raw):
            for line in measure(root, Path(temporary)):
                click.echo(line)
            click.echo()


if __name__ == "__main__":
    main()
