"""Words of a query in a text as it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.query import parse
from aggregator.query.highlight import spans

FOUND = [
    ('overdos* OR "drug war"', "", "The Drug   War: overdoses, “Overdose” rises",
     ["Drug   War", "overdoses", "Overdose"]),
    ("strike NOT football", "", "Strike at football", ["Strike"]),
    ("lodz", "", "Fala w Łodzi i Łódź", ["Łódź"]),
    ("tariff", "en", "Tariffs rise", ["Tariffs"]),
    ("=ICE", "", "ice and ICE", ["ICE"]),
    ('"coup brazil"~3', "", "A coup in Brazil", ["coup", "Brazil"]),
    ("东京", "", "今天东京下雨", ["东京"]),
    ("huelga", "", "¿Huelga? ¡huelga!", ["Huelga", "huelga"]),
    ("don't", "", "I don’t know", ["don’t"]),
    ("مصر", "", "في مصر والقاهرة", ["مصر"]),
    ("a b OR b c", "", "a b c", ["a", "b", "c"]),
    ('"a b" OR "b c"', "", "a b c", ["a b c"]),
    ("tag:strike", "", "A strike", []),
    ("strike", "", "", []),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "stem", "text", "words"), FOUND)
def test_words_are_found_as_they_are_written(
    rule: str, stem: str, text: str, words: list[str]
) -> None:
    """In any script, with punctuation around them left out."""
    found = spans(parse(rule, stem).root, text, "title")

    assert [text[start:end] for start, end in found] == words


@given(
    st.text(max_size=60), st.sampled_from(["strike", "a*", '"a b"', "东京 OR 雨", "=A", "a NOT b"])
)
def test_spans_are_in_order_and_within_the_text(text: str, rule: str) -> None:
    """Whatever the text is."""
    found = spans(parse(rule).root, text, "title")

    edges = [edge for span in found for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= start < end <= len(text) for start, end in found)
