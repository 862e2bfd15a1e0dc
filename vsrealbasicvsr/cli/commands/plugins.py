"""`vsrealbasicvsr plugins`: list and copy the ready scripts for other programs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import click

from vsrealbasicvsr.errors import RestorationError


@click.group()
def plugins() -> None:
    """List and copy the ready scripts for vspipe, mpv, ffmpeg and other programs."""


@plugins.command(name="list")
def list_scripts() -> None:
    """List the scripts and what each is for."""
    for path in _scripts():
        click.echo(f"{path}\n    {_purpose(path)}")


@plugins.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace files that differ.")
def copy(folder: Path, overwrite: bool) -> None:
    """Copy the scripts into DIR, one folder for each program, to edit them there."""
    copies = {folder / path.relative_to(_folder()): path.read_bytes() for path in _scripts()}
    try:
        differing = [target for target, data in copies.items() if _differs(target, data)]
        if differing and not overwrite:
            raise RestorationError(f"{differing[0]} exists and differs; add --overwrite to replace it.")
        for target, data in copies.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            click.echo(target)
    except OSError as error:
        raise RestorationError(f"cannot write {error.filename or folder}: {error.strerror}.") from error


def _folder() -> Path:
    """Return the folder of the scripts: in the installed package, or beside the package in a checkout."""
    package = Path(__file__).parents[2]
    shipped = package / "plugins"
    return shipped if shipped.is_dir() else package.parent / "plugins"


def _scripts() -> Iterator[Path]:
    yield from sorted(path for path in _folder().glob("*/*") if path.suffix in (".vpy", ".ffscript"))


def _purpose(path: Path) -> str:
    """Return the first line of the script's docstring or comment."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".vpy":
        return text.partition("\n")[0].removeprefix("# ")
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]


def _differs(target: Path, data: bytes) -> bool:
    return target.exists() and target.read_bytes() != data
