"""The interface of the site in its language: words, dates, names of languages, direction.

The words are in `locale/<language>.po` (gettext); what a catalogue lacks is in English. Dates and
names of languages are Unicode's (CLDR), by Babel.
"""

import io
from datetime import date, datetime
from functools import cache, cached_property, lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, dates
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from aggregator.text.languages import is_same_language, main_language

__all__ = ["Interface", "direction", "languages", "own_name"]

SOURCE_LANGUAGE = "en"
"""Language of the words in templates and code."""
_INTERNATIONAL = {"en": "en_001"}
"""Locale of a language without a region, where Babel's is that of one country."""


@cache
def languages() -> frozenset[str]:
    """The languages that the interface exists in."""
    folder = resources.files(__package__) / "locale"
    files = folder.iterdir() if folder.is_dir() else ()
    catalogues = {file.name for file in files if file.name.endswith(".po")}
    return frozenset({SOURCE_LANGUAGE, *(name.removesuffix(".po") for name in catalogues)})


class Interface:
    """The interface in the language of a site, or in English if there is no catalogue for it.

    `language` is the tag of the language that it is in, `direction` its direction of writing.
    `timezone` is an IANA name.
    """

    def __init__(self, site_language: str, timezone: str = "UTC") -> None:
        is_known = main_language(site_language) in languages()
        self.language = site_language if is_known else SOURCE_LANGUAGE
        self.direction = direction(self.language) or "ltr"
        self._zone = ZoneInfo(timezone)

    @cached_property
    def translations(self) -> NullTranslations:
        """The catalogue, for gettext."""
        return _catalogue(main_language(self.language))

    def gettext(self, message: str, **values: object) -> str:
        """The message in this language; values replace `%(name)s` in it."""
        translated = self.translations.gettext(message)
        return translated % values if values else translated

    @cached_property
    def _locale(self) -> Locale:
        return _locale(self.language) or Locale(SOURCE_LANGUAGE)

    def local(self, moment: datetime) -> datetime:
        """The moment in the time zone of the site."""
        return moment.astimezone(self._zone)

    def long_date(self, moment: datetime) -> str:
        """A date in words, with the year."""
        return dates.format_date(self.local(moment), "long", self._locale)

    def full_date(self, day: date) -> str:
        """A day in words, with its weekday and year."""
        return dates.format_date(day, "full", self._locale)

    def days(self, first: date, last: date) -> str:
        """A period in words, from one day to another."""
        return dates.format_interval(first, last, "yMMMd", locale=self._locale)

    def weekday(self, number: int) -> str:
        """The name of a day of the week, 0 for Monday."""
        return str(dates.get_day_names("wide", "stand-alone", self._locale)[number])

    def short_date(self, moment: datetime | date) -> str:
        """A date in words, without the year."""
        local = self.local(moment) if isinstance(moment, datetime) else moment
        return dates.format_skeleton("MMMMd", local, locale=self._locale)

    def clock_time(self, moment: datetime) -> str:
        """A time of day of 24 hours."""
        return dates.format_skeleton(
            "Hm", self.local(moment), locale=self._locale, tzinfo=self._zone
        )

    @property
    def comma(self) -> str:
        """The sign between the items of a list."""
        return "\u060c" if main_language(self.language) == "ar" else ","

    def language_name(self, tag: str) -> str:
        """The name of a language in this one, without its region; the tag if it is unknown."""
        return str(self._locale.languages.get(main_language(tag), tag))

    def is_own(self, tag: str) -> bool:
        """True if a text in a language needs no mark within the interface."""
        return bool(tag) and is_same_language(tag, main_language(self.language))


def own_name(tag: str) -> str:
    """The name of a language in itself; the tag if it is unknown."""
    locale = _locale(tag)
    if locale and tag in _INTERNATIONAL:
        return locale.get_language_name(locale) or tag
    return (locale and locale.get_display_name(locale)) or tag


@lru_cache(maxsize=500)
def direction(tag: str) -> str:
    """The direction in which a language is written, "ltr" or "rtl"; empty if it is unknown."""
    locale = _locale(tag)
    return locale.text_direction if locale else ""


@lru_cache(maxsize=500)
def _locale(tag: str) -> Locale | None:
    """Babel's locale for a tag; None if there is none."""
    for name in (tag, main_language(tag)):
        try:
            return Locale.parse(_INTERNATIONAL.get(name, name.replace("-", "_")))
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return None


@lru_cache(maxsize=20)
def _catalogue(language: str) -> NullTranslations:
    """The catalogue of a language, compiled."""
    file = resources.files(__package__) / "locale" / f"{language}.po"
    if language == SOURCE_LANGUAGE or not file.is_file():
        return NullTranslations()
    compiled = io.BytesIO()
    with file.open("rb") as opened:
        write_mo(compiled, read_po(opened, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)
