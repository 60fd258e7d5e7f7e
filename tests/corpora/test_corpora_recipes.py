"""The recipes that come with cws, what is wrong with one that is none, and what corpus:NAME means."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import cws
from cws.corpora import corpus_folder, is_fetched, path_of, read_recipe, recipe_names
from cws.corpora.recipes import recipe_folder
from cws.errors import CorpusError, InputError

ROOT = Path(__file__).parent.parent.parent
EXPECTED = ["cluener", "msr", "pfr", "pku", "resume", "ud-cfl", "ud-gsdsimp", "ud-hk", "ud-pud", "weibo"]


def test_recipes_are_those_of_the_documents():
    assert recipe_names() == EXPECTED


@pytest.mark.parametrize("name", EXPECTED)
def test_recipe_says_everything_and_names_the_files_it_downloads(name):
    recipe = read_recipe(name)
    for field in ("title", "about", "homepage", "licence", "terms", "cite"):
        assert getattr(recipe, field).strip(), field
    names = [one.name for one in recipe.downloads]
    assert len(set(names)) == len(names)
    if len(names) > 1:  # not an archive: each part is one of the files
        assert sorted(recipe.parts.values()) == sorted(names)


def test_recipe_without_bytes_in_hand_has_no_sum():
    # None of the originals was in hand when these were written; who adds a sum has hashed the very file.
    assert not [name for name in EXPECTED for one in read_recipe(name).downloads if one.sha256]


@pytest.mark.parametrize(
    "name, message",
    [("pkuu", "did you mean pku?"), ("UD-PUD", "did you mean ud-pud?"), ("zzz", "there are cluener, msr")],
)
def test_recipe_of_an_unknown_name_suggests_the_nearest(name, message):
    with pytest.raises(InputError, match=f"no corpus is called '{name}': {message}"):
        read_recipe(name)


@pytest.mark.parametrize("name", ["../pku", "/etc/passwd", ""])
def test_recipe_is_no_path(name):
    with pytest.raises(InputError, match="no corpus is called"):
        read_recipe(name)


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"format": "csv"}, "format must be one of words, conllu"),
        ({"parts": {}}, "parts must be of train, dev, test, got none"),
        ({"parts": {"all": "a.txt"}}, "parts must be of train, dev, test, got all"),
        ({"downloads": [{"url": "file:///etc/passwd"}]}, "a url must begin with http"),
        ({"downloads": [{"address": "http://x"}]}, "address"),
        ({"colour": "red"}, "unknown field 'colour'"),
    ],
)
def test_recipe_that_is_wrong_is_an_error_with_its_path(make_recipe, fields, message):
    make_recipe(**fields)
    with pytest.raises(CorpusError, match=rf"toy.json: no recipe \(.*{message}"):
        read_recipe("toy")


def test_recipe_with_a_missing_field_or_no_json_is_an_error(make_recipe, tmp_path):
    make_recipe()
    path = tmp_path / "recipes" / "toy.json"
    fields = json.loads(path.read_text("utf-8"))
    del fields["terms"]
    path.write_text(json.dumps(fields), "utf-8")
    with pytest.raises(CorpusError, match="KeyError: 'terms'"):
        read_recipe("toy")
    path.write_text("{", "utf-8")
    with pytest.raises(CorpusError, match="no recipe"):
        read_recipe("toy")


@pytest.fixture
def fetched(make_recipe, tmp_path):
    """A toy corpus of a train and a test part that is there, and one of entities."""
    make_recipe()
    make_recipe("names", format="cluener", parts={"train": "train.json"})
    make_recipe("away")
    folder = corpus_folder("toy")
    folder.mkdir(parents=True)
    for name in ("train.txt", "test.txt", "corpus.json"):
        (folder / name).write_text("好\n", "utf-8")
    return folder


@pytest.mark.parametrize(
    "argument, part, file",
    [
        ("corpus:toy", "train", "train.txt"),
        ("corpus:toy", "test", "test.txt"),
        ("corpus:toy/test", "train", "test.txt"),
    ],
)
def test_path_of_a_corpus_is_its_part(fetched, argument, part, file):
    assert path_of(argument, part) == str(fetched / file)


@pytest.mark.parametrize("path", ["train.txt", "-", "./corpus:toy", "/x/corpus:toy"])
def test_path_of_a_path_is_itself(path):
    assert path_of(path, "train") == path


@pytest.mark.parametrize(
    "argument, message",
    [
        ("corpus:toy/dev", "toy has no dev part: there is corpus:toy/train, corpus:toy/test"),
        ("corpus:toy/all", "a part is one of train, dev, test, got 'all'"),
        ("corpus:toy/", "a part is one of train, dev, test, got ''"),
        ("corpus:toi", "did you mean toy?"),
        ("corpus:names", "has entities, and words are needed here"),
        ("corpus:away", "run cws corpora get away first"),
    ],
)
def test_path_of_what_is_not_there_says_what_to_do(fetched, argument, message):
    with pytest.raises(InputError, match=message):
        path_of(argument, "train")


def test_corpora_are_in_the_folder_that_is_named_else_in_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("CWS_CORPORA", str(tmp_path))
    assert corpus_folder("pku") == tmp_path / "get" / "pku"
    monkeypatch.delenv("CWS_CORPORA")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert corpus_folder("pku") == tmp_path / "home" / ".cache" / "cws" / "get" / "pku"
    assert not is_fetched("pku")


@pytest.mark.skipif(not (ROOT / "setup.py").exists(), reason="the installed package has its recipes already")
def test_recipes_are_in_the_built_package(tmp_path, monkeypatch):
    pytest.importorskip("setuptools")
    pytest.importorskip("pybind11")
    library = tmp_path / "lib"
    build = ["egg_info", "--egg-base", str(tmp_path), "build_py", "--build-lib", str(library)]
    subprocess.run([sys.executable, "setup.py", "-q", *build], cwd=ROOT, check=True, capture_output=True)
    packed = library / "cws" / "data" / "recipes"
    recipes = ROOT / "corpora" / "recipes"
    assert {path.name: path.read_bytes() for path in packed.iterdir()} == {
        path.name: path.read_bytes() for path in recipes.iterdir()
    }
    monkeypatch.setattr("cws.corpora.recipes._PACKAGE", library / "cws")
    assert recipe_folder() == packed
    assert recipe_names() == EXPECTED


def test_recipes_of_a_checkout_are_read_where_they_are():
    package = Path(cws.__file__).parent
    expected = package.parent / "corpora" / "recipes"
    if not (package.parent / "setup.py").exists():
        expected = package / "data" / "recipes"
    assert recipe_folder() == expected
