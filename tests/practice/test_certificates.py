"""The certificates are as good or as bad as they should be, in the eyes of OpenSSL."""

from __future__ import annotations

import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from mailkit.practice import PracticeServer, practice_server

from .talk import Talk, talking

EXPIRED, NOT_YET, SELF_SIGNED, SELF_SIGNED_IN_CHAIN, NO_ISSUER, UNABLE, PURPOSE, NAME = 10, 9, 18, 19, 20, 21, 26, 62


async def shaken(talk: Talk, server: PracticeServer, context: ssl.SSLContext | None = None) -> ssl.SSLObject:
    if server.security == "starttls":
        await talk.reply()
        await talk.ask("EHLO client.test")
        await talk.ask("STARTTLS")
    return await talk.secure(context)


async def certificate(server: PracticeServer) -> x509.Certificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    async with talking(server) as talk:
        der = (await shaken(talk, server, context)).getpeercert(binary_form=True)
        assert der is not None
        return x509.load_der_x509_certificate(der)


@pytest.mark.parametrize("play", ["good-starttls", "good-implicit", "certificate-expires-soon", "dane-good"])
async def test_a_good_certificate_verifies_by_name_and_by_address(play: str) -> None:
    async with practice_server(play) as server:
        for name in (server.name, *server.addresses):
            context = ssl.create_default_context(cafile=str(server.ca_file))
            context.verify_flags |= ssl.VERIFY_X509_STRICT
            async with talking(server) as talk:
                await shaken(talk, server, _for(context, name))


def _for(context: ssl.SSLContext, name: str) -> ssl.SSLContext:
    """Let a context verify another name than the one the connection is opened with."""

    class Renamed(ssl.SSLContext):
        def wrap_bio(self, *arguments: object, **options: object) -> ssl.SSLObject:
            return context.wrap_bio(*arguments, **{**options, "server_hostname": name})  # type: ignore[arg-type]  # passed on as it came

    return Renamed(ssl.PROTOCOL_TLS_CLIENT)


@pytest.mark.parametrize(
    ("play", "numbers"),
    [
        ("certificate-expired", {EXPIRED}),
        ("certificate-expired-implicit", {EXPIRED}),
        ("certificate-other-name", {NAME}),
        ("certificate-not-yet-valid", {NOT_YET}),
        ("certificate-self-signed", {SELF_SIGNED}),
        ("chain-incomplete", {NO_ISSUER, UNABLE}),
        ("certificate-untrusted", {NO_ISSUER}),
        ("certificate-untrusted-root-sent", {SELF_SIGNED_IN_CHAIN}),
        ("certificate-wrong-purpose", {PURPOSE}),
        ("certificate-all-wrong", {NO_ISSUER, EXPIRED, NAME}),
    ],
)
async def test_a_bad_certificate_fails_for_its_reason(play: str, numbers: set[int]) -> None:
    async with practice_server(play) as server, talking(server) as talk:
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            await shaken(talk, server)
        assert caught.value.verify_code in numbers


async def test_the_weak_key_has_1024_bits() -> None:
    async with practice_server("certificate-weak-key") as server:
        key = (await certificate(server)).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        assert key.key_size == 1024


async def test_the_weak_signature_is_sha1_and_otherwise_right() -> None:
    async with practice_server("certificate-sha1") as server:
        found = await certificate(server)
        assert found.signature_algorithm_oid.dotted_string == "1.2.840.10045.4.1"
        async with talking(server) as talk:
            context = ssl.create_default_context(cafile=str(server.ca_file))
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            await shaken(talk, server, context)  # OpenSSL has checked the signature


async def test_the_incomplete_chain_says_where_the_missing_certificate_is() -> None:
    async with practice_server("chain-incomplete") as server:
        access = (await certificate(server)).extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        assert [entry.access_location.value for entry in access] == ["http://pki.practice.test/issuing.crt"]


@pytest.mark.parametrize("play", ["client-certificate-tls12", "client-certificate-tls13"])
async def test_whoever_shows_no_certificate_is_turned_away(play: str) -> None:
    async with practice_server(play) as server, talking(server) as talk:
        # With TLS 1.3 the refusal comes after the client's end of the handshake.
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await talk.begin()
