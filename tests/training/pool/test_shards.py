"""What a pool keeps, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.training.pool.conftest import NAMES, shard
from training.errors import TrainingError
from training.pool.shards import Pool, PoolReader, eight_bit


def test_a_reader_gives_the_samples_of_all_pools_one_after_another(pool: Path, tmp_path: Path) -> None:
    more = Pool(tmp_path / "more")
    more.begin({"seed": 1})
    more.write(0, shard(7, samples=2))
    reader = PoolReader((pool, more.folder), ("truth_bicubic", "teacher_area"))
    assert (len(reader), reader.side) == (8, 8)
    wanted = [shard(0), shard(1), shard(7, samples=2)]
    for name in ("low", "truth_bicubic", "teacher_area"):
        whole = torch.cat([part[name] for part in wanted])
        assert all(torch.equal(reader[number][name], whole[number]) for number in range(8))
    assert reader[0].keys() == {"low", "truth_bicubic", "teacher_area"}


def test_shards_are_plain_safetensors(pool: Path) -> None:
    stored = load_file(pool / "00000001.safetensors")
    assert stored.keys() == set(NAMES)
    assert all(torch.equal(stored[name], tensor) for name, tensor in shard(1).items())


def test_a_pool_of_other_options_is_not_gone_on_with(pool: Path) -> None:
    Pool(pool).begin({"seed": 0})
    with pytest.raises(TrainingError, match=r"was begun with other options \(seed\)"):
        Pool(pool).begin({"seed": 1})


def test_a_pool_without_a_teacher_is_refused_where_one_is_asked_for(tmp_path: Path) -> None:
    bare = Pool(tmp_path)
    bare.begin({})
    bare.write(0, {name: tensor for name, tensor in shard(0).items() if "teacher" not in name})
    assert len(PoolReader((tmp_path,), ("truth_area",))) == 3
    with pytest.raises(TrainingError, match=r"has no teacher_area: set cleaning\.teacher_area to 0"):
        PoolReader((tmp_path,), ("teacher_area",))


def test_pools_of_two_sizes_are_refused(pool: Path, tmp_path: Path) -> None:
    other = Pool(tmp_path / "other")
    other.begin({})
    other.write(0, shard(0, side=16))
    with pytest.raises(TrainingError, match="must have one size"):
        PoolReader((pool, other.folder), ("truth_area",))


def test_a_missing_pool_is_refused_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="python -m training pool"):
        PoolReader((tmp_path / "none",), ("truth_area",))


def test_damaged_shards_are_refused(pool: Path) -> None:
    path = pool / "00000001.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:200])
    with pytest.raises(TrainingError, match="delete it and make it again"):
        PoolReader((pool,), ("truth_area",))
    floats = {name: tensor.float() for name, tensor in shard(1).items()}
    for tensors in (floats, shard(1, samples=0), shard(1, side=0)):
        save_file(tensors, path)
        with pytest.raises(TrainingError, match="must be"):
            PoolReader((pool,), ("truth_area",))


def test_frames_are_rounded_and_saturated_to_8_bits() -> None:
    frames = torch.tensor([-0.1, 0.0, 0.4999 / 255, 0.5001 / 255, 254.4 / 255, 1.0, 1.2])
    assert eight_bit(frames).tolist() == [0, 0, 0, 1, 254, 255, 255]
