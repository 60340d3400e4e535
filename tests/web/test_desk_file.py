"""feeds.toml as a whole at the desk: problems, other people's edits, damage."""

from html import escape
from pathlib import Path

import pytest

from tests.harness.desk import DeskUser


def _file(desk: DeskUser) -> Path:
    return desk.newsroom.config.path


def test_the_file_is_edited(desk: DeskUser) -> None:
    """The changed lines are shown first, and what they mean."""
    text = desk.newsroom.written
    changed = text.replace('title = "The Commons"', 'title = "Better"') + "# end\n"
    shown = desk.post("/file", text=changed, based_on=text, do="preview").text
    assert "+title = &#34;Better&#34;" in shown
    assert "[site] title" in shown
    assert _file(desk).read_text() == text

    assert desk.saves("/file", text=changed, based_on=text).status_code == 303
    assert _file(desk).read_text() == changed
    version = desk.newsroom.store.config.current()
    assert version is not None
    assert (version.text, version.accepted_by) == (changed, "ana")


def test_problems_are_shown_at_their_lines(desk: DeskUser) -> None:
    """With the line itself; the file stays, and so does what was typed."""
    text = desk.newsroom.written
    wrong = text.replace('"https://commons.example"', '"nowhere" # <b>')
    response = desk.saves("/file", text=wrong, based_on=text)

    assert response.status_code == 400
    assert "<strong>Line 4</strong>: site.url: found &#39;nowhere&#39;" in response.text
    assert '<code class="line">url = &#34;nowhere&#34; # &lt;b&gt;</code>' in response.text
    assert _file(desk).read_text() == text


def test_a_file_edited_by_hand_meanwhile_is_not_overwritten(desk: DeskUser) -> None:
    """Both changes are put together, and saved when they have been looked at."""
    text = desk.newsroom.written
    by_hand = text.replace('title = "The Commons"', 'title = "By hand"')
    _file(desk).write_text(by_hand)
    response = desk.saves("/file", text=f"{text}# mine\n", based_on=text)

    assert response.status_code == 409
    assert "has changed since you began to edit it" in response.text
    assert "# mine" in response.text
    assert _file(desk).read_text() == by_hand
    both = f"{by_hand}# mine\n"
    assert escape(both.strip(), quote=False) in unescape_quotes(response.text)
    assert desk.saves("/file", text=both, based_on=by_hand).status_code == 303
    assert _file(desk).read_text() == both


def test_two_changes_of_the_same_line(desk: DeskUser) -> None:
    """The new text is shown, and beside it what was typed."""
    text = desk.newsroom.written
    _file(desk).write_text(text.replace('title = "The Commons"', 'title = "By hand"'))
    mine = text.replace('title = "The Commons"', 'title = "Mine"')
    page = desk.saves("/file", text=mine, based_on=text).text

    assert "title = &#34;By hand&#34;" in page.partition("<textarea")[2]
    assert "title = &#34;Mine&#34;" in page.partition("<textarea")[0]


@pytest.mark.parametrize("damage", [b"\xff\xfe[\x00s\x00", None], ids=["utf-16", "missing"])
def test_a_file_that_is_no_text_is_written_again(desk: DeskUser, damage: bytes | None) -> None:
    """From its last good version; the damaged one is kept."""
    if damage is None:
        _file(desk).unlink()
    else:
        _file(desk).write_bytes(damage)
    page = desk.get("/file").text
    assert "This is its last good version" in page
    good = desk.newsroom.written
    assert desk.post("/file", text="[site", based_on=good, do="save").status_code == 400
    assert desk.post("/file", text=good, based_on=good, do="save").status_code == 303

    assert _file(desk).read_text() == good
    kept = [each.read_bytes() for each in _file(desk).parent.glob("feeds.toml.damaged-*")]
    assert kept == ([damage] if damage else [])


def unescape_quotes(text: str) -> str:
    """The text of a page with plain quotation marks."""
    return text.replace("&#34;", '"').replace("&#39;", "'")


def test_a_broken_file_can_be_corrected(desk: DeskUser) -> None:
    """At the desk, where it is shown with its problem."""
    good = desk.newsroom.written
    _file(desk).write_text(broken := good.replace("[site]", "[site"))
    page = desk.get("/file").text
    assert "1 problem" in page
    assert "<strong>Line 2</strong>" in page

    assert desk.saves("/file", text=good, based_on=broken).status_code == 303
    assert _file(desk).read_text() == good


def test_what_was_removed_by_hand_is_not_edited(desk: DeskUser) -> None:
    """The form of a source or topic that is no longer in the file says so."""
    _file(desk).write_text('[site]\ntitle = "T"\nurl = "https://commons.example"\n')
    for path, form in (
        ("/sources/harbor/edit", {"name": "Mine"}),
        ("/topics/labor", {"match": "rain", "based_on": "strike"}),
    ):
        refused = desk.post(path, do="save", **form)
        assert refused.status_code == 409
        assert "has changed since you began to edit it" in refused.text
