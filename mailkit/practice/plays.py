"""The table of all practice servers: good ones, and one for each fault a support engineer meets.

Each row is a :class:`~mailkit.practice.play.Play`; a new fault is a new row. ``expects`` names the truth, so the table is
at once a list of tasks for any probe.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mailkit.practice.play import KEYWORDS, Answer, Ask, Play

__all__ = ["PLAYS"]

CLOSE = Answer((), then="close")
FRONTDESK = "frontdesk@hotel.test"
GUEST = "guest@elsewhere.test"
RIGHT = "practice-frontdesk"

_GOOD = (
    Play(id="good-starttls", title="A mail server that does everything right, with STARTTLS.", families=(4, 6)),
    Play(id="good-implicit", title="A mail server that does everything right, with TLS from the first byte.", security="implicit", families=(4, 6)),
    Play(
        id="good-exchanger",
        title="A mail exchanger that does everything right: STARTTLS, no log-in, only mail for its own domains.",
        auth="never",
        families=(4, 6),
    ),
    Play(
        id="good-submission",
        title="A submission server that does everything right: TLS and a log-in come before any mail.",
        needs=("tls", "login"),
        families=(4, 6),
    ),
    Play(id="split-replies", title="A good server whose replies arrive in many small pieces, which is legal.", segments=True),
    Play(id="tls-1.2-only", title="A good server that knows TLS 1.2 and nothing newer.", newest_tls="1.2"),
    Play(id="tls-1.3-only", title="A good server that knows TLS 1.3 and nothing older.", oldest_tls="1.3"),
)

# The nineteen faults every probe is compared by, in their usual order.
_NINETEEN = (
    Play(id="banner-after-8s", title="The greeting comes after 8 seconds.", expects=("greeting.slow",), answers={"greeting": Answer(delay=8.0)}),
    Play(
        id="banner-421",
        title="The greeting is 421: too many connections.",
        expects=("greeting.rejected", "session.too-many-connections"),
        answers={"greeting": Answer(("421 4.7.0 {host} Error: too many connections from {peer}, try again later",), then="close")},
    ),
    Play(
        id="banner-554-blocklist",
        title="The greeting is 554: the client's address is on a blocklist.",
        expects=("greeting.rejected",),
        answers={
            "greeting": Answer(
                ("554-5.7.1 Service unavailable; client host [{peer}] blocked using dnsbl.practice.test", "554 5.7.1 see https://dnsbl.practice.test/{peer}"),
                then="close",
            )
        },
    ),
    Play(
        id="starttls-withheld",
        title="STARTTLS is not offered, but works when it is sent.",
        expects=("tls.starttls-stripped",),
        announces_starttls=False,
    ),
    Play(
        id="starttls-masked",
        title="A device in between has overwritten the greeting with stars and STARTTLS with XXXXXXXA.",
        expects=("tls.starttls-stripped",),
        security="none",
        keywords=("PIPELINING", "SIZE 10240000", "XXXXXXXA", "XXXXXXXXXXXXXXXXXXX", "8BITMIME", "XXB"),
        auth="never",
        answers={
            "greeting": Answer(("220 ****************************************",)),
            "STARTTLS": Answer(("500 5.5.1 Command unrecognized: \"XXXXXXXX\"",)),
        },
    ),
    Play(
        id="starttls-454",
        title="STARTTLS is offered and then refused with 454.",
        expects=("tls.starttls-refused",),
        answers={"STARTTLS": Answer(("454 4.7.0 TLS not available due to local problem",))},
    ),
    Play(
        id="garbage-after-220",
        title="After the 220 to STARTTLS comes something that is not TLS.",
        expects=("tls.handshake-failed",),
        answers={"handshake": Answer(raw=b"\x00\x17\x2a\xfe this is not TLS \x80\x81\r\n" * 8, then="close")},
    ),
    Play(
        id="hang-after-220",
        title="After the 220 to STARTTLS comes nothing any more.",
        expects=("tls.timeout",),
        answers={"handshake": Answer((), then="hang")},
    ),
    Play(id="says-nothing", title="The port accepts the connection and says nothing.", expects=("greeting.timeout",), answers={"greeting": Answer((), then="hang")}),
    Play(id="certificate-expired", title="The certificate has expired.", expects=("tls.certificate-expired",), certificate="expired"),
    Play(
        id="certificate-other-name",
        title="The certificate is for another name.",
        expects=("tls.certificate-name-mismatch",),
        certificate="other-name",
    ),
    Play(
        id="plaintext-after-220",
        title="Plain text follows the 220 to STARTTLS in the same breath, then TLS works.",
        expects=("tls.injection",),
        answers={"STARTTLS": Answer(raw=b"220 2.0.0 Ready to start TLS\r\n250-injected.practice.test\r\n250 AUTH PLAIN\r\n")},
    ),
    Play(id="ehlo-endless", title="The reply to EHLO never ends.", expects=("ehlo.malformed",), answers={"EHLO": Answer(("250-{host}",), then="endless")}),
    Play(
        id="helo-only",
        title="The server knows HELO but not EHLO.",
        expects=("ehlo.refused", "tls.not-offered"),
        security="none",
        auth="never",
        answers={"EHLO": Answer(("502 5.5.1 Command not implemented",))},
    ),
    Play(id="tls-1.0-only", title="The server knows only TLS 1.0.", expects=("tls.protocol-too-old",), oldest_tls="1.0", newest_tls="1.0"),
    Play(
        id="ehlo-421",
        title="EHLO is answered with 421: too many connections.",
        expects=("session.too-many-connections",),
        answers={"EHLO": Answer(("421 4.7.0 {host} Too many concurrent connections from {peer}, closing",), then="close")},
    ),
    Play(
        id="http",
        title="A web server is on this port.",
        expects=("greeting.not-smtp",),
        security="none",
        answers={
            "greeting": Answer((), then="go-on"),
            "*": Answer(
                raw=(
                    b"HTTP/1.1 400 Bad Request\r\nServer: practice\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"
                    b"<html><head><title>400 Bad Request</title></head><body>Bad Request</body></html>\r\n"
                ),
                then="close",
            ),
        },
    ),
    Play(
        id="implicit-asked-starttls",
        title="The port speaks TLS from the first byte, and is asked for STARTTLS.",
        expects=("tls.wrong-mode",),
        ask=Ask(security="starttls"),
        security="implicit",
    ),
    Play(id="closed-port", title="Nobody listens on the port.", expects=("tcp.refused",), security="none", listens="closed"),
)

_ALL = (*_GOOD, *_NINETEEN)

PLAYS: Mapping[str, Play] = MappingProxyType({play.id: play for play in _ALL})
"""All practice servers by id."""
