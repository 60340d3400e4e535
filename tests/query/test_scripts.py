"""Rules in many languages: what they find, and what they do not."""

import pytest

from aggregator.query import EntryFields, parse
from aggregator.query.needles import MAX_CHARACTER_PIECES, MAX_NEEDLES, MAX_PIECES, needles_of
from tests.harness.scripts import RULES


@pytest.mark.parametrize("case", RULES)
def test_a_rule_in_every_language(case: str) -> None:
    """A rule finds its word however it is typed, divided or joined, and no other word."""
    rule, matching, others = RULES[case]
    query = parse(rule)

    assert [title for title in matching if query.match(EntryFields({"title": title})) is None] == []
    assert [title for title in others if query.match(EntryFields({"title": title}))] == []


@pytest.mark.parametrize(
    ("rule", "matching", "other"),
    [
        ("罢工 AND 深圳", "深圳工人罢工", "北京工人罢工"),
        ("罢工*", "罢工者聚集", "北京天气"),
        ("파업*", "파업했다", "파도"),
        ('"深圳 罢工"~3', "深圳工人罢工", "深圳的工人昨天上午在工厂门口罢工"),
        ('"노조 파업"~2', "노조가 오늘 파업을 시작", "노조가 오늘 오후에 서울에서 파업을 시작"),
        ("title:ประท้วง NOT รัฐบาล", "การประท้วงของประชาชน", "ประท้วงรัฐบาล"),
    ],
)
def test_operators_in_every_script(rule: str, matching: str, other: str) -> None:
    """AND, NOT, prefixes and words close to each other work in scripts without spaces."""
    query = parse(rule)

    assert query.match(EntryFields({"title": matching}))
    assert query.match(EntryFields({"title": other})) is None


@pytest.mark.parametrize(
    ("rule", "matching", "other"),
    [
        ("title:=ICE", "ICE raids a plant", "Ice cream melts"),
        ("=ICE", "The ICE’s budget", "ice"),
        ('="White House"', "At the White House", "A white house"),
        ('"=White House"', "At the White House", "A White house"),
        ("=Pol*", "Poland votes", "police"),
        ("=résumé", "A résumé", "We resume"),
        ('"=ICE raids"~3', "raids by ICE", "raids on ice"),
        ("=罢工", "工人罢工", "工人放假"),
    ],
)
def test_an_exact_word(rule: str, matching: str, other: str) -> None:
    """After =, capitals and accents count."""
    query = parse(rule)

    assert query.match(EntryFields({"title": matching, "summary": "", "tag": ()}))
    assert query.match(EntryFields({"title": other, "summary": "", "tag": ()})) is None


def test_an_exact_word_has_no_stem() -> None:
    """In a topic with stem = true, = looks for the word itself."""
    query = parse("=tariff OR coups", "en")

    assert query.match(EntryFields({"title": "Tariffs"})) is None
    assert query.match(EntryFields({"title": "A tariff"}))
    assert query.match(EntryFields({"title": "A coup"}))


@pytest.mark.parametrize(
    ("rule", "language", "warning"),
    [
        ("파업", "en", "stem has no effect on '파업': it is not in the script of 'en'"),
        ("strike", "ru", "stem has no effect on 'strike'"),
        ("ᥖᥭᥰ", "", "'ᥖᥭᥰ' is found only between spaces: there is no dictionary for its script"),
        ("strike or b", "", "'or' is searched for as a word; write OR if you mean the operator"),
        ("strike, union", "", "the comma after 'strike' has no effect; write OR between"),
        ("Кyiv", "", "'Кyiv' mixes Latin letters with Greek or Cyrillic ones"),
    ],
)
def test_a_rule_that_cannot_work_is_named(rule: str, language: str, warning: str) -> None:
    """`check` says so, with the position."""
    (found,) = parse(f"a OR {rule}" if language in ("", "en") else rule, language).warnings

    assert warning in found
    assert found.startswith("character ")


def test_stems_do_not_hide_words_of_other_scripts() -> None:
    """A Korean word in a topic with English stems is found with its particles."""
    assert parse("파업 OR 2026", "en").match(EntryFields({"title": "파업을 시작"}))
    assert parse("2026", "en").warnings == ()


def test_a_long_phrase_has_few_needles() -> None:
    """The ways to divide and to write a phrase do not multiply without end."""
    for text in (
        "罢工 strike " * 30,
        "ประชาชนวิจารณ์รัฐบาลเรื่องน้ำท่วม" * 9,
        "đđđ ö " * 50,
        "파업 " * 50,
    ):
        assert 1 <= len(needles_of(text)) <= MAX_NEEDLES
    assert len(needles_of("人" * (MAX_CHARACTER_PIECES + 1))) > 1
    assert len(needles_of("罢工工人抗议政府的法案" * MAX_PIECES)) == 2
    assert parse('"罢工 strike 罢工 strike"').match(
        EntryFields({"title": "罢工 strike, 罢工 strike"})
    )
