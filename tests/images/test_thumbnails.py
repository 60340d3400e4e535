"""Thumbnails are made only from pictures; other files are rejected cheaply, with a reason."""

import tracemalloc
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageCms

from aggregator.images.thumbnails import NotAPicture, make_thumbnails
from aggregator.model import ThumbnailFiles

RED, BLUE = (200, 30, 30), (30, 30, 200)


def _file(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def _opened(body: bytes) -> Image.Image:
    return Image.open(BytesIO(body)).convert("RGB")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_every_format_becomes_two_small_thumbnails(form: str) -> None:
    """Small for lists, large for the story; both WebP."""
    files = make_thumbnails(_file(Image.new("RGB", (2400, 1600), RED), form))
    small, large = Image.open(BytesIO(files.small)), Image.open(BytesIO(files.large))

    assert (small.format, small.size) == ("WEBP", (320, 240))
    assert (large.format, large.size) == ("WEBP", (960, 640))
    assert (files.width, files.height) == (960, 640)


def test_a_small_picture_is_not_enlarged() -> None:
    """It would only get heavier."""
    files = make_thumbnails(_file(Image.new("RGB", (200, 120), RED)))

    assert Image.open(BytesIO(files.small)).size == (160, 120)
    assert (files.width, files.height) == (200, 120)


def test_a_photograph_is_upright_and_says_nothing_about_its_place() -> None:
    """The orientation in its metadata is applied, and the metadata are gone."""
    image = Image.new("RGB", (400, 200), RED)
    image.paste(BLUE, (0, 0, 200, 200))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    exif[0x010E] = "where it was taken"
    files = make_thumbnails(_file(image, "JPEG", exif=exif, quality=95))
    large = _opened(files.large)

    assert large.size == (200, 400)
    assert large.getpixel((100, 50))[2] > 150  # type: ignore[index]  # a pixel of three colours
    assert b"where it was taken" not in files.large
    assert not Image.open(BytesIO(files.large)).getexif()


def test_colours_are_those_of_the_web() -> None:
    """A profile is applied and left out, and a broken one is ignored."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for icc in (profile, b"cannot be decoded"):
        files = make_thumbnails(_file(Image.new("RGB", (200, 200), RED), "PNG", icc_profile=icc))
        assert "icc_profile" not in Image.open(BytesIO(files.large)).info


def test_sixteen_bits_of_grey_stay_grey() -> None:
    """The brightness counts, not its lowest eight bits."""
    dark, light = (Image.new("I;16", (200, 150), value) for value in (1_000, 40_000))
    values = [
        _opened(make_thumbnails(_file(image)).large).getpixel((9, 9)) for image in (dark, light)
    ]

    assert values[0][0] < 20  # type: ignore[index]  # a pixel of three colours
    assert 140 < values[1][0] < 170  # type: ignore[index]  # a pixel of three colours


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixel_is_read(mode: str) -> None:
    """Drawings, transparency and print colours."""
    form = "JPEG" if mode == "CMYK" else "PNG"
    assert isinstance(make_thumbnails(_file(Image.new(mode, (200, 150)), form)), ThumbnailFiles)


def test_the_first_frame_of_an_animation_is_taken() -> None:
    """Nothing on a page moves."""
    frames = [Image.new("RGB", (200, 200), colour) for colour in (RED, BLUE)]
    body = _file(frames[0], "GIF", save_all=True, append_images=frames[1:])
    files = make_thumbnails(body)

    assert getattr(Image.open(BytesIO(files.large)), "n_frames", 1) == 1
    assert _opened(files.large).getpixel((100, 100))[0] > 150  # type: ignore[index]  # three colours


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "an empty file"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "SVG"),
        (b"<!doctype html><title>Not found</title>", "a web page"),
        (b"undefined", "an unknown format"),
        (b"%PDF-1.7 ...", "an unknown format"),
        (_file(Image.new("RGB", (1, 1)), "GIF"), "too small (1 × 1 pixels)"),
        (_file(Image.new("RGB", (99, 400))), "too small"),
        (_file(Image.new("RGB", (2000, 120))), "long and thin"),
        (_file(Image.new("1", (7000, 7000))), "too large"),
        (_file(Image.new("1", (30_000, 30_000))), "too large"),
        (_file(Image.new("RGB", (900, 600), RED), "JPEG")[:900], "cannot be decoded"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "a"),
        (_file(Image.new("RGB", (200, 200)), "TIFF"), "an unknown format"),
        (_file(Image.new("RGB", (200, 200)), "BMP"), "an unknown format"),
    ],
)
def test_a_file_that_is_not_a_picture_is_rejected_with_a_reason(body: bytes, reason: str) -> None:
    """The reason is a sentence for operators."""
    with pytest.raises(NotAPicture) as caught:
        make_thumbnails(body)

    assert reason in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_bomb_costs_no_memory() -> None:
    """A file that would unpack to a gigabyte is rejected from its header."""
    body = _file(Image.new("1", (30_000, 30_000)))
    tracemalloc.start()
    with pytest.raises(NotAPicture):
        make_thumbnails(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 20_000_000
