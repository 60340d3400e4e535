"""Mails are signed so that a receiver can check them with the key in the DNS."""

import base64
import subprocess
from email import message_from_bytes

import dkim
import pytest

from aggregator.errors import MailError
from aggregator.mail.dkim_signing import SIGNED_HEADERS, sign_mail
from aggregator.mail.messages import compose_list_mail, mail_bytes, one_click_headers
from tests.harness.builders import NOW


@pytest.fixture(scope="module")
def keys() -> tuple[str, str]:
    """A private key in PEM, and the record with the public one."""
    private = subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, check=True).stdout
    command = ["openssl", "rsa", "-pubout", "-outform", "DER"]
    public = subprocess.run(command, input=private, capture_output=True, check=True).stdout
    return private.decode(), f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


def _mail() -> bytes:
    return mail_bytes(
        compose_list_mail(
            "The Commons <news@commons.example>",
            "ana@reader.example",
            "Dockers win – «Übung»",
            "Ω\n.\nend\n",
            "digest-1",
            NOW,
            html="<p>Ω</p>",
            headers=one_click_headers("https://commons.example/digest/unsubscribe/" + "x" * 90),
        )
    )


@pytest.mark.parametrize("is_one_line", [False, True])
def test_a_receiver_can_check_it(keys: tuple[str, str], is_one_line: bool) -> None:
    """The headers for leaving the list are signed, too (RFC 8058). The key may be in one line."""
    private, record = keys
    given = private.replace("\n", "\\n") if is_one_line else private
    signed = sign_mail(_mail(), "commons.example", "news2026", given)

    def dns(name: bytes, **_: object) -> bytes:
        assert name == b"news2026._domainkey.commons.example."
        return record.encode()

    assert dkim.verify(signed, dnsfunc=dns)
    header = message_from_bytes(signed)["DKIM-Signature"].replace("\r\n", "").replace(" ", "")
    names = header.partition(";h=")[2].partition(";")[0].split(":")
    assert (
        {"list-unsubscribe", "list-unsubscribe-post", "from"} <= set(names) <= set(SIGNED_HEADERS)
    )
    assert not dkim.verify(signed.replace("Ω".encode(), b"O").replace(b"=CE=A9", b"O"), dnsfunc=dns)


@pytest.mark.parametrize("key", ["", "secret", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END"])
def test_a_key_that_is_none(key: str) -> None:
    """It is said which key of feeds.toml is wrong, without its value."""
    with pytest.raises(MailError, match="dkim_key in \\[mail\\]") as failed:
        sign_mail(_mail(), "commons.example", "news2026", key)
    assert "secret" not in str(failed.value)


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said how to install it."""
    monkeypatch.setattr("aggregator.mail.dkim_signing.find_spec", lambda _: None)
    with pytest.raises(MailError, match=r"pip install \"aggregator\[dkim\]\""):
        sign_mail(_mail(), "commons.example", "news2026", "key")
