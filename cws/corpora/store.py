"""Where fetched corpora are kept: `<folder>/get/NAME/`, beside what else the user has in the folder."""

from __future__ import annotations

import os
from pathlib import Path

from cws.corpora.recipes import PARTS, read_recipe
from cws.errors import InputError

PREFIX = "corpus:"
CARD = "corpus.json"


def default_root() -> Path:
    """Return the folder of corpora: what CWS_CORPORA names, else ~/.cache/cws."""
    named = os.environ.get("CWS_CORPORA")
    return Path(named) if named else Path.home() / ".cache" / "cws"


def corpus_folder(name: str, root: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder of a corpus, there or not; `root` is the folder of corpora."""
    return (Path(root) if root is not None else default_root()) / "get" / name


def is_fetched(name: str, root: str | os.PathLike[str] | None = None) -> bool:
    """Whether `get` made this corpus."""
    return (corpus_folder(name, root) / CARD).is_file()


def path_of(argument: str, part: str, root: str | os.PathLike[str] | None = None) -> str:
    """Return the path of the segmented text that `corpus:NAME` or `corpus:NAME/PART` means; any other path as it is.

    Args:
        argument: As a user writes it where a path is expected.
        part: The part that `corpus:NAME` alone means here: train, dev or test.
        root: The folder of corpora.

    Raises:
        InputError: An unknown name or part, a corpus that was not fetched, or one of entities.
    """
    if not argument.startswith(PREFIX):
        return argument
    name, slash, named = argument.removeprefix(PREFIX).partition("/")
    part = named if slash else part
    recipe = read_recipe(name)
    if part not in PARTS:
        raise InputError(f"{argument}: a part is one of {', '.join(PARTS)}, got {part!r}")
    if recipe.holds == "entities":
        raise InputError(f"{argument} has entities, and words are needed here: cws corpora list says what each has")
    if not is_fetched(name, root):
        raise InputError(f"{argument} is not in {corpus_folder(name, root).parent}: run cws corpora get {name} first")
    path = corpus_folder(name, root) / f"{part}.txt"
    if not path.is_file():
        there = [f"{PREFIX}{name}/{one}" for one in PARTS if path.with_name(f"{one}.txt").is_file()]
        raise InputError(f"{name} has no {part} part: there is {', '.join(there)}")
    return str(path)
