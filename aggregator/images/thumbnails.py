"""Thumbnails of a picture: a small one for lists, a large one for its story, both WebP.

Only JPEG, PNG, WebP, GIF and AVIF are opened; an SVG is a document with scripts. Of an animation,
the first frame is taken. Metadata, such as where a photograph was taken, is left out.
"""

import warnings
from io import BytesIO

from PIL import Image, ImageCms, ImageFile, ImageOps, UnidentifiedImageError

from aggregator.model import ThumbnailFiles

__all__ = ["NotAPicture", "make_thumbnails"]

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
SMALL_SIZE = (320, 240)
"""Pixels of the small one; on a page it takes half of that, for fine screens."""
LARGE_SIZE = (960, 1280)
"""Most pixels of the large one."""
UNPACKED_SIZE = (2 * LARGE_SIZE[0], 2 * LARGE_SIZE[1])
MIN_PIXELS = 100
"""Width or height below which it is an icon or a counter."""
MAX_PIXELS = 40_000_000
"""Width times height; a file of few bytes may unpack to more than fits into memory."""
MAX_RATIO = 8
"""Longer side by shorter side; beyond, it is a line or a banner."""
QUALITY = 72
_CENTRE = (0.5, 0.3)
"""What is kept when a picture is cropped: faces are above the middle."""
_SRGB = ImageCms.createProfile("sRGB")


class NotAPicture(Exception):
    """The file is not a picture that can be shown; the message says why."""


def make_thumbnails(body: bytes) -> ThumbnailFiles:
    """The thumbnails of a picture. Raises NotAPicture."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(BytesIO(body), formats=FORMATS) as image:
                return _thumbnails(image)
        except NotAPicture:
            raise
        except UnidentifiedImageError as error:
            raise NotAPicture(
                f"It is {_kind(body)}; only JPEG, PNG, WebP, GIF and AVIF are accepted."
            ) from error
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise NotAPicture(f"It is too large; the limit is {MAX_PIXELS:,} pixels.") from error
        except MemoryError:
            raise
        except Exception as error:  # whatever a broken file makes the decoders raise
            raise NotAPicture(f"It cannot be decoded ({error}).") from error


def _thumbnails(image: ImageFile.ImageFile) -> ThumbnailFiles:
    width, height = image.size
    if min(width, height) < MIN_PIXELS:
        raise NotAPicture(f"It is too small ({width} × {height} pixels): a counter or an icon.")
    if width * height > MAX_PIXELS:
        raise NotAPicture(
            f"It is too large ({width} × {height}); the limit is {MAX_PIXELS:,} pixels."
        )
    if max(width, height) > MAX_RATIO * min(width, height):
        raise NotAPicture(f"It is long and thin ({width} × {height} pixels), probably a banner.")
    image.draft("RGB", UNPACKED_SIZE)  # a JPEG is unpacked no larger than needed
    whole: Image.Image = image
    if image.mode in ("RGB", "L", "CMYK"):  # others have colours that cannot be mixed
        whole.thumbnail(UNPACKED_SIZE, Image.Resampling.BOX)
    whole = _in_srgb(ImageOps.exif_transpose(whole))
    small = ImageOps.fit(whole, _small_size(whole), Image.Resampling.LANCZOS, centering=_CENTRE)
    whole.thumbnail(LARGE_SIZE, Image.Resampling.LANCZOS)
    large = whole
    return ThumbnailFiles(
        small=_webp(small), large=_webp(large), width=large.width, height=large.height
    )


def _small_size(image: Image.Image) -> tuple[int, int]:
    """Four by three, and no larger than the picture is."""
    width = min(SMALL_SIZE[0], image.width, image.height * SMALL_SIZE[0] // SMALL_SIZE[1])
    return width, width * SMALL_SIZE[1] // SMALL_SIZE[0]


def _in_srgb(image: Image.Image) -> Image.Image:
    """The picture in the colours of the web, without its profile and other metadata."""
    has_alpha = image.has_transparency_data
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK", "L"):
        try:
            converted = ImageCms.profileToProfile(
                image, ImageCms.ImageCmsProfile(BytesIO(profile)), _SRGB, outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None  # a broken profile; the colours are shown as they are
        if converted is not None:
            return converted
    if image.mode.startswith("I"):  # 16 bits of grey, of which conversion would keep the lowest
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    return image.convert("RGBA" if has_alpha else "RGB")


def _webp(image: Image.Image) -> bytes:
    file = BytesIO()
    image.info.clear()
    image.save(file, "WEBP", quality=QUALITY, method=4, exact=False)
    return file.getvalue()


def _kind(body: bytes) -> str:
    """What kind of file this seems to be, for operators; it is not a picture."""
    start = body[:500].lstrip().lower()
    if b"<svg" in start:
        return "an SVG drawing, which may contain scripts"
    if start.startswith((b"<!doctype html", b"<html")) or b"<html" in start:
        return "a web page"
    return "a file in an unknown format" if body else "an empty file"
