"""`cws dictionary`: user dictionaries as files that load at once."""

from __future__ import annotations

import os

import click

from cws.cli.reporting import log_line
from cws.segmenter import DICTIONARY_FILE
from cws.user_dictionary import UserDictionary


@click.group("dictionary")
def dictionary_cli() -> None:
    """Compile user dictionaries, so that they load at once.

    A text file has an entry a line, `word [weight|!|-] [label]`:

    \b
    网易杭研大厦 !          always one word, wherever it stands
    机器学习 3.5 TERM       likelier one word: log-odds in nats, from -100 to 100; and a label
    云计算                  the same with the default weight, 15
    的话 -                  never one word
    # a comment

    Fields are separated by white space, or by tabs in a line that has one: then words may hold spaces. Entries never
    take a part of a run of letters and digits.

    \b
    cws segment --user-dict words.txt input.txt
    """


@dictionary_cli.command("compile")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option("-o", "--output", required=True, type=click.Path(), metavar="FILE|DIR",
              help="The compiled file; or the folder of a model, which uses it unless another is given.")  # fmt: skip
@click.option("--encoding", default="utf-8", show_default=True, metavar="NAME", help="Encoding of the text files.")
@click.option("--ignore-case", is_flag=True, help="Match capitals and small letters alike.")
@click.option("--ignore-width", is_flag=True, help="Match full-width and half-width characters alike.")
def compile_cli(files: tuple[str, ...], output: str, encoding: str, ignore_case: bool, ignore_width: bool) -> None:
    """Compile text files into one that loads at once.

    It is mapped into memory: a million entries open in a fraction of a second.

    \b
    cws dictionary compile words.txt names.txt -o words.dict
    cws segment --user-dict words.dict input.txt
    """
    if output.endswith((".gz", ".xz", ".zst")):
        raise click.UsageError(f"{output}: a compiled file is mapped into memory, so it cannot be compressed")
    path, entries = compile_dictionary(
        files, output, encoding=encoding, ignore_case=ignore_case, ignore_width=ignore_width
    )
    log_line(f"{entries:,} entries are in {path}")


def compile_dictionary(
    files: tuple[str, ...],
    output: str,
    *,
    encoding: str = "utf-8",
    ignore_case: bool = False,
    ignore_width: bool = False,
) -> tuple[str, int]:
    """Compile text files; return where the compiled one is and its number of entries. Arguments as of the command."""
    dictionary = UserDictionary.read(*files, encoding=encoding, ignore_case=ignore_case, ignore_width=ignore_width)
    path = os.path.join(output, DICTIONARY_FILE) if os.path.isfile(os.path.join(output, "cws.json")) else output
    dictionary.save(path)
    return path, len(dictionary)
