"""A store keeps which pictures are wanted, their thumbnails, and which pages depend on them."""

from datetime import timedelta

from aggregator.model import (
    ALL,
    PICTURES,
    PictureResult,
    Story,
    ThumbnailFiles,
    picture_key,
    picture_scope,
    story_scope,
    topic_scope,
)
from aggregator.store.base import Store
from tests.harness.builders import NOW
from tests.harness.saving import publish, save

HOUR = timedelta(hours=1)
A, B = "https://harbor.example/a.jpg", "https://harbor.example/b.jpg"
FILES = ThumbnailFiles(small=b"small", large=b"larger", width=960, height=640)


def _with_picture(store: Store, title: str, url: str = A, source: str = "harbor") -> Story:
    found = publish(store, title, "ports", source=source, image=url)
    store.pictures.add({found.lead.entry_id: [url]}, NOW)
    return found


def _result(url: str) -> PictureResult:
    return PictureResult(url=url, files=FILES)


def test_wanted_pictures_are_due_newest_first(store: Store) -> None:
    """Those of the sources that permit it, until their thumbnails are saved."""
    _with_picture(store, "One", A)
    _with_picture(store, "Two", B)

    assert [each.url for each in store.pictures.due({"harbor"}, NOW, 9)] == [B, A]
    assert store.pictures.due({"harbor"}, NOW, 1)[0].source == "harbor"
    assert store.pictures.due({"plains"}, NOW, 9) == store.pictures.due((), NOW, 9) == []
    store.pictures.save([_result(A)], NOW)
    assert [each.url for each in store.pictures.due({"harbor"}, NOW, 9)] == [B]


def test_a_picture_is_wanted_once(store: Store) -> None:
    """However many articles have it."""
    first = _with_picture(store, "One", A)
    store.pictures.save([_result(A)], NOW)
    second = _with_picture(store, "Two", A)

    assert store.pictures.due({"harbor"}, NOW, 9) == []
    for each in (first, second):
        assert store.pictures.is_used(picture_key(A), {"harbor"})
        assert not store.pictures.is_used(picture_key(A), {"plains"})
        store.stories.take_down(each.id, "asked to", NOW)
    assert not store.pictures.is_used(picture_key(A), {"harbor"})


def test_thumbnails_are_read_back(store: Store) -> None:
    """By key and name; what was never made is not there."""
    _with_picture(store, "One", A)
    assert store.pictures.thumbnails([A]) == {}
    store.pictures.save([_result(A)], NOW)
    thumbnail = store.pictures.thumbnails([A, B])[A]

    assert (thumbnail.width, thumbnail.height) == (960, 640)
    assert store.pictures.file(thumbnail.key, "small") == b"small"
    assert store.pictures.file(thumbnail.key, "large") == b"larger"
    assert store.pictures.file("0" * 24, "small") is None
    assert list(store.pictures.keys_with_thumbnails()) == [thumbnail.key]
    assert store.pictures.states([A])[A].has_thumbnails


def test_a_failure_is_kept_and_tried_again_when_it_is_due(store: Store) -> None:
    """An error that is not temporary is never retried."""
    _with_picture(store, "One", A)
    error = "Its server responded with 503."
    store.pictures.save([PictureResult(url=A, error=error, retry_at=NOW + HOUR)], NOW)

    assert store.pictures.due({"harbor"}, NOW, 9) == []
    (again,) = store.pictures.due({"harbor"}, NOW + HOUR, 9)
    assert again.attempts == 1
    state = store.pictures.states([A])[A]
    assert (state.error, state.due_at, state.has_thumbnails) == (error, NOW + HOUR, False)
    store.pictures.save([PictureResult(url=A, error="It is broken.")], NOW)
    assert store.pictures.due({"harbor"}, NOW + 99 * HOUR, 9) == []


def test_a_server_that_asks_for_a_pause_costs_no_attempt(store: Store) -> None:
    """No request was sent."""
    _with_picture(store, "One", A)
    pause = PictureResult(url=A, retry_at=NOW + HOUR, is_attempt=False)
    store.pictures.save([pause], NOW)

    assert store.pictures.due({"harbor"}, NOW + HOUR, 9)[0].attempts == 0


def test_thumbnails_change_the_pages_of_their_stories_alone(store: Store) -> None:
    """Not the feeds, and no closed page that another story is on."""
    first = _with_picture(store, "First", A)
    for number in range(30):
        publish(store, f"Story {number}", "ports", minute=number + 1)
    store.lists.close_older_pages(5, {}, NOW)
    scope = topic_scope("ports")
    pages = [scope.older_page(number) for number in range(1, 6)]
    lists = [ALL, scope, *pages]
    stories = [PICTURES, picture_scope(picture_key(A)), story_scope(first.id)]
    before = {each: store.lists.revision(each) for each in (*lists, *stories)}
    store.pictures.save([_result(A)], NOW)
    changed = {each for each in before if store.lists.revision(each) != before[each]}

    assert changed == {*stories, pages[0]}


def test_a_failure_changes_no_page(store: Store) -> None:
    """There was no picture before, and there is none now."""
    _with_picture(store, "One", A)
    before = store.lists.revision(PICTURES)
    store.pictures.save([PictureResult(url=A, error="It is broken.")], NOW)

    assert store.lists.revision(PICTURES) == before


def test_a_takedown_hides_the_picture(store: Store) -> None:
    """Unless another story has it too; nothing that is down is fetched."""
    first, second = _with_picture(store, "One", A), _with_picture(store, "Two", A)
    store.pictures.save([_result(A)], NOW)
    _with_picture(store, "Three", B)
    key = picture_key(A)
    store.stories.take_down(first.id, "asked to", NOW)
    assert store.pictures.is_used(key, {"harbor"})
    store.stories.take_down(second.id, "asked to", NOW)
    assert not store.pictures.is_used(key, {"harbor"})
    assert list(store.pictures.keys_with_thumbnails()) == []
    for story_id in (first.id, second.id):
        store.stories.restore(story_id, NOW)
    assert store.pictures.is_used(key, {"harbor"})


def test_a_revised_entry_has_its_new_pictures(store: Store) -> None:
    """Its old picture is no longer linked to it."""
    found = _with_picture(store, "One", A)
    store.pictures.save([_result(A)], NOW)
    store.pictures.add({found.lead.entry_id: [B]}, NOW)

    assert not store.pictures.is_used(picture_key(A), {"harbor"})
    assert store.pictures.is_used(picture_key(B), {"harbor"})


def test_pictures_of_a_batch_are_wanted(store: Store) -> None:
    """In the transaction that saves the entries."""
    found = publish(store, "One", image=A)
    save(store, pictures={found.lead.entry_id: (A,)}, state=None)

    assert [each.url for each in store.pictures.due({"harbor"}, NOW, 9)] == [A]


def test_the_newest_entries_of_a_source(store: Store) -> None:
    """For one that permits thumbnails only now."""
    for number in range(3):
        publish(store, f"Story {number}", minute=number, image=A)
    titles = [each.title for each in store.pictures.newest_entries("harbor", 2)]
    assert titles == ["Story 2", "Story 1"]


def test_each_source_has_its_turn(store: Store) -> None:
    """Though one has many more pictures that are newer."""
    _with_picture(store, "First", "https://plains.example/1.jpg", "plains")
    for number in range(9):
        _with_picture(store, f"Story {number}", f"https://harbor.example/{number}.jpg")
    due = store.pictures.due({"harbor", "plains"}, NOW, 2)

    assert {each.source for each in due} == {"harbor", "plains"}


def test_a_picture_is_due_for_every_source_that_has_it(store: Store) -> None:
    """Also if the first one does not permit thumbnails any more."""
    _with_picture(store, "One", A)
    _with_picture(store, "Two", A, "plains")

    assert [each.source for each in store.pictures.due({"plains"}, NOW, 9)] == ["plains"]
    assert len(store.pictures.due({"harbor", "plains"}, NOW, 9)) == 1


def test_pictures_of_other_sources_are_deleted(store: Store) -> None:
    """Permission that was withdrawn leaves no files; given again, it is as if it were new."""
    first = _with_picture(store, "One", A)
    _with_picture(store, "Two", B, "plains")
    store.pictures.save([_result(A), _result(B)], NOW)
    before = store.lists.revision(story_scope(first.id))

    assert store.pictures.delete_all_but({"plains"}, NOW) == 1
    assert store.pictures.file(picture_key(A), "small") is None
    assert store.pictures.file(picture_key(B), "small") is not None
    assert store.lists.revision(story_scope(first.id)) != before
    store.pictures.add({first.lead.entry_id: [A]}, NOW)
    assert [each.url for each in store.pictures.due({"harbor"}, NOW, 9)] == [A]


def test_an_evicted_picture_returns_with_a_new_story(store: Store) -> None:
    """And the oldest is the one that no story has had for longest."""
    _with_picture(store, "One", A)
    store.pictures.add({}, NOW)
    _with_picture(store, "Two", B)
    store.pictures.save([_result(A), _result(B)], NOW)
    third = publish(store, "Three", image=A)
    store.pictures.add({third.lead.entry_id: [A]}, NOW + HOUR)
    assert store.pictures.evict(15, NOW) == 1
    assert store.pictures.thumbnails([A, B]).keys() == {A}
    store.pictures.add({third.lead.entry_id: [A]}, NOW + HOUR)
    fourth = publish(store, "Four", image=B)
    store.pictures.add({fourth.lead.entry_id: [B]}, NOW + HOUR)
    assert [each.url for each in store.pictures.due({"harbor"}, NOW + HOUR, 9)] == [B]


def test_the_oldest_thumbnails_make_room(store: Store) -> None:
    """They are not wanted again, and the pages change."""
    first = _with_picture(store, "One", A)
    _with_picture(store, "Two", B)
    store.pictures.save([_result(A), _result(B)], NOW)
    before = store.lists.revision(story_scope(first.id))

    assert store.pictures.evict(1000, NOW) == 0
    assert store.pictures.evict(15, NOW) == 1
    assert store.pictures.thumbnails([A, B]).keys() == {B}
    assert store.pictures.file(picture_key(A), "small") is None
    assert store.lists.revision(story_scope(first.id)) != before
    assert store.pictures.due({"harbor"}, NOW + 999 * HOUR, 9) == []
    assert "pictures_mb" in store.pictures.states([A])[A].error


def test_purged_stories_leave_no_pictures(store: Store) -> None:
    """What is old goes as a whole."""
    _with_picture(store, "One", A)
    store.pictures.save([_result(A)], NOW)
    publish(store, "Today", minute=60 * 24 * 30)
    for number in range(25):  # what outlets publish lately is the present
        publish(store, f"Today {number}", minute=60 * 24 * 30 + number)
    store.stories.purge(timedelta(days=1), NOW + timedelta(days=30))

    assert list(store.pictures.keys_with_thumbnails()) == []
    assert store.pictures.states([A]) == {}
    assert store.pictures.file(picture_key(A), "small") is None
