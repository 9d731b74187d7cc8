"""TLS as a witness: take whatever the server offers, and write down everything that is wrong with it.

The handshake never fails because of a certificate: OpenSSL's verification runs, and its callback collects every objection
with its depth, so that one handshake tells all faults. pyOpenSSL is used because the standard library reports the first
objection only, and cannot say whether a client certificate was asked for.
"""

from __future__ import annotations

import functools
import hashlib
import ipaddress
import os
import re
import ssl
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from OpenSSL import SSL, crypto

from mailkit.address import is_address
from mailkit.errors import InputError
from mailkit.observation import Certificate, TlsFacts, VerifyError
from mailkit.text import shorten, visible

__all__ = ["TlsClient", "TrustStore"]

T = TypeVar("T")

# Everything OpenSSL can still do, old protocols and small keys included, but nothing without a certificate: a server
# that can do no better must be described, not failed on.
_CIPHERS = b"ALL:!aNULL:!eNULL:@SECLEVEL=0"

_MAX_CHAIN = 12

_VERIFY_TEXT = {
    2: "the issuer's certificate was not found",
    7: "the signature of a certificate is wrong",
    9: "not yet valid",
    10: "expired",
    18: "self-signed",
    19: "the chain ends in a self-signed certificate that is not trusted here",
    20: "the issuer is not known here",
    21: "the first certificate cannot be verified, and no further one was sent",
    22: "the chain is too long",
    24: "a certificate in the chain is not that of a certificate authority",
    26: "not made for servers",
    27: "not trusted",
    28: "rejected by the trust store",
    32: "the issuer may not sign certificates",
    47: "a name constraint of the issuer forbids this name",
    66: "the server's key is too weak",
    67: "an issuer's key is too weak",
    68: "a signature's hash is too weak",
    79: "an issuer's certificate lacks what a certificate authority needs",
}


class TrustStore:
    """Trust anchors, loaded once.

    Attributes:
        name: ``"system"``, or the file's base name; ``None`` when this machine has none.
        context: the OpenSSL context every connection shares.
        organisations: to whom the anchors of a CA file belong; ``None`` for the system's store, where that tells nothing.
    """

    def __init__(self, name: str | None, context: SSL.Context, organisations: frozenset[str] | None = None) -> None:
        self.name = name
        self.context = context
        self.organisations = organisations

    @staticmethod
    def load(ca_file: str | os.PathLike[str] | None = None) -> TrustStore:
        """Load a PEM file of certificate authorities *instead of* the system's, or the system's when none is given.

        Raises:
            InputError: the file cannot be read, or holds no certificate.
        """
        if ca_file is None:
            return _system_store()
        path = Path(ca_file)
        try:
            state = path.stat()
        except OSError as error:
            raise InputError(f"the CA file {path} cannot be read ({error.strerror}); give a PEM file of certificates") from error
        return _file_store(str(path), (state.st_mtime_ns, state.st_size, state.st_ino))


def _new_context() -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_cipher_list(_CIPHERS)
    # Old appliances neither renegotiate securely nor end a session properly; neither is what we came to ask.
    context.set_options(getattr(SSL, "OP_LEGACY_SERVER_CONNECT", 0x4) | getattr(SSL, "OP_IGNORE_UNEXPECTED_EOF", 0x80))
    context.set_verify(SSL.VERIFY_PEER, _collect)
    context.set_info_callback(_note_step)
    return context


@functools.lru_cache(maxsize=8)
def _file_store(path: str, _state: tuple[int, int, int]) -> TrustStore:
    context = _new_context()
    try:
        pem = Path(path).read_bytes()
        certificates = x509.load_pem_x509_certificates(pem)
    except (OSError, ValueError) as error:
        raise InputError(f"the CA file {path} holds no PEM certificate; give a file with BEGIN CERTIFICATE blocks") from error
    _add(context, certificates)
    owners = {owner for one in certificates if (owner := _organisation(one.subject))}
    return TrustStore(Path(path).name, context, frozenset(owners))


@functools.lru_cache(maxsize=1)
def _system_store() -> TrustStore:
    context = _new_context()
    if sys.platform == "win32":
        certificates: list[x509.Certificate] = []
        for store in ("ROOT", "CA"):
            for der, encoding, trust in ssl.enum_certificates(store):
                if encoding == "x509_asn" and (trust is True or ssl.Purpose.SERVER_AUTH.oid in trust):
                    certificates += filter(None, [_or_none(lambda der=der: x509.load_der_x509_certificate(der))])  # type: ignore[misc]
        _add(context, certificates)
        return TrustStore("system" if certificates else None, context)
    paths = ssl.get_default_verify_paths()
    # A folder of hashed names is looked into only for the issuers that come up: far quicker than reading the whole bundle.
    if paths.capath and any(name.endswith(".0") for name in os.listdir(paths.capath)):  # noqa: PTH208 - names only
        context.load_verify_locations(None, paths.capath)
        return TrustStore("system", context)
    if paths.cafile:
        context.load_verify_locations(paths.cafile)
        return TrustStore("system", context)
    return TrustStore(None, context)


def _add(context: SSL.Context, certificates: list[x509.Certificate]) -> None:
    store = context.get_cert_store()
    assert store is not None
    for certificate in certificates:
        store.add_cert(crypto.X509.from_cryptography(certificate))


class TlsClient:
    """One client connection in memory, and what its handshake showed.

    Args:
        trust: the trust anchors.
        server_name: the name to ask for (SNI) and to compare the certificate with; an address is compared, not asked for.
        want_tlsa: also note the certificates' TLSA data.
    """

    def __init__(self, trust: TrustStore, server_name: str | None, *, want_tlsa: bool = False) -> None:
        self._trust = trust
        self._name = server_name
        self._want_tlsa = want_tlsa
        self._found: set[tuple[int, int]] = set()
        self.last_step: str | None = None
        self.client_certificate_requested = False
        self.connection = SSL.Connection(trust.context, None)
        self.connection.set_app_data(self)
        if server_name and not is_address(server_name):
            self.connection.set_tlsext_host_name(server_name.encode("ascii"))

    def objection(self, number: int, depth: int) -> None:
        """Note one objection of OpenSSL's verification."""
        self._found.add((number, depth))

    def step(self, name: str) -> None:
        """Note a step of the handshake."""
        self.last_step = name
        if "certificate request" in name:
            self.client_certificate_requested = True

    def facts(self) -> TlsFacts:
        """Tell all that is known of the session and of the chain, also after a handshake that failed."""
        connection = self.connection
        done = connection.get_cipher_name() is not None
        chain, unreadable = self._chain()
        errors = tuple(
            VerifyError(number=number, depth=depth, text=_VERIFY_TEXT.get(number, f"verification error {number}"))
            for number, depth in sorted(self._found, key=lambda found: (found[1], found[0]))
        )
        name_matches = _matches(*chain[0], self._name) if chain and self._name else None
        trusted = self._trust.name is not None
        known = not any(error.number in {2, 18, 19, 20, 21} for error in errors) if chain and trusted else None
        owners = self._trust.organisations
        return TlsFacts(
            version=connection.get_protocol_version_name() if done else None,
            cipher=connection.get_cipher_name(),
            group=_or_none(connection.get_group_name) if done and hasattr(connection, "get_group_name") else None,
            chain=tuple(certificate for _, certificate in chain),
            verified=(not errors and name_matches is not False) if chain and trusted else None,
            errors=errors,
            server_name=self._name,
            name_matches=name_matches,
            trust=self._trust.name,
            issuer_known=known,
            issuer_related=_organisation(chain[-1][0].issuer) in owners if known is False and owners is not None else None,
            unreadable=unreadable,
            client_certificate_requested=self.client_certificate_requested,
        )

    def _chain(self) -> tuple[list[tuple[x509.Certificate, Certificate]], str | None]:
        chain: list[tuple[x509.Certificate, Certificate]] = []
        for sent in (self.connection.get_peer_cert_chain() or [])[:_MAX_CHAIN]:
            try:
                certificate = sent.to_cryptography()
                chain.append((certificate, _describe(certificate, self._want_tlsa)))
            except ValueError as error:
                return chain, visible(shorten(str(error), 200))
        return chain, None


def _collect(connection: SSL.Connection, _certificate: crypto.X509, number: int, depth: int, good: int) -> bool:
    """OpenSSL's verification callback: write the objection down and go on."""
    if not good and isinstance(client := connection.get_app_data(), TlsClient):
        client.objection(number, depth)
    return True


def _note_step(connection: SSL.Connection, _where: int, _result: int) -> None:
    if isinstance(client := connection.get_app_data(), TlsClient):
        client.step(connection.get_state_string().decode("ascii", "replace"))


def _matches(certificate: x509.Certificate, described: Certificate, name: str) -> bool:
    """Compare the certificate's subjectAltName with a name (RFC 9525) or an address."""
    if is_address(name):
        return str(ipaddress.ip_address(name.partition("%")[0])) in described.names
    # The import costs a tenth of a second and most runs end here or never.
    from service_identity import CertificateError, VerificationError  # noqa: PLC0415
    from service_identity.cryptography import verify_certificate_hostname  # noqa: PLC0415

    try:
        verify_certificate_hostname(certificate, name)
    except (CertificateError, VerificationError, ValueError):
        return False
    return True


def _or_none(question: Callable[[], T]) -> T | None:
    """Ask a certificate something it may not be able to answer: real ones break every rule."""
    try:
        return question()
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound, x509.DuplicateExtension):
        return None


def _names(certificate: x509.Certificate) -> tuple[list[str], list[str]]:
    extension = _or_none(lambda: certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    if extension is None:
        return [], []
    return extension.get_values_for_type(x509.DNSName), [str(one) for one in extension.get_values_for_type(x509.IPAddress)]


@functools.lru_cache(maxsize=256)  # a batch meets the same authorities again and again
def _describe(certificate: x509.Certificate, want_tlsa: bool) -> Certificate:  # noqa: FBT001 - a key of the cache
    key = _or_none(certificate.public_key)
    usage = _or_none(lambda: certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    access = _or_none(lambda: certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value)
    der = certificate.public_bytes(Encoding.DER)
    public = b"" if key is None else key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    names, addresses = _names(certificate)
    hashing = _or_none(lambda: certificate.signature_hash_algorithm)
    tlsa = (
        {
            f"{selector}-{kind}": data.hex() if kind == 0 else hashlib.new(("", "sha256", "sha512")[kind], data).hexdigest()
            for selector, data in ((0, der), (1, public))
            for kind in (0, 1, 2)
        }
        if want_tlsa
        else {}
    )
    return Certificate(
        subject=_distinguished(certificate.subject),
        issuer=_distinguished(certificate.issuer),
        serial=f"{certificate.serial_number:x}",
        not_before=_or_none(lambda: certificate.not_valid_before_utc) or datetime.min.replace(tzinfo=UTC),
        not_after=_or_none(lambda: certificate.not_valid_after_utc) or datetime.max.replace(tzinfo=UTC),
        names=tuple(visible(shorten(name, 255)) for name in (names + addresses)[:100]),
        key_type=_key_type(key),
        key_bits=getattr(key, "key_size", None),
        signature=hashing.name if hashing is not None else None,
        is_ca=_or_none(lambda: certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca),
        self_signed=certificate.issuer == certificate.subject,
        server_auth=(ExtendedKeyUsageOID.SERVER_AUTH in usage or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usage)
        if usage
        else None,
        issuer_urls=tuple(
            visible(shorten(entry.access_location.value, 300))
            for entry in access or ()
            if entry.access_method == AuthorityInformationAccessOID.CA_ISSUERS
            and isinstance(entry.access_location, x509.UniformResourceIdentifier)
        ),
        sha256=hashlib.sha256(der).hexdigest(),
        public_key_sha256=hashlib.sha256(public).hexdigest() if public else "",
        tlsa=tlsa,
    )


def _key_type(key: object) -> str:
    known = {
        rsa.RSAPublicKey: "RSA",
        ec.EllipticCurvePublicKey: "EC",
        ed25519.Ed25519PublicKey: "Ed25519",
        ed448.Ed448PublicKey: "Ed448",
        dsa.DSAPublicKey: "DSA",
    }
    return next((name for kind, name in known.items() if isinstance(key, kind)), "unknown")


def _organisation(name: x509.Name) -> str | None:
    """The organisation in a name, for comparing."""
    found = _or_none(lambda: name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))
    return str(found[0].value).strip().casefold() if found else None


def _distinguished(name: x509.Name) -> str:
    """A name as RFC 4514 text, harmless and of bounded length."""
    text = _or_none(name.rfc4514_string)
    return visible(shorten(re.sub(r"\s+", " ", text), 300)) if text else ""
