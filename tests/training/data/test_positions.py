from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.positions import Positions
from training.errors import TrainingError


def lists(rank: int = 0, **options: int) -> list[list[int]]:
    return list(Positions(**{"first_iteration": 0, "iterations": 3, "batch": 8, "rank": rank} | options))


def test_one_process_takes_one_batch_after_the_other() -> None:
    assert lists(batch=3, iterations=2) == [[0, 1, 2], [3, 4, 5]]


def test_a_resumed_run_goes_on_where_it_was() -> None:
    assert lists(first_iteration=2, iterations=1) == lists()[2:]


@settings(max_examples=30)
@given(processes=st.integers(1, 5), accumulation=st.integers(1, 4), clips=st.integers(1, 3))
def test_processes_and_accumulation_share_out_the_same_batches(
    processes: int, accumulation: int, clips: int
) -> None:
    shape = {"batch": processes * accumulation * clips, "processes": processes, "accumulation": accumulation}
    shares = [lists(rank, **shape) for rank in range(processes)]
    assert all(len(part) == clips for share in shares for part in share)
    for iteration, whole in enumerate(lists(batch=shape["batch"])):
        steps = slice(iteration * accumulation, (iteration + 1) * accumulation)
        assert [position for share in shares for part in share[steps] for position in part] == whole


def test_the_length_is_the_number_of_lists() -> None:
    positions = Positions(first_iteration=4, iterations=5, batch=8, processes=2, rank=1, accumulation=2)
    assert len(positions) == len(list(positions)) == 10


def test_a_batch_that_cannot_be_shared_out_is_refused_with_the_numbers() -> None:
    with pytest.raises(TrainingError, match=r"batch of 8 .* 3 processes .* 2 accumulation .* multiple of 6"):
        lists(processes=3, accumulation=2)
