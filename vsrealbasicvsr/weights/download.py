"""Fetching known weights: streamed, resumed, verified, then renamed."""

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
"""Called with the bytes there are and, where known, the bytes there will be."""

_BLOCK = 1 << 16
_MAX_BYTES = 2 << 30
_TIMEOUT = 30.0  # seconds without a byte
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def fetch(known: KnownWeights, *, progress: Progress = lambda done, total: None) -> Path:
    """Put known weights into the cache folder, unless they are there.

    What arrives goes into a `.part` file that a later call resumes; only verified bytes get the final
    name.

    Args:
        known: what to fetch.
        progress: told after every block.

    Returns:
        The verified file.

    Raises:
        WeightsError: no network, no such file, cut off, wrong bytes, or no room; names the address and
            the place to put the file by hand.
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
    have = part.stat().st_size if part.is_file() else 0
    try:
        _stream(url, part, have, progress)
    except HTTPError as error:
        error.close()
        if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not have:
            raise
        # The part is whole, or longer than the file: only a whole one may stay.
        if error.headers.get("Content-Range") != f"bytes */{have}":
            _stream(url, part, 0, progress)


def _stream(url: str, part: Path, have: int, progress: Progress) -> None:
    _require_safe(url)
    request = Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    with build_opener(_SafeRedirects).open(request, timeout=_TIMEOUT) as response:
        if not _continues(response, have):
            have = 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length and length.isdigit() else None
        with part.open("ab" if have else "wb") as file:
            done = _copy(response, file, have, total, progress)
    if total is not None and done < total:
        raise ConnectionError(f"cut off after {done} of {total} bytes; the same command resumes")


def _continues(response: http.client.HTTPResponse, have: int) -> bool:
    """Whether the answer starts where the part ends (a server may ignore Range)."""
    start = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return response.status == HTTPStatus.PARTIAL_CONTENT and start is not None and int(start[1]) == have


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
