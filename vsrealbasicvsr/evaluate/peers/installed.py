"""Files and modules of installed packages whose own `__init__` cannot run here."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from torch.nn import Module

from vsrealbasicvsr.errors import UnavailableError


def package_folder(name: str, install: str) -> Path:
    """Where a package is installed; nothing of it is run.

    Args:
        name: as it is imported.
        install: the command that installs it, for the reason.

    Raises:
        UnavailableError: it is not installed.
    """
    spec = importlib.util.find_spec(name)
    for folder in (spec.submodule_search_locations if spec else None) or ():
        return Path(folder)
    raise UnavailableError(f"{name} is not installed; run `{install}`")


def import_part(folder: Path, module: str, instead: Mapping[str, ModuleType] | None = None) -> ModuleType:
    """Import one module of a package without its `__init__`, which may want CUDA or a VapourSynth core.

    Args:
        folder: of the package.
        module: its name inside the package.
        instead: modules of the package that are replaced.

    Raises:
        UnavailableError: the module cannot be imported.
    """
    # Under a name of our own: a program that imports the real package later must find the real one.
    package = ModuleType(f"_vsrealbasicvsr_peer_{folder.name}")
    package.__path__ = [str(folder)]
    stand_ins = {f"{package.__name__}.{name}": part for name, part in (instead or {}).items()}
    with _known_as({package.__name__: package, **stand_ins}), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(f"{package.__name__}.{module}")
        except (ImportError, AttributeError) as error:
            raise UnavailableError(f"{folder.name}.{module} cannot be imported: {error}") from error


def filled(network: Any, state: Any, package: str, device: str) -> Any:
    """A network of a package, ready on a device with the package's own weights.

    Args:
        network: the package's module.
        state: its weights by name.
        package: its name and version, for the reason.
        device: where it shall run.

    Raises:
        UnavailableError: they do not fit each other.
    """
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise UnavailableError(f"what is installed is not {package}: {error}") from error
    return network.eval().to(device)


def learned(network: Module) -> int:
    """How many numbers a network has learned."""
    return sum(parameter.numel() for parameter in network.parameters())


@contextmanager
def _known_as(modules: Mapping[str, ModuleType]) -> Iterator[None]:
    prefix = next(iter(modules))
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name == prefix or name.startswith(f"{prefix}.")]:
            del sys.modules[name]
