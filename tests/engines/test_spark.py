"""Spark on two executors, each a process of its own, against one machine."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner
from lexicon_texts import made_text

import cws
from cws.cli import cli
from cws.cli.segment import segment as segment_files
from cws.errors import EncodingError, EngineError, InputError, ModelError
from cws.lexicon import BuildOptions, build, count_texts
from cws.user_dictionary import UserDictionary

MISSING = next((name for name in ("pyspark", "pyarrow", "pandas") if not find_spec(name)), None)
JAVA = shutil.which(os.path.join(os.environ["JAVA_HOME"], "bin", "java") if "JAVA_HOME" in os.environ else "java")
pytestmark = [
    pytest.mark.skipif(MISSING is not None, reason=f"needs {MISSING}: pip install 'cws-toolkit[spark]'"),
    pytest.mark.skipif(JAVA is None, reason="needs Java 17 or later"),
    pytest.mark.filterwarnings("default"),  # Spark's own
]
PACKAGE = Path(cws.__file__).parent
TEXTS = [
    "他来到了网易杭研大厦",
    "今天 天气真好。\n明天也好",
    "",
    None,
    " 　",
    "ａｂｃ 2024年",
    "北京大学生前来应聘",
] * 30


def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What executors and commands of this machine need: this cws, this Python, no network."""
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    paths = [str(PACKAGE.parent), *map(str, Path(__file__).parents[:2]), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    from cws.engines.spark import start_session

    with pytest.MonkeyPatch.context() as monkeypatch:
        environment(monkeypatch)
        settings = {
            "spark.ui.enabled": "false",
            "spark.task.maxFailures": "2",
            "spark.sql.shuffle.partitions": "3",
            "spark.sql.execution.arrow.maxRecordsPerBatch": "16",
            "spark.executorEnv.PYTHONPATH": os.environ["PYTHONPATH"],
            "spark.local.dir": str(tmp_path_factory.mktemp("spark")),
        }
        arguments = " ".join(f"--conf {name}={value}" for name, value in settings.items())
        monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", f"{arguments} pyspark-shell")
        session = start_session("local-cluster[2,1,1024]", name="tests")
        yield session
        session.stop()


@pytest.fixture(scope="module")
def frame(spark):
    return spark.createDataFrame([(at, text) for at, text in enumerate(TEXTS)], "id int, text string").repartition(4)


def values(df, name: str = "words") -> list:
    return [row[name] for row in df.orderBy("id").collect()]


def executor() -> int:
    """The process of the executor that this task runs in: the parent of the parent of its Python."""
    stat = Path(f"/proc/{os.getppid()}/stat").read_text()
    return int(stat.rsplit(")", 1)[1].split()[1])


def expected(segmenter: cws.Segmenter, texts=TEXTS) -> list:
    return [None if text is None else segmenter.segment(text) for text in texts]


def test_spark_segments_as_one_machine_does(frame):
    from cws.engines.spark import segment

    words = segment(frame, "text")
    assert words.dtypes == [("id", "int"), ("text", "string"), ("words", "array<string>")]
    assert values(words) == expected(cws.load())
    assert values(words, "text") == TEXTS


def test_spark_takes_the_user_dictionary_along(frame, tmp_path):
    from cws.engines.spark import segment

    (tmp_path / "words.txt").write_text("网易杭研大厦 !\n生前 -\n", "utf-8")
    segmenter = cws.load("ctb", user_dictionary=str(tmp_path / "words.txt"))
    segmenter.add_word("明天也好", "!")
    assert values(segment(frame, "text", model=segmenter)) == expected(segmenter)
    with pytest.raises(InputError, match="got a Segmenter, which has its own, and both"):
        segment(frame, "text", model=segmenter, user_dictionary=["好"])


def test_spark_takes_a_model_along(frame, tmp_path):
    from cws.engines.spark import segment

    cws.load("ctb", user_dictionary=["杭研大厦"]).save(tmp_path / "model")
    words = segment(frame, "text", model=tmp_path / "model")
    shutil.rmtree(tmp_path / "model")  # it went with the job
    assert values(words) == expected(cws.load("ctb", user_dictionary=["杭研大厦"]))


@pytest.mark.parametrize("output", ["text", "tokens"])
def test_spark_gives_text_and_tokens(frame, output):
    import pyarrow as pa

    from cws.engines.spark import segment
    from cws.engines.spark.columns import segment_column

    found = values(segment(frame, "text", output=output, into="found"), "found")
    if output == "tokens":
        found = [None if tokens is None else [token.asDict() for token in tokens] for tokens in found]
    assert found == segment_column(cws.load(), pa.array(TEXTS), output).to_pylist()


def test_spark_refuses_what_it_cannot_do(spark, frame):
    from cws.engines.spark import count_ngrams, segment, start_session

    for call in (segment, count_ngrams):
        with pytest.raises(InputError, match=r"expected a column of strings, got 'id': .* has id \(int\), text"):
            call(frame, "id")
    with pytest.raises(InputError, match=r"has a column 'Text' already: give another name \(into=\)"):
        segment(frame, "text", into="Text")
    with pytest.raises(InputError, match="expected n from 1 to 10 and a min_count of at least 1, got 11 and 1"):
        count_ngrams(frame, "text", n=11)
    assert start_session() is spark


def test_spark_goes_on_when_an_executor_is_killed(spark, frame, tmp_path):
    from cws.engines.spark import segment

    marker = str(tmp_path / "killed")

    def kill_once(batches):
        for at, batch in enumerate(batches):
            yield batch
            if at == 1:  # some of the task's words are made and handed on
                try:
                    os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
                except FileExistsError:
                    continue
                os.kill(executor(), signal.SIGKILL)

    words = segment(frame, "text")
    assert values(words.mapInArrow(kill_once, words.schema)) == expected(cws.load())
    assert os.path.exists(marker)


@pytest.mark.parametrize("what", ["different", "missing"])
def test_spark_fails_clearly_without_its_dictionary(spark, frame, what):
    from cws.engines.spark.broadcast import _sent, ship
    from cws.engines.spark.frames import _with_field, _worker
    from cws.engines.spark.session import clear_errors

    shipment = ship(spark.sparkContext, cws.load(user_dictionary=["网易杭研大厦", what]))
    if what == "missing":
        shipment = shipment._replace(dictionary="cws-dictionary-none.safetensors")
    else:  # before any executor fetches it
        folder = _sent[spark.sparkContext.applicationId, shipment.dictionary].name
        UserDictionary(["别的"]).save(f"{folder}/{shipment.dictionary}")
    found = "found no such file" if what == "missing" else "found [0-9a-f]{64}"
    message = f"{shipment.dictionary}: .*user dictionary.*: expected SHA-256 {shipment.dictionary_checksum}, {found}: "
    work = _worker(shipment, 1, "words", "words", "strict")
    with pytest.raises(ModelError, match=message), clear_errors():
        frame.mapInArrow(work, _with_field(frame, "words", "words")).collect()


def test_spark_fails_clearly_with_another_model_or_cws(spark, frame):
    from cws.engines.spark.broadcast import ship
    from cws.engines.spark.frames import _with_field, _worker
    from cws.engines.spark.session import clear_errors

    shipment = ship(spark.sparkContext, cws.load())
    for wrong, message in (
        (shipment._replace(version="0.0.1"), "expected cws 0.0.1 as on the driver, got .*: install the same version"),
        (shipment._replace(model="none"), "no bundled model 'none' on the executor: install the same cws"),
        (shipment._replace(model_checksum="0" * 64), "not the model general of this job: expected SHA-256 0000"),
    ):
        work = _worker(wrong, 1, "words", "words", "strict")
        with pytest.raises(ModelError, match=message), clear_errors():
            frame.mapInArrow(work, _with_field(frame, "words", "words")).collect()


def test_spark_treats_bad_records_as_told(spark, tmp_path):
    from cws.engines.spark import segment
    from cws.engines.spark.session import clear_errors

    (tmp_path / "bad.txt").write_bytes(
        "今天天气\n今天\xff".encode("utf-8", "surrogateescape").replace(b"\xc3\xbf", b"\xff")
    )
    df = spark.read.text(str(tmp_path / "bad.txt"))
    with (
        pytest.raises(EncodingError, match="column 'value', partition 0, .* 0xff at 6 of record 1 is not valid"),
        clear_errors(),
    ):
        segment(df, "value").collect()
    assert [row.words for row in segment(df, "value", errors="replace").collect()] == [["今天", "天气"], ["今天", "�"]]


def make_folder(folder: Path) -> None:
    """Text in many ways, some of it large enough to be cut."""
    chance = random.Random(1)
    lines = [
        "".join(chance.choices("他来到了网易杭研大厦今天气真好　 ，。ab1", k=chance.randint(0, 30)))
        for _ in range(3000)
    ]
    text = "\ufeff" + "\n".join(lines)
    (folder / "deep").mkdir(parents=True)
    (folder / "large.txt").write_text(text, "utf-8")
    (folder / "deep" / "small.txt").write_text("今天天气真好\r\n\n", "utf-8")
    (folder / "deep" / "empty.txt").write_text("", "utf-8")
    (folder / "packed.txt.gz").write_bytes(gzip.compress(text.encode()))


def words_below(folder: Path) -> dict[str, bytes]:
    """The content of each file; parts of a file one after the other."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and name.name[0] not in "._":
            key = str(name.parent if name.name.startswith("part-") else name)
            data = gzip.decompress(path.read_bytes()) if name.suffix == ".gz" else path.read_bytes()
            found[key] = found.get(key, b"") + data
    return found


def on_one_machine(source: Path, target: Path, **options) -> dict[str, bytes]:
    for path in source.rglob("*.*"):
        output = target / path.relative_to(source)
        output.parent.mkdir(parents=True, exist_ok=True)
        segment_files((str(path),), str(output), **options)
    return words_below(target)


@pytest.mark.parametrize("format", ["text", "json"])
def test_spark_segments_folders_as_the_command_line_does(spark, tmp_path, format):
    from cws.engines.spark import segment_folder

    make_folder(tmp_path / "in")
    done = segment_folder(spark, tmp_path / "in", tmp_path / "out", format=format, split_size=20_000)
    assert done.files == 4
    assert done.parts == len(list((tmp_path / "out" / "large.txt").iterdir())) + 3
    assert words_below(tmp_path / "out") == on_one_machine(tmp_path / "in", tmp_path / "one", format=format)
    assert (tmp_path / "out" / "_SUCCESS").exists()


def test_spark_keeps_what_is_finished(spark, tmp_path):
    from cws.engines.spark import segment_folder

    source, target = tmp_path / "in", tmp_path / "out"
    make_folder(source)
    parts = segment_folder(spark, source, target, split_size=20_000).parts
    before = words_below(target)
    part = target / "large.txt" / "part-00001"
    kept = (target / "large.txt" / "part-00000").stat().st_mtime_ns
    part.unlink()
    os.utime(source / "deep" / "small.txt", (2**31, 2**31))  # changed since
    assert segment_folder(spark, source, target, split_size=20_000) == (4, 2, parts - 2)
    assert words_below(target) == before
    assert (target / "large.txt" / "part-00000").stat().st_mtime_ns == kept
    with pytest.raises(InputError, match="holds words made with another model, format: name an empty folder"):
        segment_folder(spark, source, target, model="ctb", format="json", split_size=20_000)
    (source / "large.txt").write_text("短了\n", "utf-8")  # one part now
    os.utime(source / "large.txt", (2**31, 2**31))
    segment_folder(spark, source, target, split_size=20_000)
    assert words_below(target)["large.txt"] == "短 了\n".encode()


def test_spark_folders_survive_a_killed_executor(spark, tmp_path):
    from cws.engines.spark import segment_folder

    make_folder(tmp_path / "in")
    process = spark.sparkContext.parallelize([0], 1).map(lambda _: executor()).collect()[0]

    def kill():
        deadline = time.time() + 60
        while not any((tmp_path / "out").rglob("part-*")) and time.time() < deadline:
            time.sleep(0.01)
        os.kill(process, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    segment_folder(spark, tmp_path / "in", tmp_path / "out", split_size=1500)
    killer.join()
    assert words_below(tmp_path / "out") == on_one_machine(tmp_path / "in", tmp_path / "one")
    assert not list((tmp_path / "out").rglob(".cws-*"))


def test_spark_folders_treat_bad_bytes_as_the_command_line_does(spark, tmp_path):
    from cws.engines.spark import segment_folder

    source = tmp_path / "in"
    source.mkdir()
    (source / "bad.txt").write_bytes(("好\n" * 300).encode() + b"ab\xff\n" + ("好\n" * 300).encode())
    (source / "good.txt").write_text("今天天气真好", "utf-8")
    with pytest.raises(EncodingError) as one:
        segment_files((str(source / "bad.txt"),), str(tmp_path / "words"))
    with pytest.raises(EncodingError) as all_files:
        segment_folder(spark, source, tmp_path / "out", split_size=500)
    assert str(all_files.value) == str(one.value)
    assert (tmp_path / "out" / "good.txt").read_text("utf-8") == "今天 天气 真 好\n"
    assert not (tmp_path / "out" / "_SUCCESS").exists()
    segment_folder(spark, source, tmp_path / "replaced", split_size=500, errors="replace")
    assert words_below(tmp_path / "replaced") == on_one_machine(source, tmp_path / "one", errors="replace")
    (source / "worse.txt").write_bytes(b"\xff")
    with pytest.raises(EncodingError, match=r"\(2 of 7 parts failed, this is the first; the others are done\)"):
        segment_folder(spark, source, tmp_path / "out", split_size=500)


def test_spark_segments_parquet(spark, frame, tmp_path):
    from cws.engines.spark import segment_folder
    from cws.errors import CorpusError

    frame.write.parquet(str(tmp_path / "in"))
    segment_folder(spark, tmp_path / "in", tmp_path / "out", user_dictionary=["网易杭研大厦"])
    words = spark.read.parquet(str(tmp_path / "out"))
    assert words.dtypes[-1] == ("words", "array<string>")
    assert values(words) == expected(cws.load(user_dictionary=["网易杭研大厦"]))
    with pytest.raises(
        CorpusError, match=r"expected a column 'title' of strings, got id \(int32\), text \(string\): name"
    ):
        segment_folder(spark, tmp_path / "in", tmp_path / "other", column="title")


def test_spark_refuses_folders_that_would_mix(spark, tmp_path):
    from cws.engines.spark import segment_folder

    make_folder(tmp_path / "in")
    for source, target, message in (
        ("in", "in/out", "must not be in each other"),
        ("in", ".", "must not be in each other"),
        ("empty", "out", "no files to segment"),
        ("in", "full", "full holds other files: name an empty folder"),
    ):
        (tmp_path / "empty").mkdir(exist_ok=True)
        (tmp_path / "full").mkdir(exist_ok=True)
        (tmp_path / "full" / "mine.txt").touch()
        with pytest.raises(InputError, match=message):
            segment_folder(spark, tmp_path / source, tmp_path / target)
    for options, message in (({"format": "xml"}, "unknown format 'xml'"), ({"split_size": 0}, "must be 1 or more"),
                             ({"encoding": "klingon"}, "unknown encoding: klingon")):  # fmt: skip
        with pytest.raises(InputError, match=message):
            segment_folder(spark, tmp_path / "in", tmp_path / "out", **options)


def test_spark_counts_ngrams_as_one_machine_does(spark, frame):
    from cws.engines.spark import count_ngrams

    texts = [text or "" for text in TEXTS]
    counts = count_texts(texts, n=3, min_count=31)
    rows = [tuple(row) for row in count_ngrams(frame, "text", n=3, min_count=31).collect()]
    tables = [zip(table.strings().tolist(), *map(list, table[1:]), strict=True) for table in counts.tables]
    assert sorted(rows) == sorted(row for table in tables for row in table)


@pytest.mark.parametrize("goal", ["entropy", "words"])
def test_spark_builds_the_same_lexicon(spark, tmp_path, goal):
    from cws.engines.spark import build_lexicon

    lines, _ = made_text(2000)
    (tmp_path / "in").mkdir()
    for at in range(3):
        text = "\ufeff" + "，\n".join(lines[at::3])
        (tmp_path / "in" / f"{at}.txt").write_text(text, "utf-8")
    paths = sorted((tmp_path / "in").iterdir())
    options = BuildOptions(
        goal=goal, sample=5000, passes=1, retag_iterations=1
    )  # a sample that is smaller than the text
    one = build(paths, options=options, threads=1)
    many = build_lexicon(spark, [tmp_path / "in"], options=options, threads=1, split_size=9000)
    one.lexicon.save(tmp_path / "one.txt")
    many.lexicon.save(tmp_path / "many.txt")
    assert (tmp_path / "many.txt").read_bytes() == (tmp_path / "one.txt").read_bytes()
    assert (many.characters, many.information) == (one.characters, one.information)


def test_spark_builds_no_lexicon_of_nothing(spark, tmp_path):
    from cws.engines.spark import build_lexicon
    from cws.errors import CorpusError

    (tmp_path / "a.txt").write_text("abc\n", "utf-8")
    with pytest.raises(CorpusError, match="no Chinese in this text"):
        build_lexicon(spark, [tmp_path])
    (tmp_path / "b.txt").write_bytes(b"abc\n\xff")
    with pytest.raises(EncodingError, match="b.txt:2:4: byte 0xff is not valid utf-8"):
        build_lexicon(spark, [tmp_path])
    (tmp_path / "c.parquet").touch()
    with pytest.raises(InputError, match="expected files of text, got parquet"):
        build_lexicon(spark, [tmp_path])


def test_spark_failures_become_one_line():
    from cws.engines.spark.session import cause_of

    traceback = "Job aborted\nTraceback (most recent call last):\n  File\n"
    assert str(cause_of(f"{traceback}ZeroDivisionError: division by zero\n\tat org.apache")) == (
        "Spark gave up: ZeroDivisionError: division by zero"
    )
    error = cause_of(f"{traceback}cws.errors.ModelError: a.txt: expected x, got y\n\n\tat org.apache")
    assert (type(error), str(error)) == (ModelError, "a.txt: expected x, got y")
    assert type(cause_of("No space left\nmore")) is EngineError


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cws", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env={**os.environ, **variables})


def test_spark_lexicon_build_gives_what_it_gives_without(spark, tmp_path, monkeypatch):
    lines, _ = made_text(400)
    (tmp_path / "a.txt").write_text("\n".join(lines), "utf-8")
    monkeypatch.setattr(type(spark), "stop", lambda session: None)  # other tests need it
    monkeypatch.chdir(tmp_path)  # executors have working directories of their own
    for output, options in (("one", []), ("many", ["--engine", "spark"])):
        done = CliRunner().invoke(cli, ["lexicon", "build", "a.txt", "-o", output, "--goal", "entropy", *options])
        assert done.exit_code == 0, done.output
    for name in ("lexicon.txt", "weights.safetensors", "cws.json"):
        assert (tmp_path / "many" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()


def test_spark_segment_command_starts_spark(tmp_path, monkeypatch):
    environment(monkeypatch)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("他来到了网易杭研大厦", "utf-8")
    (tmp_path / "words.txt").write_text("网易杭研大厦 !\n", "utf-8")
    engine = ("--engine", "spark", "--master", "local[1]")
    done = run(tmp_path, "segment", "in", "-o", "out", "--user-dict", "words.txt", *engine)
    assert done.stderr.splitlines()[-1] == "1 files: 1 parts segmented"
    assert (tmp_path / "out" / "a.txt").read_text("utf-8") == "他 来到 了 网易杭研大厦\n"


def test_spark_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")]))
    (tmp_path / "a.txt").touch()
    command = ("segment", ".", "-o", "../out", "--engine", "spark")
    done = run(tmp_path, *command, JAVA_HOME="/none")
    message = "the engine spark needs Java 17 or later, and there is none in JAVA_HOME, /none: install it"
    assert (done.returncode, done.stderr) == (1, f"cws: error: {message}\n")
    for name in ("pyspark", "pyarrow"):
        (tmp_path / f"{name}.py").write_text(f'raise ModuleNotFoundError("No module named {name!r}")', "utf-8")
        done = run(tmp_path, *command)
        assert done.returncode == 1
        assert done.stderr.startswith(f"cws: error: No module named '{name}': ")
        assert done.stderr.endswith(" needs pip install 'cws-toolkit[spark]'\n")
        (tmp_path / f"{name}.py").unlink()


def test_spark_says_why_it_does_not_start(tmp_path, monkeypatch):
    environment(monkeypatch)
    (tmp_path / "a.txt").touch()
    done = run(tmp_path, "segment", ".", "-o", "../out", "--engine", "spark", "--master", "nowhere")
    assert done.returncode == 1
    error = done.stderr.splitlines()[-1]
    assert error.startswith("cws: error: Spark did not start (")
    assert error.endswith(": it needs Java 17 or later and a master it knows; the master is nowhere")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("segment", "a", "--master", "local"), "--master is for an engine: give --engine spark with it"),
        (("segment", "a", "--column", "text"), "--column is for an engine"),
        (("segment", "a", "-o", "b", "--engine", "spark", "--threads", "2"), "--threads is not for --engine spark"),
        (("segment", "a", "b", "-o", "c", "--engine", "spark"), "segments one folder into another"),
        (("segment", "a", "--engine", "spark"), "segments one folder into another"),
        (("lexicon", "build", "a", "-o", "b", "--engine", "spark", "--memory", "2G"), "--memory is not for"),
    ],
)
def test_spark_commands_refuse_options_that_do_not_fit(arguments, message):
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 2
    assert message in done.output
