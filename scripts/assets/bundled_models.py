"""Train the bundled models, from the corpora under CWS_CORPORA.

    CWS_CORPORA=… python -m scripts.assets.bundled_models            # pku and ctb, into cws/data
    CWS_CORPORA=… python -m scripts.assets.bundled_models sxu -o DIR  # another, into DIR/sxu

The same corpora and package versions give the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import click

from cws.corpus import read_segmented
from cws.training.linear import train_linear
from cws.training.linear_options import LinearOptions
from cws.word_list import jieba_word_list, read_word_list
from scripts.measuring import ROOT, corpora_folder

BUNDLED = ("pku", "ctb")
# What each model learns from, and the dev set where the corpus has one.
CORPORA = {
    "pku": ("seg/pku.train.txt", None, "People's Daily, January 1998 (PFR); for research"),
    "ctb": ("seg/ctb6.train.txt", "seg/ctb6.dev.txt", "Chinese Treebank 6, training part; LDC"),
    "sxu": ("seg/sxu.train.txt", None, "SIGHAN-2008 SXU, training part; for research"),
}
# The larger lists that say which characters make words; jieba's comes from the installed package.
LEXICONS = {
    "webdict_freq.txt": "webdict (Unlicense)",
    "jionlp_word_freq.txt": "JioNLP word frequencies (Apache-2.0)",
    "thuocl.txt": "THUOCL (MIT)",
    "hsk.txt": "HSK word list (MIT)",
}
DESCRIPTIONS = {
    "pku": "PKU standard, news; names are cut (江 泽民), organisations often whole (北京大学); the default",
    "ctb": "Chinese Treebank standard, news and web; names are whole (江泽民), organisations cut (北京 大学)",
    "sxu": "SXU standard, news",
}


@click.command(help=__doc__)
@click.argument("names", nargs=-1, type=click.Choice(sorted(CORPORA)))
@click.option("-o", "--output", default=ROOT / "cws" / "data", type=click.Path(path_type=Path))
def main(names: tuple[str, ...], output: Path) -> None:
    root = corpora_folder()
    word_lists = [jieba_word_list(), *(read_word_list(root / "lexicons" / name) for name in LEXICONS)]
    for name in names or BUNDLED:
        train, dev, source = CORPORA[name]
        description = {
            "name": name,
            "description": DESCRIPTIONS[name],
            "sources": [source, "jieba 0.42.1 word list (MIT)", *LEXICONS.values()],
        }
        click.echo(f"== {name}")
        train_linear(
            list(read_segmented(root / train)),
            list(read_segmented(root / dev)) if dev else None,
            word_lists,
            output / name,
            options=LinearOptions(averaged=4, tolerance=0.0002),
            description=description,
            log_line=click.echo,
        )


if __name__ == "__main__":
    main()
