"""`vsrealbasicvsr weights`: list, fetch, check and convert weights."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from vsrealbasicvsr.cli import completion
from vsrealbasicvsr.errors import SettingsError, WeightsError
from vsrealbasicvsr.weights.known import KNOWN, KnownWeights, find, resolve
from vsrealbasicvsr.weights.refinement import RefinementDefaults, read_refinement


@click.group()
def weights() -> None:
    """List, fetch, check and convert the network's weights."""


@weights.command(name="list")
def list_known() -> None:
    """List the weights that have names."""
    for known in KNOWN:
        size = f"{known.size / 1e6:.1f} MB" if known.size else "size unknown"
        facts = ", ".join(filter(None, (_state(known), size, known.licence, _refinement(known))))
        click.echo(f"{known.name}  ({facts})\n    {known.description}")


@weights.command()
@click.argument("name", shell_complete=completion.weights)
@click.option("--quiet", is_flag=True, help="Draw no progress bar.")
def fetch(name: str, quiet: bool) -> None:
    """Fetch known weights into the cache folder, verified; resumes what was cut off."""
    from tqdm import tqdm

    from vsrealbasicvsr.weights import download

    known = find(name)
    with tqdm(desc=known.name, unit="B", unit_scale=True, disable=quiet or None, leave=False) as bar:

        def draw(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        click.echo(download.fetch(known, progress=draw))


@weights.command()
@click.argument("model", required=False, shell_complete=completion.models)
def verify(model: str | None) -> None:
    """Check the hash and load the weights: MODEL (a name or a file), or all that are here."""
    present = [known.name for known in KNOWN if known.path.is_file()]
    for name in [model] if model else present:
        click.echo(_verified(name))


@weights.command()
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--precision", type=click.Choice(["fp16", "fp32"]), default="fp16", show_default=True)
@click.option(
    "--refine", type=float, show_default="as IN says", help="The setting's default with OUT, 0-255."
)
@click.option(
    "--max-passes", type=int, show_default="as IN says", help="The setting's default with OUT, 0-100."
)
def convert(
    source: Path,
    target: Path,
    precision: Literal["fp16", "fp32"],
    refine: float | None,
    max_passes: int | None,
) -> None:
    """Write the generator of weights IN (a name or a file) as safetensors OUT.

    OUT may say how its frames are best cleaned: --refine and --max-passes are the defaults of these settings
    wherever OUT is the model.
    """
    try:
        refinement = RefinementDefaults(refine, max_passes)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    from vsrealbasicvsr.weights.convert import convert as write

    write(resolve(str(source)), target, precision, refinement=refinement)


@weights.command()
@click.argument("name", shell_complete=completion.weights)
def path(name: str) -> None:
    """Print the file of known weights."""
    click.echo(resolve(find(name).name))


def _state(known: KnownWeights) -> str:
    if known.url is None:
        return "bundled"
    return "cached" if known.path.is_file() else "not fetched"


def _refinement(known: KnownWeights) -> str:
    """Return the refinement numbers in the file; for a damaged file, `verify` says what is wrong."""
    try:
        return str(read_refinement(known.path)) if known.path.is_file() else ""
    except WeightsError:
        return "damaged"


def _verified(model: str) -> str:
    """Check and load a model, and return its description in one line."""
    from vsrealbasicvsr.network import load

    file = resolve(model)
    named = next((known for known in KNOWN if known.path == file), None)
    if named and not named.matches(file):
        raise WeightsError(f"{file} is damaged (wrong SHA-256): delete it and fetch {named.name} again.")
    network = load(file)
    first_convolutions = [name for name in network.state_dict() if name.endswith(".conv1.weight")]
    propagation = sum("backward_resblocks" in name for name in first_convolutions)
    cleaning = sum("image_cleaning" in name for name in first_convolutions)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    blocks = f"{propagation} propagation and {cleaning} cleaning blocks"
    width, refinement = f"width {network.basicvsr.mid_channels}", str(network.refinement_defaults)
    facts = (_pinned(named), f"{parameters:,} parameters", width, blocks, refinement)
    return f"{model}: {', '.join(filter(None, facts))}"


def _pinned(known: KnownWeights | None) -> str:
    if known is None:
        return "no hash is pinned"
    digits = len(known.sha256)
    return "SHA-256 right" if digits == 64 else f"the first {digits} digits of SHA-256 right"
