"""Parts of a private feed's address that must not be shown."""

import pytest

from aggregator.text.secrets import has_secret, private_parts, without_private_parts

PRIVATE = [
    ("https://a.example/feed?user=7&token=ab12",
     {"a.example/feed?user=7&token=ab12", "user=7&token=ab12", "token=ab12", "ab12"}),
    ("https://ann:word9@a.example/feed", {"a.example/feed", "word9"}),
    ("https://a.example/f/8d7f4c9a0b1e2d3c/rss", {"a.example/f/8d7f4c9a0b1e2d3c/rss",
                                                 "8d7f4c9a0b1e2d3c"}),
    ("https://a.example/feed?format=atom", {"a.example/feed?format=atom", "format=atom"}),
]  # fmt: skip


@pytest.mark.parametrize(("url", "expected"), PRIVATE)
def test_what_reveals_an_address(url: str, expected: set[str]) -> None:
    """The whole address, and what cannot be guessed of it; ordinary words are left alone."""
    parts = private_parts(url)

    assert expected <= set(parts)
    assert not {"feed", "rss", "atom", "a.example"} & set(parts)


def test_a_text_without_private_parts() -> None:
    """The longest part is replaced first, however it is quoted."""
    parts = private_parts("https://a.example/feed?token=a/b1c")
    text = "See https://a.example/feed?token=a/b1c or ?x=a%2Fb1c here"

    assert without_private_parts(text, parts) == "See https://… or ?x=… here"


def test_a_parameter_that_is_named_like_a_secret() -> None:
    """Such a feed is private unless the operator gives another address to publish."""
    assert has_secret("https://a.example/feed?api_token=x")
    assert not has_secret("https://a.example/feed?lang=en")


def test_an_address_that_is_none() -> None:
    """It is private as a whole."""
    assert private_parts("http://[") == ("http://[",)
