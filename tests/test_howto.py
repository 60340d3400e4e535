"""The how-tos name existing files, and all of them; the glossary names existing types."""

import importlib
import re
from collections import Counter
from pathlib import Path

import pytest

import aggregator.model
from tests.harness.backends import BACKENDS

ROOT = Path(__file__).parent.parent
HOWTO = ROOT / "docs" / "howto"
PAGES = sorted(page for page in HOWTO.glob("*.md") if page.name != "README.md")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")


def _files(page: str) -> set[str]:
    """The files that a page names, except those that are still to be written."""
    text = (HOWTO / page).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "(new)" not in line]
    return set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*\w|[\w-]+\.(?:md|toml))`", "\n".join(lines)))


def _mentioning(word: str, folder: str = "aggregator") -> set[str]:
    """The files of the package that contain a word."""
    files = [*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.html")]
    return {
        file.relative_to(ROOT).as_posix()
        for file in files
        if re.search(rf"\b{re.escape(word)}\b", file.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("page", [page.name for page in PAGES])
def test_files_in_howtos_exist(page: str) -> None:
    """Every file that a how-to names exists."""
    files = _files(page)

    assert len(files) >= 5
    assert {file for file in files if not (ROOT / file).exists()} == set()


def test_every_howto_is_listed() -> None:
    """Every how-to is linked from the README of the folder."""
    text = (HOWTO / "README.md").read_text(encoding="utf-8")

    assert {page.name for page in PAGES if f"]({page.name})" not in text} == set()


@pytest.mark.parametrize("key", ["max_new", "min_interval", "uncut", "license_url", "dedupe"])
def test_the_howto_for_source_keys_is_complete(key: str) -> None:
    """An existing key is in all files that a new key needs."""
    always = {
        "aggregator/config/schema.py",
        "aggregator/config/loader.py",
        "aggregator/model/source.py",
    }

    assert always <= _files("source-key.md")
    assert always <= _mentioning(key)
    assert key in (ROOT / "docs" / "feeds-toml.md").read_text(encoding="utf-8")
    assert key in (ROOT / "tests" / "public_surface.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("field", ["author", "enclosures", "image"])
def test_the_howto_for_published_fields_is_complete(field: str) -> None:
    """Every file that handles an existing field is on the page."""
    files = _files("published-field.md")
    handled = {
        file
        for file in _mentioning(field)
        if file.startswith(("aggregator/store", "aggregator/render", "aggregator/ingest/clean"))
    }
    elsewhere = {  # feedgen's extension, story pages, code that is not about entries
        "aggregator/render/feedgen_ext.py", "aggregator/render/templates/base.html",
        "aggregator/render/templates/parts.html", "aggregator/render/links.py",
        "aggregator/render/reasons.py", "aggregator/render/stylesheet.py",
        "aggregator/render/web_manifest.py", "aggregator/render/plain_feed.py",
        "aggregator/render/digest_feed.py",
        "aggregator/ingest/clean/sanitizer.py", "aggregator/render/pages.py",
        "aggregator/ingest/clean/rewrite/embeds.py", "aggregator/ingest/clean/teaser.py",
        "aggregator/ingest/clean/rewrite/lazy_images.py",
    }  # fmt: skip

    assert handled - elsewhere <= files


def test_the_howto_for_placement_kinds_is_complete() -> None:
    """Every file that handles kinds is on the page, except the store."""
    files = _files("placement-kind.md")
    handled = _mentioning("ReasonKind") - {
        "aggregator/model/__init__.py",  # exports it
        "aggregator/model/topic.py",  # the reason of learned placements
        "aggregator/store/sqlite/mappers.py",
        "aggregator/overview/topic_preview.py",  # counts rules only
        "aggregator/overview/silent_rules.py",  # looks for the source of a reason
    }

    assert handled <= files


def test_the_howto_for_formats_is_complete() -> None:
    """A format is named only in its own file and in the table."""
    assert _mentioning("JSON_FEED") == {
        "aggregator/render/jsonfeed.py",
        "aggregator/render/formats.py",
    }
    assert "aggregator/render/formats.py" in _files("format.md")


def test_the_howto_for_pages_is_complete() -> None:
    """An existing page is named only in files that the how-to lists."""
    files = _files("page.md") | {"aggregator/render/templates/sources.html"}

    desk = {name for name in _mentioning("sources.html") if "/desk/" in name}  # has one, too
    assert _mentioning("_pages.sources()") | _mentioning("sources.html") - desk <= files
    assert "aggregator/site/routes.py" in _mentioning("DocumentBuilder.sources")


def test_the_howto_for_store_backends_is_complete() -> None:
    """Only files on the page know the backends, and the contract tests list all of them."""
    known = _mentioning("store.sqlite") - _mentioning("store.sqlite", "aggregator/store/sqlite")

    assert known <= _files("store-backend.md") | {"aggregator/store/base.py"}
    assert sorted(BACKENDS) == sorted(
        folder.name for folder in (ROOT / "aggregator" / "store").iterdir()
        if (folder / "__init__.py").exists()
    )  # fmt: skip


# ---- the glossary


def _rows() -> list[tuple[str, str, str]]:
    found = re.findall(r"^\| ([^|]+?) \| (.+?) \|(?: (.*?) )?\|?$", GLOSSARY, re.MULTILINE)
    return [row for row in found if row[0] not in ("word", "---")]


def test_each_word_is_defined_once() -> None:
    """No word has two rows in the glossary."""
    words = Counter(word.strip() for row in _rows() for word in row[0].split(","))

    assert len(words) > 60
    assert {word: count for word, count in words.items() if count > 1} == {}


def test_types_in_the_glossary_exist() -> None:
    """Every type in the glossary is a class of the package."""
    classes = {
        name
        for file in (ROOT / "aggregator").rglob("*.py")
        for name in re.findall(r"^class (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    types = {name for row in _rows() for name in re.findall(r"`(\w+)`", row[2])}

    assert types - classes == set()


def test_the_model_is_in_the_glossary() -> None:
    """Every class of the model is in the glossary, except parts of others."""
    model = {
        name for name in aggregator.model.__all__
        if isinstance(getattr(importlib.import_module("aggregator.model"), name), type)
    }  # fmt: skip
    parts = {
        "And", "Near", "Node", "Not", "Or", "Term",  # the syntax tree of a query
        "EntryKeyKind", "ListKind", "ReasonKind",  # kinds of keys, lists and reasons
        "Text", "ParsedFeed", "FeedMeta",  # parts of a parsed document
        "Unchanged", "PermanentRedirect",  # answers to a request
        "Issue", "SourceHealth",  # reports
        "ListChange", "PlacementChange", "StoryChange", "StoryPlacements", "SampledStory",
    }  # fmt: skip

    assert {name for name in model - parts if f"`{name}`" not in GLOSSARY} == set()
