"""What the README says that the code knows too is made from the code."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from studbook.cli.main import cli
from support.picture import PICTURE, svg
from support.readme import README, generate


def test_the_generated_parts_of_the_readme_are_up_to_date() -> None:
    assert README.read_text() == generate(README.read_text()), "run: python -m support.readme (in tests/)"


def test_the_picture_shows_what_the_validator_says_today() -> None:
    assert _words(PICTURE.read_text()) == _words(svg()), "run: python -m support.picture (in tests/)"


def _words(drawn: str) -> str:
    """What the picture says, whatever the version of rich that drew it."""
    return " ".join(re.findall(r">([^<>]+)</text>", drawn))


def _typed() -> list[list[str]]:
    lines = [line.split("#")[0] for line in README.read_text().splitlines() if line.startswith("studbook ")]
    return [shlex.split(line.replace("<first parent of the merge>", "A").replace("<the branch>", "B")) for line in lines]


@pytest.mark.parametrize("words", _typed(), ids=" ".join)
def test_every_command_that_the_readme_types_exists_with_its_options(words: list[str]) -> None:
    command = cli.get_command(click.Context(cli), words[1])
    assert command is not None
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words[2:] if word.startswith("-")} <= known
