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
    """Return the folder of an installed package without running any of its code.

    Args:
        name: the name by which it is imported.
        install: the command that installs it, for the error.

    Raises:
        UnavailableError: it is not installed.
    """
    spec = importlib.util.find_spec(name)
    for folder in (spec.submodule_search_locations if spec else None) or ():
        return Path(folder)
    raise UnavailableError(f"{name} is not installed; run `{install}`")


def import_part(folder: Path, module: str, instead: Mapping[str, ModuleType] | None = None) -> ModuleType:
    """Import one module of a package without its `__init__`, which may need CUDA or a VapourSynth core.

    Args:
        folder: folder of the package.
        module: name of the module inside the package.
        instead: replacements for modules of the package, by name.

    Raises:
        UnavailableError: the module cannot be imported.
    """
    # Use a name of our own: a program that imports the real package later must get the real one.
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
    """Return a network of a package on a device, with the package's own weights.

    Args:
        network: the network of the package.
        state: its weights by name.
        package: name and version of the package, for the error.
        device: the device that will run it.

    Raises:
        UnavailableError: network and weights do not fit each other.
    """
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise UnavailableError(f"what is installed is not {package}: {error}") from error
    return network.eval().to(device)


def learned(network: Module) -> int:
    """Return the number of learned parameters of a network."""
    return sum(parameter.numel() for parameter in network.parameters())


@contextmanager
def _known_as(modules: Mapping[str, ModuleType]) -> Iterator[None]:
    """Register modules, the package first; when the block ends, remove them and all of their submodules."""
    prefix = next(iter(modules))
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name == prefix or name.startswith(f"{prefix}.")]:
            del sys.modules[name]
