"""Published figures of others. Tables show them beside our rows, but never mixed with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """A row of a published table.

    Attributes:
        set: name of the data set, as in `samples.Layout`.
        source: the publication and the method.
        scores: scores by name of the metric.
    """

    set: str
    source: str
    scores: Mapping[str, float]


def _videolq(source: str, nrqm: float, niqe: float, pi: float, brisque: float) -> Published:
    return Published("videolq", source, {"nrqm": nrqm, "niqe": niqe, "pi": pi, "brisque": brisque})


PUBLISHED = (
    _videolq("paper, Table 2: bicubic", 2.8545, 5.2762, 6.2109, 55.225),
    _videolq("paper, Table 2: BasicVSR++", 3.6807, 4.3424, 5.3309, 50.665),
    _videolq("paper, Table 2: RealSR", 5.7030, 3.0285, 3.6628, 29.638),
    _videolq("paper, Table 2: BSRGAN", 5.8197, 3.2216, 3.7010, 27.832),
    _videolq("paper, Table 2: Real-ESRGAN", 5.8129, 3.1263, 3.6567, 30.679),
    _videolq("paper, Table 2: RealBasicVSR", 6.1408, 2.5693, 3.2143, 27.697),
    _videolq("mmagic's README: RealBasicVSR", 6.0477, 3.7662, 3.8593, 29.030),
)
NOTE = (
    "Published figures are of three frames of each VideoLQ clip; the NIQE of the paper and of mmagic "
    "differ in how they are computed, and their BRISQUE is of another regression than ours."
)
