"""DKIM: a signature by which receivers know that a mail is from its domain (RFC 6376).

It needs dkimpy, an optional library.
"""

from importlib.util import find_spec

from aggregator.errors import MailError

__all__ = ["has_dkim", "sign_mail"]

SIGNED_HEADERS = ("from", "to", "subject", "date", "message-id", "reply-to", "mime-version",
                  "content-type", "content-transfer-encoding", "list-id", "list-unsubscribe",
                  "list-unsubscribe-post")  # fmt: skip
"""RFC 8058 wants those for leaving a list to be signed."""


def has_dkim() -> bool:
    """True if the library is installed."""
    return find_spec("dkim") is not None


def sign_mail(mail: bytes, domain: str, selector: str, key: str) -> bytes:
    """A mail with a signature. `key` is a private RSA key in PEM, in which `\\n` may stand for a
    line feed. Raises MailError if the key cannot be used."""
    if not has_dkim():
        raise MailError(
            'Signing mails needs dkimpy; install it with `pip install "aggregator[dkim]"`, or '
            "remove dkim_key and dkim_selector from [mail]."
        )
    import dkim  # optional

    pem = key.replace("\\n", "\n").strip().encode() + b"\n"
    names = [name.encode() for name in SIGNED_HEADERS]
    try:
        signature: bytes = dkim.sign(
            mail, selector.encode(), domain.encode(), pem,
            canonicalize=(b"relaxed", b"relaxed"), include_headers=names,
        )  # fmt: skip
    except Exception as error:  # whatever the library makes of a wrong key
        raise MailError(
            "The key that dkim_key in [mail] names is not a private RSA key in PEM "
            f"({type(error).__name__})."
        ) from error
    return signature + mail
