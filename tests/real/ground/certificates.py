"""Certificates made for one test run: good ones, and one for each fault a certificate can have.

trustme signs; the kinds that it does not make (signed by itself, not meant for servers, without its intermediate) are made with
cryptography. Used by the Postfix roles, and by the zone for its TLSA records.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

NAMES = ("mx.ci.test", "mx.dane.test", "mx2.ci.test", "dual.test")
"""What the good certificate is for."""


@dataclass(frozen=True)
class Certificates:
    """A folder of PEM files (key, certificate, intermediates in one) and the trust anchor."""

    folder: Path

    @property
    def anchor(self) -> Path:
        return self.folder / "anchor.pem"

    def chain(self, name: str) -> Path:
        return self.folder / f"{name}.pem"

    def leaf(self, name: str) -> x509.Certificate:
        pem = self.chain(name).read_bytes()
        return x509.load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERTIFICATE-----") :])

    def tlsa_key_sha256(self, name: str) -> str:
        """Return the data of a ``3 1 1`` record: the hash of the public key."""
        key = self.leaf(name).public_key()
        der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(der).hexdigest()


def make_certificates(folder: Path) -> Certificates:
    """Write all certificates into ``folder``."""
    made = Certificates(folder)
    now = dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    authority = trustme.CA(organization_name="CI authority")
    authority.cert_pem.write_to_path(str(made.anchor))

    def issued(name: str, *names: str, by: trustme.CA = authority, **dates: dt.datetime) -> None:
        by.issue_cert(*names, **dates).private_key_and_cert_chain_pem.write_to_path(str(made.chain(name)))

    issued("good", *NAMES, not_after=now + 365 * day)
    issued("expired", *NAMES, not_before=now - 90 * day, not_after=now - 3 * day)
    issued("early", *NAMES, not_before=now + 3 * day, not_after=now + 90 * day)
    issued("ending", *NAMES, not_after=now + 9 * day)
    issued("elsewhere", "mail.elsewhere.test", not_after=now + 365 * day)
    issued("untrusted", *NAMES, by=trustme.CA(organization_name="Unknown authority"), not_after=now + 365 * day)
    between = authority.create_child_ca()
    issued("intermediate", *NAMES, by=between, not_after=now + 365 * day)
    _write_own(made.chain("incomplete"), now, authority=between, issuer_url="http://ca.ci.test/between.crt")
    _write_own(made.chain("self-signed"), now)
    _write_own(made.chain("client-only"), now, authority=authority, purpose=ExtendedKeyUsageOID.CLIENT_AUTH)
    for file in folder.glob("*.pem"):
        file.chmod(0o600)
    made.anchor.chmod(0o644)
    return made


def _write_own(
    path: Path,
    now: dt.datetime,
    *,
    authority: trustme.CA | None = None,
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
    issuer_url: str | None = None,
) -> None:
    """Write a certificate without any other, signed by ``authority`` or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAMES[0])])
    signer: PrivateKeyTypes = key
    if authority is not None:
        issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes()).subject
        signer = serialization.load_pem_private_key(authority.private_key_pem.bytes(), password=None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    builder = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in NAMES]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    if issuer_url is not None:
        place = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(issuer_url))
        builder = builder.add_extension(x509.AuthorityInformationAccess([place]), critical=False)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
