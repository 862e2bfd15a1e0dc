"""Between coded values and linear light, by H.273's numbers of the transfer characteristics."""

from __future__ import annotations

from torch import Tensor

from vsrealbasicvsr.errors import VideoError

# Cameras' curves of the BT.709 family are taken back by the display's power of 2.4 (BT.1886), as zimg does.
_POWERS = {1: 2.4, 4: 2.2, 5: 2.8, 6: 2.4, 7: 2.4, 8: 1.0, 11: 2.4, 14: 2.4, 15: 2.4}
_SRGB, _PQ, _HLG = 13, 16, 18

_PQ_M1, _PQ_M2 = 2610 / 16384, 2523 / 32
_PQ_C1, _PQ_C2, _PQ_C3 = 3424 / 4096, 2413 / 128, 2392 / 128
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073


def linear_light(coded: Tensor, transfer: int) -> Tensor:
    """Coded values to light, both 0-1: of the display, but of the scene for HLG.

    Args:
        coded: Any shape, float32, 0-1.
        transfer: H.273's number: the BT.709, 601 and 2020 family, gamma 2.2 and 2.8, linear, sRGB, PQ, HLG.

    Raises:
        VideoError: another transfer.
    """
    if transfer in _POWERS:
        return coded.pow(_POWERS[transfer])
    if transfer == _SRGB:
        return (coded / 12.92).where(coded <= 0.04045, ((coded + 0.055) / 1.055).pow(2.4))
    if transfer == _PQ:
        root = coded.pow(1 / _PQ_M2)
        return ((root - _PQ_C1).clamp(min=0) / (_PQ_C2 - _PQ_C3 * root)).pow(1 / _PQ_M1)
    if transfer == _HLG:
        bright = (((coded - _HLG_C) / _HLG_A).exp() + _HLG_B) / 12
        return (coded.square() / 3).where(coded <= 0.5, bright)
    raise _no_curve(transfer)


def gamma_light(light: Tensor, transfer: int) -> Tensor:
    """Light to coded values: the inverse of `linear_light`.

    Raises:
        VideoError: see `linear_light`.
    """
    if transfer in _POWERS:
        return light.pow(1 / _POWERS[transfer])
    if transfer == _SRGB:
        return (light * 12.92).where(light <= 0.04045 / 12.92, 1.055 * light.pow(1 / 2.4) - 0.055)
    if transfer == _PQ:
        root = light.pow(_PQ_M1)
        return ((_PQ_C1 + _PQ_C2 * root) / (1 + _PQ_C3 * root)).pow(_PQ_M2)
    if transfer == _HLG:
        bright = _HLG_A * (12 * light - _HLG_B).clamp(min=1e-6).log() + _HLG_C
        return (3 * light).sqrt().where(light <= 1 / 12, bright)
    raise _no_curve(transfer)


def _no_curve(transfer: int) -> VideoError:
    return VideoError(f"linear light is not known for transfer characteristics {transfer}: use gamma light.")
