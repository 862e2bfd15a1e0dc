"""TensorRT as far as a machine without it goes: with a backend of its name that runs the graph as it is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch._dynamo import register_backend, reset

from vsrealbasicvsr.engine.acceleration.tensorrt import by_tensorrt
from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.network import RealBasicVSR

CPU = torch.device("cpu")


def test_without_its_package_it_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torch_tensorrt", None)
    with pytest.raises(
        SettingsError, match=r"needs torch-tensorrt: pip install \"vsrealbasicvsr\[tensorrt\]\""
    ):
        by_tensorrt(CPU, tmp_path)


def test_a_part_reaches_the_backend_as_one_graph(
    monkeypatch: pytest.MonkeyPatch, network: RealBasicVSR, tmp_path: Path
) -> None:
    built: list[dict[str, Any]] = []

    def backend(graph: torch.fx.GraphModule, inputs: Any, *, options: dict[str, Any]) -> Callable[..., Any]:
        built.append(options)
        return graph.forward

    if "torch_tensorrt" not in torch._dynamo.list_backends():
        register_backend(backend, name="torch_tensorrt")
    monkeypatch.setitem(sys.modules, "torch_tensorrt", ModuleType("torch_tensorrt"))
    compiled = by_tensorrt(CPU, tmp_path)
    features, more = torch.randn(2, 1, 8, 12, 20)
    pictures, others = torch.rand(2, 1, 3, 40, 64)
    with torch.inference_mode():
        for part, inputs in (
            (network.basicvsr.detail, (features, more)),
            (network.basicvsr.spynet, (pictures, others)),
        ):
            once = compiled(part)
            assert torch.equal(once(*inputs), part(*inputs))
            assert torch.equal(once(*inputs), part(*inputs))
    reset()
    assert len(built) == 2
    assert all(options["device"] == CPU and options["disable_tf32"] for options in built)
    assert all(options["use_explicit_typing"] for options in built)  # fp16 and bf16 stay what they are
    assert {Path(options["timing_cache_path"]).parent for options in built} == {tmp_path}
