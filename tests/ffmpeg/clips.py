"""Small awkward clips, made of the sample so that their colours stay within the gamut."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

from tests.ffmpeg.programs import FFMPEGS

SAMPLE = Path(__file__).parents[2] / "examples" / "media" / "launch.mp4"
_FFMPEG = FFMPEGS["packaged"]
_SUBTITLES = "1\n00:00:00,200 --> 00:00:00,700\nHello\n\n2\n00:00:00,800 --> 00:00:01,200\nWorld\n"
_CHAPTERS = (
    ";FFMETADATA1\ntitle=The clip\nartist=nobody\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=600\ntitle=one\n"
    "[CHAPTER]\nTIMEBASE=1/1000\nSTART=600\nEND=1500\ntitle=two\n"
)
_HDR10 = (
    "log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:range=limited:chromaloc=2:hdr10=1:"
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400"
)
_X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "8")
_H264_COPY = ("-map", "0", "-c", "copy")


class Clips:
    """Makes each clip when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, name: str) -> Path:
        path = self._folder / name
        if not path.exists():
            getattr(self, "_" + name.replace(".", "_"))(path)
        return path

    def _make(self, *arguments: str | Path, source: Path = SAMPLE) -> None:
        words = [_FFMPEG, "-v", "error", "-nostdin", "-y", "-i", source, *arguments]
        subprocess.run(list(map(str, words)), check=True)

    def _picture(self, path: Path, size: str, *options: str, filters: str = "null", frames: int = 10) -> None:
        self._make("-an", "-vf", f"scale={size},{filters}", "-frames:v", str(frames), *options, path)

    def _good_mp4(self, path: Path) -> None:
        self._make("-vf", "scale=64:48", *_X264, "-bf", "2", "-g", "12", "-c:a", "copy", path)

    def _good_mkv(self, path: Path) -> None:
        self._make(*_H264_COPY, path, source=self["good.mp4"])

    def _good_ts(self, path: Path) -> None:
        self._make(*_H264_COPY, path, source=self["good.mp4"])

    def _grid_mkv(self, path: Path) -> None:
        """A film's grid with holes, and a pause."""
        filters = "select='not(eq(mod(n,5),2))',setpts='PTS+if(gt(N,12),7,0)/TB/100'"
        self._picture(path, "64:48", "-fps_mode", "passthrough", *_X264, filters=filters, frames=24)

    def _phone_mp4(self, path: Path) -> None:
        """From 15 to 60 pictures a second, with jitter of some milliseconds."""
        times = "settb=1/90000,setpts='if(lt(N,12),N*6000,72000+(N-12)*1500)+mod(N*N*37,1100)'"
        exact = ("-fps_mode", "passthrough", "-enc_time_base", "1/90000", "-video_track_timescale", "90000")
        self._picture(path, "64:48", *exact, *_X264, "-bf", "2", filters=times, frames=36)

    def _hdr10_mkv(self, path: Path) -> None:
        tags = ("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc")
        to_2020 = "scale=out_color_matrix=bt2020nc:out_range=tv,format=yuv420p10le"
        options = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", _HDR10, *tags)
        self._picture(path, "64:48", *options, filters=to_2020)

    def _odd420_mkv(self, path: Path) -> None:
        self._picture(path, "33:27", "-c:v", "ffv1", filters="format=yuv420p")

    def _odd444_mkv(self, path: Path) -> None:
        self._picture(path, "33:27", "-c:v", "ffv1", filters="format=yuv444p")

    def _anamorphic_mkv(self, path: Path) -> None:
        tags = ("-color_primaries", "bt470bg", "-color_trc", "gamma28", "-colorspace", "bt470bg")
        self._picture(path, "60:48", *_X264, *tags, filters="setsar=16/11")

    def _full_mkv(self, path: Path) -> None:
        tags = "setparams=range=pc:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
        filters = f"scale=out_range=pc:out_color_matrix=bt709,format=yuvj420p,{tags}"
        self._picture(path, "64:48", *_X264, filters=filters)

    def _interlaced_mpg(self, path: Path) -> None:
        options = ("-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-q:v", "2", "-r", "25")
        filters = "fps=50,tinterlace=interleave_top,setfield=tff,setsar=16/15"
        self._picture(path, "96:64", *options, filters=filters, frames=16)

    def _rotated_mp4(self, path: Path) -> None:
        words = [_FFMPEG, "-v", "error", "-y", "-display_rotation", "90", "-i", self["good.mp4"]]
        subprocess.run([*map(str, words), *_H264_COPY, path], check=True)

    def _late_picture_ts(self, path: Path) -> None:
        self._make("-vf", "scale=64:48,setpts=PTS+0.92/TB", *_X264, "-bf", "2", "-c:a", "mp2", path)

    def _late_sound_ts(self, path: Path) -> None:
        self._make("-vf", "scale=64:48", "-af", "asetpts=PTS+0.7/TB", *_X264, "-bf", "2", "-c:a", "mp2", path)

    def _one_mkv(self, path: Path) -> None:
        self._picture(path, "64:48", *_X264, frames=1)

    def _one_png(self, path: Path) -> None:
        self._picture(path, "33:27", frames=1)

    def _ten_bit_mkv(self, path: Path) -> None:
        filters = "scale=out_color_matrix=bt709,format=yuv422p10le"
        self._picture(path, "64:48", "-c:v", "ffv1", "-colorspace", "bt709", filters=filters)

    def _gray_mkv(self, path: Path) -> None:
        self._picture(path, "64:48", "-c:v", "ffv1", filters="format=gray10le")

    def _rgb_mkv(self, path: Path) -> None:
        self._picture(path, "64:48", "-c:v", "ffv1", filters="format=gbrp")

    def _resized_ts(self, path: Path) -> None:
        parts = []
        for size in ("64:48", "96:64"):
            parts.append(path.with_suffix(f".{size[:2]}.ts"))
            self._picture(parts[-1], size, *_X264, frames=8)
        path.write_bytes(b"".join(part.read_bytes() for part in parts))

    def _tracks_mkv(self, path: Path) -> None:
        subtitles, chapters, font = (path.with_suffix(end) for end in (".srt", ".txt", ".ttf"))
        subtitles.write_text(_SUBTITLES)
        chapters.write_text(_CHAPTERS)
        font.write_bytes(b"not really a font")
        inputs = ("-f", "lavfi", "-i", "sine=880:d=1.5", "-i", subtitles, "-i", chapters)
        maps = ("-map", "0:v", "-map", "0:a", "-map", "1:a", "-map", "2:s", "-map", "2:s")
        tags = (
            *(
                "-map_metadata",
                "3",
                "-map_chapters",
                "3",
                "-attach",
                font,
                "-metadata:s:t",
                "mimetype=font/ttf",
            ),
            *("-metadata:s:v", "title=Picture", "-metadata:s:a:0", "language=eng"),
            *("-metadata:s:a:1", "language=fra", "-metadata:s:a:1", "title=Commentary"),
            *("-disposition:a:1", "comment", "-metadata:s:s:0", "language=eng"),
        )
        codecs = (*_X264, "-bf", "2", "-c:a:0", "copy", "-c:a:1", "flac", "-c:s:0", "srt", "-c:s:1", "ass")
        self._make(*inputs, *maps, "-vf", "scale=64:48", *tags, *codecs, path)

    def _cover_mp4(self, path: Path) -> None:
        cover = (
            "-i",
            self["one.png"],
            "-map",
            "0",
            "-map",
            "1",
            "-c",
            "copy",
            "-disposition:v:1",
            "attached_pic",
        )
        self._make(*cover, path, source=self["good.mp4"])

    def _corrupted_mkv(self, path: Path) -> None:
        data = bytearray(self["good.mkv"].read_bytes())
        chance = random.Random(1)
        for place in range(len(data) // 3, len(data) // 3 + 400):
            data[place] = chance.randrange(256)
        path.write_bytes(data)

    def _sound_mka(self, path: Path) -> None:
        self._make("-vn", "-c:a", "copy", path)

    def _frames(self, path: Path) -> None:
        path.mkdir()
        self._picture(path / "%03d.png", "33:27", frames=6)
