"""Stages come from TOML files and assignments, and go back to TOML."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from training.configuration import SHIPPED, read_stage, written
from training.errors import TrainingError
from training.losses.options import PerceptualOptions
from training.stage import Stage

ABLATIONS = sorted(path.relative_to(SHIPPED) for path in SHIPPED.glob("ablations/*.toml"))
RELEASED = Path("ablations/B16xL30.toml")
"""One of the paper's four trade-offs of batch and length is what was released."""


def test_stage_1_is_the_released_configuration() -> None:
    stage = read_stage([Path("stage1.toml")])
    assert (stage.iterations, stage.batch, stage.data.frames, stage.data.low_size) == (300_000, 16, 30, 64)
    assert stage.data.mirror
    assert stage.degradation.random_walk is True
    assert stage.degradation.sharpen
    assert (stage.losses.pixel, stage.losses.cleaning, stage.losses.cleaning_weight) == ("l1", "l1", 1.0)
    assert stage.losses.perceptual is None
    assert stage.losses.adversarial is None
    assert (stage.optimizer.learning_rate, stage.optimizer.betas) == (1e-4, (0.9, 0.99))
    assert (stage.optimizer.average, stage.optimizer.warmup) == (0.999, 0)
    assert not stage.network.train_flow
    assert stage.network.refinement_threshold == 255.0


def test_stage_2_is_the_released_configuration() -> None:
    stage = read_stage([Path("stage2.toml")])
    perceptual, adversarial = stage.losses.perceptual, stage.losses.adversarial
    assert (stage.iterations, stage.batch, stage.optimizer.learning_rate) == (150_000, 8, 5e-5)
    assert perceptual is not None
    assert (perceptual.weight, perceptual.backbone) == (1.0, "vgg19")
    assert adversarial is not None
    assert (adversarial.weight, adversarial.learning_rate) == (0.05, 1e-4)
    assert stage.network.cleaning == "trained"


@pytest.mark.parametrize("ablation", ABLATIONS, ids=str)
def test_every_ablation_changes_stage_1(ablation: Path) -> None:
    released = read_stage([Path("stage1.toml")])
    assert (read_stage([Path("stage1.toml"), ablation]) == released) == (ablation == RELEASED)


def test_the_ablations_of_the_paper_are_shipped() -> None:
    assert {path.stem for path in ABLATIONS} == {
        "without-cleaning-loss", "recurrent-cleaning", "flip-only", "conventional", "fixed-passes",
        "B48xL10", "B24xL20", "B16xL30", "B16xL10",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["stage1.toml", "stage2.toml", "cleaning.toml", "smoke.toml"])
def test_what_is_written_is_read_back_equal(name: str, tmp_path: Path) -> None:
    stage = read_stage([Path(name)], ["sources.data=['a \"b\"', 'ü']", "degradation.random_walk=independent"])
    copy = tmp_path / "stage.toml"
    copy.write_text(written(stage), encoding="utf-8")
    assert read_stage([copy]) == stage


def test_later_files_and_assignments_stand_above_earlier_ones(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("batch = 4\n[optimizer]\nwarmup = 7\n", encoding="utf-8")
    stage = read_stage(
        [Path("stage1.toml"), mine], ["optimizer.warmup=9", "network.init=bundled", "network.fit=true"]
    )
    assert (stage.batch, stage.optimizer.warmup, stage.optimizer.learning_rate) == (4, 9, 1e-4)
    assert (stage.network.init, stage.network.fit) == ("bundled", True)


def test_part_of_a_nested_option_keeps_the_rest() -> None:
    stage = read_stage([Path("stage1.toml")], ["degradation.second.blur.probability=0.5"])
    default = read_stage([Path("stage1.toml")]).degradation.second
    assert stage.degradation.second == replace(default, blur=replace(default.blur, probability=0.5))


def test_weights_of_kinds_mean_the_same_above_defaults_and_above_a_runs_own_stage(tmp_path: Path) -> None:
    """stage.toml writes all of them out; those that are not named any more must not stay."""
    sinc = "degradation.first.blur.kinds={sinc=1.0}"
    run = tmp_path / "stage.toml"
    run.write_text(written(read_stage([Path("stage2.toml")], ["losses.perceptual.backbone=vgg16"])))
    stage = read_stage([run], [sinc, "losses.perceptual.weight=0.5"])
    assert stage.degradation == read_stage([Path("stage2.toml")], [sinc]).degradation
    assert stage.degradation.first.blur.kinds == {"sinc": 1.0}
    assert stage.losses.perceptual == PerceptualOptions(weight=0.5, backbone="vgg16")


@pytest.mark.parametrize(
    ("assignments", "said"),
    [
        (["nothing"], "--set takes name=value such as optimizer.learning_rate=2e-4, not 'nothing'."),
        (["optimizer.lr=1"], "There is no option 'lr' in [optimizer]; there are learning_rate, betas"),
        (["iterations=many"], "iterations must be a whole number, not 'many'."),
        (["optimizer.learning_rate=-1"], "optimizer: learning_rate must be above 0."),
        (["network.cleaning=frozen"], "network.cleaning must be one of 'trained', 'detached', 'fixed'"),
        (["iterations.x=1"], "iterations must be a whole number"),
        (["network.max_passes=101"], "network: max_passes must be 1 to 100, not 101."),
    ],
)
def test_a_wrong_assignment_gets_one_sentence(assignments: list[str], said: str) -> None:
    with pytest.raises(TrainingError) as refusal:
        read_stage([Path("stage1.toml")], assignments)
    assert said in str(refusal.value)


def test_files_that_are_no_configuration_are_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"shipped are .*smoke\.toml, stage1\.toml, stage2\.toml"):
        read_stage([Path("stage3.toml")])
    broken = tmp_path / "broken.toml"
    broken.write_text("iterations =", encoding="utf-8")
    with pytest.raises(TrainingError, match=r"broken\.toml is no TOML"):
        read_stage([broken])
    with pytest.raises(TrainingError, match=r"says nothing of iterations; begin with stage1\.toml"):
        read_stage([Path("ablations/flip-only.toml")])


def test_a_stage_must_have_iterations() -> None:
    with pytest.raises(TrainingError, match="iterations must be 1 or more"):
        Stage(iterations=0)


def test_an_optional_table_is_refused_in_its_own_words() -> None:
    with pytest.raises(TrainingError, match=r"^losses\.teacher: name the folder with realesrgan-x4plus"):
        read_stage([Path("smoke.toml")], ["losses.teacher.pixel=1"])
