"""What the README says that the code knows too is made from the code."""

from __future__ import annotations

from support.readme import README, generate


def test_the_generated_parts_of_the_readme_are_up_to_date() -> None:
    assert README.read_text() == generate(README.read_text()), "run: python -m support.readme (in tests/)"
