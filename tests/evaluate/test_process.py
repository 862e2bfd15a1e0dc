"""Peers in processes of their own."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.absent import Absent
from vsrealbasicvsr.evaluate.peers.known import PEERS
from vsrealbasicvsr.evaluate.peers.peer import Peer, Upscaler
from vsrealbasicvsr.evaluate.peers.process import PeerProcess

LOW = torch.arange(2 * 3 * 20 * 30).view(2, 3, 20, 30).byte()
MEGABYTES = 200


class Doubtful:
    """Enlarges by repeating pixels; takes memory, dies or refuses at certain first values."""

    parameters = 3_000_000

    def __call__(self, frames: Tensor) -> Iterator[Tensor]:
        match round(float(frames[0, 0, 0, 0]) * 255):
            case 1:
                torch.ones(MEGABYTES * 1_000_000, dtype=torch.uint8)
            case 2:
                os.kill(os.getpid(), signal.SIGKILL)
            case 3:
                raise UnavailableError("it is tired.")
            case 4:
                raise MemoryError
            case 5:
                torch.empty(2**60, dtype=torch.uint8)  # refused by the CPU's allocator
        for frame in frames:
            yield frame.repeat_interleave(4, 1).repeat_interleave(4, 2)


def load_doubtful(_device: str) -> Upscaler:
    return Doubtful()


def load_nothing(_device: str, reason: str) -> Upscaler:
    raise UnavailableError(reason)


def load_too_much(_device: str) -> Upscaler:
    torch.empty(2**60, dtype=torch.uint8)
    return Doubtful()


def beginning(value: int) -> Tensor:
    low = LOW.clone()
    low[0, 0, 0, 0] = value
    return low


def test_frames_come_back_with_what_they_cost(tmp_path: Path) -> None:
    peer = Peer(name="doubtful", description="", load=load_doubtful)
    with PeerProcess(peer, "cpu") as process:
        assert process.parameters == 3
        done = {value: process.restore(beginning(value), tmp_path / "a") for value in (0, 1, 3, 4, 5, 2)}
        assert process.restore(LOW, tmp_path / "a") == done[2]
    (frames, light), (_, heavy) = done[0], done[1]
    assert frames.equal(LOW.repeat_interleave(4, 2).repeat_interleave(4, 3))
    assert light.seconds > 0
    assert heavy.memory - light.memory == pytest.approx(MEGABYTES, rel=0.2)
    assert light.device_memory == Absent("it ran on the CPU")
    assert done[2] == Absent("its process was ended by signal 9, perhaps for lack of memory")
    assert done[3] == Absent("it is tired")
    assert done[4] == done[5] == Absent("it ran out of memory")


def test_a_peer_that_is_not_there_says_why(tmp_path: Path) -> None:
    peer = Peer(name="none", description="", load=partial(load_nothing, reason="run `pip install none`."))
    with PeerProcess(peer, "cpu") as process:
        assert process.parameters == Absent("run `pip install none`")
        assert process.restore(LOW, tmp_path / "a") == process.parameters


def test_a_peer_that_does_not_fit_when_it_is_loaded_says_so_in_a_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with PeerProcess(Peer(name="large", description="", load=load_too_much), "cpu") as process:
        assert process.restore(LOW, tmp_path / "a") == Absent("it ran out of memory")
    assert capfd.readouterr().err == ""


def test_every_peer_can_be_sent_to_its_process() -> None:
    for peer in PEERS:
        assert pickle.loads(pickle.dumps(peer.load))
