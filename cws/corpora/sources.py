"""What a corpus is made of: files that were downloaded or that the user has, their sums, and what is in them.

Nothing is ever unpacked to disk. Of an archive only the members are read that the recipe names, and no more bytes than
`MAX_BYTES` each: a hostile archive can neither write anywhere nor fill the memory.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import lzma
import os
import tarfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from io import BufferedIOBase
from pathlib import Path
from typing import IO

from cws.corpora.recipes import Download, Recipe
from cws.errors import CorpusError, InputError
from cws.files import BLOCK, file_error, open_input
from cws.version import __version__

MAX_BYTES = 1 << 30  # of one file; the largest corpus known here has 100 MB
MAX_FILES = 100_000  # of a folder or an archive
TIMEOUT = 30  # seconds without a byte
_COMPRESSED = (".xz", ".gz", ".zst")
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,  # a compression that Python does not know
    RuntimeError,  # a password
)


def download(recipe: Recipe, folder: Path, *, show_bar: bool = False) -> list[Path]:
    """Download the files of a recipe into a folder and return their paths.

    Raises:
        InputError: The recipe has no address.
        CorpusError: No network, an error of the server, or more than `MAX_BYTES`; names the address and --from.
    """
    if not recipe.downloads:
        raise InputError(f"{recipe.name} has no public address: give the file that you have by --from FILE")
    remedy = f"download it by other means, then cws corpora get {recipe.name} --from FILE"
    paths = []
    for one in recipe.downloads:
        paths.append(folder / one.name)
        try:
            _download_file(one, paths[-1], show_bar)
        except urllib.error.HTTPError as error:
            error.close()  # it is the answer too, and holds the connection
            raise CorpusError(f"could not download {one.url} ({error}): {remedy}") from error
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            reason = getattr(error, "reason", error)
            raise CorpusError(f"could not download {one.url} ({reason}): {remedy}") from error
        except ValueError as error:
            raise CorpusError(f"could not download {one.url} ({error}): {remedy}") from error
    return paths


def _download_file(one: Download, path: Path, show_bar: bool) -> None:
    from tqdm import tqdm  # only here, because most commands do without

    request = urllib.request.Request(one.url, headers={"User-Agent": f"cws/{__version__}"})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer, open(path, "wb") as file:
        length = answer.headers.get("Content-Length")
        total = int(length) if length and length.isdecimal() else None
        with tqdm(total=total, unit="B", unit_scale=True, desc=one.name, disable=not show_bar) as bar:
            for block in iter(lambda: answer.read(BLOCK), b""):
                file.write(block)
                bar.update(len(block))
                if file.tell() > MAX_BYTES:
                    raise ValueError(f"more than {MAX_BYTES} bytes")
        if total is not None and file.tell() != total:
            raise ValueError(f"expected {total} bytes, got {file.tell()}")


def local_files(recipe: Recipe, source: str) -> list[Path]:
    """Return the files of a corpus that the user has: `source` itself, or what a folder has of the recipe's files.

    Raises:
        FileError: No such file.
        InputError: A folder that has none of them, or a pipe or a device.
    """
    path = Path(source)
    if not os.path.lexists(path):
        raise file_error(FileNotFoundError(2, os.strerror(2)), source)
    if path.is_file():
        return [path]
    if not path.is_dir():  # a pipe could not be read twice, and a device may never end
        raise InputError(f"{source} is neither a file nor a folder: save what it gives to a file")
    inside = list(_files_below(path))
    found = {file for pattern in recipe.parts.values() for file in _matching(inside, pattern)}
    archives = [file for file in inside if file.name in {one.name for one in recipe.downloads}]
    if not found and not archives:
        raise InputError(f"{source} has none of {', '.join(_expected(recipe))}: name the folder or file that has")
    return sorted(found or archives)


def _files_below(folder: Path) -> Iterator[Path]:
    count = 0
    for below, _, names in os.walk(folder):  # links to folders are not followed
        for name in names:
            count += 1
            if count > MAX_FILES:
                raise InputError(f"{folder} has more than {MAX_FILES} files: name the folder of the corpus itself")
            yield Path(below, name)


def sums(files: list[Path]) -> tuple[dict[str, str], str]:
    """Return the SHA-256 of each file by name, and the sum of all.

    The sum of one file is its own; of several, what `sha256sum FILE FILE… | sha256sum` prints in their folder, the
    files in the order of their names.
    """
    each: dict[str, str] = {}
    for file in sorted(files, key=lambda path: path.name):
        if file.name in each:
            raise InputError(f"two files are called {file.name}: name the folder that has the right one")
        digest = hashlib.sha256()
        try:
            with open(file, "rb") as stream:
                for block in iter(lambda: stream.read(BLOCK), b""):
                    digest.update(block)
        except OSError as error:
            raise file_error(error, file) from error
        each[file.name] = digest.hexdigest()
    lines = "".join(f"{value}  {name}\n" for name, value in each.items())
    return each, next(iter(each.values())) if len(each) == 1 else hashlib.sha256(lines.encode()).hexdigest()


def check_sums(recipe: Recipe, each: dict[str, str], total: str, accept: str | None) -> None:
    """Raise InputError unless these are the bytes the recipe knows, or `accept` is their sum."""
    names = ", ".join(each)
    if accept is not None:
        if accept.lower() != total:
            raise InputError(f"the SHA-256 of {names} is {total}, not {accept}: nothing was written")
        return
    known = {one.name: one.sha256 for one in recipe.downloads if one.sha256}
    for name, value in each.items():
        if known.get(name, value) != value:
            raise InputError(
                f"the SHA-256 of {name} is {value}, expected {known[name]}: fetch it again, or take it with"
                f" --accept {total}"
            )
    if each.keys() - known.keys():
        raise InputError(
            f"the SHA-256 of {names} is {total}. The recipe has no sum to check it with: if you trust this copy, give"
            f" --accept {total}"
        )


def read_parts(recipe: Recipe, files: list[Path]) -> dict[str, list[tuple[str, bytes]]]:
    """Return the content of each part as (name, bytes), for the parts that the files have.

    Raises:
        CorpusError: A broken archive, or a file that is too large.
        InputError: None of the parts is there.
    """
    parts: dict[str, list[tuple[str, bytes]]] = {}
    for file in files:
        if zipfile.is_zipfile(file) or tarfile.is_tarfile(file):
            found = _read_archive(recipe, file)
        else:
            found = {part: [(file.name, _read_file(file))] for part in _parts_of_file(recipe, file)}
        for part, contents in found.items():
            parts.setdefault(part, []).extend(contents)
    if not parts:
        names = ", ".join(file.name for file in files)
        raise InputError(f"expected {' or '.join(_expected(recipe))}, got {names}: give one of these files")
    return {part: parts[part] for part in recipe.parts if part in parts}


def _parts_of_file(recipe: Recipe, file: Path) -> list[str]:
    if len(recipe.parts) == 1:  # whatever the user calls it
        return list(recipe.parts)
    return [part for part, pattern in recipe.parts.items() if _matching([file], pattern)]


def _read_archive(recipe: Recipe, file: Path) -> dict[str, list[tuple[str, bytes]]]:
    reader = _read_zip if zipfile.is_zipfile(file) else _read_tar
    try:
        return reader(recipe, file)
    except _BROKEN as error:
        raise CorpusError(f"broken archive ({error}): fetch it again", file) from error


def _read_zip(recipe: Recipe, file: Path) -> dict[str, list[tuple[str, bytes]]]:
    with zipfile.ZipFile(file) as archive:
        names = [member.filename for member in archive.infolist() if not member.is_dir()]
        return _read_members(recipe, file, names, archive.open)


def _read_tar(recipe: Recipe, file: Path) -> dict[str, list[tuple[str, bytes]]]:
    with tarfile.open(file) as archive:
        members: dict[str, tarfile.TarInfo] = {}
        size = 0
        for member in archive:
            size += member.size
            if len(members) > MAX_FILES or size > 4 * MAX_BYTES:
                raise CorpusError("too large for an archive of a corpus: check what it is", file)
            if member.isreg():  # neither links nor devices
                members[member.name] = member

        def open_member(name: str) -> IO[bytes]:
            stream = archive.extractfile(members[name])
            assert stream is not None  # it is a regular file
            return stream

        return _read_members(recipe, file, list(members), open_member)


def _read_members(
    recipe: Recipe, file: Path, names: list[str], open_member: Callable[[str], IO[bytes]]
) -> dict[str, list[tuple[str, bytes]]]:
    found: dict[str, list[tuple[str, bytes]]] = {}
    by_path = {Path(name): name for name in names}
    for part, pattern in recipe.parts.items():
        for path in _matching(list(by_path), pattern):
            with open_member(by_path[path]) as stream:
                found.setdefault(part, []).append((f"{file.name}:{by_path[path]}", _bounded(stream, file)))
    return found


def _read_file(file: Path) -> bytes:
    with open_input(file) as stream:
        return _bounded(stream, file)


def _bounded(stream: IO[bytes] | BufferedIOBase, file: Path) -> bytes:
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise CorpusError(f"more than {MAX_BYTES} bytes for one file of a corpus: check what it is", file)
    return data


def _matching(paths: list[Path], pattern: str) -> list[Path]:
    """Return the paths that are the file of a part: all that fit wildcards, else the one nearest to the path given."""
    name = pattern.rpartition("/")[2]
    fitting = sorted(path for path in paths if fnmatchcase(_plain_name(path), name) and not path.name.startswith("."))
    if "*" in name or len(fitting) < 2:
        return fitting
    whole = [path for path in fitting if f"/{path.as_posix()}".endswith(f"/{pattern}")]
    if len(whole) != 1:
        raise InputError(f"{len(fitting)} files are called {name} ({fitting[0]}, {fitting[1]}…): name the right one")
    return whole


def _plain_name(path: Path) -> str:
    return path.stem if path.suffix in _COMPRESSED else path.name


def _expected(recipe: Recipe) -> list[str]:
    """The names of files that can be given by --from."""
    names = [pattern.rpartition("/")[2] for pattern in recipe.parts.values()]
    return list(dict.fromkeys([*names, *(one.name for one in recipe.downloads)]))
