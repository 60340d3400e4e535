"""The signals that stop a command (Ctrl-C, a service manager, a terminal that is closed), and how
they are handled."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = [
    "SIGNAL_EXIT_CODE", "Stopped", "collect_signals", "default_signals", "hangup_reloads",
    "reload_on_hangup", "signal_received", "signals_blocked", "signals_held", "stop_on_signals",
    "stop_signals", "unblock_hangup",
]  # fmt: skip

SIGNAL_EXIT_CODE = 128
"""The exit code of a command that a signal stops is this plus the number of the signal, by the
convention of shells: 130 after Ctrl-C."""


class Stopped(KeyboardInterrupt):
    """A signal has stopped the command, which cleans up as after Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def stop_on_signals() -> None:
    """Raise Stopped when a signal arrives, in whatever the command is doing."""
    for number in stop_signals():
        if signal.getsignal(number) is not signal.SIG_IGN:  # a command in the background
            signal.signal(number, _stop)


def collect_signals() -> list[int]:
    """A list to which each signal that arrives from now on is added."""
    received: list[int] = []
    for number in stop_signals():
        signal.signal(number, lambda number, _: received.append(number))
    return received


def default_signals() -> None:
    """Restore the default signal handlers in a forked child."""
    for number in (*stop_signals(), signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def reload_on_hangup(reload: Callable[[], object]) -> None:
    """Call `reload` on SIGHUP, if it means that. To be called after what sets the signals that stop
    this process."""
    if hangup_reloads():
        signal.signal(signal.SIGHUP, lambda *_: reload())
    unblock_hangup()


def unblock_hangup() -> None:
    """Let SIGHUP arrive: a parent blocks it until its child can handle it, since it would end a
    child that is still starting."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])


def hangup_reloads() -> bool:
    """True if SIGHUP tells this process to read its configuration again, as daemons do, and does
    not come from the end of its terminal."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return False
    try:
        os.close(os.open(os.ctermid(), os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return True
    return False


@contextmanager
def signals_held() -> Iterator[None]:
    """Let a block finish that must not be stopped halfway; a signal stops the command after it."""
    received = collect_signals()
    yield
    stop_on_signals()
    if received:
        raise Stopped(received[0])


@contextmanager
def signals_blocked(*numbers: int) -> Iterator[None]:
    """Block signals, also in the processes that are started meanwhile, until these unblock them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def stop_signals() -> list[signal.Signals]:
    """The signals that stop this process: after `nohup`, the end of the terminal does not."""
    is_nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM] + [signal.SIGHUP] * (not is_nohup)


def signal_received() -> int:
    """The number of the first signal that has stopped the command, 0 if none has.

    Libraries turn Stopped into errors of their own: SQLite does, if it is raised in a function that
    a statement calls.
    """
    return _received[0] if _received else 0


_received: list[int] = []


def _stop(number: int, _: FrameType | None) -> None:
    _received.append(number)
    raise Stopped(number)
