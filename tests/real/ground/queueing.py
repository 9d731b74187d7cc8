"""Deliveries for the tests of the sender: queued as the rooms above would, and counted afterwards."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from mailkit.journal import Delivery, Store
from mailkit.mail.account import Access, Account
from mailkit.mail.patience import Patience
from mailkit.mail.shift import SendSettings
from mailkit.secret import Secret

QUICK = Patience(
    connect=2,
    greeting=2,
    silence=0.3,
    tls=5,
    ehlo=5,
    auth=5,
    opening=10,
    envelope=5,
    behind=2,
    data=5,
    block=5,
    end=5,
    goodbye=0.5,
)
SETTINGS = SendSettings(patience=QUICK, lease=dt.timedelta(seconds=3), poll=0.05, idle=0.3, grace=5)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def delivery(number: int, account: Account, **changes: Any) -> Delivery:
    token = secrets.token_hex(8)
    settings = {
        "delivery_id": token,
        "key": f"trace:MAIN:{number}:{token}",
        "kind": "trace",
        "message_id": f"<{token}@hotel.test>",
        "sender": "traces@hotel.test",
        "recipient": f"clerk{number}@hotel.test",
        "account": account.key,
        "created": now(),
        "due": now(),
    }
    return Delivery(**(settings | changes))


def message(one: Delivery, size: int = 300) -> bytes:
    head = f"From: <traces@hotel.test>\r\nTo: <{one.recipient}>\r\nSubject: trace\r\nMessage-ID: {one.message_id}\r\n\r\n"
    return head.encode() + b"Check the room.\r\n" * (size // 17)


def queue(store: Store, account: Account, count: int, *, size: int = 300, **changes: Any) -> list[Delivery]:
    made = [delivery(number, account, **changes) for number in range(count)]
    store.enqueue(((one, message(one, size)) for one in made), now=now())
    return made


def plain(port: int, **changes: Any) -> Account:
    return Account(**({"host": "127.0.0.1", "port": port, "security": "none"} | changes))


def accesses(*accounts: Account, password: str | None = None) -> Mapping[str, Access]:
    return {one.key: Access(one, None if password is None else Secret(password)) for one in accounts}


def message_ids(made: Iterable[Delivery]) -> set[str]:
    return {one.message_id for one in made}
