"""studbook rules"""

from __future__ import annotations

import json

import click

from studbook.cli.main import Settings, console


@click.command("rules")
@click.option("--json", "as_json", is_flag=True, help="Print a list for machines.")
@click.pass_obj
def command(settings: Settings, as_json: bool) -> int:
    """List the rules: id, severity, and what each is about."""
    from studbook.rules import RULES, summary

    if as_json:
        rows = [{"id": r.id, "family": r.family, "severity": r.severity.value, "summary": summary(r.id)} for r in RULES]
        click.echo(json.dumps({"schema": 1, "rules": rows}, indent=2))
        return 0
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("family", "rule", "severity", "what is wrong"):
        table.add_column(title, no_wrap=title != "what is wrong", overflow="fold")
    for rule in RULES:
        style = "red" if rule.severity == "error" else "yellow"
        table.add_row(rule.family, f"[bold]{rule.id}[/]", f"[{style}]{rule.severity}[/]", summary(rule.id))
    console().print(table)
    return 0
