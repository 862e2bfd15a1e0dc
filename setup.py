"""Everything is in pyproject.toml, but for `plugins/`: it stands beside the package and ships inside it."""

from __future__ import annotations

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

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


setup(cmdclass={"build_py": BuildWithPlugins})
