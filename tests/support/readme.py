"""The generated parts of the README: the table of rules and the list of commands. Run this file to write them anew."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

from click.testing import CliRunner

from studbook.cli.main import cli
from studbook.rules import RULES, summary

README = Path(__file__).parents[2] / "README.md"


def rules_table() -> str:
    parts = []
    for family, members in groupby(RULES, key=lambda rule: rule.family):
        rows = [f"| `{r.id}`{' (warning)' if r.severity == 'warning' else ''} | {summary(r.id)} |" for r in members]
        parts.append("\n".join([f"| {family} | what is wrong |", "|---|---|", *rows]))
    return "<details><summary>The rules</summary>\n\n" + "\n\n".join(parts) + "\n\n</details>"


def command_help() -> str:
    return "```\n" + CliRunner().invoke(cli, ["--help"], prog_name="studbook").output.rstrip() + "\n```"


def generate(text: str) -> str:
    """The README with its generated parts as they should be."""
    for name, content in (("rules", rules_table()), ("help", command_help())):
        pattern = rf"(<!-- generated: {name} -->\n).*?(<!-- /generated -->)"
        text = re.sub(pattern, lambda match, new=content: f"{match[1]}{new}\n{match[2]}", text, flags=re.S)
    return text


if __name__ == "__main__":
    README.write_text(generate(README.read_text()))
