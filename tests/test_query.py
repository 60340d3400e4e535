"""The query language: what it finds, what it refuses, and that it never falls over."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import QueryError
from aggregator.query import Document, parse
from aggregator.words import fold

STORY = Document(
    {
        "title": "Perú: the Drug War goes on",
        "summary": "Fentanyl overdoses, U.S. envoy says.",
        "content": lambda: "A long text about helicopters.",
        "tag": ("Drug Policy", "War"),
        "source": ("harbor-dispatch", "Harbor Dispatch"),
        "author": "Night Desk",
    }
)

FOUND = [
    ("a word", "drug", ("title: drug", "tag: drug")),
    ("case does not matter", "FENTANYL", ("summary: FENTANYL",)),
    ("accents do not matter", "peru", ("title: peru",)),
    ("accents in the rule do not matter", "pèrü", ("title: pèrü",)),
    ("a prefix", "overdos*", ("summary: overdos*",)),
    ("a phrase", '"drug war"', ('title: "drug war"',)),
    ("a phrase over punctuation", '"peru the drug"', ('title: "peru the drug"',)),
    ("a word with points", "u.s.", ("summary: u.s.",)),
    ("both words", "drug fentanyl", ("title: drug", "tag: drug", "summary: fentanyl")),
    ("AND", "war AND goes", ("title: war", "tag: war", "title: goes")),
    ("OR", "nothing OR goes", ("title: goes",)),
    ("NOT", "goes NOT sport", ("title: goes",)),
    ("minus", "goes -sport", ("title: goes",)),
    ("absence alone", "NOT sport", ()),
    ("a field", "title:goes", ("title: goes",)),
    ("a field over a group", "title:(nothing OR goes)", ("title: goes",)),
    ("the source by its id", "source:harbor-dispatch", ("source: harbor-dispatch",)),
    ("the author", "author:night", ("author: night",)),
    ("the whole text, when asked for", "content:helicopters", ("content: helicopters",)),
    ("parentheses", "(nothing OR goes) AND peru", ("title: goes", "title: peru")),
]

NOT_FOUND = [
    ("a part of a word", "fent"),
    ("words apart are no phrase", '"drug goes"'),
    ("a phrase does not span two tags", '"policy war"'),
    ("one of two words", "drug sport"),
    ("a forbidden word", "drug NOT war"),
    ("a word elsewhere than in its field", "title:fentanyl"),
    ("the whole text, when not asked for", "helicopters"),
]

REFUSED = [
    ("nothing", "", "empty"),
    ("an open parenthesis", "a AND (b", "ends too early"),
    ("an open quotation", 'drug "war', "character 6: this quotation mark is never closed"),
    ("a closing parenthesis", "a) b", "character 2"),
    ("an operator alone", "AND", "character 1"),
    ("an unknown field", "autor:x", "there is no field 'autor'; fields are title"),
    ("a star alone", "*", "no letter or digit"),
    ("a star inside", "dr*g", "only one * at the end"),
    ("a fuzzy word", "drug~2", "fuzzy"),
    ("a range", "[a TO b]", "range"),
    ("too long", "a " * 5001, "longer than 10,000 characters"),
    ("too deep", "(" * 60 + "a" + ")" * 60, "nested deeper than 50"),
]


@pytest.mark.parametrize(("rule", "hits"), [c[1:] for c in FOUND], ids=[c[0] for c in FOUND])
def test_found(rule: str, hits: tuple[str, ...]) -> None:
    """The rule matches, and says where."""
    assert parse(rule).match(STORY) == hits


@pytest.mark.parametrize("rule", [c[1] for c in NOT_FOUND], ids=[c[0] for c in NOT_FOUND])
def test_not_found(rule: str) -> None:
    """The rule does not match."""
    assert parse(rule).match(STORY) is None


@pytest.mark.parametrize(
    ("rule", "complaint"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_refused(rule: str, complaint: str) -> None:
    """The rule is refused in words that say what is wrong, and where."""
    with pytest.raises(QueryError) as error:
        parse(rule)

    assert complaint in str(error.value)


@given(st.text(alphabet='abc ()":*-+~^[]ANDORTtitle', max_size=40))
def test_anything_typed(text: str) -> None:
    """Whatever is typed, it compiles and matches, or is refused with QueryError."""
    with contextlib.suppress(QueryError):
        hits = parse(text).match(STORY)
        assert hits is None or all(isinstance(hit, str) for hit in hits)


@given(st.text(max_size=60), st.text(max_size=10))
def test_a_word_of_the_title_is_found(title: str, other: str) -> None:
    """Every word of a title finds it, in any script, whatever else the title holds."""
    document = Document({"title": f"{title} {other}"})
    for word in fold(title).split():
        assert parse(f'title:"{word}"').match(document)


def test_what_no_reader_sees() -> None:
    """A soft hyphen or a word joiner does not break a word."""
    assert fold("har\u00adbor \u201ccranes\u200b\u201d") == " harbor cranes "


@given(st.text(max_size=60))
def test_folding_twice_is_folding_once(text: str) -> None:
    """Folded text has nothing left to fold."""
    assert fold(fold(text)) == fold(text)
