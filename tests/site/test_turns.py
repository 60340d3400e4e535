"""Expensive searches take turns, and an honest one passes them."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from aggregator.errors import Overloaded
from aggregator.site.turns import CURRENT_CLIENT, FORGET_SECONDS, Turns


def _work(seconds: float) -> None:
    started = time.thread_time()
    while time.thread_time() - started < seconds:
        pass


def _search(turns: Turns, client: str, steps: int, seconds: float = 0.01) -> float:
    """Seconds that a search of so many steps takes."""
    CURRENT_CLIENT.set(client)
    started = time.monotonic()
    with turns.admit() as step:
        for _ in range(steps):
            with step():
                _work(seconds)
    return time.monotonic() - started


@pytest.mark.parametrize("client", ["honest", "attacker"])
def test_an_honest_search_passes_heavy_ones(client: str) -> None:
    """Six searches that never end delay it by a step or two, even from the attacker's address."""
    turns, is_over = Turns(max_seconds=60), Event()

    def attack() -> None:
        CURRENT_CLIENT.set("attacker")
        with turns.admit() as step:
            while not is_over.is_set():
                with step():
                    _work(0.02)

    with ThreadPoolExecutor(8) as threads:
        attacks = [threads.submit(attack) for _ in range(6)]
        time.sleep(0.5)
        took = threads.submit(_search, turns, client, 3).result(10)
        is_over.set()
        for each in attacks:
            each.result(10)

    assert took < 1


def test_a_search_that_takes_too_long_is_ended() -> None:
    """Only its own time counts."""
    turns = Turns(max_seconds=0.1)

    with pytest.raises(Overloaded, match="use fewer or rarer words"):
        _search(turns, "a", 20)

    assert _search(turns, "a", 5) < 1
    with turns.admit() as step, step():
        time.sleep(0.3)


def test_too_many_searches_are_refused() -> None:
    """One more than are admitted is refused at once; the others are not affected."""
    turns = Turns(max_admitted=2)

    with turns.admit(), turns.admit() as step:
        with pytest.raises(Overloaded, match="Too many searches"), turns.admit():
            pass
        with step():
            pass
    assert _search(turns, "a", 1) < 1


def test_a_failing_step_gives_its_turn_back() -> None:
    """A bug in one search does not stop the others."""
    turns = Turns()

    with pytest.raises(KeyError), turns.admit() as step, step():
        raise KeyError

    assert _search(turns, "a", 1) < 1


def _order(turns: Turns, *clients: str) -> list[str]:
    """The order in which clients that wait at the same time, in this order, have their turn."""
    order: list[str] = []

    def search(client: str) -> None:
        CURRENT_CLIENT.set(client)
        with turns.admit() as step, step():
            order.append(client)

    with ThreadPoolExecutor(len(clients)) as threads:
        with turns.admit() as step, step():
            waiting = []
            for client in clients:
                waiting.append(threads.submit(search, client))
                time.sleep(0.1)
        for each in waiting:
            each.result(10)
    return order


def test_what_a_client_has_spent_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who have searched a lot come last for half a minute."""
    turns = Turns()
    _search(turns, "greedy", 5)
    assert _order(turns, "greedy", "honest") == ["honest", "greedy"]

    later = time.monotonic() + FORGET_SECONDS
    monkeypatch.setattr("aggregator.site.turns.monotonic", lambda: later)

    assert _order(turns, "greedy", "honest") == ["greedy", "honest"]


def test_clients_that_are_remembered_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that has not searched for longest is forgotten first."""
    monkeypatch.setattr("aggregator.site.turns.MAX_CLIENTS", 2)
    turns = Turns()
    for client in ("first", "second", "third"):
        _search(turns, client, 3)

    assert _order(turns, "third", "first") == ["first", "third"]
