"""Which mail addresses are accepted."""

import re

import idna

from aggregator.errors import BadAddress

__all__ = ["ascii_address", "check_address", "hide_addresses"]

_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+")
MAX_ADDRESS_CHARS = 254
"""RFC 5321, section 4.5.3.1.3."""


def check_address(given: str) -> str:
    """An address as mail is sent to it, with an international domain in its own letters.

    Raises BadAddress, with the reason: it is not an address of one mailbox (RFC 5322, 6531), or
    that of a service for throwing addresses away.
    """
    from disposable_email_domains import blocklist  # slow to load
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(given.strip(), check_deliverability=False)
    except EmailNotValidError as error:
        raise BadAddress(
            f"This is not a mail address: {_lower(str(error))}", "malformed"
        ) from error
    if len(found.normalized) > MAX_ADDRESS_CHARS:
        raise BadAddress("This is not a mail address: it is too long.", "malformed")
    domain = found.ascii_domain or found.domain
    if any(part in blocklist for part in _domain_and_parents(domain)):
        raise BadAddress(
            "This service provides throwaway addresses; use one that you keep.",
            "disposable",
        )
    return found.normalized


def hide_addresses(text: str) -> str:
    """A text, such as what a mail server has said, without mail addresses, for the log."""
    return _ADDRESS.sub("…", text)


def _domain_and_parents(domain: str) -> list[str]:
    labels = domain.lower().split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def ascii_address(address: str) -> str:
    """An accepted address as mail servers know it: with its domain in ASCII (RFC 5891). A local
    part in other letters stays, and needs a server that supports them (RFC 6531)."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{idna.encode(domain, uts46=True).decode()}"
