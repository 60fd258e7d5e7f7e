"""From an archive, a folder or an address to the folder of a corpus; all of it or nothing."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from cws.corpora import get, is_fetched, read_recipe, sources
from cws.errors import CorpusError, EncodingError, FileError, InputError

TRAIN_LINES = "今天 天气 真 好\n我们 去 北京\n"
TEST_LINES = "他 来到 北京\n"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fetch(source, *, accept=None, name="toy"):
    """`get` with the sum it asks for, as a user who trusts the file would."""
    recipe = read_recipe(name)
    if accept is None:
        with pytest.raises(InputError, match="give --accept ([0-9a-f]{64})$") as caught:
            get(recipe, source)
        accept = str(caught.value)[-64:]
    return get(recipe, source, accept=accept)


def tree(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_get_writes_the_parts_and_a_card(make_recipe, archive, tmp_path):
    make_recipe()
    result = fetch(str(archive), accept=sha256(archive))
    assert result.folder == tmp_path / "root" / "get" / "toy"
    assert tree(tmp_path / "root") == ["get/toy/corpus.json", "get/toy/test.txt", "get/toy/train.txt"]
    assert (result.folder / "train.txt").read_bytes() == TRAIN_LINES.encode()
    assert (result.folder / "test.txt").read_bytes() == TEST_LINES.encode()
    card = json.loads((result.folder / "corpus.json").read_text("utf-8"))
    assert card["files"] == [{"name": "toy.zip", "url": None, "sha256": sha256(archive)}]
    assert (card["licence"], card["sha256"]) == ("CC0", sha256(archive))
    assert card["parts"] == result.parts
    assert result.parts == {
        "train": {"sentences": 2, "characters": 11, "words": 7},
        "test": {"sentences": 1, "characters": 5, "words": 3},
    }


def test_get_writes_nothing_before_the_sum_is_accepted(make_recipe, archive, tmp_path):
    make_recipe()
    with pytest.raises(InputError, match=rf"the SHA-256 of toy.zip is {sha256(archive)}.* give --accept"):
        get(read_recipe("toy"), str(archive))
    with pytest.raises(InputError, match=rf"the SHA-256 of toy.zip is {sha256(archive)}, not 12: nothing was written"):
        get(read_recipe("toy"), str(archive), accept="12")
    assert not (tmp_path / "root").exists()
    assert not is_fetched("toy")


def test_get_checks_the_sum_that_the_recipe_has(make_recipe, archive):
    url = "http://127.0.0.1/toy.zip"
    make_recipe(downloads=[{"url": url, "sha256": sha256(archive)}])
    assert get(read_recipe("toy"), str(archive)).parts.keys() == {"train", "test"}
    make_recipe(downloads=[{"url": url, "sha256": "0" * 64}])
    with pytest.raises(InputError, match=f"is {sha256(archive)}, expected 0000.*--accept {sha256(archive)}"):
        get(read_recipe("toy"), str(archive))
    assert get(read_recipe("toy"), str(archive), accept=sha256(archive).upper())


def test_get_replaces_what_was_there(make_recipe, archive, tmp_path):
    make_recipe()
    folder = fetch(str(archive)).folder
    (folder / "train.txt").write_text("old")
    fetch(str(archive))
    assert (folder / "train.txt").read_text("utf-8") == TRAIN_LINES
    assert [path.name for path in folder.parent.iterdir()] == ["toy"]


def unpack(archive: Path, folder: Path) -> Path:
    zipfile.ZipFile(archive).extractall(folder)
    return folder


def test_get_from_a_folder_finds_the_files_below(make_recipe, archive, tmp_path):
    make_recipe()
    result = fetch(str(unpack(archive, tmp_path / "have")))
    assert (result.folder / "train.txt").read_text("utf-8") == TRAIN_LINES


def test_get_from_a_folder_with_the_archive_takes_the_archive(make_recipe, archive):
    make_recipe(downloads=[{"url": "http://127.0.0.1/toy.zip"}])
    assert fetch(str(archive.parent)).parts.keys() == {"train", "test"}


def test_get_of_several_files_has_the_sum_that_sha256sum_prints(make_recipe, archive, tmp_path):
    make_recipe()
    files = sorted(unpack(archive, tmp_path / "have").rglob("toy_*"))
    lines = "".join(f"{sha256(path)}  {path.name}\n" for path in files)
    fetch(str(tmp_path / "have"), accept=hashlib.sha256(lines.encode()).hexdigest())


def test_get_from_one_file_makes_its_part_only(make_recipe, archive, tmp_path):
    make_recipe()
    file = unpack(archive, tmp_path / "have") / "toy" / "gold" / "toy_test_gold.utf8"
    assert fetch(str(file)).parts.keys() == {"test"}


def test_get_from_a_compressed_file(make_recipe, tmp_path):
    make_recipe()
    (tmp_path / "toy_training.utf8.gz").write_bytes(gzip.compress("好\n".encode()))
    assert fetch(str(tmp_path / "toy_training.utf8.gz")).parts["train"]["words"] == 1


def test_get_of_one_part_takes_a_file_of_any_name(make_recipe, tmp_path):
    make_recipe(parts={"train": "*1998*.txt"}, format="pfr", encodings=["utf-8", "gb18030"])
    (tmp_path / "mine.dat").write_bytes("19980101-01-001-001/m 新年/t 讲话/n\n".encode("gb18030"))
    folder = fetch(str(tmp_path / "mine.dat")).folder
    assert (folder / "train.txt").read_text("utf-8") == "新年 讲话\n"
    assert (folder / "train.tagged.txt").read_text("utf-8") == "新年/t 讲话/n\n"


def test_get_with_wildcards_takes_all_files_in_order(make_recipe, tmp_path):
    make_recipe(parts={"train": "*1998*.txt"})
    have = tmp_path / "have"
    have.mkdir()
    for month in ("02", "01"):
        (have / f"1998{month}.txt").write_text(f"{month}\n")
    assert (fetch(str(have)).folder / "train.txt").read_text() == "01\n02\n"


def test_get_of_entities_writes_text_and_spans(make_recipe, tmp_path):
    make_recipe(parts={"train": "train.char.bmes"}, format="character-tags")
    (tmp_path / "train.char.bmes").write_text("高 B-NAME\n勇 E-NAME\n： O\n", "utf-8")
    result = fetch(str(tmp_path / "train.char.bmes"))
    assert tree(result.folder) == ["corpus.json", "train.jsonl"]
    assert json.loads((result.folder / "train.jsonl").read_text("utf-8")) == {
        "text": "高勇：",
        "entities": [[0, 2, "NAME"]],
    }
    assert result.parts["train"] == {"sentences": 1, "characters": 3, "entities": 1}


def make_tar(path: Path, *members: tuple[str, bytes, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as file:
        for name, kind, content in members:
            member = tarfile.TarInfo(name)
            member.type, member.size = kind, len(content) if kind == tarfile.REGTYPE else 0
            member.linkname = content.decode() if kind != tarfile.REGTYPE else ""
            file.addfile(member, io.BytesIO(content))
    return path


def test_get_from_a_tar(make_recipe, tmp_path):
    make_recipe()
    path = make_tar(tmp_path / "toy.tar.gz", ("x/toy_training.utf8", tarfile.REGTYPE, TRAIN_LINES.encode()))
    assert fetch(str(path)).parts.keys() == {"train"}


def test_get_writes_nothing_outside_whatever_an_archive_calls_its_members(make_recipe, tmp_path):
    make_recipe()
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("../../toy_training.utf8", TRAIN_LINES)
        file.writestr("/tmp/toy_test_gold.utf8", TEST_LINES)
    before = tree(tmp_path)
    fetch(str(path))
    assert set(tree(tmp_path)) - set(before) == {
        f"root/get/toy/{name}" for name in ("corpus.json", "test.txt", "train.txt")
    }


def test_get_does_not_follow_the_links_of_a_tar(make_recipe, tmp_path):
    make_recipe()
    path = make_tar(tmp_path / "toy.tar.gz", ("toy_training.utf8", tarfile.SYMTYPE, b"/etc/passwd"))
    with pytest.raises(InputError, match="expected toy_training.utf8 or toy_test_gold.utf8, got toy.tar.gz"):
        fetch(str(path))


@pytest.mark.parametrize("make", ["zip", "tar"])
def test_get_reads_no_more_than_a_corpus_can_have(make_recipe, tmp_path, monkeypatch, make):
    make_recipe()
    monkeypatch.setattr(sources, "MAX_BYTES", 100)
    if make == "zip":
        path = tmp_path / "bomb.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("toy_training.utf8", "好" * 1000)
    else:
        path = make_tar(tmp_path / "bomb.tar.gz", ("toy_training.utf8", tarfile.REGTYPE, b"a " * 1000))
    with pytest.raises(CorpusError, match="more than 100 bytes|too large for an archive"):
        fetch(str(path))


@pytest.mark.parametrize("make", ["zip", "tar"])
def test_get_of_a_broken_archive_is_an_error_that_names_it(make_recipe, archive, tmp_path, make):
    make_recipe()
    if make == "zip":
        data = bytearray(archive.read_bytes())
        data[len("toy/training/toy_training.utf8") + 40] ^= 255  # in the content: the sum of the member is wrong
        path = tmp_path / "broken.zip"
        path.write_bytes(data)
    else:
        noise = os.urandom(100_000)  # larger than what is read to see whether it is a tar
        path = make_tar(tmp_path / "b.tar.gz", ("a", tarfile.REGTYPE, noise), ("toy_training.utf8", b"0", b"a\n"))
        path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(CorpusError, match="broken archive"):
        fetch(str(path))


def test_get_of_two_files_that_could_be_meant_asks_which(make_recipe, tmp_path):
    make_recipe()
    for folder in ("one", "two"):
        (tmp_path / "have" / folder).mkdir(parents=True)
        (tmp_path / "have" / folder / "toy_training.utf8").write_text("好\n", "utf-8")
    with pytest.raises(InputError, match="2 files are called toy_training.utf8"):
        get(read_recipe("toy"), str(tmp_path / "have"))


def test_get_of_two_files_of_one_name_by_wildcards_asks_which(make_recipe, tmp_path):
    make_recipe(parts={"train": "*1998*.txt"})
    for folder in ("one", "two"):
        (tmp_path / "have" / folder).mkdir(parents=True)
        (tmp_path / "have" / folder / "199801.txt").write_text("好\n", "utf-8")
    with pytest.raises(InputError, match="two files are called 199801.txt"):
        get(read_recipe("toy"), str(tmp_path / "have"))


def test_get_prefers_the_path_that_the_recipe_names(make_recipe, archive, tmp_path):
    make_recipe()
    have = unpack(archive, tmp_path / "have")
    (have / "toy_training.utf8").write_text("旁边\n", "utf-8")
    assert fetch(str(have)).parts["train"]["sentences"] == 2


def test_get_from_what_is_not_the_corpus_says_what_is_expected(make_recipe, tmp_path):
    make_recipe(downloads=[{"url": "http://127.0.0.1/toy.zip"}])
    (tmp_path / "other.txt").write_text("好\n", "utf-8")
    expected = "toy_training.utf8 or toy_test_gold.utf8 or toy.zip"
    with pytest.raises(InputError, match=f"expected {expected}, got other.txt"):
        fetch(str(tmp_path / "other.txt"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty has none of toy_training.utf8, toy_test_gold.utf8, toy.zip"):
        get(read_recipe("toy"), str(tmp_path / "empty"))
    with pytest.raises(FileError, match="missing: No such file"):
        get(read_recipe("toy"), str(tmp_path / "missing"))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe is neither a file nor a folder"):
        get(read_recipe("toy"), str(tmp_path / "pipe"))


def test_get_of_a_huge_folder_asks_for_a_smaller_one(make_recipe, tmp_path, monkeypatch):
    make_recipe()
    monkeypatch.setattr(sources, "MAX_FILES", 2)
    for number in range(3):
        (tmp_path / f"{number}").write_text("")
    with pytest.raises(InputError, match="more than 2 files"):
        get(read_recipe("toy"), str(tmp_path))


@pytest.mark.parametrize(
    "content, error, message",
    [
        (b"\n \n", CorpusError, "toy_training.utf8: no sentence in this file"),
        (b"\xff\xfe\xfd", EncodingError, "toy_training.utf8:1"),
    ],
)
def test_get_that_fails_leaves_what_was_there(make_recipe, archive, tmp_path, content, error, message):
    make_recipe()
    fetch(str(archive))
    (tmp_path / "toy_training.utf8").write_bytes(content)
    before = tree(tmp_path)
    with pytest.raises(error, match=message):
        fetch(str(tmp_path / "toy_training.utf8"))
    assert tree(tmp_path) == before
    assert [path.name for path in (tmp_path / "root" / "get").iterdir()] == ["toy"]


def test_get_that_is_interrupted_leaves_nothing(make_recipe, archive, tmp_path, monkeypatch):
    make_recipe()

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("cws.corpora.fetch._write_card", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch(str(archive))
    assert list((tmp_path / "root" / "get").iterdir()) == []


def test_get_downloads(make_recipe, archive, address, tmp_path):
    make_recipe(downloads=[{"url": f"{address}/toy.zip"}])
    result = fetch(None)
    assert (result.folder / "train.txt").read_text("utf-8") == TRAIN_LINES
    card = json.loads((result.folder / "corpus.json").read_text("utf-8"))
    assert card["files"] == [{"name": "toy.zip", "url": f"{address}/toy.zip", "sha256": sha256(archive)}]


def test_get_downloads_each_file_and_shows_progress(make_recipe, archive, address, capsys):
    unpack(archive, archive.parent)
    parts = {"train": "toy_training.utf8", "test": "toy_test_gold.utf8"}
    urls = [f"{address}/toy/training/toy_training.utf8", f"{address}/toy/gold/toy_test_gold.utf8"]
    make_recipe(downloads=[{"url": url} for url in urls], parts=parts)
    recipe = read_recipe("toy")
    with pytest.raises(InputError, match="the SHA-256 of toy_test_gold.utf8, toy_training.utf8 is") as caught:
        get(recipe, show_bar=True)
    assert "toy_training.utf8: 100%" in capsys.readouterr().err
    assert get(recipe, accept=str(caught.value)[-64:]).parts.keys() == {"train", "test"}


@pytest.mark.parametrize(
    "path, reason",
    [("missing.zip", "404"), ("short.zip", "expected [0-9]+ bytes, got [0-9]+|IncompleteRead")],
)
def test_get_that_cannot_download_names_the_address_and_the_way_without(
    make_recipe, archive, address, tmp_path, path, reason
):
    (archive.parent / "short.zip").write_bytes(archive.read_bytes())
    make_recipe(downloads=[{"url": f"{address}/{path}"}])
    message = rf"could not download {address}/{path} \(.*({reason}).*\): .*cws corpora get toy --from FILE"
    with pytest.raises(CorpusError, match=message):
        get(read_recipe("toy"))
    assert not (tmp_path / "root").exists()


def test_get_without_a_network_names_the_address(make_recipe):
    make_recipe(downloads=[{"url": "http://127.0.0.1:9/toy.zip"}])  # the discard port, where nobody listens
    with pytest.raises(CorpusError, match=r"could not download http://127.0.0.1:9/toy.zip \(.*refused\)"):
        get(read_recipe("toy"))


def test_get_of_a_download_that_does_not_end_stops(make_recipe, archive, address, monkeypatch):
    monkeypatch.setattr(sources, "MAX_BYTES", 100)
    make_recipe(downloads=[{"url": f"{address}/toy.zip"}])
    with pytest.raises(CorpusError, match="more than 100 bytes"):
        get(read_recipe("toy"))


def test_get_without_an_address_asks_for_the_file(make_recipe):
    make_recipe()
    with pytest.raises(InputError, match="toy has no public address: give the file that you have by --from FILE"):
        get(read_recipe("toy"))


def test_get_of_a_download_that_lacks_a_part_says_so(make_recipe, archive, address):
    make_recipe(downloads=[{"url": f"{address}/toy.zip"}], parts={"train": "toy_training.utf8", "dev": "gone.utf8"})
    with pytest.raises(CorpusError, match="toy.zip has no gone.utf8: the source has changed"):
        fetch(None)
