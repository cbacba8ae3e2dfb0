"""Whatever the bytes, `document.parse` gives a value or problems; what Studbook writes, it reads back."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from studbook import document
from studbook.convention.writing import dump

_WITHIN_A_SECOND = timedelta(seconds=1)
_YAMLISH = st.text(
    alphabet=st.sampled_from("abn:-?[]{},#&*!|>'\"%@`~ \n\t01.e<=_\\é\u2028\x85\ufeff\x00"), max_size=400
)
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.sampled_from(
        ["no", "on", "1:30", "010", "1_000", "1e-3", "0x1F", "2026-11-01", "~", "null", "", " ", "1.0", ".inf"]
    ),
)
_KEYS = st.text(min_size=1, max_size=12) | st.sampled_from(["yes", "1", "null", "<<", "1e3", "-", "?"])
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=20
)


def _is_sound(doc: document.Document) -> bool:
    """Every problem lies within the text and has something to say."""
    return all(0 <= p.offset <= len(doc.text) and p.rule and p.message and p.hint for p in doc.problems)


@settings(deadline=_WITHIN_A_SECOND, max_examples=400)
@given(st.binary(max_size=2000))
def test_any_bytes_give_a_value_or_problems(data: bytes) -> None:
    assert _is_sound(document.parse(data))


@settings(deadline=_WITHIN_A_SECOND, max_examples=600)
@given(_YAMLISH)
def test_any_text_that_looks_like_yaml_gives_a_value_or_problems(text: str) -> None:
    doc = document.parse(text.encode("utf-8"))
    assert _is_sound(doc)
    for problem in doc.problems:
        span = doc.span(problem.offset)
        assert span.line >= 1
        assert span.column >= 1


@settings(deadline=_WITHIN_A_SECOND, max_examples=60)
@given(_YAMLISH.filter(bool), st.integers(1, 200_000))
def test_a_text_repeated_up_to_the_limit_is_still_bounded(text: str, times: int) -> None:
    assert _is_sound(document.parse((text * times)[: document.MAX_BYTES].encode()[: document.MAX_BYTES + 1]))


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(_KEYS, _VALUES, max_size=5))
def test_what_is_written_reads_back_the_same(value: dict[str, object]) -> None:
    doc = document.parse(dump(value).encode())
    assert not doc.problems
    assert doc.value == value


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(_KEYS, _VALUES, min_size=1, max_size=5))
def test_every_route_leads_to_a_place_in_the_text(value: dict[str, object]) -> None:
    doc = document.parse(dump(value).encode())
    for route in _routes(doc.value):
        span = doc.locate(route)
        assert 1 <= span.line <= doc.text.count("\n") + 1
        assert doc.line(span.line) is not None


def _routes(value: object, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [above, *(route for key, item in items for route in _routes(item, (*above, key)))]
