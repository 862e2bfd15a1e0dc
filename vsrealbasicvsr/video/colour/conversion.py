"""From restored pictures to an output's frames: resized, in its colours, rounded to its codes."""

from __future__ import annotations

from dataclasses import dataclass

from av.video.frame import VideoFrame
from torch import Tensor

from vsrealbasicvsr.video.colour.pixels import codes_from_rgb, frame_from_codes, frame_from_rgb
from vsrealbasicvsr.video.colour.resample import Kernel, Light, resize_picture
from vsrealbasicvsr.video.colour.tags import Colour


@dataclass(frozen=True, slots=True)
class Conversion:
    """How pictures become frames, on the network's device or on the host.

    On a CPU both are the same to the bit; on a GPU a value in the middle of two codes may round otherwise.

    Attributes:
        pixel_format: FFmpeg's name of a format without alpha.
        colour: What the frames' numbers shall mean.
        width: Of the frames.
        height: Likewise.
        kernel: Filter of resizing, where pictures are of another size.
        light: Light in which it averages.
    """

    pixel_format: str
    colour: Colour
    width: int
    height: int
    kernel: Kernel = "spline36"
    light: Light = "gamma"

    def frame(self, picture: Tensor) -> VideoFrame:
        """The frame of a picture.

        Args:
            picture: (3, H, W), float32, 0-1, or what `codes` made of it, on the host.

        Raises:
            VideoError: there is no such conversion; `frame_from_rgb` and `resize_picture` say when.
        """
        if picture.ndim == 1:
            return frame_from_codes(picture, self.width, self.height, self.pixel_format, self.colour)
        return frame_from_rgb(self.resized(picture), self.pixel_format, self.colour)

    def codes(self, picture: Tensor) -> Tensor:
        """The frame's samples, made on the picture's device.

        A GPU then copies 1.5 to 6 bytes a pixel to the host, where the picture has 12.

        Args:
            picture: (3, H, W), float32, 0-1.

        Returns:
            (samples,), of the pixel format's own type.

        Raises:
            VideoError: as `frame`.
        """
        return codes_from_rgb(self.resized(picture), self.pixel_format, self.colour)

    def resized(self, picture: Tensor) -> Tensor:
        """A picture, (3, H, W), float32, 0-1, in the frames' size, on its device.

        Raises:
            VideoError: see `resize_picture`.
        """
        return resize_picture(
            picture,
            (self.height, self.width),
            kernel=self.kernel,
            light=self.light,
            transfer=self.colour.transfer,
        )
