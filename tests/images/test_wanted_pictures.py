"""We want thumbnails of the pictures that pages show, and of no others."""

import pytest

from aggregator.images.wanted_pictures import MAX_PICTURES, wanted_pictures
from aggregator.model import SafeHtml, Source
from tests.harness.builders import entry, source

A, B = "https://a.example/1.jpg", "https://a.example/2.jpg"
COUNTER = '<img src="https://a.example/t.gif" width="1">'
TEXT = SafeHtml(f'<p>One</p><img src="{B}" alt="B"><img src="{A}">{COUNTER}')


@pytest.mark.parametrize(
    ("outlet", "urls"),
    [
        (source("harbor"), ()),
        (source("harbor", images="outlet", show="full"), ()),
        (source("harbor", images="own", show="title"), ()),
        (source("harbor", images="own"), (A,)),
        (source("harbor", images="own", show="full"), (A, B)),
    ],
)
def test_what_an_outlet_permits_is_wanted(outlet: Source, urls: tuple[str, ...]) -> None:
    """Each picture once, and no counter."""
    assert wanted_pictures(entry("A", "harbor", image=A, content=TEXT), outlet) == urls


def test_an_article_without_pictures_wants_none() -> None:
    """An empty address is none."""
    assert wanted_pictures(entry("A", "harbor"), source("harbor", images="own", show="full")) == ()


def test_of_many_pictures_the_first_are_wanted() -> None:
    """A gallery of hundreds is the outlet's to show."""
    many = SafeHtml("".join(f'<img src="https://a.example/{n}.jpg">' for n in range(99)))
    found = wanted_pictures(
        entry("A", "harbor", content=many), source("harbor", images="own", show="full")
    )

    assert found == tuple(f"https://a.example/{n}.jpg" for n in range(MAX_PICTURES))
