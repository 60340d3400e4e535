"""The digest: subscribers, issues, and mails of which none is sent twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from aggregator.model import (
    DIGESTS,
    DigestIssue,
    DigestMail,
    DigestPreferences,
    DigestSubscriber,
    MailState,
    SendingPause,
    SubscriberState,
)
from aggregator.store.base import Store
from tests.harness.builders import NOW

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def _subscriber(name: str = "ana", **changes: object) -> DigestSubscriber:
    subscriber = DigestSubscriber(
        id=name,
        address=f"{name.capitalize()}@reader.example",
        preferences=DigestPreferences(topics=("labor",), timezone="Europe/Berlin", language="de"),
        state=SubscriberState.ACTIVE,
        created_at=NOW - DAY,
        confirmed_at=NOW - DAY,
        covered_from=NOW - 2 * DAY,
        covered_until=NOW - DAY,
        next_at=NOW,
    )
    return replace(subscriber, **changes)  # type: ignore[arg-type]  # the tests know the fields


def _issue(**changes: object) -> DigestIssue:
    issue = DigestIssue(
        since=NOW - DAY, until=NOW, topics=("labor",), language="de", subject="Dockers win",
        stories=("a" * 16, "b" * 16), html="<p>", text="Dockers", created_at=NOW,
        day=NOW.date(),
    )  # fmt: skip
    return replace(issue, **changes)  # type: ignore[arg-type]  # the tests know the fields


def _next_day(subscriber: DigestSubscriber) -> tuple[DigestSubscriber, DigestSubscriber]:
    after = replace(subscriber, covered_from=NOW - DAY, covered_until=NOW, next_at=NOW + DAY)
    return subscriber, after


def _queue(store: Store, *names: str) -> list[DigestMail]:
    """Queue the mails of an issue for new subscribers."""
    for name in names:
        assert store.digest_subscribers.add(_subscriber(name))
    changes = [_next_day(_subscriber(name)) for name in names]
    assert store.digest.advance(changes, NOW, issue=_issue()) == len(names)
    return [due.mail for due in store.digest.due_mails(NOW, 100)]


# ---- subscribers


def test_a_subscriber_is_stored_as_given(store: Store) -> None:
    """And is found by id, by address in any capitals, and by being due."""
    ana = _subscriber(bounces=2, bounced_at=NOW, reason="Full.", has_no_topics=True)
    assert store.digest_subscribers.add(ana)

    assert store.digest_subscribers.get("ana") == ana
    assert store.digest_subscribers.by_address("aNA@READER.example") == ana
    assert list(store.digest_subscribers.all()) == [ana]
    assert store.digest_subscribers.due(NOW) == [ana]
    assert store.digest_subscribers.due(NOW - HOUR) == []
    assert store.digest_subscribers.oldest_due(NOW + HOUR) == NOW
    assert store.digest_subscribers.oldest_due(NOW) is None
    assert store.digest_subscribers.get("bo") is None
    assert store.digest_subscribers.counts() == {SubscriberState.ACTIVE: 1}


def test_an_address_subscribes_once(store: Store) -> None:
    """However it is capitalised, and whoever is quicker."""
    assert store.digest_subscribers.add(_subscriber())
    assert not store.digest_subscribers.add(_subscriber(id="other", address="ANA@reader.example"))
    assert len(list(store.digest_subscribers.all())) == 1


def test_only_confirmed_addresses_are_due(store: Store) -> None:
    """Those who never confirm are forgotten, with the mail that waits for them."""
    pending = _subscriber(state=SubscriberState.PENDING, confirmed_at=None)
    store.digest_subscribers.add(pending)
    mail = DigestMail(
        kind="confirm", subscriber="ana", created_at=NOW, due_at=NOW + HOUR, changed_at=NOW
    )
    store.digest.add_mail(mail)
    assert store.digest_subscribers.due(NOW) == []

    confirmed = replace(pending, state=SubscriberState.ACTIVE, confirmed_at=NOW)
    store.digest_subscribers.confirm(confirmed)
    assert store.digest_subscribers.due(NOW) == [confirmed]

    store.digest_subscribers.add(_subscriber("bo", state=SubscriberState.PENDING))
    assert store.digest_subscribers.remove_unconfirmed(NOW) == 1
    assert store.digest_subscribers.get("bo") is None
    assert store.digest_subscribers.get("ana") == confirmed


def test_preferences_do_not_touch_the_period(store: Store) -> None:
    """What was covered stays covered when somebody chooses another hour meanwhile."""
    ana = _subscriber(has_no_topics=True)
    store.digest_subscribers.add(ana)
    chosen = DigestPreferences(topics=None, frequency="weekly", weekday=6, hour=20)
    store.digest_subscribers.set_preferences("ana", chosen, NOW + HOUR)
    expected = replace(ana, preferences=chosen, next_at=NOW + HOUR, has_no_topics=False)
    assert store.digest_subscribers.get("ana") == expected


def test_bounces_suspend(store: Store) -> None:
    """One who is suspended is not due."""
    store.digest_subscribers.add(_subscriber())
    store.digest_subscribers.record_bounce("ana", 3, "Full.", SubscriberState.SUSPENDED, NOW)
    found = store.digest_subscribers.get("ana")
    assert found
    assert (found.bounces, found.reason, found.bounced_at) == (3, "Full.", NOW)
    assert store.digest_subscribers.due(NOW) == []


def test_who_leaves_is_forgotten_but_for_a_hash(store: Store) -> None:
    """No mail that waits is sent; what was sent still counts."""
    ana, bo = _queue(store, "ana", "bo")
    assert store.digest.begin_sending(ana.id, NOW)
    store.digest.finish_sending(ana.id, MailState.SENT, NOW)
    for name in ("ana", "bo"):
        store.digest_subscribers.remove(name, f"hash-{name}", NOW)

    assert list(store.digest_subscribers.all()) == []
    assert store.digest.due_mails(NOW, 9) == []
    assert store.digest.count_mails(bo.issue) == {MailState.SENT: 1}
    assert store.digest_subscribers.has_left("hash-ana")
    store.digest_subscribers.readmit("hash-ana")
    assert not store.digest_subscribers.has_left("hash-ana")
    store.digest_subscribers.remove("nobody", "hash-nobody", NOW)
    assert not store.digest_subscribers.has_left("hash-nobody")


def test_the_key_is_made_once(store: Store, open_again: Callable[[], Store]) -> None:
    """Every process signs with the same."""
    key = store.digest_subscribers.key()
    assert len(key) == 32
    assert open_again().digest_subscribers.key() == key


def test_sign_ups_are_counted_for_a_day(store: Store) -> None:
    """By client, and of all."""
    for client, age in (("a", 3 * HOUR), ("a", HOUR), ("b", HOUR)):
        store.digest_subscribers.record_sign_up(client, NOW - age)
    assert store.digest_subscribers.count_sign_ups(NOW - 2 * HOUR) == 2
    assert store.digest_subscribers.count_sign_ups(NOW - 4 * HOUR, "a") == 2
    store.digest_subscribers.record_sign_up("c", NOW + DAY)
    assert store.digest_subscribers.count_sign_ups(NOW - 4 * HOUR) == 1


# ---- issues


def test_a_period_is_left_once(store: Store, open_again: Callable[[], Store]) -> None:
    """A second process that has seen the same subscriber due moves nobody on and queues nothing."""
    store.digest_subscribers.add(_subscriber())
    seen = open_again().digest_subscribers.due(NOW)
    changes = [_next_day(subscriber) for subscriber in seen]
    assert store.digest.advance(changes, NOW, issue=_issue()) == 1
    assert open_again().digest.advance(changes, NOW, issue=_issue()) == 0

    ana = store.digest_subscribers.get("ana")
    (due,) = store.digest.due_mails(NOW, 9)
    (issue,) = store.digest.latest(9)
    assert ana
    assert due.subscriber == ana
    assert (ana.covered_from, ana.covered_until, ana.next_at) == (NOW - DAY, NOW, NOW + DAY)
    assert (ana.last_issue, due.mail.issue) == (issue.id, issue.id)
    assert store.digest.issue(issue.id) == replace(_issue(), id=issue.id)
    assert issue == replace(_issue(), id=issue.id, html="", text="")


def test_a_period_without_stories_has_no_mail(store: Store) -> None:
    """The next one begins where it ended."""
    store.digest_subscribers.add(_subscriber(last_issue=7))
    assert store.digest.advance([_next_day(_subscriber())], NOW) == 1
    ana = store.digest_subscribers.get("ana")
    assert ana
    assert (ana.covered_until, ana.last_issue) == (NOW, 7)
    assert store.digest.due_mails(NOW, 9) == []


def test_who_has_left_meanwhile_is_left_out(store: Store) -> None:
    """And who is suspended, or has chosen another hour; without anybody there is no issue."""
    for name in ("ana", "bo"):
        store.digest_subscribers.add(_subscriber(name))
    changes = [_next_day(_subscriber(name)) for name in ("ana", "bo", "left")]
    store.digest_subscribers.record_bounce("ana", 3, "", SubscriberState.SUSPENDED, NOW)
    store.digest_subscribers.set_preferences("bo", DigestPreferences(), NOW + HOUR)
    assert store.digest.advance(changes, NOW, issue=_issue()) == 0
    assert store.digest.latest(9) == []


def test_a_day_has_one_issue_in_the_archive(store: Store) -> None:
    """It is found by its day, and is no mail to anybody."""
    first = _issue(day=date(2026, 11, 29), topics=None, is_archived=True)
    assert store.digest.archive(first)
    assert not store.digest.archive(first)
    assert store.digest.archive(replace(first, day=date(2026, 11, 30)))
    assert [issue.day for issue in store.digest.archived(9)] == [
        date(2026, 11, 30), date(2026, 11, 29),
    ]  # fmt: skip
    found = store.digest.of_day(date(2026, 11, 29))
    assert found == replace(first, id=found.id if found else 0)
    assert store.digest.of_day(date(2026, 11, 28)) is None
    assert store.digest.neighbours(date(2026, 11, 29)) == (None, date(2026, 11, 30))
    assert store.digest.neighbours(date(2026, 11, 30)) == (date(2026, 11, 29), None)
    assert store.lists.revision(DIGESTS).number == 2
    assert store.digest.latest(9) == []


# ---- mails


def test_a_mail_is_handed_over_once(store: Store, open_again: Callable[[], Store]) -> None:
    """Marked before and after; one that a program was handing over when it ended is UNKNOWN."""
    ana, bo = _queue(store, "ana", "bo")
    other = open_again()
    assert store.digest.begin_sending(ana.id, NOW)
    assert not other.digest.begin_sending(ana.id, NOW)
    assert [due.mail.id for due in other.digest.due_mails(NOW, 9)] == [bo.id]
    store.digest.finish_sending(ana.id, MailState.SENT, NOW)
    assert store.digest.begin_sending(bo.id, NOW)

    assert other.digest.mark_interrupted(NOW) == 1
    assert other.digest.mark_interrupted(NOW) == 0
    assert other.digest.due_mails(NOW + DAY, 9) == []
    (unknown,) = other.digest.mails(MailState.UNKNOWN, 9)
    assert (unknown.id, unknown.attempts) == (bo.id, 1)
    assert "The program ended" in unknown.error
    assert other.digest.count_mails() == {MailState.SENT: 1, MailState.UNKNOWN: 1}


def test_a_mail_waits_for_its_next_attempt(store: Store) -> None:
    """Those that failed least come first, and mails for which somebody waits before all."""
    ana, bo = _queue(store, "ana", "bo")
    assert store.digest.begin_sending(ana.id, NOW)
    store.digest.finish_sending(
        ana.id, MailState.QUEUED, NOW, error="450 Later.", due_at=NOW + HOUR
    )
    store.digest_subscribers.add(_subscriber("cleo", state=SubscriberState.PENDING))
    store.digest.add_mail(
        DigestMail(
            kind="confirm",
            subscriber="cleo",
            created_at=NOW + HOUR,
            due_at=NOW + HOUR,
            changed_at=NOW + HOUR,
        )
    )

    assert [due.mail.id for due in store.digest.due_mails(NOW, 9)] == [bo.id]
    found = store.digest.due_mails(NOW + HOUR, 9)
    assert [due.subscriber.id for due in found] == ["cleo", "bo", "ana"]
    assert (found[2].mail.error, found[2].mail.attempts) == ("450 Later.", 1)
    assert len(store.digest.due_mails(NOW + HOUR, 2)) == 2
    assert [mail.kind for mail in store.digest.mails_to("cleo", NOW)] == ["confirm"]
    assert store.digest.mails_to("cleo", NOW + 2 * HOUR) == []


def test_an_issue_that_waits_too_long_joins_the_next(store: Store) -> None:
    """The subscriber is back in the period before, and its stories are not lost."""
    ana, bo = _queue(store, "ana", "bo")
    store.digest.begin_sending(ana.id, NOW)
    store.digest.finish_sending(ana.id, MailState.QUEUED, NOW, error="450 Later.", due_at=NOW)
    store.digest.begin_sending(bo.id, NOW)
    assert store.digest.expire(NOW - HOUR, NOW, NOW) == 0
    assert store.digest.expire(NOW, NOW - DAY, NOW + HOUR) == 1
    (late,) = store.digest.mails(MailState.DISCARDED, 9)
    assert late.error == "It was too late; its stories are in the next digest. 450 Later."
    back = store.digest_subscribers.get("ana")
    assert back
    assert (back.covered_from, back.covered_until, back.last_issue) == (None, NOW - DAY, None)
    other = store.digest_subscribers.get("bo")
    assert other
    assert other.covered_until == NOW


def test_another_mail_that_waits_too_long_has_failed(store: Store) -> None:
    """After a time of its own."""
    store.digest_subscribers.add(_subscriber(state=SubscriberState.PENDING))
    mail = DigestMail(kind="confirm", subscriber="ana", created_at=NOW, due_at=NOW, changed_at=NOW)
    store.digest.add_mail(mail)
    assert store.digest.expire(NOW, NOW - HOUR, NOW) == 0
    assert store.digest.expire(NOW, NOW, NOW) == 1
    (failed,) = store.digest.mails(MailState.FAILED, 9)
    assert failed.error == "The server did not accept it within a day."
    assert store.digest.resend(None, NOW) == 0
    assert store.digest.resend(None, NOW, failed=True) == 1


def test_who_leaves_while_a_mail_is_handed_over(store: Store) -> None:
    """Nobody has to decide about it."""
    ana, bo = _queue(store, "ana", "bo")
    for mail in (ana, bo):
        store.digest.begin_sending(mail.id, NOW)
        store.digest_subscribers.remove(mail.subscriber, f"hash-{mail.subscriber}", NOW)
    store.digest.finish_sending(ana.id, MailState.UNKNOWN, NOW, error="?")
    store.digest.mark_interrupted(NOW)
    assert store.digest.count_mails() == {MailState.DISCARDED: 2}


def test_signing_up_again(store: Store) -> None:
    """Counts from then, with what was chosen then; an active subscriber stays as they are."""
    store.digest_subscribers.add(_subscriber(state=SubscriberState.PENDING))
    store.digest_subscribers.add(_subscriber("bo"))
    for name in ("ana", "bo"):
        store.digest_subscribers.renew(name, DigestPreferences(hour=5), NOW)
    assert store.digest_subscribers.remove_unconfirmed(NOW) == 0
    ana, bo = store.digest_subscribers.get("ana"), store.digest_subscribers.get("bo")
    assert ana
    assert (ana.created_at, ana.preferences.hour) == (NOW, 5)
    assert bo == _subscriber("bo")
    store.digest_subscribers.set_preferences("bo", DigestPreferences(hour=6), None)
    bo = store.digest_subscribers.get("bo")
    assert bo
    assert bo.next_at == NOW


def test_operators_decide_about_unknown_mails(store: Store) -> None:
    """All of them, or one; what was sent is never sent again."""
    mails = _queue(store, "ana", "bo", "cleo", "dan")
    states = (MailState.UNKNOWN, MailState.UNKNOWN, MailState.FAILED, MailState.SENT)
    for mail, state in zip(mails, states, strict=True):
        store.digest.begin_sending(mail.id, NOW)
        store.digest.finish_sending(mail.id, state, NOW, error="?")
    ana, bo, cleo, dan = (mail.id for mail in mails)

    assert store.digest.discard([ana, dan], NOW) == 1
    assert store.digest.resend(None, NOW) == 1
    assert store.digest.resend([cleo, dan], NOW) == 1
    assert {due.mail.id for due in store.digest.due_mails(NOW, 9)} == {bo, cleo}
    assert store.digest.discard(None, NOW) == 0


def test_a_pause_is_kept(store: Store) -> None:
    """Until the server works again."""
    assert store.digest.pause() is None
    pause = SendingPause(error="Refused.", since=NOW, until=NOW + HOUR, attempts=2)
    store.digest.set_pause(pause)
    assert store.digest.pause() == pause
    store.digest.set_pause(None)
    assert store.digest.pause() is None


def test_old_mails_and_texts_go(store: Store) -> None:
    """Texts as soon as every mail is sent; an issue as soon as nothing refers to it."""
    (ana,) = _queue(store, "ana")
    store.digest.archive(_issue(day=date(2026, 11, 29), is_archived=True))
    store.digest.purge(NOW)
    (issue,) = store.digest.latest(9)
    assert (found := store.digest.issue(issue.id))
    assert found.html
    store.digest.begin_sending(ana.id, NOW)
    store.digest.finish_sending(ana.id, MailState.SENT, NOW)
    store.digest.purge(NOW)
    assert (found := store.digest.issue(issue.id))
    assert (found.html, found.stories) == ("", _issue().stories)

    store.digest.purge(NOW + DAY)
    assert store.digest.count_mails() == {}
    assert store.digest.latest(9) != []  # ana must not get its stories again
    store.digest_subscribers.remove("ana", "hash", NOW)
    store.digest.purge(NOW + DAY)
    assert store.digest.latest(9) == []
    assert len(store.digest.archived(9)) == 1
