"""Which images are pictures."""

import pytest

from aggregator.text.pictures import Picture, best_picture, is_picture, pixels, srcset_urls

NO_PICTURES = [
    ("a counter", "https://stats.example/b.gif?host=outlet", 1),
    ("a counter of a radio", "https://media.example/tracking/rss-pixel.png?story=1", 0),
    ("a counter of FeedBurner", "http://feeds.feedburner.com/~r/outlet/~4/abc", 0),
    ("an emoji", "https://s.w.org/images/core/emoji/15.0.3/72x72/1f389.png", 0),
    ("an avatar by its size", "https://outlet.example/ann.png", 32),
    ("an avatar by its address", "https://secure.gravatar.com/avatar/abc?s=96", 0),
    ("a small avatar", "https://cdn.example/u/7.png?s=48", 0),
    ("a spacer", "https://outlet.example/img/spacer.gif", 0),
    ("a placeholder in the document", "data:image/gif;base64,R0", 0),
    ("what a script forgot", "undefined", 0),
    ("a placeholder by its name", "https://outlet.example/img/placeholder-300x200.png", 0),
    ("a turning wheel", "https://outlet.example/loader.svg", 0),
    ("a page", "https://outlet.example/photo.html", 0),
    ("a page of a program", "https://outlet.example/photo.php", 0),
    ("a site", "https://outlet.example/", 0),
    ("a film", "https://outlet.example/a.mp4", 0),
    ("nothing", "", 0),
    ("not an address", "http://[", 0),
]


@pytest.mark.parametrize(
    ("url", "width"), [case[1:] for case in NO_PICTURES], ids=[case[0] for case in NO_PICTURES]
)
def test_not_a_picture(url: str, width: int) -> None:
    """Readers would not look at it."""
    assert not is_picture(Picture(url=url, width=width))


@pytest.mark.parametrize(
    "url",
    [
        "https://outlet.example/crowd.jpg",
        "https://img.example/7?w=1200&h=60",
        "https://outlet.example/blank-votes.jpg/large.jpg",
        "https://outlet.example/trackers-in-the-snow.webp",
        "https://outlet.example/trans-rights-march.jpg",
        "https://outlet.example/img/empty-shelves-in-gaza.jpg",
        "https://outlet.example/loading-dock-strike.jpg",
        "https://outlet.example/google-pixel-9.jpg",
        "https://outlet.example/tracking/deportation.jpg",
        "https://outlet.example/emoji/exhibition.jpg",
        "https://outlet.example/image.php?id=9",
    ],
)
def test_a_picture(url: str) -> None:
    """Nothing speaks against it."""
    assert is_picture(Picture(url=url))


def test_what_is_declared_to_be_a_picture() -> None:
    """Its media type, or a size that no counter has, outweighs what its address looks like."""
    assert is_picture(Picture(url="https://outlet.example/image.php", is_declared=True))
    large = Picture(url="https://outlet.example/img/blank.jpg", width=1200, height=800)
    assert is_picture(large)
    assert (large.is_small, large.area) == (False, 960_000)
    assert not is_picture(Picture(url="", is_declared=True))
    forgotten = "https://outlet.example/undefined"
    assert not is_picture(Picture(url=forgotten, width=1200, height=800, is_declared=True))


def test_the_best_of_several() -> None:
    """The largest; without sizes the first."""
    one, two, small = (
        Picture(url=f"https://a.example/{name}.jpg", width=width, height=width)
        for name, width in (("one", 300), ("two", 900), ("small", 20))
    )
    unknown = Picture(url="https://a.example/unknown.jpg")
    wide = Picture(url="https://a.example/700.jpg", width=700)

    assert best_picture([small, one, two]) == two
    assert best_picture([unknown, Picture(url="https://a.example/b.jpg")]) == unknown
    assert best_picture([Picture(url="https://a.example/140.jpg", width=140), wide]) == wide
    assert best_picture([small]) is None


def test_sizes_as_outlets_give_them() -> None:
    """Whatever is no number of pixels is unknown."""
    given = ["300", "300px", " 300.5 ", "80%", "auto", None, "9999999", "-1"]

    assert [pixels(value) for value in given] == [300, 300, 300, 0, 0, 0, 0, 0]


def test_addresses_of_a_srcset() -> None:
    """Smallest first; commas may be part of an address."""
    given = "/a,b.jpg 900w, /s.jpg 300w, /x.jpg 1.5.5x,"

    assert srcset_urls(given) == ["/x.jpg", "/s.jpg", "/a,b.jpg"]
