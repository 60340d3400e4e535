"""Fingerprints, by which copies are found, and the boilerplate that is removed first."""

import pytest
from hypothesis import given as cases
from hypothesis import strategies as st

from aggregator.ingest.dedupe.fingerprints import (
    MINHASH_COUNT,
    OPENING_WORDS,
    SAMPLED_SHINGLES,
    compute_fingerprints,
)
from aggregator.text.boilerplate import article_text, attribution_urls, strip_title_affixes
from tests.harness.builders import prose


def _shared(one: str, other: str) -> int:
    return len(set(compute_fingerprints("", one)) & set(compute_fingerprints("", other)))


@cases(st.integers(0, 10_000), st.integers(0, 38))
def test_an_excerpt_shares_a_fingerprint(seed: int, begin: int) -> None:
    """Two openings with ten consecutive words in common always share a fingerprint."""
    words = prose(seed, 500).split()
    excerpt = f"{prose(seed + 1, 12)} {' '.join(words[begin : begin + 10])} {prose(seed + 2, 12)}"

    assert _shared(excerpt, " ".join(words))


def test_half_of_a_text_shares_a_fingerprint() -> None:
    """Texts with half of the longer one in common almost always share a MinHash."""
    found = sum(
        _shared(
            f"{prose(seed, 80)} {prose(seed + 500, 300)}",
            f"{prose(seed + 1000, 150)} {prose(seed + 500, 300)}",
        )
        > 0
        for seed in range(100)
    )

    assert found >= 99


def test_an_excerpt_of_two_hundred_words_is_found_wherever_it_is_from() -> None:
    """Whatever its title and the length of the original."""
    found = 0
    for n in range(100):
        words = prose(n, 2000).split()
        start = 17 * n + 60
        excerpt = " ".join(words[start : start + 214])
        found += _shared(" ".join(words), excerpt) > 0

    assert found >= 97


def test_different_texts_share_no_fingerprint() -> None:
    """Different texts share no fingerprint, so they are not compared."""
    assert sum(_shared(prose(n), prose(n + 1000)) for n in range(200)) == 0


def test_fingerprints_are_few_and_never_change() -> None:
    """Fingerprints are stored, so another version of the library must compute the same ones."""
    made = compute_fingerprints("Cranes rest in the harbor", prose(1, 2000), ["harbor.example/1"])

    assert len(made) <= OPENING_WORDS // 2 + MINHASH_COUNT + 2 + 2 * 2000 // SAMPLED_SHINGLES
    assert all(0 <= number < 1 << 48 for number in made)
    assert compute_fingerprints("", "one two three four five six seven") == (186371171058505,)


def test_a_common_title_has_no_fingerprint() -> None:
    """A title such as "Morning briefing" is not distinctive enough for a fingerprint."""
    assert (
        compute_fingerprints("Morning briefing", "") == compute_fingerprints("", "too short") == ()
    )


BOILERPLATE = [
    "The post Cranes appeared first on Harbor.",
    "This article was originally published by Harbor and is republished with permission.",
    "Sign up here for our weekly letter.",
    "Support our work: donate today.",
    "The views expressed here are the author's own.",
    "By Ana Reyes, Harbor. March 01, 2026",
    "Harbor News is a nonprofit newsroom that investigates abuses of power.",
]


@pytest.mark.parametrize("sentence", BOILERPLATE)
def test_boilerplate_is_removed(sentence: str) -> None:
    """Boilerplate is removed before and after the text."""
    text = "The cranes stood still. Nobody came to work."

    assert article_text(f"<p>{sentence}</p><p>{text}</p>").split() == text.split()
    assert article_text(f"<p>{text}</p>\n<p>{sentence}</p>").split() == text.split()


def test_a_long_sentence_is_kept() -> None:
    """An article that mentions newsletters is not boilerplate."""
    text = f"The newsletter {prose(1, 60).lower().replace('.', ',')} was read."

    assert article_text(f"<p>{text}</p>") == text


def test_a_long_article_is_compared_by_its_beginning() -> None:
    """What follows the first 12,000 characters makes no difference, and takes no time."""
    beginning = f"<p>{prose(1, 3_000)[:11_000]}</p>".ljust(12_000)

    assert article_text(beginning + "<p>More words.</p>") == article_text(beginning)
    assert article_text(beginning[:-100] + "<p>More words.</p>").endswith("More words.")


def test_attributions_are_found() -> None:
    """Only links in sentences of credit are attributions."""
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
def test_attributions_are_found_across_markup(html: str) -> None:
    """Markup does not divide a sentence of credit, and a licence is not the original."""
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
def test_title_affixes_are_removed(title: str, bare: str) -> None:
    """Rubric and outlet are removed from a title if enough is left."""
    assert strip_title_affixes(title) == bare


HOSTILE_TEXTS = [
    f"<pre>read more {' ' * 11_000} x</pre>",
    f"<p>{'originally published ' * 600}",
    f"<p>{'[' * 11_000}…",
    f"<p>by {' ' * 11_000}",
    "<" * 11_900,
    "&" * 11_900,
    f"<a title='{'<p ' * 3_900}'>",
    f"{'. A' * 3_900}sign up",
]


@pytest.mark.parametrize("html", HOSTILE_TEXTS, ids=range(len(HOSTILE_TEXTS)))
def test_a_hostile_text_is_read_at_once(html: str) -> None:
    """No regular expression backtracks in a hostile text, which used to hang the program."""
    assert len(article_text(html)) <= len(html)
    assert attribution_urls(html) == []
