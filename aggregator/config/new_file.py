"""The feeds.toml of a new newsroom."""

from collections.abc import Mapping
from importlib.resources import files

from aggregator.config.editor import change_section

__all__ = ["new_file", "sample_file"]


def new_file(site: Mapping[str, str]) -> str:
    """A commented feeds.toml without sources, with these keys in [site]."""
    return change_section(_sample("empty.toml"), "site", site)


def sample_file() -> str:
    """The feeds.toml of a newsroom with some twenty real outlets and eleven topics."""
    return _sample("newsroom.toml")


def _sample(name: str) -> str:
    return (files("aggregator.config") / "samples" / name).read_text(encoding="utf-8")
