"""Stylesheets, scripts, images and fonts of the site."""

from importlib import resources

__all__ = ["static_file"]


def static_file(name: str) -> bytes:
    """The bytes of a file in `static/`."""
    return (resources.files(__package__) / "static" / name).read_bytes()
