"""The practice certification authority: a root, an intermediate, and every good and bad server certificate.

Made at start with ``cryptography``, kept in a folder that is removed at the end. Server certificates are made when
they are first needed.
"""

from __future__ import annotations

import ipaddress
import ssl
import warnings
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Literal, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from mailkit.practice.play import Play

__all__ = ["KINDS", "Authority", "Identity", "Kind"]

_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_ADDRESSES = ("127.0.0.1", "::1", "127.0.0.2", "127.0.0.3")
_VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class Kind(Struct, frozen=True, kw_only=True):
    """How one kind of server certificate differs from a good one. Days count from now."""

    starts: int = -30
    ends: int = 180
    names: tuple[str, ...] | None = None
    """DNS names instead of the server's own; the loopback addresses are then left out too."""
    issuer: Literal["practice", "itself", "stranger"] = "practice"
    """``stranger`` is an authority nobody trusts."""
    key: Literal["ec", "rsa-1024"] = "ec"
    sha1: bool = False
    purpose: Literal["server", "client"] = "server"
    sends: Literal["intermediate", "leaf", "root"] = "intermediate"
    """How far up the chain the server sends: a good server leaves out only the root."""


KINDS: dict[str, Kind] = {
    "good": Kind(),
    "expired": Kind(starts=-400, ends=-10),
    "not-yet-valid": Kind(starts=10, ends=400),
    "expires-soon": Kind(ends=10),
    "other-name": Kind(names=("www.elsewhere.test",)),
    "self-signed": Kind(issuer="itself", sends="leaf"),
    "no-intermediate": Kind(sends="leaf"),
    "untrusted": Kind(issuer="stranger"),
    "untrusted-root-sent": Kind(issuer="stranger", sends="root"),
    "weak-key": Kind(key="rsa-1024"),
    "sha1": Kind(sha1=True),
    "client-purpose": Kind(purpose="client"),
    "all-wrong": Kind(starts=-400, ends=-10, names=("www.elsewhere.test",), issuer="stranger"),
}


class Identity(NamedTuple):
    """A private key and its certificate chain, the owner's own first."""

    key: _Key
    chain: tuple[x509.Certificate, ...]

    def pem(self) -> bytes:
        """Key and chain in the form :meth:`ssl.SSLContext.load_cert_chain` reads."""
        key = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return key + b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in self.chain)


class Authority:
    """The practice authority. Its methods may take some 10 ms and write files: call them in a thread.

    ``ca_file`` is its root in PEM form, to be given to whoever shall trust the practice servers.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._lock = Lock()
        self._identities: dict[tuple[str, str], Identity] = {}
        self._contexts: dict[tuple[object, ...], ssl.SSLContext] = {}
        self._issuers = {
            "practice": self._issuing("mailkit practice", "Practice"),
            "stranger": self._issuing("a stranger", "Stranger"),
        }
        root = self._issuers["practice"].chain[-1]
        self.ca_file = folder / "practice-root.pem"
        self.ca_file.write_bytes(root.public_bytes(serialization.Encoding.PEM))

    def identity(self, kind: str, name: str) -> Identity:
        """Key and chain of a kind for a server's name; always the same for the same arguments."""
        with self._lock:
            if (kind, name) not in self._identities:
                self._identities[kind, name] = self._leaf(KINDS[kind], name)
            return self._identities[kind, name]

    def context(self, play: Play, name: str) -> ssl.SSLContext:
        """The TLS settings of a server; cached."""
        wanted = (play.certificate, name, play.oldest_tls, play.newest_tls, play.client_certificate)
        identity = self.identity(play.certificate, name)
        with self._lock:
            if wanted not in self._contexts:
                self._contexts[wanted] = self._context(play, identity, self._folder / f"server-{len(self._contexts)}.pem")
            return self._contexts[wanted]

    def _context(self, play: Play, identity: Identity, file: Path) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        weak = KINDS[play.certificate].key == "rsa-1024" or KINDS[play.certificate].sha1
        if play.oldest_tls == "1.0" or weak:
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with warnings.catch_warnings() if play.oldest_tls == "1.0" else nullcontext():
            if play.oldest_tls == "1.0":
                warnings.simplefilter("ignore", DeprecationWarning)  # it is outdated, that is the point
            context.minimum_version = _VERSIONS[play.oldest_tls]
            context.maximum_version = _VERSIONS[play.newest_tls]
        file.touch(0o600)
        file.write_bytes(identity.pem())
        try:
            context.load_cert_chain(file)
        finally:
            file.unlink()
        if play.client_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca_file)
        return context

    def _issuing(self, organisation: str, label: str) -> Identity:
        """A root and an intermediate below it: the intermediate's key, and both certificates."""
        root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root_name, name = _name(organisation, f"{label} Root CA"), _name(organisation, f"{label} Issuing CA")
        root = self._builder(root_name, root_name, (root_key, root_key), (-1000, 3650), ca=1).sign(root_key, hashes.SHA256())
        issuing = self._builder(name, root_name, (key, root_key), (-900, 1800), ca=0).sign(root_key, hashes.SHA256())
        return Identity(key, (issuing, root))

    def _leaf(self, kind: Kind, name: str) -> Identity:
        key: _Key = (
            ec.generate_private_key(ec.SECP256R1()) if kind.key == "ec" else rsa.generate_private_key(65537, int(kind.key[4:]))
        )
        subject = _name("mailkit practice", (kind.names or (name,))[0])
        issuer = None if kind.issuer == "itself" else self._issuers[kind.issuer]
        issuer_name, issuer_key = (issuer.chain[0].subject, issuer.key) if issuer else (subject, key)
        names: list[x509.GeneralName] = [x509.DNSName(each) for each in kind.names or (name,)]
        if kind.names is None:
            names += [x509.IPAddress(ipaddress.ip_address(each)) for each in _ADDRESSES]
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if kind.purpose == "server" else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            self._builder(subject, issuer_name, (key, issuer_key), (kind.starts, kind.ends))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        )
        if issuer:
            url = x509.UniformResourceIdentifier("http://pki.practice.test/issuing.crt")
            access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, url)
            builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
        leaf = builder.sign(issuer_key, hashes.SHA256())
        if kind.sha1:
            leaf = _sign_with_sha1(leaf, issuer_key)
        above = {"leaf": 0, "intermediate": 1, "root": 2}[kind.sends]
        chain = (leaf, *(issuer.chain[:above] if issuer else ()))
        return Identity(key, chain)

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, keys: tuple[_Key, _Key], days: tuple[int, int], *, ca: int | None = None
    ) -> x509.CertificateBuilder:
        """Build what all certificates share (RFC 5280, 4.2.1).

        ``keys`` are the owner's and the issuer's, ``days`` begin and end, ``ca`` the path length an authority may have below it.
        """
        key, issuer_key = keys
        usage = dict.fromkeys(
            ("content_commitment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
        )
        usage |= dict.fromkeys(("key_cert_sign", "crl_sign"), ca is not None)
        usage |= {"digital_signature": ca is None, "key_encipherment": ca is None and isinstance(key, rsa.RSAPrivateKey)}
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now + timedelta(days=days[0]))
            .not_valid_after(self._now + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=ca is not None, path_length=ca), critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        )


def _name(organisation: str, common: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")  # AlgorithmIdentifier, RFC 5758, 3.2
_ECDSA_SHA1 = bytes.fromhex("300906072a8648ce3d0401")


def _sign_with_sha1(certificate: x509.Certificate, key: _Key) -> x509.Certificate:
    """Sign again with ECDSA and SHA-1, which certificate builders rightly refuse: the DER is put together by hand."""
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the practice authorities have EC keys")
    old = certificate.tbs_certificate_bytes
    content = old[len(old) - int.from_bytes(old[2:4]) :] if old[1] == 0x82 else old[3:]  # after a length of two bytes or of one
    tbs = _der(0x30, content.replace(_ECDSA_SHA256, _ECDSA_SHA1, 1))
    signature = key.sign(tbs, ec.ECDSA(hashes.SHA1()))  # noqa: S303  # a weak signature is what is wanted
    return x509.load_der_x509_certificate(_der(0x30, tbs + _ECDSA_SHA1 + _der(0x03, b"\0" + signature)))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 0x80 else bytes([0x81, size]) if size < 0x100 else b"\x82" + size.to_bytes(2)
    return bytes([tag]) + length + content
