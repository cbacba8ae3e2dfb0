"""Records to YAML that every reader reads the same, whatever its version of YAML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import yaml

_NUMBER = re.compile(r"[-+.]?[0-9][0-9_.,:eExXoO+-]*")
"""Whatever some YAML takes for a number: `1e-3` to 1.2, `1_000` and `1:30` to 1.1. Two dots make it text for all."""
_ODD_BREAK = re.compile("[\x85\u2028\u2029]")


def dump(value: object) -> str:
    """YAML text in the order given; strings that any YAML reader could take for something else are quoted."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Block style, lists indented under their key."""

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, False)

        def ignore_aliases(self, data: object) -> bool:
            return True

    Dumper.add_representer(str, _text)
    text: str = yaml.dump(
        value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=118, default_flow_style=False
    )
    return text


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    risky = (_NUMBER.match(text) and text.count(".") != 2) or _ODD_BREAK.search(text) or not text.isprintable()
    style = '"' if risky and "\n" not in text.strip("\n") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)
