"""cuDNN's switch, which PyTorch keeps on machines without a GPU, too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from vsrealbasicvsr.engine.device import true_fp32


@pytest.fixture(autouse=True)
def tf32() -> Iterator[None]:
    """On, as PyTorch has it."""
    torch.backends.cudnn.allow_tf32 = True
    yield
    torch.backends.cudnn.allow_tf32 = True


def test_it_is_off_until_the_last_of_overlapping_steps_has_ended() -> None:
    first, second = true_fp32(), true_fp32()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert torch.backends.cudnn.conv.fp32_precision == "ieee"
    second.__exit__(None, None, None)
    assert torch.backends.cudnn.allow_tf32


def test_a_failed_step_leaves_it_as_it_was() -> None:
    with pytest.raises(ZeroDivisionError), true_fp32():
        raise ZeroDivisionError
    assert torch.backends.cudnn.allow_tf32


def test_what_somebody_else_has_set_meanwhile_stays() -> None:
    torch.backends.cudnn.allow_tf32 = False
    with true_fp32():
        torch.backends.cudnn.allow_tf32 = True
    assert torch.backends.cudnn.allow_tf32


@pytest.mark.parametrize("set_before", ["ieee", "tf32"])
def test_a_program_that_uses_the_new_switch_can_use_us(set_before: str) -> None:
    """PyTorch's own `cudnn.flags` fails there."""
    switch = torch.backends.cudnn.conv
    switch.fp32_precision = set_before
    with true_fp32():
        assert switch.fp32_precision == "ieee"
    assert switch.fp32_precision == set_before


def test_the_other_flags_are_not_touched() -> None:
    torch.backends.cudnn.benchmark = True
    try:
        with true_fp32():
            assert torch.backends.cudnn.benchmark
    finally:
        torch.backends.cudnn.benchmark = False
