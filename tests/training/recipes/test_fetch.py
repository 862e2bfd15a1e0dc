from __future__ import annotations

import hashlib
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from training.errors import TrainingError
from training.recipes.default.fetch import fetch
from training.recipes.default.sources import Archive, Client

WHEEL = "things-1.0-py3-none-any.whl"
FOREIGN_WHEEL = "things-1.1-cp39-none-win32.win_amd64.whl"


def pinned(client: Client, file: str, content: bytes = b"", version: str = "1.0") -> Archive:
    digest = hashlib.sha256(content).hexdigest()
    return Archive(
        client=client, package="things", version=version, file=file, sha256=digest, licence="CC0", only=""
    )


def stanza(**fields: object) -> str:
    return "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in fields.items()) + "\n"


def listed(folder: Path, *names: str) -> str:
    """Lines of an index: SHA-256, size and name of files."""
    contents = ((name, (folder / name).read_bytes()) for name in names)
    return "".join(
        f"\n {hashlib.sha256(content).hexdigest()} {len(content)} {name}" for name, content in contents
    )


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes its packages from: version 1.0 is for all systems, 1.1 for Windows."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name, version in ((WHEEL, "1.0"), (FOREIGN_WHEEL, "1.1")):
        metadata, place = (
            f"Metadata-Version: 2.1\nName: things\nVersion: {version}\n",
            f"things-{version}.dist-info",
        )
        with zipfile.ZipFile(folder / name, "w") as wheel:
            wheel.writestr(f"{place}/METADATA", metadata)
            wheel.writestr(f"{place}/WHEEL", "Wheel-Version: 1.0\n")
            wheel.writestr(f"{place}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only archive that apt-get knows: a folder with a package and its source."""
    if shutil.which("apt-get") is None:
        pytest.skip("apt-get is not on this machine")
    root = tmp_path / "debian"
    indices = root / "dists" / "stable" / "main"
    for folder in (root / "pool", indices / "binary-amd64", indices / "source"):
        folder.mkdir(parents=True)
    pool = root / "pool"
    for name in ("things_1.0_all.deb", "things_1.0.orig.tar.xz", "things_1.0-1.dsc"):
        (pool / name).write_bytes(name.encode())
    size = len("things_1.0_all.deb")
    digest = hashlib.sha256(b"things_1.0_all.deb").hexdigest()
    (indices / "binary-amd64" / "Packages").write_text(
        stanza(
            Package="things", Version="1.0", Architecture="all", Maintainer="x <x@x>",
            Filename="pool/things_1.0_all.deb", Size=size, SHA256=digest, Description="x",
        )
    )  # fmt: skip
    files = listed(pool, "things_1.0.orig.tar.xz", "things_1.0-1.dsc")
    (indices / "source" / "Sources").write_text(
        stanza(
            Package="things", Binary="things", Version="1.0-1", Architecture="all", Format="3.0 (quilt)",
            Maintainer="x <x@x>", Directory="pool", Checksums_Sha256=files,
        )
    )  # fmt: skip
    release = root / "dists" / "stable"
    hashes = listed(release, "main/binary-amd64/Packages", "main/source/Sources")
    (release / "Release").write_text(
        stanza(
            Origin="Debian", Suite="stable", Codename="stable", Architectures="amd64", Components="main",
            Date="Sat, 01 Jan 2022 00:00:00 UTC", SHA256=hashes,
        )
    )  # fmt: skip
    (tmp_path / "lists" / "partial").mkdir(parents=True)
    (tmp_path / "cache" / "archives" / "partial").mkdir(parents=True)
    (tmp_path / "sources.list").write_text(f"deb {root.as_uri()} stable main\n")
    (tmp_path / "status").touch()
    directories = {
        "Etc::sourcelist": tmp_path / "sources.list",
        "Etc::sourceparts": "-",
        "State::Lists": tmp_path / "lists",
        "State::status": tmp_path / "status",
        "Cache": tmp_path / "cache",
    }
    lines = [f'Dir::{name} "{value}";' for name, value in directories.items()]
    lines += ['APT::Architecture "amd64";', 'Acquire::AllowInsecureRepositories "true";']
    lines += ['APT::Get::AllowUnauthenticated "true";', 'APT::Sandbox::User "root";']
    (tmp_path / "apt.conf").write_text("\n".join(lines))
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    subprocess.run(["apt-get", "update", "-q"], check=True, capture_output=True)
    return pool


def test_pip_brings_a_wheel(wheels: Path, tmp_path: Path) -> None:
    archive = pinned("pip", WHEEL, (wheels / WHEEL).read_bytes())
    assert fetch(archive, tmp_path / "downloads") == tmp_path / "downloads" / WHEEL
    assert [path.name for path in (tmp_path / "downloads").iterdir()] == [WHEEL]


def test_pip_brings_a_wheel_that_is_for_another_python_and_another_system(
    wheels: Path, tmp_path: Path
) -> None:
    archive = pinned("pip", FOREIGN_WHEEL, (wheels / FOREIGN_WHEEL).read_bytes(), "1.1")
    assert fetch(archive, tmp_path / "downloads") == tmp_path / "downloads" / FOREIGN_WHEEL


@pytest.mark.parametrize(
    ("client", "file", "version"),
    [("apt", "things_1.0_all.deb", "1.0"), ("apt source", "things_1.0.orig.tar.xz", "1.0-1")],
)
def test_apt_get_brings_packages_and_their_sources(
    client: Client, file: str, version: str, debian: Path, tmp_path: Path
) -> None:
    archive = pinned(client, file, (debian / file).read_bytes(), version)
    before = (tmp_path / "sources.list").read_text()
    assert fetch(archive, tmp_path / "downloads").read_bytes() == file.encode()
    assert [path.name for path in (tmp_path / "downloads").iterdir()] == [file]
    assert (tmp_path / "sources.list").read_text() == before


def test_a_version_that_is_no_more_is_no_other_version(debian: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"^things 0\.9 cannot be fetched \(apt-get: Version '0\.9'"):
        fetch(pinned("apt", "things_0.9_all.deb", version="0.9"), tmp_path / "downloads")


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / WHEEL).write_bytes(b"right")
    announced: list[str] = []
    fetch(pinned("pip", WHEEL, b"right"), tmp_path, announced.append)
    assert announced == []


def test_wrong_bytes_are_refused_and_not_kept(wheels: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=rf"^{WHEEL} is not the file that is pinned for things 1\.0: "):
        fetch(pinned("pip", WHEEL, b"other"), tmp_path / "downloads")
    assert list((tmp_path / "downloads").iterdir()) == []


def test_a_file_that_was_put_there_is_checked_and_left(tmp_path: Path) -> None:
    (tmp_path / WHEEL).write_bytes(b"wrong")
    with pytest.raises(TrainingError, match=r"is not the file that is pinned.*; delete it"):
        fetch(pinned("pip", WHEEL, b"right"), tmp_path)
    assert (tmp_path / WHEEL).read_bytes() == b"wrong"


def test_without_apt_get_the_error_says_what_to_get_and_where_to_save_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    target = tmp_path / "downloads" / "things.deb"
    expected = (
        "things 1.0 cannot be fetched (there is no apt-get on this machine); run "
        f"`apt-get download things=1.0` where packages can be had, and save things.deb as {target}."
    )
    with pytest.raises(TrainingError) as raised:
        fetch(pinned("apt", "things.deb"), tmp_path / "downloads")
    assert str(raised.value) == expected


def test_what_pip_does_not_know_is_said_in_one_sentence(wheels: Path, tmp_path: Path) -> None:
    with pytest.raises(
        TrainingError, match=r"^things 2\.0 cannot be fetched \(\S+: [^\n]*things==2\.0[^\n]*\.$"
    ):
        fetch(pinned("pip", WHEEL, version="2.0"), tmp_path / "downloads")
