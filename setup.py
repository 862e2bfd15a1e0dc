"""What pyproject.toml cannot say: `plugins/` ships inside the package, and builds are the same byte for byte.

Two builds of one commit are equal where SOURCE_DATE_EPOCH is: the source archive knows neither who made it
nor when, and the wheel is built out of it.
"""

from __future__ import annotations

import gzip
import os
import tarfile
import time
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

PACKAGE = "vsrealbasicvsr"


class BuildWithPlugins(build_py):
    """Copies `plugins/HOST/*` to `vsrealbasicvsr/plugins/`; an editable install leaves them in place."""

    def run(self) -> None:
        """Build the package, then add the scripts."""
        super().run()
        if not self.editable_mode:
            for source, target in self._scripts():
                target.parent.mkdir(parents=True, exist_ok=True)
                self.copy_file(str(source), str(target))

    def get_source_files(self) -> list[str]:
        """What the source archive holds."""
        return [*super().get_source_files(), *(str(source) for source, _ in self._scripts())]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """What the build leaves."""
        scripts = [] if self.editable_mode else [str(target) for _, target in self._scripts()]
        return [*super().get_outputs(include_bytecode), *scripts]

    def _scripts(self) -> list[tuple[Path, Path]]:
        return [(path, Path(self.build_lib, PACKAGE, path)) for path in sorted(Path("plugins").glob("*/*.*"))]


class SourceArchive(sdist):
    """Packs files without their owners, dates and the umask of whoever checked them out."""

    def make_archive(
        self,
        base_name: str,
        format: str,
        root_dir: str | None = None,
        base_dir: str | None = None,
        owner: str | None = None,
        group: str | None = None,
    ) -> str:
        """The .tar.gz of a folder; the one format that there is."""
        when = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))

        def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
            member.mtime, member.mode = when, 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            return member

        path = Path(f"{base_name}.tar.gz")
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            path.open("wb") as file,
            gzip.GzipFile("", "wb", mtime=when, fileobj=file) as packed,
            tarfile.open(mode="w", fileobj=packed) as archive,
        ):
            archive.add(str(base_dir), filter=plain)
        return str(path)


os.umask(0o022)  # what setuptools writes into a wheel keeps its mode
setup(cmdclass={"build_py": BuildWithPlugins, "sdist": SourceArchive})
