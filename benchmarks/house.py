"""The shape of the code in figures: `python -m benchmarks.house [ROOT]`, for this checkout or another one."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGE = "vsrealbasicvsr"

_TRACED = r"""
import json, sys, tempfile, threading
from pathlib import Path

import av, numpy

import vsrealbasicvsr
from vsrealbasicvsr import Settings, restore_file

PACKAGE = str(Path(vsrealbasicvsr.__file__).parent)
MOMENTS = {"decode", "conv2d", "encode"}
seen = set()


def watch(frame, event, argument):
    if event == "c_call" and getattr(argument, "__name__", "") in MOMENTS and not isinstance(
        getattr(argument, "__self__", None), (str, bytes)
    ):
        while frame is not None:
            if frame.f_code.co_filename.startswith(PACKAGE):
                seen.add(frame.f_code.co_filename[len(PACKAGE) + 1 :])
            frame = frame.f_back


with tempfile.TemporaryDirectory() as folder:
    source = str(Path(folder, "in.mkv"))
    with av.open(source, "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv420p"
        for number in range(3):
            picture = av.VideoFrame.from_ndarray(numpy.full((24, 32, 3), 80 * number, "uint8"), "rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    threading.setprofile_all_threads(watch)
    threading.setprofile(watch)
    sys.setprofile(watch)
    restore_file(source, str(Path(folder, "out.mkv")), Settings(device="cpu", window=3, margin=0))
    sys.setprofile(None)
print(json.dumps(sorted(seen)))
"""


def figures(root: Path) -> dict[str, Any]:
    """Measure a checkout.

    Args:
        root: Its folder; its dependencies are those of this Python.
    """
    modules = {path: ast.parse(path.read_text(encoding="utf-8")) for path in _modules(root)}
    classes = Counter(
        node.name for tree in modules.values() for node in tree.body if isinstance(node, ast.ClassDef)
    )
    names = Counter(path.name for path in modules if not path.name.startswith("__"))
    package = [path for path in modules if path.is_relative_to(root / PACKAGE)]
    folders = Counter(path.parent for path in modules if not path.name.startswith("__"))
    largest, count = folders.most_common(1)[0]
    followed = json.loads(_run(root, _TRACED))
    return {
        "files from restore_file to the written picture": len(followed),
        "these files": followed,
        "modules that `import vsrealbasicvsr.job` loads": int(_run(root, _CLOSURE)),
        "modules of the package": len(package),
        "modules with training": len(modules),
        "lines of the package": sum(path.read_text(encoding="utf-8").count("\n") for path in package),
        "largest folder": f"{largest.relative_to(root)}, {count} modules",
        "class names that stand twice or more": sum(1 for number in classes.values() if number > 1),
        "files that share their name": sum(number for number in names.values() if number > 1),
        "words of README": len(re.findall(r"\S+", (root / "README.md").read_text(encoding="utf-8"))),
        "bytes of README": (root / "README.md").stat().st_size,
        "bytes of ARCHITECTURE": (root / "ARCHITECTURE.md").stat().st_size,
    }


_CLOSURE = (
    "import sys, vsrealbasicvsr.job\n"
    "print(sum(1 for name in sys.modules if name.split('.')[0] == 'vsrealbasicvsr'))"
)


def _modules(root: Path) -> Iterator[Path]:
    for package in (PACKAGE, "training"):
        yield from sorted((root / package).rglob("*.py"))


def _run(root: Path, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env={"PYTHONPATH": str(root)}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return done.stdout


if __name__ == "__main__":
    json.dump(figures(Path(sys.argv[1]) if sys.argv[1:] else ROOT), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
