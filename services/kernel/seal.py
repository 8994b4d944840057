"""Encryption at rest of what must come back in clear: signing keys, stored answers.

AES-256-GCM under a key derived from the master key for one purpose; the context (e.g. the row's
identity) is authenticated, so that a sealed value cannot be moved to another row. API keys and
client secrets never come back and are kept as keyed digests instead (`digest`).
"""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class Sealer:
    """Seals and opens under one purpose, e.g. `Sealer(settings.master_key, "signing keys")`."""

    def __init__(self, master_key: bytes, purpose: str) -> None:
        self._cipher = AESGCM(derive(master_key, purpose))

    def seal(self, content: bytes, context: str) -> bytes:
        """Nonce and ciphertext; opens only with the same context."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """The content; raises when key, context or bytes are not the sealed ones."""
        return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())


def derive(master_key: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose."""
    return hmac.digest(master_key, b"allowable/" + purpose.encode(), "sha256")


def digest(key: bytes, secret: str) -> bytes:
    """Keyed SHA-256 of a high-entropy secret, for look-up and constant-time compare."""
    return hmac.new(key, secret.encode(), hashlib.sha256).digest()
