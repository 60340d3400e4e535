"""By what copies are found, and what is set aside before."""

import pytest
from hypothesis import given as cases
from hypothesis import strategies as st

from aggregator.ingest.dedupe.fingerprints import MINHASH_COUNT, OPENING_WORDS, compute_fingerprints
from aggregator.text.boilerplate import article_text, attribution_urls, strip_title_affixes
from tests.harness.builders import prose


def _shared(one: str, other: str) -> int:
    return len(set(compute_fingerprints("", one)) & set(compute_fingerprints("", other)))


@cases(st.integers(0, 10_000), st.integers(0, 38))
def test_an_excerpt_is_found(seed: int, begin: int) -> None:
    """Ten words in a row that two openings share always give them a fingerprint in common."""
    words = prose(seed, 500).split()
    excerpt = f"{prose(seed + 1, 12)} {' '.join(words[begin : begin + 10])} {prose(seed + 2, 12)}"

    assert _shared(excerpt, " ".join(words))


def test_a_text_with_another_opening_is_found() -> None:
    """By its MinHash; half of the longer text is enough, as good as always."""
    found = sum(
        _shared(
            f"{prose(seed, 80)} {prose(seed + 500, 300)}",
            f"{prose(seed + 1000, 150)} {prose(seed + 500, 300)}",
        )
        > 0
        for seed in range(100)
    )

    assert found >= 99


def test_other_texts_share_nothing() -> None:
    """So that looking them up costs nothing."""
    assert sum(_shared(prose(n), prose(n + 1000)) for n in range(200)) == 0


def test_prints_are_few_and_the_same_for_ever() -> None:
    """They are stored, so another version of the library must make the same ones."""
    made = compute_fingerprints("Cranes rest in the harbor", prose(1, 2000), ["harbor.example/1"])

    assert len(made) <= OPENING_WORDS // 2 + MINHASH_COUNT + 2
    assert all(0 <= number < 1 << 48 for number in made)
    assert compute_fingerprints("", "one two three four five six seven") == (186371171058505,)


def test_common_words_do_not_make_a_title() -> None:
    """ "Morning briefing" is looked for no more than an empty text."""
    assert (
        compute_fingerprints("Morning briefing", "") == compute_fingerprints("", "too short") == ()
    )


ADDED = [
    "The post Cranes appeared first on Harbor.",
    "This article was originally published by Harbor and is republished with permission.",
    "Sign up here for our weekly letter.",
    "Support our work: donate today.",
    "The views expressed here are the author's own.",
    "By Ana Reyes, Harbor. March 01, 2026",
    "Harbor News is a nonprofit newsroom that investigates abuses of power.",
]


@pytest.mark.parametrize("added", ADDED)
def test_what_is_no_part_of_an_article(added: str) -> None:
    """It is set aside, before and after the text, in a block of its own or as a sentence."""
    text = "The cranes stood still. Nobody came to work."

    assert article_text(f"<p>{added}</p><p>{text}</p>").split() == text.split()
    assert article_text(f"<p>{text}</p>\n<p>{added}</p>").split() == text.split()


def test_a_long_sentence_stays() -> None:
    """An article that mentions newsletters or licences is an article all the same."""
    text = f"The newsletter {prose(1, 60).lower().replace('.', ',')} was read."

    assert article_text(f"<p>{text}</p>") == text


def test_attributions() -> None:
    """The links of sentences of credit alone."""
    html = (
        '<p>See <a href="https://x.example/other">this</a>.</p>'
        '<p>Originally published at <a href="https://h.example/a?x=1&amp;y=2">Harbor</a>.</p>'
    )

    assert attribution_urls(html) == ["https://h.example/a?x=1&y=2"]
    assert attribution_urls("<p>None.</p>") == []


@pytest.mark.parametrize(
    "html",
    [
        "<p><strong>Originally published:</strong> {}.</p>",
        "<p><em>This was first published by</em> {}</p>",
        "<p>It first appeared on <em>{}</em>.</p>",
        "<p>Originally published at<br>{}</p>",
        '<p>First published at {}, under <a href="https://creativecommons.org/by/4.0">CC</a>.</p>',
    ],
)
def test_credits_in_bold_and_italics(html: str) -> None:
    """The sentence is one, whatever marks its words; a licence is no original."""
    link = '<a href="https://h.example/a">Harbor</a>'

    assert attribution_urls(html.format(link)) == ["https://h.example/a"]


@pytest.mark.parametrize(
    ("title", "bare"),
    [
        ("Cranes rest in the harbor | Commons", "Cranes rest in the harbor"),
        ("Cranes rest in the harbor – Commons", "Cranes rest in the harbor"),
        ("Opinion: Cranes rest in the harbor", "Cranes rest in the harbor"),
        ("Cranes: why", "Cranes: why"),
        ("Cranes rest", "Cranes rest"),
    ],
)
def test_a_title_without_its_outlet(title: str, bare: str) -> None:
    """Rubric and name go, if enough is left."""
    assert strip_title_affixes(title) == bare


HOSTILE = [
    f"<pre>read more {' ' * 11_000} x</pre>",
    f"<p>{'originally published ' * 600}",
    f"<p>{'[' * 11_000}…",
    f"<p>by {' ' * 11_000}",
    "<" * 11_900,
    "&" * 11_900,
    f"<a title='{'<p ' * 3_900}'>",
    f"{'. A' * 3_900}sign up",
]


@pytest.mark.parametrize("html", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text(html: str) -> None:
    """Nothing that an outlet writes keeps the reading of it busy; this hung once."""
    assert len(article_text(html)) <= len(html)
    assert attribution_urls(html) == []
