"""Who is who: one delivery has one name, whoever saw it and however often it is read.

A delivery is one message to one recipient. Where the message names itself (Message-ID), its name and the recipient make the
delivery's, so that a mail log, a message trace and a bounce speak of the same one. Where it does not, the server's own name for
it does. A message that the kit sent keeps the kit's name for it, whatever address it was forwarded to.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

__all__ = ["Identity", "Own", "key_of", "plain_id"]

Own = Callable[[str], str | None]
"""Gives the delivery of the kit's own that has a Message-ID, in the form of :func:`plain_id`."""


def plain_id(message_id: str) -> str:
    r"""Give a Message-ID as it is compared: without brackets, folds and capitals.

    >>> plain_id(" <Abc.1@Site.test>\r\n")
    'abc.1@site.test'
    """
    return "".join(message_id.split()).strip("<>").casefold()


def key_of(*parts: str | bytes | None) -> str:
    """Give a short name for a row of texts: the same at every import; two rows share one with a chance of 1 in 2⁸⁰."""
    raw = [part if isinstance(part, bytes) else (part or "").encode("utf-8", "surrogatepass") for part in parts]
    return blake2b(b"\0".join(raw), digest_size=10).hexdigest()


class Identity:
    """Names deliveries."""

    def __init__(self, own: Own | None = None) -> None:
        self._own = own

    def of(self, message_id: str | None, recipient: str | None, *otherwise: str | None) -> str:
        """Name a delivery.

        Args:
            message_id: as it was found.
            recipient: the address.
            otherwise: what names the message where it has no Message-ID: server and queue id, or all that is known.
        """
        plain = plain_id(message_id) if message_id else ""
        if plain:
            if self._own is not None and (own := self._own(plain)) is not None:
                return own
            named = f"message\0{plain}\0{(recipient or '').casefold()}"
            return blake2b(named.encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()
        return key_of("other", *otherwise, (recipient or "").casefold())
