"""Checkpoints: the training state in one file, in the layout of the authors' files, written atomically.

The prefixes in `state_dict` are those of the authors' files: `generator.`, `generator_ema.` and
`discriminator.` (specification 1.6). So `vsrealbasicvsr.network.load` reads a checkpoint like any other
weights.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.commit import commit
from training.errors import TrainingError
from training.state import State
from vsrealbasicvsr import __version__
from vsrealbasicvsr.files import replaced
from vsrealbasicvsr.weights.untrusted_torch import read_torch

BEST = "best.pth"
_NAME = re.compile(r"iteration_(\d{8})\.pth")
_PARTS = {"generator": "network", "generator_ema": "average", "discriminator": "discriminator"}


class Checkpoints:
    """The checkpoints in the folder of one run.

    Args:
        folder: their folder; it is created when the first checkpoint is written.
        keep: number of newest checkpoints to keep, in addition to the best one; 0 keeps all.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder = folder
        self._keep = keep

    def all(self) -> list[Path]:
        """Return the paths of the checkpoints with an iteration number, oldest first."""
        return sorted(path for path in self.folder.glob("iteration_*.pth") if _NAME.fullmatch(path.name))

    def write(self, state: State, configuration: str, *, best: bool = False) -> Path:
        """Write a checkpoint. When it is safely on disk, remove older ones beyond `keep`.

        Args:
            state: the state at the end of an iteration.
            configuration: the stage as TOML, stored with the weights.
            best: also store the checkpoint as the best one so far.

        Raises:
            TrainingError: the checkpoint cannot be written. Existing checkpoints stay unchanged.
        """
        path = self.folder / f"iteration_{state.iteration:08}.pth"
        content = _content(state, configuration)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with replaced(path, synced=True) as partial:
                torch.save(content, partial)
            if best:
                with replaced(self.folder / BEST, synced=True) as partial:
                    _copy(path, partial)
            for old in self.all()[: -self._keep] if self._keep else ():
                old.unlink(missing_ok=True)
        except (OSError, RuntimeError) as error:  # torch's zip writer turns a full disk into a RuntimeError
            reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
            raise TrainingError(f"The checkpoint {path} cannot be written: {reason}.") from error
        return path


def restore(state: State, path: Path) -> str:
    """Load a checkpoint into a state whose networks have the same shapes.

    The optimisers keep the betas of the present configuration.

    Args:
        state: changed in place. It is unusable after an error.
        path: a file that `Checkpoints.write` wrote.

    Returns:
        The configuration that the checkpoint was written with, as TOML.

    Raises:
        WeightsError: the file is damaged.
        TrainingError: the file is not a checkpoint of a run, or its networks have other shapes.
    """
    content = read_torch(path)
    if not isinstance(content, Mapping) or not {"meta", "state_dict", "optimizers"} <= content.keys():
        raise TrainingError(
            f"{path} is no checkpoint of a training run; to start from its weights set network.init."
        )
    tensors = content["state_dict"]
    for prefix, module in _modules(state).items():
        part = {
            key.removeprefix(f"{prefix}."): t for key, t in tensors.items() if key.startswith(f"{prefix}.")
        }
        try:
            module.load_state_dict(part)
        except RuntimeError as error:
            raise TrainingError(
                f"{path} holds a {prefix} of another shape than the configuration's; resume with the run's "
                f"own {path.parent.parent / 'stage.toml'}, or start anew with network.init = {str(path)!r}."
            ) from error
    for name, optimizer in _optimizers(state).items():
        betas = optimizer.param_groups[0]["betas"]
        optimizer.load_state_dict(content["optimizers"][name])
        optimizer.param_groups[0]["betas"] = betas  # those of the configuration, like the learning rates
    torch.set_rng_state(content["random"])
    meta = content["meta"]
    state.iteration, state.skipped = meta["iteration"], meta["skipped"]
    state.damaged, state.best = meta["damaged"], meta["best"]
    state.gradient_ratio = meta.get("gradient_ratio")  # older checkpoints do not have it
    return str(meta["configuration"])


def _content(state: State, configuration: str) -> dict[str, Any]:
    tensors = {
        f"{prefix}.{key}": tensor
        for prefix, module in _modules(state).items()
        for key, tensor in module.state_dict().items()
    }
    meta = {
        "program": f"vsrealbasicvsr {__version__}", "commit": commit(), "configuration": configuration,
        "iteration": state.iteration, "skipped": state.skipped, "damaged": state.damaged, "best": state.best,
        "gradient_ratio": state.gradient_ratio,
    }  # fmt: skip
    optimizers = {name: optimizer.state_dict() for name, optimizer in _optimizers(state).items()}
    return {"meta": meta, "state_dict": tensors, "optimizers": optimizers, "random": torch.get_rng_state()}


def _modules(state: State) -> dict[str, nn.Module]:
    modules = {prefix: getattr(state, name) for prefix, name in _PARTS.items()}
    return {prefix: module for prefix, module in modules.items() if module is not None}


def _optimizers(state: State) -> dict[str, torch.optim.Optimizer]:
    optimizers = {"generator": state.optimizer, "discriminator": state.discriminator_optimizer}
    return {name: optimizer for name, optimizer in optimizers.items() if optimizer is not None}


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:  # not every file system has hard links
        shutil.copyfile(source, target)
