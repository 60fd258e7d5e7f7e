"""Recipes and archives for tests, and a server on this machine that hands them out."""

from __future__ import annotations

import json
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

TRAIN = "今天  天气  真  好\n我们  去  北京\n"
TEST = "他  来到  北京\r\n"
FIELDS = {
    "title": "Toy corpus",
    "about": "Three sentences.",
    "homepage": "not stated",
    "licence": "CC0",
    "terms": "Do with it what you like.",
    "cite": "nobody",
    "format": "words",
    "encodings": ["utf-8"],
    "downloads": [],
    "parts": {"train": "toy/training/toy_training.utf8", "test": "toy/gold/toy_test_gold.utf8"},
}


@pytest.fixture
def make_recipe(tmp_path, monkeypatch):
    """Writes a recipe called toy, fields as given, into a folder that is then the only one; CWS_CORPORA is `root`."""
    folder = tmp_path / "recipes"
    folder.mkdir()
    monkeypatch.setattr("cws.corpora.recipes.recipe_folder", lambda: folder)
    monkeypatch.setenv("CWS_CORPORA", str(tmp_path / "root"))

    def make(name="toy", **fields):
        (folder / f"{name}.json").write_text(json.dumps({**FIELDS, **fields}, ensure_ascii=False), "utf-8")

    return make


@pytest.fixture
def archive(tmp_path):
    """A zip with the two files of the toy corpus, and what archives have beside them."""
    path = tmp_path / "served" / "toy.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("toy/training/toy_training.utf8", TRAIN)
        file.writestr("toy/gold/toy_test_gold.utf8", TEST)
        file.writestr("toy/README", "read me")
        file.writestr("__MACOSX/toy/training/._toy_training.utf8", "\0")
    return path


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def send_header(self, keyword, value):
        if keyword == "Content-Length" and self.path.startswith("/short"):
            value = str(int(value) + 1)  # as if the connection broke
        super().send_header(keyword, value)


@pytest.fixture
def address(archive, monkeypatch):
    """The address of a server that hands out the folder of the archive."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(archive.parent)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
