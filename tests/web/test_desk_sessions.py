"""Sessions end: this one, one of another browser, or all."""

from tests.harness.desk import DeskUser

PASSWORD = "correct horse battery"


def test_logging_out_ends_the_session(desk: DeskUser) -> None:
    """The cookie does not work any more."""
    assert desk.post("/logout").status_code == 303
    assert desk.get("/").status_code == 303


def test_log_out_everywhere(desk: DeskUser) -> None:
    """All sessions of the operator end, this one too."""
    other = DeskUser(desk.newsroom)
    other.logs_in("ana", PASSWORD)
    desk.post("/operators/ana/logout")

    assert other.get("/").status_code == 303


def test_one_session_is_ended(desk: DeskUser) -> None:
    """That of another browser; an editor ends none of an owner's, and nobody a made-up one."""
    (own,) = desk.newsroom.store.operators.sessions("ana")
    other = DeskUser(desk.newsroom)
    other.logs_in("ana", PASSWORD)
    desk.post("/operators", name="ben", password="another long one", role="editor")
    ben = DeskUser(desk.newsroom)
    ben.logs_in("ben", "another long one")
    sessions = desk.newsroom.store.operators.sessions("ana")
    page = desk.get("/operators").text
    assert all(each.token_hash in page for each in sessions)
    assert not any(each.token_hash in ben.get("/operators").text for each in sessions)
    (newest,) = {each.token_hash for each in sessions} - {own.token_hash}
    assert ben.post("/operators/ana/sessions/end", session=newest).status_code == 403
    assert ben.post("/operators/ben/sessions/end", session=newest).status_code == 303

    assert other.get("/").status_code == 200
    desk.post("/operators/ana/sessions/end", session=newest)
    assert other.get("/").status_code == 303
    assert desk.get("/").status_code == 200
