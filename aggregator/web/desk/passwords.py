"""Passwords of operators, as argon2id hashes (RFC 9106)."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

__all__ = ["MIN_PASSWORD_CHARS", "hash_password", "is_password", "password_problem"]

MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 1_000
_HASHER = PasswordHasher()


def password_problem(password: str, name: str) -> str:
    """Why a password is too weak, in a sentence; empty if it is not."""
    if len(password) < MIN_PASSWORD_CHARS:
        return f"A password needs at least {MIN_PASSWORD_CHARS} characters."
    if len(password) > MAX_PASSWORD_CHARS:
        return f"A password has at most {MAX_PASSWORD_CHARS:,} characters."
    if name and name.casefold() in password.casefold():
        return "A password must not contain the name of its operator."
    if len(set(password)) < 4:
        return "A password needs at least four different characters."
    return ""


def hash_password(password: str) -> str:
    """The hash of a password, with its parameters and salt."""
    return _HASHER.hash(password)


def is_password(password: str, hash_: str) -> bool:
    """True if a password is right. It takes as long for a name that does not exist, whose hash is
    empty."""
    try:
        return _HASHER.verify(hash_ or _dummy_hash(), password[:MAX_PASSWORD_CHARS]) and bool(hash_)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _dummy_hash() -> str:
    return _HASHER.hash("")
