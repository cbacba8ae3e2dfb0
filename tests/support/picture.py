"""The picture in the README: a refused pull request in the terminal. Run this file to draw it anew."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from studbook.render.text import render
from support import examples
from support.examples import Example

PICTURE = Path(__file__).parents[2] / ".github" / "refused.svg"
_PULL_REQUEST = """\
proposed: promote churn 1.2.0 to production
registry/churn/stages/production.yaml:
    version: 1.2.0
    reason: it looks good
"""


def draw() -> Console:
    """A console that has recorded what a refused pull request looks like."""
    with tempfile.TemporaryDirectory() as folder:
        example = Example("illegal-transition", "fails", "", examples.steps(_PULL_REQUEST))
        report = examples.play(example, Path(folder))
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True, highlight=False)
    console.print(Text.assemble(("$ ", "bold green"), ("studbook validate --base origin/main", "bold")))
    for line in render(report, 100):
        console.print(Text.assemble(*line))
    return console


def svg() -> str:
    """The picture, without the fonts that it would fetch from elsewhere."""
    drawn = draw().export_svg(title="a pull request that may not be merged", theme=MONOKAI, unique_id="studbook")
    return re.sub(r"\s*@font-face \{.*?\}\n", "\n", re.sub(r"<!--.*?-->\s*", "", drawn, flags=re.S), flags=re.S)


if __name__ == "__main__":
    PICTURE.write_text(svg())
