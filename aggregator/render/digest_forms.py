"""Pages about the digest: signing up, choosing, leaving, and its archive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, TypeAlias

from aggregator.model import (
    DigestIssue,
    DigestMail,
    DigestPreferences,
    DigestSubscriber,
    Feed,
    SubscriberState,
)
from aggregator.render.digest_mail import DigestSection
from aggregator.render.interface import Interface, languages, own_name
from aggregator.render.item import FeedItem
from aggregator.render.pages import PageRenderer
from aggregator.text.time_zones import zone_names

__all__ = ["DigestPageRenderer", "DigestResult", "IssuePage", "SignUpForm", "time_zones"]

DigestResult: TypeAlias = Literal[
    "check_mail", "confirmed", "expired", "saved", "unsubscribed", "busy", "off"
]
"""What a page says after something was done, or was not."""
AREAS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe",
         "Indian", "Pacific")  # fmt: skip


@lru_cache(maxsize=1)
def time_zones() -> Sequence[str]:
    """The time zones that can be chosen, by name."""
    names = (name for name in zone_names() if name.partition("/")[0] in AREAS)
    return ("UTC", *sorted(names))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpForm:
    """What somebody has filled in; `problems` are sentences, by field."""

    address: str = ""
    preferences: DigestPreferences
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuePage:
    """An issue in the archive, as a page; `older` and `newer` are the days of its neighbours."""

    issue: DigestIssue
    feed: Feed
    lead: FeedItem | None
    sections: Sequence[DigestSection]
    older: str = ""
    newer: str = ""


class DigestPageRenderer:
    """Renders the pages about the digest of a site."""

    def __init__(self, pages: PageRenderer) -> None:
        self._pages = pages

    def sign_up(self, form: SignUpForm, issues: Sequence[DigestIssue]) -> bytes:
        """The page about the digest, with the form and the newest issues."""
        return self._pages.render(
            "digest.html", here="/digest", form=form, issues=issues, **self._choices()
        )

    def result(self, kind: DigestResult) -> bytes:
        """A page that says what was done."""
        return self._pages.render("digest_result.html", here="/digest", kind=kind)

    def confirm(self) -> bytes:
        """The page with the button that confirms a subscription."""
        return self._pages.render("digest_confirm.html", here="/digest")

    def unsubscribe(self) -> bytes:
        """The page with the button that ends a subscription."""
        return self._pages.render("digest_unsubscribe.html", here="/digest")

    def preferences(
        self,
        subscriber: DigestSubscriber,
        form: SignUpForm,
        mails: Sequence[DigestMail],
        *,
        is_saved: bool = False,
    ) -> bytes:
        """The page with a subscriber's choices and everything that is stored, where both can be
        changed and deleted. Times are in the subscriber's time zone."""
        language, zone = self._pages.interface.language, subscriber.preferences.timezone
        return self._pages.render(
            "digest_preferences.html",
            here="/digest",
            form=form,
            subscriber=subscriber,
            is_suspended=subscriber.state is SubscriberState.SUSPENDED,
            mails=mails,
            clock=Interface(language, zone),
            is_saved=is_saved,
            **self._choices(),
        )

    def issue(self, page: IssuePage) -> bytes:
        """An issue of the archive."""
        return self._pages.render("digest_issue.html", page=page, feed=page.feed)

    def _choices(self) -> dict[str, object]:
        """What can be chosen in a form."""
        return {
            "weekdays": [self._pages.interface.weekday(day) for day in range(7)],
            "time_zones": time_zones(),
            "languages": {tag: own_name(tag) for tag in sorted(languages())},
        }
