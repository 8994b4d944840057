"""TLS files: an authority of our own for development, and the server certificate it signs.

Not for production: there, ALLOWABLE_TLS_CERT and ALLOWABLE_TLS_KEY name the real ones.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_KEY, CA, CERTIFICATE, KEY = "ca.key", "ca.pem", "server.pem", "server.key"
# Longest life that clients accept for server certificates (Apple, 2019).
LIFE = dt.timedelta(days=825)
RENEW_BEFORE = dt.timedelta(days=30)
ADDRESSES = ("127.0.0.1", "::1")


def ensure_certificates(folder: Path, base_domain: str, hosts: Sequence[str]) -> None:
    """Makes what is missing, soon out of date, or made for other names."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    names = sorted({"localhost", "*.localhost", base_domain, f"*.{base_domain}", *hosts})
    if not _good(folder / CA, None) or not (folder / CA_KEY).exists():
        _make_authority(folder)
        (folder / CERTIFICATE).unlink(missing_ok=True)
    if not _good(folder / CERTIFICATE, names) or not (folder / KEY).exists():
        _make_server(folder, names)


def _good(path: Path, names: Sequence[str] | None) -> bool:
    """Whether the certificate exists, lasts a while, and covers exactly the names."""
    if not path.exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    if certificate.not_valid_after_utc - RENEW_BEFORE < _now():
        return False
    if names is None:
        return True
    alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return sorted(alternative.get_values_for_type(x509.DNSName)) == list(names)


def _make_authority(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Allowable development authority")
    builder = (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    _write(folder / CA_KEY, _pem(key), 0o600)
    _write(folder / CA, builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM), 0o644)


def _make_server(folder: Path, names: Sequence[str]) -> None:
    authority = x509.load_pem_x509_certificate((folder / CA).read_bytes())
    signer = serialization.load_pem_private_key((folder / CA_KEY).read_bytes(), None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise SystemExit(f"{folder / CA_KEY} is not a key of ours; remove the folder {folder}")
    key = ec.generate_private_key(ec.SECP256R1())
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in ADDRESSES]
    alternative = x509.SubjectAlternativeName([*(x509.DNSName(name) for name in names), *addresses])
    builder = (
        _builder(_name("localhost"), authority.subject, key.public_key())
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    _write(folder / KEY, _pem(key), 0o600)
    _write(
        folder / CERTIFICATE,
        builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM),
        0o644,
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - dt.timedelta(hours=1))
        .not_valid_after(_now() + LIFE - dt.timedelta(hours=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Replaces the file in one step; a reader never sees half of it."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    scratch.replace(path)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
