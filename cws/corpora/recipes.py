"""Recipes: one JSON file for each public corpus, which says what it is, on which terms, and how it is converted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cws.corpora.formats import FORMATS
from cws.errors import CorpusError, InputError, did_you_mean

PARTS = ("train", "dev", "test")
_TEXTS = ("title", "about", "homepage", "licence", "terms", "cite", "format")
_PACKAGE = Path(__file__).parent.parent


@dataclass(frozen=True)
class Download:
    """One file to download.

    Attributes:
        url: Where it is.
        sha256: The sum of its bytes in hexadecimal; None where nobody of this project had them in hand.
    """

    url: str
    sha256: str | None = None

    @property
    def name(self) -> str:
        """The name of the file: the last part of its address."""
        return self.url.rpartition("/")[2]


@dataclass(frozen=True)
class Recipe:
    """What is known of a public corpus.

    Attributes:
        name: What `cws corpora get` and `corpus:NAME` call it.
        title: One line.
        about: What is in it.
        homepage: The page of the project, or `not stated`.
        licence: Its name, or `not stated`.
        terms: What the source says about use.
        cite: The paper to cite.
        format: How the files are written, a key of `cws.corpora.formats.FORMATS`.
        encodings: Tried in this order; the first that fits is taken.
        downloads: The files to download; none where there is no public address.
        parts: Of train, dev and test those there are, each with the path of its file inside the archive or folder;
            the last name may have wildcards.
    """

    name: str
    title: str
    about: str
    homepage: str
    licence: str
    terms: str
    cite: str
    format: str
    encodings: tuple[str, ...]
    downloads: tuple[Download, ...]
    parts: dict[str, str]

    @property
    def holds(self) -> str:
        """What a sentence has: `words`, `words and tags`, or `entities`."""
        return FORMATS[self.format].holds


def recipe_folder() -> Path:
    """Return the folder of the recipes: inside the installed package, or corpora/recipes/ of a checkout."""
    packed = _PACKAGE / "data" / "recipes"
    return packed if packed.is_dir() else _PACKAGE.parent / "corpora" / "recipes"


def recipe_names() -> list[str]:
    """Return the names of all recipes, sorted."""
    return sorted(path.stem for path in recipe_folder().glob("*.json"))


def read_recipe(name: str) -> Recipe:
    """Return the recipe of this name.

    Raises:
        InputError: No such recipe; the message names the nearest.
        CorpusError: A file that is no recipe.
    """
    names = recipe_names()
    if name not in names:
        near = did_you_mean(name, names)
        hint = f"did you mean {near}?" if near else f"there are {', '.join(names)}"
        raise InputError(f"no corpus is called {name!r}: {hint} (cws corpora list shows them all)")
    path = recipe_folder() / f"{name}.json"
    try:
        return _parse(name, json.loads(path.read_text("utf-8")))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CorpusError(f"no recipe ({type(error).__name__}: {error}): see corpora/README.md", path) from error


def _parse(name: str, fields: dict[str, Any]) -> Recipe:
    recipe = Recipe(
        name=name,
        **{key: str(fields[key]) for key in _TEXTS},
        encodings=tuple(fields["encodings"]),
        downloads=tuple(Download(**download) for download in fields["downloads"]),
        parts=dict(fields["parts"]),
    )
    unknown = fields.keys() - {*_TEXTS, "encodings", "downloads", "parts"}
    if unknown:
        raise ValueError(f"unknown field {min(unknown)!r}")
    if recipe.format not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, got {recipe.format!r}")
    if not recipe.parts or recipe.parts.keys() - set(PARTS):
        raise ValueError(f"parts must be of {', '.join(PARTS)}, got {', '.join(recipe.parts) or 'none'}")
    if not all(download.url.startswith(("http://", "https://")) for download in recipe.downloads):
        raise ValueError("a url must begin with http:// or https://")
    return recipe
