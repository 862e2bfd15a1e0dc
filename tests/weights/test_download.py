"""Fetching from a server on this machine that is slow, breaks off, lies, or is not there."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from vsrealbasicvsr.errors import WeightsError
from vsrealbasicvsr.weights.download import fetch
from vsrealbasicvsr.weights.known import KnownWeights

CONTENT = bytes(range(256)) * 1200  # 307,200 bytes: several blocks


@dataclass
class Server:
    """What the server does, and what it was asked."""

    url: str = ""
    content: bytes = CONTENT
    status: int = 200
    ranges: bool = True
    cut_after: int | None = None
    pause: float = 0.0
    redirect: str | None = None
    asked: list[str | None] = field(default_factory=list)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range")
        self.asked.append(asked)
        redirect = self.redirect if request.path == "/w.pth" else None
        if redirect or self.status != 200:
            request.send_response(302 if redirect else self.status)
            if redirect:
                request.send_header("Location", redirect)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        found = re.fullmatch(r"bytes=(\d+)-", asked or "") if self.ranges else None
        start = int(found[1]) if found else 0
        if start >= len(self.content):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(self.content)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_response(206 if found else 200)
        if found:
            request.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        request.send_header("Content-Length", str(len(self.content) - start))
        request.end_headers()
        self.send(request, self.content[start : self.cut_after])

    def send(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        for i in range(0, len(body), 50_000):
            request.wfile.write(body[i : i + 50_000])
            time.sleep(self.pause)
        request.close_connection = True


@pytest.fixture
def server() -> Iterator[Server]:
    behaviour = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            behaviour.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        behaviour.url = f"http://127.0.0.1:{listener.server_port}/w.pth"
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
        thread.start()
        yield behaviour
        listener.shutdown()
        thread.join()


@pytest.fixture
def known(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnownWeights:
    monkeypatch.setenv("VSREALBASICVSR_CACHE", str(tmp_path / "cache" / "deep"))
    return KnownWeights(
        name="example", description="", licence="", url=server.url, file_name="w.pth", size=None,
        sha256=hashlib.sha256(CONTENT).hexdigest(),
    )  # fmt: skip


def part_of(known: KnownWeights) -> Path:
    return known.path.with_name("w.pth.part")


def prepare_part(known: KnownWeights, content: bytes) -> None:
    known.path.parent.mkdir(parents=True)
    part_of(known).write_bytes(content)


def failure(known: KnownWeights) -> str:
    with pytest.raises(WeightsError) as caught:
        fetch(known)
    message = str(caught.value)
    assert "\n" not in message
    assert str(known.url) in message
    assert str(known.path) in message
    assert not known.path.exists()
    return message


def only_the_file_is_there(known: KnownWeights) -> bool:
    return known.path.read_bytes() == CONTENT and list(known.path.parent.iterdir()) == [known.path]


def test_a_slow_server_is_waited_for_and_progress_told(server: Server, known: KnownWeights) -> None:
    server.pause = 0.03
    told: list[tuple[int, int | None]] = []
    assert fetch(known, progress=lambda done, total: told.append((done, total))) == known.path
    assert only_the_file_is_there(known)
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)


def test_what_is_there_is_not_fetched_again(server: Server, known: KnownWeights) -> None:
    fetch(known)
    fetch(known)
    assert len(server.asked) == 1


def test_a_damaged_file_is_fetched_again(known: KnownWeights) -> None:
    known.path.parent.mkdir(parents=True)
    known.path.write_bytes(CONTENT[:-1])
    fetch(known)
    assert only_the_file_is_there(known)


def test_bundled_weights_need_no_network(known: KnownWeights) -> None:
    bundled = replace(known, url=None, file_name="bundled.safetensors")
    assert fetch(bundled) == bundled.path


def test_a_download_cut_off_is_resumed_where_it_stopped(server: Server, known: KnownWeights) -> None:
    server.cut_after = len(CONTENT) // 2
    assert "cut off after 153600 of 307200 bytes" in failure(known)
    assert part_of(known).read_bytes() == CONTENT[: len(CONTENT) // 2]
    server.cut_after = None
    fetch(known)
    assert server.asked == [None, "bytes=153600-"]
    assert only_the_file_is_there(known)


def test_a_server_without_ranges_starts_over(server: Server, known: KnownWeights) -> None:
    server.ranges = False
    prepare_part(known, CONTENT[:1000])
    fetch(known)
    assert server.asked == ["bytes=1000-"]
    assert only_the_file_is_there(known)


def test_a_whole_part_is_only_verified(server: Server, known: KnownWeights) -> None:
    prepare_part(known, CONTENT)
    fetch(known)
    assert server.asked == [f"bytes={len(CONTENT)}-"]
    assert only_the_file_is_there(known)


def test_a_part_longer_than_the_file_starts_over(server: Server, known: KnownWeights) -> None:
    prepare_part(known, CONTENT + b"more")
    fetch(known)
    assert server.asked == [f"bytes={len(CONTENT) + 4}-", None]
    assert only_the_file_is_there(known)


@pytest.mark.parametrize("start", [b"", b"of another file"])
def test_wrong_bytes_are_deleted(start: bytes, server: Server, known: KnownWeights) -> None:
    if start:
        prepare_part(known, start)
    else:
        server.content = CONTENT[::-1]
    assert "wrong SHA-256" in failure(known)
    assert not part_of(known).exists()


def test_a_pinned_prefix_is_verified(known: KnownWeights) -> None:
    assert "wrong SHA-256" in failure(replace(known, sha256="00000000"))
    fetch(replace(known, sha256=known.sha256[:8]))
    assert only_the_file_is_there(known)


@pytest.mark.parametrize(("status", "words"), [(404, "404 Not Found"), (503, "503 Service Unavailable")])
def test_an_error_of_the_server_is_told(status: int, words: str, server: Server, known: KnownWeights) -> None:
    server.status = status
    prepare_part(known, CONTENT[:1000])
    assert words in failure(known)
    assert part_of(known).read_bytes() == CONTENT[:1000]


def test_a_refused_connection_is_told(known: KnownWeights) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "Connection refused" in failure(replace(known, url=f"http://127.0.0.1:{port}/w.pth"))


def test_an_unknown_host_is_told(known: KnownWeights) -> None:
    failure(replace(known, url="https://no-such-host.invalid/w.pth"))


def test_plain_http_is_for_this_machine_only(server: Server, known: KnownWeights) -> None:
    assert "not https" in failure(replace(known, url="http://example.org/w.pth"))
    assert "not https" in failure(replace(known, url="file:///etc/hostname"))
    server.redirect = "http://example.org/w.pth"
    assert "not https" in failure(known)


def test_a_redirect_is_followed(server: Server, known: KnownWeights) -> None:
    server.redirect = server.url.replace("w.pth", "elsewhere")
    fetch(known)
    assert only_the_file_is_there(known)


def test_endless_redirects_are_told(server: Server, known: KnownWeights) -> None:
    server.redirect = server.url
    assert "infinite loop" in failure(known)


def test_a_server_that_is_no_web_server_is_told(known: KnownWeights) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=talk_nonsense, args=(listener,))
        thread.start()
        failure(replace(known, url=f"http://127.0.0.1:{listener.getsockname()[1]}/w.pth"))
        thread.join()


def talk_nonsense(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")


def test_a_folder_that_cannot_be_made_is_told(
    known: KnownWeights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VSREALBASICVSR_CACHE", str(tmp_path / "file" / "cache"))
    assert "Not a directory" in failure(known)
