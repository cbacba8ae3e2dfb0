"""What the README says that the code knows too is made from the code."""

from __future__ import annotations

import re

from support.picture import PICTURE, svg
from support.readme import README, generate


def test_the_generated_parts_of_the_readme_are_up_to_date() -> None:
    assert README.read_text() == generate(README.read_text()), "run: python -m support.readme (in tests/)"


def test_the_picture_shows_what_the_validator_says_today() -> None:
    assert _words(PICTURE.read_text()) == _words(svg()), "run: python -m support.picture (in tests/)"


def _words(drawn: str) -> str:
    """What the picture says, whatever the version of rich that drew it."""
    return " ".join(re.findall(r">([^<>]+)</text>", drawn))
