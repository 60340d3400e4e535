"""The tables of feeds.toml about mail: the server, the digest, alerts; and the class of all."""

from pydantic import BaseModel, ConfigDict, Field

from aggregator.config.value_types import (
    DkimSelector,
    DurationOrZero,
    EnvironmentVariable,
    ListenHost,
    MailAddress,
    OneLine,
    Port,
    Text,
    to_seconds,
)
from aggregator.model import AlertKind, MailSecurity, Weekday

__all__ = ["AlertsTable", "DigestTable", "MailTable", "Table"]


class Table(BaseModel):
    """A table: frozen, strict, without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class MailTable(Table):
    """The mail server that sends for us."""

    host: ListenHost = Field(description="Host of the mail server.")
    port: Port | None = Field(
        None, description="Its port; without it, 587, or 465 with tls, or 25 with none."
    )
    security: MailSecurity = Field(
        "starttls", description="Encryption: starttls, tls from the first byte, or none."
    )
    user: EnvironmentVariable | None = Field(
        None, description="Environment variable with the user name."
    )
    password: EnvironmentVariable | None = Field(
        None, description="Environment variable with the password."
    )
    sender: MailAddress = Field(description='Sender, such as "News <news@example.org>".')
    bounces: MailAddress | None = Field(
        None,
        description="Address for bounces; +mark is added before the @ for each subscriber.",
    )
    bounce_maildir: Text | None = Field(
        None, description="Maildir that `bounces` is delivered to, relative to feeds.toml."
    )
    bounce_imap: ListenHost | None = Field(
        None, description="IMAP server with the mailbox of `bounces`."
    )
    bounce_user: EnvironmentVariable | None = Field(
        None, description="Environment variable with the user name on the IMAP server."
    )
    bounce_password: EnvironmentVariable | None = Field(
        None, description="Environment variable with the password on the IMAP server."
    )
    dkim_selector: DkimSelector | None = Field(
        None, description="Name of the DKIM key in the DNS of the sender's domain."
    )
    dkim_key: EnvironmentVariable | None = Field(
        None, description="Environment variable with the private key, in PEM."
    )
    rate: int = Field(
        600, ge=1, le=1_000_000, description="Maximum number of digest mails per minute."
    )


class DigestTable(Table):
    """The digest: the stories of a day or a week by mail."""

    hour: int = Field(
        7, ge=0, le=23, description="Hour that the form suggests, and that of the archived issue."
    )
    weekday: Weekday = Field(
        "monday", description="Day that the form suggests for a weekly digest."
    )
    limit: int = Field(50, ge=1, le=200, description="Most stories in a mail.")
    pictures: bool = Field(
        False, description="true: show thumbnails; your server then sees when a mail is opened."
    )
    sign_up: bool = Field(True, description="false: no sign-up form; set it for a static export.")
    imprint: OneLine = Field(
        "", description="A line at the foot of every mail, such as a postal address."
    )


class AlertsTable(Table):
    """Who is alerted when something needs attention, and again when it is resolved."""

    mail: list[MailAddress] = Field([], description="Addresses that get alerts; needs [mail].")
    webhook: EnvironmentVariable | None = Field(
        None, description="Environment variable with an address that gets alerts as JSON."
    )
    ping: EnvironmentVariable | None = Field(
        None,
        description="Environment variable with an address to call after each successful run.",
    )
    failing_after: DurationOrZero = Field(
        "6h", description="A source is reported when it has failed for this long."
    )
    ignore: list[AlertKind] = Field([], description="Kinds of alerts that are not sent.")
    weekly_summary: bool = Field(
        True, description="Also send the figures of the week, on Monday morning."
    )

    @property
    def failing_after_seconds(self) -> int:
        """`failing_after` in seconds."""
        return to_seconds(self.failing_after)
