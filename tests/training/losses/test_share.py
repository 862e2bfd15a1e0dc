"""The adversarial term's weight as a share of the other losses' gradient, formulas written out."""

from __future__ import annotations

import math

import pytest

from training.errors import TrainingError
from training.losses.options import AdversarialOptions, LossOptions, PerceptualOptions
from training.losses.share import adversarial_weight, is_measured, smoothed_ratio

FIXED, SHARE = AdversarialOptions(weight=0.07), AdversarialOptions(weight=0.07, share=0.3)


def test_without_a_share_the_weight_is_the_options_and_nothing_is_measured() -> None:
    assert [adversarial_weight(FIXED, iteration, 5.0) for iteration in (0, 8, 100)] == [0.07] * 3
    assert not any(is_measured(FIXED, iteration, ratio) for iteration in (0, 8) for ratio in (None, 1.0))


def test_the_weight_is_the_share_of_the_ratio_ramped_up_over_40_iterations() -> None:
    weights = [adversarial_weight(SHARE, iteration, 2.0) for iteration in (0, 10, 40, 1000)]
    assert weights == pytest.approx([0.0, 0.15, 0.6, 0.6])
    assert adversarial_weight(SHARE, 100, None) == 0


def test_it_is_measured_in_every_eighth_iteration_and_where_there_is_no_ratio_yet() -> None:
    assert [i for i in range(20) if is_measured(SHARE, i, 1.0)] == [0, 8, 16]
    assert is_measured(SHARE, 5, None)


def test_measurements_are_smoothed() -> None:
    assert smoothed_ratio(None, 6.0, 2.0) == 3.0
    assert smoothed_ratio(3.0, 8.0, 2.0) == pytest.approx(0.7 * 3 + 0.3 * 4)


@pytest.mark.parametrize(("others", "adversarial"), [(1.0, 0.0), (math.inf, 1.0), (1.0, math.nan)])
def test_a_measurement_that_says_nothing_is_left_out(others: float, adversarial: float) -> None:
    assert smoothed_ratio(3.0, others, adversarial) == 3.0
    assert smoothed_ratio(None, others, adversarial) is None


def test_features_need_vgg16() -> None:
    judge = AdversarialOptions(kind="features")
    for perceptual in (None, PerceptualOptions(backbone="vgg19")):
        with pytest.raises(TrainingError, match=r'set losses\.perceptual\.backbone = "vgg16"'):
            LossOptions(adversarial=judge, perceptual=perceptual)
    assert LossOptions(adversarial=judge, perceptual=PerceptualOptions(backbone="vgg16")).judges_features
    assert not LossOptions(adversarial=AdversarialOptions(kind="features", weight=0.0)).judges_features


def test_a_share_below_0_is_refused() -> None:
    with pytest.raises(TrainingError, match="share must be 0 or more"):
        AdversarialOptions(share=-0.1)
