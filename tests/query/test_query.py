"""The query language: what it finds, what it refuses, and that it never falls over."""

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


def test_a_boost_is_warned_of() -> None:
    """It has no effect, and the operator should know."""
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
def test_stems(language: str, rule: str, title: str) -> None:
    """Forms of one word are one, when asked for; a prefix stays as it is."""
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
def test_many_rules_in_one_pass(rules: list[str], title: str, summary: str) -> None:
    """Each finds what it finds alone, and where."""
    document = EntryFields({"title": title, "summary": summary})
    queries = [parse(rule) for rule in rules]

    together = RuleSet([query.root for query in queries]).match(document)

    alone = {number: query.match(document) for number, query in enumerate(queries)}
    assert together == {number: hits for number, hits in alone.items() if hits is not None}


@given(_rules, _texts, _texts)
def test_the_answer_is_that_of_logic(rule: str, title: str, summary: str) -> None:
    """What a query matches is what its words, put into Python's own operators, say."""
    translated = re.sub(
        r'(?:title:)?(?:"[^"]*"(?:~\d)?|[a-z]+\*?)',
        lambda found: f"has({found[0]!r})",
        rule,
    )
    translated = translated.replace("AND", "and").replace("OR", "or").replace("NOT", "not")

    def has(term: str) -> bool:
        fields = [title] if term.startswith("title:") else [title, summary]
        return any(_stands_in(term.removeprefix("title:"), text.split()) for text in fields)

    document = EntryFields({"title": title, "summary": summary})
    expected = eval(translated, {"has": has})
    assert (parse(rule).match(document) is not None) == expected


def _stands_in(term: str, text: list[str]) -> bool:
    if term.endswith("*"):
        return any(word.startswith(term[:-1]) for word in text)
    phrase, _, slop = term.partition("~")
    words = phrase.strip('"').split()
    length = len(words) + int(slop or 0)
    stretches = [text[start : start + length] for start in range(len(text))]
    if not slop:
        return words in stretches
    return any(not Counter(words) - Counter(stretch) for stretch in stretches)


@given(st.text(alphabet='abc ()":*-+~^[]ANDORTtitle', max_size=40))
def test_anything_typed(text: str) -> None:
    """Whatever is typed, it compiles and matches, or is refused with QueryError."""
    with contextlib.suppress(QueryError):
        hits = parse(text).match(STORY)
        assert hits is None or all(isinstance(hit, str) for hit in hits)


@given(st.text(max_size=60), st.text(max_size=10))
def test_a_word_of_the_title_is_found(title: str, other: str) -> None:
    """Every word of a title finds it, in any script, whatever else the title holds."""
    document = EntryFields({"title": f"{title} {other}"})
    for word in fold(title).split():
        assert parse(f'title:"{word}"').match(document)


def test_what_no_reader_sees() -> None:
    """A soft hyphen or a word joiner does not break a word."""
    assert fold("har\u00adbor \u201ccranes\u200b\u201d") == " harbor cranes "


@given(st.text(max_size=60))
def test_folding_twice_is_folding_once(text: str) -> None:
    """Folded text has nothing left to fold."""
    assert fold(fold(text)) == fold(text)


@given(_rules, _texts)
def test_clauses_are_the_rule(rule: str, text: str) -> None:
    """A rule matches if one of its clauses does, and each, written out, reads as the same."""
    document = EntryFields({"title": text, "summary": "", "tag": ()})
    parts = [to_text(clause) for clause in clauses(parse(rule).root)]

    matching = [part for part in parts if parse(part).match(document) is not None]
    assert bool(matching) == (parse(rule).match(document) is not None)
    for clause, part in zip(clauses(parse(rule).root), parts, strict=True):
        assert to_text(parse(part).root) == part
        assert RuleSet([clause]).match(document).get(0) == parse(part).match(document)
