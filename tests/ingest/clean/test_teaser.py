"""Teasers, and titles for posts that have none."""

import pytest

from aggregator.ingest.clean.teaser import teaser, title_from_text

CASES = [
    ("a caption and a credit first",
     "<figure><img src=x><figcaption>Dam. Photo: M. Ruiz</figcaption></figure><p>It rained.</p>",
     "It rained."),
    ("a caption of an old WordPress",
     '<div class="wp-caption alignnone"><img src=x><p class="wp-caption-text">Dam</p></div><p>Yes.',
     "Yes."),
    ("a credit of another name",
     '<span class="photo-credit">Photo by Ann</span><p>Yes.</p>', "Yes."),
    ("a caption in German", '<div class="bildunterschrift">Der Damm</div><p>Ja.</p>', "Ja."),
    ("a line in italics below a picture", "<p><img src=x><em>The dam.</em></p><p>Yes.</p>",
     "Yes."),
    ("a picture in a sentence", "<p><img src=x>The <em>dam</em> broke.</p>", "The dam broke."),
    ("a credit in small letters", "<small>Foto: Ann / dpa</small><p>Ja.</p>", "Ja."),
    ("a box around the article that is called like a caption",
     f'<div class="caption-box"><p>{"It rained. " * 40}</p></div>', ("It rained. " * 40).strip()),
    ("details", "<p>One</p><details><summary>More</summary>Two</details>", "One More Two"),
    ("words beside a centred line", "one<center>two</center>three", "one two three"),
    ("buttons", "<p>Listen to this article</p><p><a href=x>Share</a></p><p>5 min read</p><p>Yes.",
     "Yes."),
    ("a sentence that begins like a button", "<p>Share prices fell on Monday.</p>",
     "Share prices fell on Monday."),
    ("buttons in Spanish", "<p>Escucha este artículo</p><div>Compartir</div><p>Sí.", "Sí."),
    ("footnotes", "<p>A claim<sup><a href='#fn'>1</a></sup>. So.</p>", "A claim. So."),
    ("a power is no footnote", "<p>10 m<sup>2</sup> of land.</p>", "10 m2 of land."),
    ("nothing but a caption", "<figure><figcaption>The dam.</figcaption></figure>", "The dam."),
    ("a content warning",
     "<p><strong>Content warning:</strong> police</p><hr><p>Video from the square.</p>",
     "Content warning: police – Video from the square."),
    ("a video without a title", '<p><a class="embed" href=x>youtube.com</a></p>', ""),
    ("a video in between", '<p>See:</p><p><a class="embed" href=x>The speech</a></p><p>So.',
     "See: So."),
    ("filler that cannot be seen", "<p>Hi.&#847;&zwnj;&nbsp;&#8199;&shy;&#847;&zwnj; Yes.</p>",
     "Hi. Yes."),
    ("a joiner that the script needs", "<p>می\u200cخواهم</p>", "می\u200cخواهم"),
    ("emoji that are joined", "<p>👩\u200d🌾 farms</p>", "👩\u200d🌾 farms"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_teaser_is_prose(given: str, expected: str) -> None:
    """It begins with the first sentence of the article."""
    assert teaser(given, 700) == expected


def test_captions_longer_than_a_teaser_are_left_out() -> None:
    """The beginning of a text may be nothing but pictures."""
    figure = f"<figure><img src=x><figcaption>{'A long caption. ' * 400}</figcaption></figure>"

    assert teaser(f"{figure}<p>The first sentence.</p>", 700) == "The first sentence."


def test_a_long_line_is_no_button() -> None:
    """Nor is a button far below the beginning looked for."""
    long = f"Share this {'story ' * 20}".strip()
    below = "<p>word</p>" * 50 + "<p>Print</p>"

    assert teaser(f"<p>{long}</p>", 700) == long
    assert teaser(below, 700).endswith("word Print")


POSTS = [
    ("the first sentence", "No flights before Monday noon. See", "No flights before Monday noon."),
    ("an address in it", "The documents: https://a.example/x and our note. More.",
     "The documents: https://a.example/x and our note."),
    ("an emoji after it", "Good morning students and teachers! 🍏 Today we vote.",
     "Good morning students and teachers! 🍏"),
    ("an address before it", "https://a.example/x https://b.example/ Our long read is out.",
     "Our long read is out."),
    ("nothing but an address", "https://a.example/long", "https://a.example/long"),
    ("a cry", "Wow! The council has lost the vote. Yes.", "Wow! The council has lost the vote."),
    ("sentences in Chinese", "法院星期一之前不会驱逐任何人，这是法官今天早上说的话。其余的人等待。",
     "法院星期一之前不会驱逐任何人，这是法官今天早上说的话。"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"), [case[1:] for case in POSTS], ids=[case[0] for case in POSTS]
)
def test_a_title_for_a_post(given: str, expected: str) -> None:
    """Its first sentence, without the address that it begins with."""
    assert title_from_text(given, 80) == expected
