"""The list of all metrics, by name."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.metrics import fidelity, temporal
from vsrealbasicvsr.evaluate.metrics.brisque import Brisque
from vsrealbasicvsr.evaluate.metrics.dists import Dists
from vsrealbasicvsr.evaluate.metrics.lpips import Lpips
from vsrealbasicvsr.evaluate.metrics.luma import luma
from vsrealbasicvsr.evaluate.metrics.metric import Measure, Metric, over_frames, over_pairs
from vsrealbasicvsr.evaluate.metrics.niqe import Niqe
from vsrealbasicvsr.evaluate.metrics.vmaf import load_vmaf


def _on_cpu(load: Callable[[], Measure]) -> Callable[[str], Measure]:
    return lambda _device: load()


def _fidelity(distance: fidelity.Distance, channels: Callable[[Tensor], Tensor]) -> Callable[[str], Measure]:
    return lambda _device: over_pairs(fidelity.of_channels(distance, channels))


def _nowhere(reason: str) -> Callable[[str], Measure]:
    def load(_device: str) -> Measure:
        raise UnavailableError(reason)

    return load


_NRQM = "its random forests are in no package registry, and its authors' MATLAB code is not run here"
_PI = "it is made of NRQM, which cannot be had either"


METRICS = (
    Metric(
        name="psnr-y", title="PSNR-Y [dB]", better="higher", of="truth", digits=2,
        load=_fidelity(fidelity.psnr, luma),
    ),
    Metric(
        name="psnr-rgb", title="PSNR-RGB [dB]", better="higher", of="truth", digits=2,
        load=_fidelity(fidelity.psnr, fidelity.rgb),
    ),
    Metric(
        name="ssim-y", title="SSIM-Y", better="higher", of="truth", digits=4,
        load=_fidelity(fidelity.ssim, luma),
    ),
    Metric(
        name="ssim-rgb", title="SSIM-RGB", better="higher", of="truth", digits=4,
        load=_fidelity(fidelity.ssim, fidelity.rgb),
    ),
    Metric(
        name="lpips", title="LPIPS (alex)", better="lower", of="truth",
        load=lambda device: over_pairs(Lpips(device)),
    ),
    Metric(
        name="dists", title="DISTS", better="lower", of="truth",
        load=lambda device: over_pairs(Dists(device)),
    ),
    Metric(name="vmaf", title="VMAF", better="higher", of="truth", load=_on_cpu(load_vmaf), digits=1),
    Metric(
        name="niqe", title="NIQE", better="lower", of="clip", digits=2,
        load=_on_cpu(lambda: over_frames(Niqe())),
    ),
    Metric(
        name="brisque", title="BRISQUE (OpenCV's)", better="lower", of="clip", digits=1,
        load=_on_cpu(lambda: over_frames(Brisque())),
    ),
    Metric(name="nrqm", title="NRQM", better="higher", of="clip", load=_nowhere(_NRQM)),
    Metric(name="pi", title="PI", better="lower", of="clip", load=_nowhere(_PI)),
    Metric(
        name="e-warp", title="E_warp x1000", better="lower", of="clip",
        load=_on_cpu(temporal.load_warping_error),
    ),
    Metric(name="tof", title="tOF [px]", better="lower", of="truth", load=_on_cpu(temporal.load_t_of)),
    Metric(name="tlp", title="tLP x100", better="lower", of="truth", load=temporal.load_t_lp, digits=2),
)  # fmt: skip
