"""The filter as a scaler of vs-jetpack, for scripts that take a `Scaler`; imported by those scripts alone."""

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
    """Restores to four times the size, and scales what comes out to the size that is asked for.

    Like other scalers it keeps the clip's size unless it is given one: `scale(clip, width, height)` or
    `supersample(clip, rfactor=4)`.

    Args:
        kernel: scales and shifts the restored clip.
        scaler: scales in its place.
        shifter: shifts in its place.
        settings: the keywords of `vsrealbasicvsr.restore`, but for `width`, `height` and `kernel`.

    Raises:
        TypeError: a setting is unknown.
    """

    _static_kernel_radius = 8  # vs-jetpack makes no scaler without one; read of kernels that descale only

    def __init__(
        self,
        *,
        kernel: KernelLike = Catrom,
        scaler: ScalerLike | None = None,
        shifter: KernelLike | None = None,
        **settings: Any,
    ) -> None:
        inspect.signature(restore).bind_partial(None, **settings)  # a misspelt one is noticed here
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
            clip: what `vsrealbasicvsr.restore` takes; cuts are read from its frame properties by default.
            width: of the result, in pixels; the clip's without it.
            height: of the result, in lines; the clip's without it.
            shift: of the picture, in pixels of the result: top, left.
            kwargs: settings that replace those of the scaler.

        Raises:
            vapoursynth.Error: "realbasicvsr: ..." for a clip or a value that is refused.
        """
        width, height = self._wh_norm(clip, width, height)
        restored = restore(clip, **{**self.kwargs, **kwargs})
        return self._finish_scale(restored, clip, width, height, shift)
