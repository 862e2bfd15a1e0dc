"""Download of known weights: in blocks, with resuming, then verified and renamed."""

from __future__ import annotations

import http.client
import os
import re
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from vsrealbasicvsr.errors import WeightsError
from vsrealbasicvsr.weights.known import KnownWeights

Progress = Callable[[int, int | None], None]
"""Called with the number of bytes so far, and the total number or None."""

_BLOCK = 1 << 16
_MAX_BYTES = 2 << 30
_TIMEOUT_SECONDS = 30.0  # time without a new byte
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def fetch(known: KnownWeights, *, progress: Progress = lambda done, total: None) -> Path:
    """Download known weights into the cache folder, unless they are already there.

    The bytes are written to a `.part` file, which a later call resumes. The file gets its final name only
    after its SHA-256 is verified.

    Args:
        known: the weights.
        progress: called at the start and after each block.

    Returns:
        The verified file.

    Raises:
        WeightsError: no network, no such file, an incomplete download, a wrong SHA-256, or no disk space. The
            message has the address, and the path for a download by other means.
    """
    target = known.path
    if known.url is None or (target.is_file() and known.matches(target)):
        return target
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _download(known.url, part, progress)
        if not known.matches(part):
            part.unlink()
            raise _failure(known, "the bytes that came are not the pinned ones (wrong SHA-256)")
        part.replace(target)
    except (OSError, http.client.HTTPException) as error:
        raise _failure(known, _reason(error)) from error
    return target


def _download(url: str, part: Path, progress: Progress) -> None:
    offset = part.stat().st_size if part.is_file() else 0
    try:
        _stream(url, part, offset, progress)
    except HTTPError as error:
        error.close()
        if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not offset:
            raise
        # The part is complete, or longer than the file. Only a complete part is kept.
        if error.headers.get("Content-Range") != f"bytes */{offset}":
            _stream(url, part, 0, progress)


def _stream(url: str, part: Path, offset: int, progress: Progress) -> None:
    """Download a file into `part`, from `offset` on if the server can resume."""
    _require_safe(url)
    request = Request(url, headers={"Range": f"bytes={offset}-"} if offset else {})
    with build_opener(_SafeRedirects).open(request, timeout=_TIMEOUT_SECONDS) as response:
        if not _continues(response, offset):
            offset = 0
        length = response.headers.get("Content-Length")
        total = offset + int(length) if length and length.isdigit() else None
        with part.open("ab" if offset else "wb") as file:
            done = _copy(response, file, offset, total, progress)
    if total is not None and done < total:
        raise ConnectionError(f"cut off after {done} of {total} bytes; the same command resumes")


def _continues(response: http.client.HTTPResponse, offset: int) -> bool:
    """Return whether the response starts at the offset; a server may ignore the Range header."""
    start = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return response.status == HTTPStatus.PARTIAL_CONTENT and start is not None and int(start[1]) == offset


def _copy(source: IO[bytes], file: IO[bytes], done: int, total: int | None, progress: Progress) -> int:
    progress(done, total)
    while block := source.read(_BLOCK):
        file.write(block)
        done += len(block)
        if done > _MAX_BYTES:
            raise ConnectionError(f"the server sends more than {_MAX_BYTES} bytes")
        progress(done, total)
    file.flush()
    os.fsync(file.fileno())
    return done


class _SafeRedirects(HTTPRedirectHandler):
    """Follows redirects only to safe addresses."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> Request | None:
        try:
            _require_safe(newurl)
        except URLError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _require_safe(url: str) -> None:
    """Raise URLError for an address that is neither https nor http on this machine."""
    address = urlsplit(url)
    if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _LOOPBACK):
        raise URLError(f"{address.scheme}://{address.hostname} is not https")


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"the server answers {error.code} {error.reason}"
    if isinstance(error, URLError):
        return _reason(error.reason) if isinstance(error.reason, Exception) else str(error.reason)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _failure(known: KnownWeights, reason: str) -> WeightsError:
    return WeightsError(
        f"{known.name} could not be fetched: {' '.join(reason.split())}; "
        f"get {known.url} by other means and save it as {known.path}."
    )
