"""The interface in the languages that there are: complete, and in nothing else."""

import re
from collections.abc import Iterator
from gettext import NullTranslations
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from aggregator.calendar import advance
from aggregator.render import interface
from aggregator.render.interface import Interface, languages
from tests.harness.newsroom import Newsroom, article
from tests.messages import LOCALE, catalogue, read
from tests.site.conftest import HOUR

CATALOGUES = sorted(LOCALE.glob("*.po"))
PLACEHOLDER = re.compile(r"%\(\w+\)s")
TAG = re.compile(r"</?\w+[^>]*>")
SAME_EVERYWHERE = {
    "RSS", "Atom", "JSON Feed", "JSON", "OPML", "Mastodon", "Feedly", "Inoreader", "NewsBlur",
    "Feedbin", "The Old Reader",
}  # fmt: skip
DATA = ("Zq", "zq", "c2a10", "https://", "/all.rss", "Staff", "nothing")
PAGES = [
    "/", "/all", "/topics/zqlabor", "/topics/zqlabor/older/1", "/sources/zqharbor", "/sources",
    "/subscribe", "/about", "/embed", "/search", "/search?q=Zqstrike", "/search?q=nothing",
    "/all.atom.html", "/nowhere", "/feed", "/embed/zqlabor", "/all?limit=0", "/search?q=%22",
    "STORY", "GONE", "/topics/zqlabor/archive/1", "/404.html",
]  # fmt: skip


def test_six_languages() -> None:
    """Catalogues, and English."""
    assert languages() == {"ar", "de", "en", "es", "fr", "pt"}


@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.stem)
def test_a_catalogue_is_complete(file: Path) -> None:
    """Every message of the code is there and translated, with its placeholders and markup;
    nothing else is."""
    stored = read(file)
    wanted = {message.id for message in catalogue() if message.id}

    assert {message.id for message in stored if message.id} == wanted
    for message in (each for each in stored if each.id):
        original = message.id if isinstance(message.id, str) else message.id[-1]
        given = [message.string] if isinstance(message.string, str) else [*(message.string or ())]
        assert given, message.id
        assert all(given), message.id
        assert not message.fuzzy, message.id
        assert not list(message.check(stored)), message.id
        for text in given:
            assert sorted(TAG.findall(text)) == sorted(TAG.findall(original)), text
            assert set(PLACEHOLDER.findall(text)) <= set(PLACEHOLDER.findall(original)), text
        if len(given) == 1:
            assert set(PLACEHOLDER.findall(given[0])) == set(PLACEHOLDER.findall(original)), given


class _Marked(NullTranslations):
    """Marks what was translated."""

    def gettext(self, message: str) -> str:
        return f"\u27e6{message}\u27e7"

    def ngettext(self, one: str, several: str, number: int) -> str:
        return f"\u27e6{one if number == 1 else several}\u27e7"


@pytest.fixture
def zq(newsroom: Newsroom) -> Newsroom:
    """A newsroom whose own words all begin with Zq, on a site in Spanish."""
    newsroom.change('title = "The Commons"', 'title = "Zqsite"\nlanguage = "es"\nper_page = 5')
    newsroom.change(
        "[fetch]", '[[notice]]\ntitle = "Zqnotice"\nlink = "https://zq.example"\n[fetch]'
    )
    newsroom.lists("zqharbor", license='"Zqlicence"', language='"es"')
    newsroom.lists("zqplains", language='"es"')
    newsroom.has_topic("zqlabor", "zqstrike")
    for number in range(14):
        for outlet in ("zqharbor", "zqplains"):
            newsroom.publishes(
                outlet,
                article(
                    f"Zqstrike {number}", "Zqtext.", link=f"https://h.example/{number}",
                    id_=f"{outlet}{number}", published=newsroom.now,
                ),
            )  # fmt: skip
        newsroom.ingests(later=HOUR)
    newsroom.closes_pages()
    newsroom.archives(5)
    advance(newsroom.config, newsroom.store, newsroom.now)
    return newsroom


def _texts(page: str) -> Iterator[str]:
    """The texts of a page, also those of attributes that people meet."""
    root = LexborHTMLParser(page)
    for each in root.css("script, style, textarea, code, time"):
        each.decompose()
    for node in root.css("*"):
        yield from (t.text_content or "" for t in node.iter(include_text=True) if t.tag == "-text")
        yield from (
            node.attributes[name] or ""
            for name in ("aria-label", "title", "alt", "placeholder", "data-copied", "data-hint")
            if name in node.attributes and node.tag != "link"
        )


def _page(newsroom: Newsroom, path: str) -> str:
    """A page; of a redirect, what a browser shows that does not follow it."""
    answer = newsroom.get(path)
    if answer.status_code not in (301, 302):
        return answer.text
    resource = newsroom.site.find(path)
    document = resource.build() if resource else None
    assert document is not None
    return document.body.decode()


def _untranslated(text: str) -> str:
    """What is left without data and names; "" if that is nothing."""
    for name in sorted(SAME_EVERYWHERE, key=len, reverse=True):
        text = text.replace(name, "")
    words = re.findall(r"[^\W\d_]\S*", text)
    return " ".join(word for word in words if not any(each in word for each in DATA))


@pytest.mark.parametrize("path", PAGES)
def test_every_word_of_a_page_is_translated(
    zq: Newsroom, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No page has a word of its own that no translator sees."""
    monkeypatch.setattr(interface, "_catalogue", lambda _: _Marked())
    id_ = next(iter(zq.store.stories.ids()))
    if path == "GONE":
        zq.store.stories.take_down(id_, "asked", zq.now)

    page = _page(zq, f"/stories/{id_}" if path in ("STORY", "GONE") else path)

    assert "\u27e6" in page or path.startswith("/embed/")
    while (stripped := re.sub(r"\u27e6[^\u27e6\u27e7]*\u27e7", "", page)) != page:
        page = stripped
    left = {rest for text in _texts(page) if (rest := _untranslated(text))}
    assert left == set()


def test_a_site_in_arabic(docks: Newsroom) -> None:
    """From right to left; an English story within it from left to right."""
    docks.change("[site]", '[site]\nlanguage = "ar"')

    page = docks.get("/topics/labor").text

    assert '<html lang="ar" dir="rtl">' in page
    assert '<article class="story" dir="ltr">' in page
    assert '<p class="by" dir="rtl">' in page
    assert re.search(r'<h2 lang="en-us" dir="ltr"><a', page)
    assert "أكتوبر" in page
    assert "الإسبانية" in page


@pytest.mark.parametrize(
    ("tag", "date"),
    [
        ("en", "5 October 2026"), ("en-US", "October 5, 2026"), ("es-MX", "5 de octubre de 2026"),
        ("de", "5. Oktober 2026"), ("fr", "5 octobre 2026"), ("pt-BR", "5 de outubro de 2026"),
        ("nl", "5 October 2026"),
    ],
)  # fmt: skip
def test_dates_are_in_the_language_of_the_site(newsroom: Newsroom, tag: str, date: str) -> None:
    """By region, too; without a catalogue they are English, as the words around them."""
    words = Interface(tag)

    assert words.long_date(newsroom.now) == date


@pytest.mark.parametrize("tag", ["en", "en-US", "en-gb"])
def test_a_language_has_its_name_without_a_region(tag: str) -> None:
    """The name of a tag that is unknown is the tag."""
    assert Interface("es").language_name(tag) == "inglés"
    assert Interface("de").language_name("qq") == "qq"


def test_a_day_is_that_of_the_site(newsroom: Newsroom) -> None:
    """Noon in UTC is the next day in Auckland, and the time on the home page with it."""
    words = Interface("en", "Pacific/Auckland")

    assert (words.short_date(newsroom.now), words.clock_time(newsroom.now)) == (
        "6 October",
        "01:00",
    )


def test_feeds_have_titles_in_the_language_of_the_site(docks: Newsroom) -> None:
    """As pages do."""
    docks.change("[site]", '[site]\nlanguage = "de"')

    assert docks.read("/all.atom").feed.title != "All stories at The Commons"
    assert "The Commons" in docks.read("/all.atom").feed.title


def test_a_title_keeps_its_language_in_a_list_of_another(newsroom: Newsroom) -> None:
    """The stories are Spanish, the words around them are not."""
    newsroom.lists("harbor", language='"es"')
    newsroom.publishes("harbor", article("Los generales firman otro decreto"))
    newsroom.ingests()
    page = newsroom.get("/all?lang=es").text

    assert "<h1>All stories at The Commons (es)</h1>" in page
    assert '<h2 lang="es">' in page
    assert "<language>es</language>" in newsroom.get("/all.rss?lang=es").text
