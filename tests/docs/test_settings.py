"""The table of settings says what `Settings` is.

`python -m tests.docs.test_settings` writes the table again.
"""

from __future__ import annotations

import re
from dataclasses import fields

from tests.docs.site import DOCS
from vsrealbasicvsr.settings import Settings, default_of, kind_of

PAGE = DOCS / "reference" / "settings.md"
TABLE = re.compile(r"(?<=<!-- settings -->\n).*?(?=<!-- /settings -->)", re.DOTALL)
TEXTS = {
    "model": "a name or a file",
    "device": "auto or names of devices",
    "cuts": "auto, none or a file",
    "memory": "auto, a share or an amount",
}
"""The values of settings that are neither numbers nor choices."""


def settings_table() -> str:
    """Markdown from the fields of `Settings`."""
    lines = ["| setting | default | values | meaning |", "| --- | --- | --- | --- |"]
    for item in fields(Settings):
        rule = item.metadata
        values = ", ".join(rule["choices"]) or TEXTS.get(item.name, "")
        if kind_of(item) is not str:
            values = f"{rule['low']:g} to {rule['high']:g} {rule['unit'].partition(',')[0]}".strip()
        lines.append(f"| `{item.name}` | {default_of(item)} | {values} | {rule['help']} |")
    return "\n".join(lines) + "\n"


def test_the_settings_table_is_fresh() -> None:
    written = TABLE.search(PAGE.read_text(encoding="utf-8"))
    assert written is not None
    assert written[0] == settings_table(), "run: python -m tests.docs.test_settings"


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(TABLE.sub(lambda _: settings_table(), text), encoding="utf-8")
