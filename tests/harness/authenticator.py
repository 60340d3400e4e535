"""A device with a passkey, in software: what a browser sends (W3C Web Authentication, level 2)."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import urlsplit

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

__all__ = ["Authenticator"]

USER_PRESENT, USER_VERIFIED, HAS_CREDENTIAL = 0x01, 0x04, 0x40


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Authenticator:
    """One ES256 key for one origin."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.credential_id = secrets.token_bytes(16)
        self.is_verifying = True
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._count = 0

    def makes(self, options: dict[str, Any]) -> str:
        """The answer to registration options."""
        numbers = self._key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        length = len(self.credential_id).to_bytes(2, "big")
        data = self._data(HAS_CREDENTIAL) + bytes(16) + length + self.credential_id + key
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client_data = self._client_data("webauthn.create", options["challenge"])
        return self._answer(options, client_data, attestationObject=_text(attestation))

    def signs(self, options: dict[str, Any]) -> str:
        """The answer to login options."""
        self._count += 1
        data = self._data()
        client_data = self._client_data("webauthn.get", options["challenge"])
        signed = data + hashlib.sha256(client_data).digest()
        signature = self._key.sign(signed, ec.ECDSA(SHA256()))
        return self._answer(
            options, client_data, authenticatorData=_text(data), signature=_text(signature)
        )

    def _data(self, flags: int = 0) -> bytes:
        host = (urlsplit(self.origin).hostname or "").encode()
        flags |= USER_PRESENT | (USER_VERIFIED if self.is_verifying else 0)
        return hashlib.sha256(host).digest() + bytes([flags]) + self._count.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, options: dict[str, Any], client_data: bytes, **response: str) -> str:
        id_ = _text(self.credential_id)
        credential = {
            "id": id_, "rawId": id_, "type": "public-key",
            "response": {"clientDataJSON": _text(client_data), **response},
        }  # fmt: skip
        return json.dumps({"credential": credential, "challenge": options["challenge"]})
