"""The words by which two reports of one event are recognised."""

import pytest

from aggregator.text.event_words import event_words

SUMMARY = "The surfer was killed off Santa Cruz on Monday, the county said."


def test_names_and_words_of_the_headline_come_first() -> None:
    """A summary of many words does not push them out."""
    padding = " ".join(f"vote{number}" for number in range(14))
    words = event_words("Shark kills surfer", f"Off Santa Cruz, it was {padding}.")

    assert set(event_words("Shark kills surfer", "")) <= set(words)
    assert len(words) == 10


def test_the_same_words_however_they_are_written() -> None:
    """Capitals, accents, punctuation and order do not count."""
    assert event_words("Élection à Bogotá", "") == event_words("BOGOTA: election!", "")
    assert event_words("Shark kills surfer", SUMMARY) == event_words("Surfer kills shark", SUMMARY)


@pytest.mark.parametrize(("title", "summary"), [("", ""), ("a", "of the"), ("!?", "…")])
def test_texts_without_words(title: str, summary: str) -> None:
    """They are related to nothing."""
    assert event_words(title, summary) == ()


def test_scripts_without_spaces() -> None:
    """Words are found in Chinese, too."""
    assert set(event_words("東京都知事選挙", "")) & set(event_words("知事選挙の結果", ""))


def test_only_the_first_words_are_read() -> None:
    """A summary of a megabyte costs no more than a short one."""
    title = " ".join(f"word{number}" for number in range(30))

    assert event_words(title, "Extraordinarily") == event_words(title, "")
    assert event_words("", f"{'of ' * 200}shark") == ()
