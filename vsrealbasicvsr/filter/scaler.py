"""The filter as a scaler of vs-jetpack, for scripts that take a `Scaler`; only these scripts import it."""

from __future__ import annotations

import inspect
from typing import Any

import vapoursynth as vs

from vsrealbasicvsr.filter.restore import restore

try:
    from vskernels import Catrom, KernelLike, ScalerLike
    from vsscale.generic import BaseGenericScaler
except ModuleNotFoundError as error:
    raise ImportError(
        "vsrealbasicvsr.filter.scaler needs vs-jetpack: run `pip install vsrealbasicvsr[jetpack]`."
    ) from error


class RealBasicVSR(BaseGenericScaler):
    """Scaler that restores a clip to four times its size, and then scales it to the requested size.

    Like other scalers it keeps the size of the clip by default. Give it a size with
    `scale(clip, width, height)` or `supersample(clip, rfactor=4)`.

    Args:
        kernel: scales and shifts the restored clip.
        scaler: scales instead of `kernel`.
        shifter: shifts instead of `kernel`.
        settings: the keywords of `vsrealbasicvsr.restore`, except `width`, `height` and `kernel`.

    Raises:
        TypeError: a setting is unknown.
    """

    _static_kernel_radius = 8  # required by vs-jetpack; it is only read for kernels that descale

    def __init__(
        self,
        *,
        kernel: KernelLike = Catrom,
        scaler: ScalerLike | None = None,
        shifter: KernelLike | None = None,
        **settings: Any,
    ) -> None:
        inspect.signature(restore).bind_partial(None, **settings)  # an unknown name is refused here
        super().__init__(kernel=kernel, scaler=scaler, shifter=shifter, **settings)

    def scale(
        self,
        clip: vs.VideoNode,
        width: int | None = None,
        height: int | None = None,
        shift: tuple[float, float] = (0, 0),
        **kwargs: Any,
    ) -> vs.VideoNode:
        """Restore a clip of any constant format, in that format.

        Args:
            clip: a clip that `vsrealbasicvsr.restore` takes; cuts are read from its frame properties by
                default.
            width: width of the result in pixels; None takes the width of the clip.
            height: height of the result in lines; None takes the height of the clip.
            shift: shift of the frame (top, left), in pixels of the result.
            kwargs: settings that replace those of the scaler.

        Raises:
            vapoursynth.Error: "realbasicvsr: ..." if the clip or a value is refused.
        """
        width, height = self._wh_norm(clip, width, height)
        restored = restore(clip, **{**self.kwargs, **kwargs})
        return self._finish_scale(restored, clip, width, height, shift)
