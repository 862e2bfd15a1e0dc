from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.settings import Settings, default_of


def test_every_setting_says_what_it_does() -> None:
    for item in fields(Settings):
        assert len(item.metadata["help"]) > 10, item.name


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("window", -1, "between 0 and 10000"),
        ("window", 2.5, "a whole number"),
        ("window", True, "a whole number"),
        ("margin", "8", "a whole number"),
        ("refine", 255.1, "between 0 and 255"),
        ("refine", float("nan"), "between 0 and 255"),
        ("max_passes", 2.0, "a whole number"),
        ("max_passes", 101, "between 0 and 100"),
        ("strength", 1.5, "between 0 and 1"),
        ("strength", None, "a number"),
        ("precision", "fp8", "one of auto, fp32, fp16, bf16"),
        ("acceleration", "jit", "one of auto, off, compile, graphs, fused, tensorrt"),
        ("model", "", "a text"),
        ("device", 0, "a text"),
        (
            "device",
            "toaster",
            "an index, or several with commas between them, not 'toaster'",
        ),
        ("device", "cpu,", "not 'cpu,'"),
        ("device", "cpu,,cuda:0", "not 'cpu,,cuda:0'"),
        ("device", "cuda:-1", "not 'cuda:-1'"),
        ("device", "cuda:", "not 'cuda:'"),
        ("device", "cpu cuda:0", "not 'cpu cuda:0'"),
    ],
)
def test_values_out_of_range_are_refused_in_one_sentence(name: str, value: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        Settings.from_mapping({name: value})
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "device", ["auto", "cpu", "cpu:0", "cuda", "cuda:10", "3", "cuda:0,cuda:1", "cpu, cpu", "0 , auto,cuda"]
)
def test_devices_that_some_machine_has_are_kept(device: str) -> None:
    assert Settings(device=device).device == device


def test_unknown_names_are_refused() -> None:
    with pytest.raises(SettingsError, match="no setting 'windw'"):
        Settings.from_mapping({"windw": 3})


def test_settings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().window = 3  # type: ignore[misc] # the point of the test


def test_refinement_may_be_left_to_the_weights_and_nothing_else() -> None:
    assert (Settings().refine, Settings().max_passes) == (None, None)
    for item in fields(Settings):
        if item.name in ("refine", "max_passes"):
            assert Settings.from_mapping({item.name: None}) == Settings()
            assert default_of(item).startswith("from the weights, ")
            continue
        assert default_of(item) == str(item.default)
        with pytest.raises(SettingsError, match=f"{item.name} must be .*, not None"):
            Settings.from_mapping({item.name: None})


def test_a_whole_number_will_do_for_a_number() -> None:
    assert Settings(refine=5, strength=1).refine == 5
