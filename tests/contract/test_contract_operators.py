"""The desk's operators, sessions and audit log."""

from dataclasses import replace
from datetime import timedelta

from aggregator.model import ApiToken, AuditEntry, DeskSession, Operator, Passkey
from aggregator.store.base import Store
from tests.harness.builders import NOW

DAY = timedelta(days=1)


def _operator(name: str) -> Operator:
    return Operator(name=name, role="owner", created_at=NOW, password_hash="hash")


def _session(token: str, operator: str = "ana") -> DeskSession:
    return DeskSession(
        token_hash=token, operator=operator, csrf_token="csrf", created_at=NOW, last_seen_at=NOW
    )


def test_operators_are_kept_by_name(store: Store) -> None:
    """One that is saved again replaces the former."""
    for name in ("ben", "ana", "ben"):
        store.operators.save(_operator(name))

    assert [each.name for each in store.operators.all()] == ["ana", "ben"]
    assert store.operators.by_name("ana") == _operator("ana")
    assert store.operators.by_name("Ana") is None


def test_a_removed_operator_is_logged_out(store: Store) -> None:
    """The others are not."""
    for name in ("ana", "ben"):
        store.operators.save(_operator(name))
        store.operators.add_session(_session(name, name))
    store.operators.remove("ana")

    assert store.operators.by_name("ana") is None
    assert store.operators.sessions("ana") == []
    assert len(store.operators.sessions("ben")) == 1


def test_a_session_ends_when_it_is_not_used(store: Store) -> None:
    """Each use prolongs it."""
    store.operators.add_session(_session("a"))
    assert store.operators.session("a", NOW, NOW + DAY) is None
    assert store.operators.session("a", NOW - DAY, NOW + DAY) is not None
    used = store.operators.session("a", NOW, NOW + 2 * DAY)

    assert used is not None
    assert used.last_seen_at == NOW + DAY
    assert store.operators.session("b", NOW - DAY, NOW) is None


def test_sessions_are_ended(store: Store) -> None:
    """One, or all of an operator."""
    for token in "abc":
        store.operators.add_session(_session(token))
    store.operators.end_session("a")

    assert store.operators.end_sessions("ana") == 2
    assert store.operators.sessions("ana") == []


def test_a_link_works_once(store: Store) -> None:
    """A new one replaces it, and the first operator ends it."""
    store.operators.add_link("one", NOW)
    store.operators.add_link("two", NOW)
    assert not store.operators.use_link("one")
    assert store.operators.use_link("two")
    assert not store.operators.use_link("two")
    store.operators.add_link("three", NOW)
    store.operators.add_session(_session("a", ""))
    store.operators.save(_operator("ana"))

    assert not store.operators.use_link("three")
    assert store.operators.session("a", NOW - DAY, NOW) is None


def test_failures_are_counted_for_a_day(store: Store) -> None:
    """Until the login works."""
    for subject in ("name ana", "name ana", "client 192.0.2.1"):
        store.operators.record_failure(subject, NOW)
    assert store.operators.failures("name ana") == (2, NOW)
    store.operators.record_failure("name ben", NOW + 2 * DAY)
    assert store.operators.failures("name ana") == (0, None)
    store.operators.clear_failures("name ben")

    assert store.operators.failures("name ben") == (0, None)


def test_what_was_done_is_kept(store: Store) -> None:
    """Newest first, all or about one subject."""
    for number, subject in enumerate("aba"):
        store.operators.record(
            AuditEntry(done_at=NOW, operator="ana", action=f"did {number}", subject=subject)
        )

    assert [entry.action for entry in store.operators.audit_log(9)] == ["did 2", "did 1", "did 0"]
    assert [entry.action for entry in store.operators.audit_log(9, "a")] == ["did 2", "did 0"]
    assert len(store.operators.audit_log(1)) == 1


def test_a_fetch_is_asked_for(store: Store) -> None:
    """Once, for one source or several; it is due then."""
    store.sources.request_fetch("harbor", NOW)
    store.sources.request_fetch("plains", NOW)

    assert store.sources.take_fetch_requests() == 2
    assert store.sources.take_fetch_requests() == 0
    assert store.sources.count_urgent() == (0, 0)


def test_an_action_is_undone_once(store: Store) -> None:
    """It keeps how that is done, and when it was."""
    entry = AuditEntry(done_at=NOW, operator="ana", action="pinned", subject="a", undo="{}")
    id_ = store.operators.record(entry)
    assert store.operators.audit_entry(id_) == replace(entry, id=id_)
    assert store.operators.audit_entry(id_ + 1) is None
    assert store.operators.mark_undone(id_, NOW + DAY)
    assert not store.operators.mark_undone(id_, NOW + 2 * DAY)
    found = store.operators.audit_entry(id_)
    assert found is not None
    assert found.undone_at == NOW + DAY
    store.operators.mark_not_undone(id_)
    assert store.operators.mark_undone(id_, NOW)


def test_tokens_are_found_by_their_hash(store: Store) -> None:
    """Their use is noted; those of a removed operator are gone."""
    token = ApiToken(token_hash="h", operator="ana", name="Bot", scope="stories", created_at=NOW)
    store.operators.save(_operator("ana"))
    store.operators.add_token(token)
    store.operators.add_token(replace(token, token_hash="i", name="Atom"))
    assert [each.name for each in store.operators.tokens()] == ["Atom", "Bot"]
    assert store.operators.use_token("x", NOW) is None
    assert store.operators.use_token("h", NOW + DAY) == token
    assert store.operators.tokens()[1].last_used_at == NOW + DAY
    store.operators.remove_token("i")
    assert len(store.operators.tokens()) == 1
    store.operators.remove("ana")
    assert store.operators.use_token("h", NOW) is None


def test_passkeys_are_kept_by_their_id(store: Store) -> None:
    """Those of a removed operator are gone."""
    passkey = Passkey(
        credential_id="c", operator="ana", name="Laptop", public_key=b"\0\1", sign_count=0,
        created_at=NOW,
    )  # fmt: skip
    store.operators.save(replace(_operator("ana"), needs_passkey=True))
    store.operators.add_passkey(passkey)
    store.operators.add_passkey(replace(passkey, credential_id="d", operator="ben"))
    assert store.operators.passkeys("ana") == [passkey]
    assert store.operators.by_name("ana") == replace(_operator("ana"), needs_passkey=True)
    store.operators.use_passkey("c", 7, NOW + DAY)
    used = replace(passkey, sign_count=7, last_used_at=NOW + DAY)
    assert store.operators.passkey("c") == used
    store.operators.remove_passkey("d")
    assert store.operators.passkey("d") is None
    store.operators.remove("ana")
    assert store.operators.passkey("c") is None


def test_a_challenge_is_taken_once(store: Store) -> None:
    """And not when it is too old."""
    store.operators.add_challenge("a", "ana", NOW)
    store.operators.add_challenge("b", "", NOW)
    assert store.operators.take_challenge("a", NOW - DAY) == "ana"
    assert store.operators.take_challenge("a", NOW - DAY) is None
    assert store.operators.take_challenge("b", NOW + DAY) is None
    store.operators.add_challenge("c", "", NOW)
    assert store.operators.take_challenge("c", NOW - DAY) == ""
