"""Conversion of restored RGB pictures to an output's frames: size, colours, pixel format."""

from __future__ import annotations

from dataclasses import dataclass

from av.video.frame import VideoFrame
from torch import Tensor

from vsrealbasicvsr.video.colour.pixels import codes_from_rgb, frame_from_codes, frame_from_rgb
from vsrealbasicvsr.video.colour.resample import Kernel, Light, resize_picture
from vsrealbasicvsr.video.colour.tags import Colour


@dataclass(frozen=True, slots=True)
class Conversion:
    """The conversion of RGB pictures to frames, on the network's device or on the host.

    On a CPU both give the same bits. On a GPU a value in the middle between two codes may round differently.

    Attributes:
        pixel_format: FFmpeg's name of a format without alpha.
        colour: Colour of the frames.
        width: Width of the frames in pixels.
        height: Height of the frames in pixels.
        kernel: Filter for pictures of another size.
        light: Whether resizing averages code values ("gamma") or light ("linear").
    """

    pixel_format: str
    colour: Colour
    width: int
    height: int
    kernel: Kernel = "spline36"
    light: Light = "gamma"

    def frame(self, picture: Tensor) -> VideoFrame:
        """Return the frame of a picture.

        Args:
            picture: (3, H, W), float32, 0-1; or the result of `codes`, on the host.

        Raises:
            VideoError: the conversion is not possible; see `frame_from_rgb` and `resize_picture`.
        """
        if picture.ndim == 1:
            return frame_from_codes(picture, self.width, self.height, self.pixel_format, self.colour)
        return frame_from_rgb(self.resized(picture), self.pixel_format, self.colour)

    def codes(self, picture: Tensor) -> Tensor:
        """Return the frame's samples, computed on the picture's device.

        A GPU then copies 1.5 to 6 bytes per pixel to the host, instead of the picture's 12.

        Args:
            picture: (3, H, W), float32, 0-1.

        Returns:
            (samples,), in the pixel format's own type.

        Raises:
            VideoError: see `frame`.
        """
        return codes_from_rgb(self.resized(picture), self.pixel_format, self.colour)

    def resized(self, picture: Tensor) -> Tensor:
        """Return a picture, (3, H, W), float32, 0-1, resized to the frames' size, on its device.

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
