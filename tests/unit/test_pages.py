"""The rule pages are tests: every example is built as a real repository and judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from studbook.diagnostic import Severity
from studbook.rules import BY_ID, RULES, page
from support import examples
from support.examples import Example
from support.lab import errors, rules

PAGES = {
    path.name.removesuffix(".md") for path in Path(page.__code__.co_filename).parent.joinpath("pages").glob("*.md")
}
EXAMPLES = [example for rule in RULES if rule.id in PAGES for example in examples.of_page(rule.id)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: f"{e.rule}-{e.verdict}-{e.title}".replace(" ", "-"))
def test_an_example_is_judged_as_its_page_says(example: Example, tmp_path: Path) -> None:
    report = examples.play(example, tmp_path)
    said = "\n".join(f"{d.rule} {d.path}:{d.span.line}:{d.span.column} {d.message}" for d in report.diagnostics)
    if example.verdict == "fails":
        assert example.rule in rules(report), said
        assert report.ok == (BY_ID[example.rule].severity is Severity.WARNING), said
    else:
        assert not errors(report), said
        assert example.rule not in rules(report), said


def test_the_sample_registry_is_legal_at_every_step(tmp_path: Path) -> None:
    sample = examples.of_page("sample")[0].steps
    for count in range(2, len(sample) + 1):
        assert not examples.play_steps(sample[:count], tmp_path / str(count)).diagnostics


def test_rule_ids_are_unique() -> None:
    assert len(BY_ID) == len(RULES)


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    assert PAGES - {"sample"} == set(BY_ID)


@pytest.mark.parametrize("rule", sorted(BY_ID))
def test_a_page_shows_what_fails_and_a_legal_neighbour(rule: str) -> None:
    verdicts = {example.verdict for example in examples.of_page(rule)}
    assert verdicts == {"fails", "passes"}
    assert page(rule).startswith(f"# {rule}\n")
    assert all(f"## {title}" in page(rule) for title in ("What it does", "Why", "How to put it right", "Examples"))
