"""Reading of members of Debian packages, tar and zip files and Qt resources, without other programs."""

from __future__ import annotations

import io
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from training.errors import TrainingError

_AR = b"!<arch>\n"
_FOLDER, _ZLIB, _ZSTANDARD = 2, 1, 4  # flags of a Qt resource
_NODE = {1: 14, 2: 22, 3: 22}  # bytes, by the format's version


def members(path: Path, wanted: str, inner: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield path and content of an archive's members, in its order.

    Args:
        path: a .deb, .tar.*, .zip or .whl file.
        wanted: regular expression for the paths of the members to read.
        inner: regular expression for the paths of members that are archives themselves (zip, rcc) and are
            searched too. Their members have paths `OUTER/INNER`.

    Raises:
        TrainingError: the archive is damaged, or of another kind.
    """
    try:
        with path.open("rb") as file:
            yield from _chosen(file, path.name, "", wanted, inner)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError) as error:
        raise TrainingError(f"{path} is damaged: {error}; delete it and run it again.") from error


def _chosen(file: IO[bytes], name: str, prefix: str, pattern: str, inner: str) -> Iterator[tuple[str, bytes]]:
    for member, content in _open(file, name, prefix, f"(?:{pattern})|(?:{inner})" if inner else pattern):
        if inner and not prefix and re.fullmatch(inner, member):
            yield from _chosen(io.BytesIO(content), member, f"{member}/", pattern, inner)
        elif re.fullmatch(pattern, member):
            yield member, content


def _open(file: IO[bytes], name: str, prefix: str, pattern: str) -> Iterator[tuple[str, bytes]]:
    if name.endswith(".deb"):
        data = _debian_data(file)
        yield from _tar(data, prefix, pattern)
    elif name.endswith((".zip", ".whl")):
        yield from _zip(file, prefix, pattern)
    elif name.endswith(".rcc"):
        yield from _resources(file.read(), prefix, pattern)
    else:
        yield from _tar(file, prefix, pattern)


def _tar(file: IO[bytes], prefix: str, pattern: str) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=file, mode="r|*") as archive:
        for member in archive:
            path = prefix + member.name.removeprefix("./")
            if member.isreg() and re.fullmatch(pattern, path) and (source := archive.extractfile(member)):
                yield path, source.read()


def _zip(file: IO[bytes], prefix: str, pattern: str) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            if re.fullmatch(pattern, prefix + name):
                yield prefix + name, archive.read(name)


def _debian_data(file: IO[bytes]) -> IO[bytes]:
    """Return the data of a package, an ar archive: headers of 60 bytes, contents at even offsets."""
    if file.read(len(_AR)) != _AR:
        raise ValueError("it is no Debian package")
    while head := file.read(60):
        size = int(head[48:58])
        if head.startswith(b"data.tar"):
            return io.BytesIO(file.read(size))
        file.seek(size + size % 2, io.SEEK_CUR)
    raise ValueError("it holds no data")


def _resources(data: bytes, prefix: str, pattern: str) -> Iterator[tuple[str, bytes]]:
    """Yield members of Qt's compiled resources: a tree of nodes, names and contents, all big-endian."""
    if data[:4] != b"qres":
        raise ValueError("it is no Qt resource")
    version, tree, contents, names = struct.unpack(">4I", data[4:20])
    waiting = [(0, prefix)]
    while waiting:
        number, path = waiting.pop()
        place = tree + number * _NODE[version]
        name, flags, first, second = struct.unpack_from(">IHII", data, place)
        if number:
            (letters,) = struct.unpack_from(">H", data, names + name)
            begin = names + name + 6
            path += data[begin : begin + 2 * letters].decode("utf-16-be")
        if flags & _FOLDER:
            folder = f"{path}/" if number else path
            waiting += [(child, folder) for child in range(second, second + first)]
        elif re.fullmatch(pattern, path):
            (size,) = struct.unpack_from(">I", data, contents + second)
            begin = contents + second + 4
            content = data[begin : begin + size]
            if flags & _ZSTANDARD:
                raise ValueError(f"{path} is packed with Zstandard")
            yield path, zlib.decompress(content[4:]) if flags & _ZLIB else content
