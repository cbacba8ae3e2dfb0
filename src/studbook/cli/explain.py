"""studbook explain"""

from __future__ import annotations

import sys
from difflib import get_close_matches

import click

from studbook.cli.main import console
from studbook.diagnostic import Fault


@click.command("explain")
@click.argument("rule")
def command(rule: str) -> int:
    """What RULE looks at, why, and how to put it right, with examples that fail and pass.

    `studbook explain sample` shows the registry that the examples start from.
    """
    from studbook.rules import BY_ID, page

    if rule not in BY_ID and rule != "sample":
        close = get_close_matches(rule, BY_ID, 1)
        hint = f"did you mean `{close[0]}`?" if close else "`studbook rules` lists them"
        raise Fault(f"there is no rule `{rule}`", hint)
    text = page(rule)
    if not sys.stdout.isatty():
        click.echo(text, nl=False)
        return 0
    from rich.markdown import Markdown

    console().print(Markdown(text))
    return 0
