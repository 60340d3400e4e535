"""Passkeys (W3C Web Authentication, level 2): registered at the desk, used to log in.

    options, with a challenge -> the browser's device signs it -> verified once, within minutes

A passkey is bound to the host of `[site] url`. Browsers offer them under https, and on localhost.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from aggregator.errors import CommandError
from aggregator.model import Operator, Passkey
from aggregator.store.base import Store

__all__ = [
    "are_passkeys_possible", "login_options", "registration_options", "verify_login",
    "verify_registration",
]  # fmt: skip

CHALLENGE_AGE = timedelta(minutes=5)
"""How long a challenge may be signed."""
_REFUSED = "This passkey was not accepted; reload the page and try again."


def are_passkeys_possible(site_url: str) -> bool:
    """True if browsers can use passkeys at this address."""
    parts = urlsplit(site_url)
    host = parts.hostname or ""
    is_address = ":" in host or host.replace(".", "").isdigit()
    return not is_address and (parts.scheme == "https" or host == "localhost")


def registration_options(
    store: Store, site_url: str, site_title: str, operator: Operator, now: datetime
) -> str:
    """What the browser needs to make a passkey, as JSON."""
    import webauthn  # heavy, and only needed here
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = webauthn.generate_registration_options(
        rp_id=_host(site_url),
        rp_name=site_title,
        user_name=operator.name,
        user_id=operator.name.encode()[:64],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(store.operators.passkeys(operator.name)),
    )
    return _with_challenge(store, options, operator.name, now)


def login_options(store: Store, site_url: str, operator: str, now: datetime) -> str:
    """What the browser needs to sign with a passkey of an operator, or of any, as JSON."""
    import webauthn
    from webauthn.helpers.structs import UserVerificationRequirement

    options = webauthn.generate_authentication_options(
        rp_id=_host(site_url),
        allow_credentials=_descriptors(store.operators.passkeys(operator)) if operator else None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return _with_challenge(store, options, operator, now)


def verify_registration(
    store: Store, site_url: str, operator: str, name: str, answer: str, now: datetime
) -> Passkey:
    """The passkey that a browser has made. Raises CommandError."""
    import webauthn
    from webauthn.helpers import bytes_to_base64url

    credential, challenge = _read(answer)
    if store.operators.take_challenge(challenge, now - CHALLENGE_AGE) != operator:
        raise CommandError(_REFUSED)
    try:
        verified = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=webauthn.base64url_to_bytes(challenge),
            expected_rp_id=_host(site_url),
            expected_origin=_origin(site_url),
            require_user_verification=True,
        )
    except Exception as error:  # what a browser sends may be anything
        raise CommandError(_REFUSED) from error
    credential_id = bytes_to_base64url(verified.credential_id)
    if store.operators.passkey(credential_id):
        raise CommandError("This passkey is registered already.")
    return Passkey(
        credential_id=credential_id,
        operator=operator,
        name=name,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        created_at=now,
    )


def verify_login(store: Store, site_url: str, answer: str, now: datetime) -> Operator:
    """Whose passkey has signed; a challenge counts once. Raises CommandError."""
    import webauthn

    credential, challenge = _read(answer)
    expected = store.operators.take_challenge(challenge, now - CHALLENGE_AGE)
    passkey = store.operators.passkey(str(credential.get("id", "")))
    if expected is None or passkey is None or expected not in ("", passkey.operator):
        raise CommandError(_REFUSED)
    operator = store.operators.by_name(passkey.operator)
    if operator is None or (operator.needs_passkey and not expected):
        raise CommandError(_REFUSED)  # whose password must come first
    try:
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=webauthn.base64url_to_bytes(challenge),
            expected_rp_id=_host(site_url),
            expected_origin=_origin(site_url),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except Exception as error:  # what a browser sends may be anything
        raise CommandError(_REFUSED) from error
    store.operators.use_passkey(passkey.credential_id, verified.new_sign_count, now)
    return operator


def _read(answer: str) -> tuple[dict[str, Any], str]:
    """What the browser sends: the credential, and the challenge that it says it has signed."""
    try:
        read = json.loads(answer)
        return dict(read["credential"]), str(read["challenge"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise CommandError(_REFUSED) from error


def _with_challenge(store: Store, options: Any, operator: str, now: datetime) -> str:
    import webauthn
    from webauthn.helpers import bytes_to_base64url

    store.operators.add_challenge(bytes_to_base64url(options.challenge), operator, now)
    return webauthn.options_to_json(options)


def _descriptors(passkeys: Sequence[Passkey]) -> list[Any]:
    from webauthn import base64url_to_bytes
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return [
        PublicKeyCredentialDescriptor(id=base64url_to_bytes(passkey.credential_id))
        for passkey in passkeys
    ]


def _host(site_url: str) -> str:
    return urlsplit(site_url).hostname or ""


def _origin(site_url: str) -> str:
    parts = urlsplit(site_url)
    return f"{parts.scheme}://{parts.netloc}"
