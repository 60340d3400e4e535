"""Images in sanitized HTML are found, and replaced without touching anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.ingest.clean.sanitizer import sanitize
from aggregator.text.html_images import HtmlImage, html_images, replace_images

BASE = "https://outlet.example/a"


def _words(image: HtmlImage) -> str:
    return f"[{image.alt}]"


def test_images_are_found_with_what_they_say() -> None:
    """Address, alternative and size are read, whatever the order of the attributes."""
    html = sanitize(
        '<p>A <img width=300 alt="A &quot;ship&quot; > 2" height=200 src=/b.jpg></p>', BASE
    )
    (image,) = html_images(html)

    assert image.url == "https://outlet.example/b.jpg"
    assert (image.alt, image.width, image.height) == ('A "ship" > 2', 300, 200)
    assert image.is_picture


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<p>a<img src="https://x.example/1.jpg" alt="B">c</p>', "<p>a[B]c</p>"),
        ("<p>1 &lt; 2 &amp; 3</p>", "<p>1 &lt; 2 &amp; 3</p>"),
        ('<img alt="<img src=x>" src="https://x.example/1.jpg">', "[<img src=x>]"),
        (
            '<picture><source srcset="https://x.example/1.webp"><img src="https://x.example/1.jpg" '
            'alt="B"></picture>',
            "[B]",
        ),
        (
            '<video poster="https://x.example/p.jpg" src="https://x.example/v.mp4" controls="">'
            '<source src="https://x.example/v.webm"></video>',
            '<video src="https://x.example/v.mp4" controls="" preload="none">'
            '<source src="https://x.example/v.webm"></video>',
        ),
    ],
)
def test_images_are_replaced(html: str, expected: str) -> None:
    """What stands for an image in other sizes goes with it; players load nothing by themselves."""
    assert replace_images(html, _words) == expected


def test_an_image_in_a_link_says_so() -> None:
    """A link in a link would not be HTML."""
    html = (
        '<a href="https://x.example/"><img src="https://x.example/1.jpg" alt="in"></a>'
        '<img src="https://x.example/2.jpg" alt="out">'
    )
    found: dict[str, bool] = {}
    replace_images(html, lambda image: (found.setdefault(image.alt, image.is_in_link) and "") or "")

    assert found == {"in": True, "out": False}


@given(st.text(alphabet="<>\"'=/ imgsrcalpt&;a1\n", max_size=300))
def test_nothing_else_changes(text: str) -> None:
    """Whatever an outlet writes, sanitized text without images stays as it is, and no image is
    left."""
    html = sanitize(text, BASE)
    replaced = replace_images(html, lambda _: "")

    assert "<img" not in replaced.replace("&lt;img", "")
    if not any(sign in html for sign in ("<img", "<picture", "<source", "<video", "<audio")):
        assert replaced == html
