"""The query language: what it finds, what it refuses, and that it never crashes."""

import contextlib
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import QueryError
from aggregator.query import EntryFields, RuleSet, clauses, parse, to_text
from aggregator.text.tokens import fold

STORY = EntryFields(
    {
        "title": "Perú: the Drug War goes on",
        "summary": "Fentanyl overdoses, U.S. envoy says.",
        "content": lambda: "A long text about helicopters.",
        "tag": ("Drug Policy", "War"),
        "source": ("harbor-dispatch", "Harbor Dispatch"),
        "author": "Night Desk",
        "lang": "en-US",
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
    ("the language", "lang:en", ("lang: en",)),
    ("words that stand close", '"fentanyl envoy"~3', ('summary: "fentanyl envoy"~3',)),
    ("in any order", 'title:"war peru"~2', ('title: "war peru"~2',)),
    ("typographic quotation marks", "“drug war” OR «nothing»", ('title: "drug war"',)),
    ("a typographic minus", "goes –sport", ("title: goes",)),
    ("a boost, which does nothing", "goes^4", ("title: goes",)),
    ("parentheses", "(nothing OR goes) AND peru", ("title: goes", "title: peru")),
]

NOT_FOUND = [
    ("a part of a word", "fent"),
    ("words apart are no phrase", '"drug goes"'),
    ("a phrase does not span two tags", '"policy war"'),
    ("one of two words", "drug sport"),
    ("a word forbidden by a dash", "goes –war"),
    ("a forbidden word", "drug NOT war"),
    ("a word elsewhere than in its field", "title:fentanyl"),
    ("the whole text, when not asked for", "helicopters"),
    ("words that stand too far apart", '"fentanyl envoy"~2'),
    ("words of two tags", 'tag:"policy war"~9'),
    ("another form of a word", "overdose"),
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
    ("an exclamation mark", "goes !sport", "character 6: '!sport' is not supported; write AND, OR"),
    ("two ampersands", "a && b", "write AND, OR or NOT"),
    ("two bars", "a || b", "write AND, OR or NOT"),
    ("too long", "a " * 5001, "longer than 10,000 characters"),
    ("far too long", "a OR " * 20_000 + "a", "longer than 10,000 characters"),
    ("far too deep", "(" * 1000 + "a" + ")" * 1000, "nested deeper than 50"),
    ("too many operators", "NOT " * 1000 + "a", "character 1: too many operators"),
    ("too many signs", "-" * 1000 + "a", "character 1: too many operators"),
    ("a wide stretch", '"a b"~1000', "may span 100 words at most"),
    ("too deep", "(" * 60 + "a" + ")" * 60, "nested deeper than 50"),
]


@pytest.mark.parametrize(("rule", "hits"), [c[1:] for c in FOUND], ids=[c[0] for c in FOUND])
def test_a_matching_rule_says_where(rule: str, hits: tuple[str, ...]) -> None:
    """A match lists the fields and terms that were found."""
    assert parse(rule).match(STORY) == hits


@pytest.mark.parametrize("rule", [c[1] for c in NOT_FOUND], ids=[c[0] for c in NOT_FOUND])
def test_a_rule_does_not_match(rule: str) -> None:
    """These rules find nothing in the entry."""
    assert parse(rule).match(STORY) is None


@pytest.mark.parametrize(("rule", "message"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED])
def test_an_invalid_rule_is_refused(rule: str, message: str) -> None:
    """The message says what is wrong, and where."""
    with pytest.raises(QueryError) as error:
        parse(rule)

    assert message in str(error.value)


def test_a_boost_causes_a_warning() -> None:
    """A boost has no effect, and the operator is warned."""
    assert parse("drug^2 war").warnings == ("character 1: a boost (^) has no effect",)


@pytest.mark.parametrize(
    ("language", "rule", "title"),
    [
        ("en", "tariff", "New tariffs imposed"),
        ("en", '"trade tariffs"', "The trade tariff"),
        ("es", "narcotraficantes", "El narcotraficante huye"),
        ("de", "Streik", "Streiks am Hafen"),
    ],
)
def test_word_forms_match_with_a_language(language: str, rule: str, title: str) -> None:
    """Forms of a word match if a language is given; prefixes match literally."""
    document = EntryFields({"title": title})

    assert parse(rule, language).match(document)
    assert parse(rule).match(document) is None
    assert parse("tariffs*", language).match(EntryFields({"title": "tariff"})) is None


_words = st.sampled_from(["drug", "war", "policy", "peru", "coup"])
_rules = st.recursive(
    st.one_of(
        _words,
        _words.map(lambda word: f"{word[:3]}*"),
        st.tuples(_words, _words).map(lambda pair: f'"{pair[0]} {pair[1]}"'),
        st.tuples(_words, _words, st.integers(0, 4)).map(lambda t: f'"{t[0]} {t[1]}"~{t[2]}'),
        _words.map(lambda word: f"title:{word}"),
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda t: f"({' '.join(t)})"),
        inner.map(lambda part: f"(NOT {part})"),
    ),
    max_leaves=6,
)
_texts = st.lists(_words, max_size=8).map(" ".join)


@given(st.lists(_rules, max_size=6), _texts, _texts)
def test_many_rules_at_once_match_as_each_does_alone(
    rules: list[str], title: str, summary: str
) -> None:
    """Each rule finds the same entries, in the same places."""
    document = EntryFields({"title": title, "summary": summary})
    queries = [parse(rule) for rule in rules]

    together = RuleSet([query.root for query in queries]).match(document)

    alone = {number: query.match(document) for number, query in enumerate(queries)}
    assert together == {number: hits for number, hits in alone.items() if hits is not None}


@given(_rules, _texts, _texts)
def test_a_rule_matches_as_its_boolean_expression(rule: str, title: str, summary: str) -> None:
    """A rule gives the same answer as its terms with Python's own operators."""
    translated = re.sub(
        r'(?:title:)?(?:"[^"]*"(?:~\d)?|[a-z]+\*?)',
        lambda found: f"has({found[0]!r})",
        rule,
    )
    translated = translated.replace("AND", "and").replace("OR", "or").replace("NOT", "not")

    def has(term: str) -> bool:
        fields = [title] if term.startswith("title:") else [title, summary]
        return any(_occurs_in(term.removeprefix("title:"), text.split()) for text in fields)

    document = EntryFields({"title": title, "summary": summary})
    expected = eval(translated, {"has": has})
    assert (parse(rule).match(document) is not None) == expected


def _occurs_in(term: str, text: list[str]) -> bool:
    if term.endswith("*"):
        return any(word.startswith(term[:-1]) for word in text)
    phrase, _, slop = term.partition("~")
    words = phrase.strip('"').split()
    length = len(words) + int(slop or 0)
    windows = [text[start : start + length] for start in range(len(text))]
    if not slop:
        return words in windows
    return any(not Counter(words) - Counter(window) for window in windows)


@given(st.text(alphabet='abc ()":*-+~^[]ANDORTtitle', max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """Any text can be matched, or raises QueryError."""
    with contextlib.suppress(QueryError):
        hits = parse(text).match(STORY)
        assert hits is None or all(isinstance(hit, str) for hit in hits)


@given(st.text(max_size=60), st.text(max_size=10))
def test_a_word_of_the_title_is_found(title: str, other: str) -> None:
    """Every word of a title is found, in any script."""
    document = EntryFields({"title": f"{title} {other}"})
    for word in fold(title).split():
        assert parse(f'title:"{word}"').match(document)


def test_invisible_characters_do_not_break_words() -> None:
    """A soft hyphen or a zero width space does not split a word."""
    assert fold("har\u00adbor \u201ccranes\u200b\u201d") == " harbor cranes "


@given(st.text(max_size=60))
def test_folding_is_idempotent(text: str) -> None:
    """Folded text does not change when it is folded again."""
    assert fold(fold(text)) == fold(text)


@given(_rules, _texts)
def test_a_rule_matches_if_one_of_its_clauses_does(rule: str, text: str) -> None:
    """Each clause, written as text and parsed again, stays the same."""
    document = EntryFields({"title": text, "summary": "", "tag": ()})
    parts = [to_text(clause) for clause in clauses(parse(rule).root)]

    matching = [part for part in parts if parse(part).match(document) is not None]
    assert bool(matching) == (parse(rule).match(document) is not None)
    for clause, part in zip(clauses(parse(rule).root), parts, strict=True):
        assert to_text(parse(part).root) == part
        assert RuleSet([clause]).match(document).get(0) == parse(part).match(document)
