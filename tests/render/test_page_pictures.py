"""Pages show the pictures that each outlet permits, and load nothing else."""

import re

import pytest

from aggregator.model import Images, SafeHtml, Source, Thumbnail
from aggregator.render.page_pictures import page_text, permitted_origins, story_picture
from tests.harness.builders import entry, source

PHOTO = "https://cdn.example/photo.jpg"
THUMBNAILS = {PHOTO: Thumbnail(key="0" * 24, width=960, height=640)}
LOADED = re.compile(r'\s(?:src|srcset|poster)="([^"]*)"')


def _outlet(images: Images, **fields: str) -> Source:
    return source("harbor", show="full", images=images, **fields)


def _text(content: str, outlet: Source, counter: str = "") -> str:
    text = page_text(
        SafeHtml(content), outlet, THUMBNAILS, counter=counter, root="/news", word="Picture"
    )
    return text.html


# ---- the picture of a story


@pytest.mark.parametrize(
    ("images", "url", "path"),
    [
        ("off", None, None),
        ("outlet", PHOTO, ""),
        ("own", PHOTO, f"/pictures/{'0' * 24}-small.webp"),
    ],
)
def test_the_picture_of_a_story_is_what_its_outlet_permits(
    images: Images, url: str | None, path: str | None
) -> None:
    """None, the outlet's, or our copy."""
    lead = entry("A", "harbor", image=PHOTO, image_alt="A crane")
    picture = story_picture([(lead, _outlet(images))], THUMBNAILS)

    assert (picture.url if picture else None) == url
    assert (picture.path("small") if picture else None) == path
    if picture:
        assert picture.alt == "A crane"
        assert picture.image_origins == ([] if path else ["https://cdn.example"])


def test_another_outlet_may_supply_the_picture() -> None:
    """Only one that permits it; an outlet that gives titles alone gives no picture."""
    lead = (entry("A", "harbor", image="https://a.example/1.jpg"), _outlet("off"))
    titles = (
        entry("A", "wire", image="https://b.example/1.jpg"),
        source("wire", show="title", images="outlet"),
    )
    other = (entry("A", "echo", image=PHOTO), source("echo", images="outlet"))

    assert story_picture([lead, titles], {}) is None
    picture = story_picture([lead, titles, other], {})
    assert picture
    assert picture.url == PHOTO


def test_a_picture_without_a_copy_is_not_shown() -> None:
    """A copy that could not be made, or was not made yet, leaves no gap."""
    lead = entry("A", "harbor", image="https://cdn.example/other.jpg")

    assert story_picture([(lead, _outlet("own"))], THUMBNAILS) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.1.1/logo.png", "http://127.0.0.1:8080/p.jpg", "http://[::1]/p.jpg",
        "http://router/p.jpg", "http://printer.local/p.jpg", "http://169.254.169.254/p.jpg",
        "http://10.0.0.1/set?dns=evil", "http://[fd00::1]/p.jpg",
    ],
)  # fmt: skip
def test_readers_are_never_sent_into_their_own_network(url: str) -> None:
    """A picture at a private address is a request to the reader's router."""
    lead = entry("A", "harbor", image=url)
    outlet = _outlet("outlet")

    assert story_picture([(lead, outlet)], {}) is None
    assert not LOADED.search(_text(f'<p><img src="{url}" alt="A"></p>', outlet))


def test_an_outlet_on_a_private_network_shows_its_own_pictures() -> None:
    """As on an intranet, or in a demo."""
    outlet = source("harbor", images="outlet", feed="http://127.0.0.1:9000/feed")
    lead = entry("A", "harbor", image="http://127.0.0.1:9000/p.jpg")

    picture = story_picture([(lead, outlet)], {})
    assert picture
    assert picture.image_origins == ["http://127.0.0.1:9000"]
    elsewhere = entry("A", "harbor", image="http://192.168.1.1/p.jpg")
    assert story_picture([(elsewhere, outlet)], {}) is None


# ---- pictures in texts


def test_without_permission_pictures_become_links() -> None:
    """With "off", nothing is loaded from anywhere."""
    html = _text(
        f'<p>Before <img src="{PHOTO}" srcset="{PHOTO} 2x" alt="A &amp; B"> after</p>'
        f'<p><a href="https://x.example/"><img src="{PHOTO}" alt="C"></a></p>'
        '<video src="https://x.example/v.mp4" poster="https://x.example/p.jpg"></video>'
        '<img src="https://x.example/1.gif" width="1" height="1" alt="">',
        _outlet("off"),
    )

    assert html == (
        f'<p>Before <a href="{PHOTO}" rel="noopener noreferrer">Picture: A &amp; B</a> after</p>'
        '<p><a href="https://x.example/">Picture: C</a></p>'
        '<video src="https://x.example/v.mp4" preload="none"></video>'
    )


def test_the_outlets_pictures_are_lazy_and_sized() -> None:
    """With "outlet", pictures stay, and say nothing about the reader; counters and emoji do not."""
    html = _text(
        f'<img src="{PHOTO}" srcset="https://x.example/b.jpg 2x" width="600" height="400" alt="A">'
        '<img src="https://s.example/core/emoji/1f600.png" alt="😀">'
        '<img src="https://x.example/pixel.gif" alt="">',
        _outlet("outlet"),
    )

    assert html == (
        f'<img src="{PHOTO}" alt="A" width="600" height="400" loading="lazy" decoding="async" '
        'referrerpolicy="no-referrer">😀'
    )


def test_thumbnails_are_served_and_the_rest_are_links() -> None:
    """With "own", a reader's browser talks to nobody else."""
    html = _text(
        f'<img src="{PHOTO}" alt="A"><img src="https://x.example/2.jpg" alt="B">', _outlet("own")
    )

    assert LOADED.findall(html) == [f"/news/pictures/{'0' * 24}.webp"]
    assert 'width="960" height="640"' in html
    assert '<a href="https://x.example/2.jpg"' in html


@pytest.mark.parametrize("images", ["off", "outlet", "own"])
def test_a_counter_is_always_loaded(images: Images) -> None:
    """The one exception; other pictures on its host are none."""
    counter = "https://count.example/1.gif?u=a"
    outlet = _outlet(images, counter="https://count.example/1.gif?u={link}")
    content = f'<p>A</p><img src="{counter}" alt="" width="1" height="1">'
    text = page_text(SafeHtml(content), outlet, {}, counter=counter, root="", word="Picture")

    assert text.html == content
    assert text.image_origins == ["https://count.example"]
    assert text.pictures == 0


def test_a_counter_without_a_path_is_one_address() -> None:
    """Else every picture of the outlet would pass for its counter."""
    outlet = _outlet("off", counter="https://harbor.example/?count={id}")
    content = '<img src="https://harbor.example/photo.jpg" alt="A">'
    text = page_text(
        SafeHtml(content), outlet, {}, counter="https://harbor.example/?count=1", root="", word="P"
    )

    assert not LOADED.search(text.html)


def test_a_policy_names_what_pages_may_load() -> None:
    """Nothing but counters, unless an outlet permits its own pictures."""
    counted = source("a", counter="https://Count.example:8443/x?u={link}")

    assert permitted_origins([counted, source("b", images="own")]) == ["https://count.example:8443"]
    assert permitted_origins([counted, source("b", images="outlet")]) == [
        "https:", "http:", "https://count.example:8443",
    ]  # fmt: skip
