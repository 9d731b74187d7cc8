"""``mailkit traces send``: queue what is new at the source, then send what is due. Once, as a daily job, or staying."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mailkit.cli.password import declare_passwords, password_book
from mailkit.cli.traces import guarded, load_hotel, open_desk, open_outbox, plan_settings, width
from mailkit.errors import InputError
from mailkit.text import shorten, visible

if TYPE_CHECKING:
    from mailkit.explain import Explanation
    from mailkit.journal import State, Store
    from mailkit.mail.account import Access, Account
    from mailkit.mail.news import News, Rest
    from mailkit.site.pms import PmsSite
    from mailkit.traces.desk import Queued

__all__ = ["declare_send"]

_EVERY = 300.0
_BAD: frozenset[State] = frozenset({"rejected", "uncertain", "expired", "deferred"})


def declare_send(parser: argparse.ArgumentParser) -> None:
    """Declare what is the command's own."""
    how = parser.add_argument_group("sending")
    how.add_argument("--once", action="store_true", help="send what is due and end, for cron and Task Scheduler (usual)")
    how.add_argument("--watch", action="store_true", help="stay: look at the source again and again, send what becomes due")
    how.add_argument("--every", type=_seconds, default=_EVERY, metavar="S", help=f"seconds between looks ({_EVERY:g})")
    how.add_argument("--queued-only", action="store_true", help="do not look at the source; send what is in the store")
    declare_passwords(parser)
    wire = parser.add_argument_group("the connection")
    wire.add_argument("--ca-file", metavar="PEM", help="authorities to trust instead of this computer's")
    wire.add_argument("--resolver", metavar="IP[:PORT]", help="a name server instead of this computer's")
    wire.add_argument("--ehlo-name", metavar="NAME", help="how to introduce this computer")
    wire.add_argument("--allow-plaintext-auth", action="store_true", help="send the password even over an unencrypted connection")
    wire.add_argument("--allow-unverified", action="store_true", help="and to a server whose certificate fails")
    parser.set_defaults(run=guarded(_send))


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 1 <= value <= 86_400:
        raise argparse.ArgumentTypeError(f"{visible(text)[:40]!r} is no number of seconds; give one from 1 to 86400")
    return value


def _send(chosen: argparse.Namespace) -> int:
    if chosen.once and chosen.watch:
        raise InputError("--once and --watch contradict each other; give one of them")
    _, site = load_hotel(chosen.file)
    with open_outbox(chosen, site) as store:
        _queue(chosen, site, store, first=True)
        accesses = _accesses(chosen, site, store)
        if not accesses and not chosen.watch:
            _say("nothing is waiting to be sent")
            return 0
        try:
            return asyncio.run(_Round(chosen, site, store, accesses).run())
        except KeyboardInterrupt:  # a second Ctrl-C, or a system that knows no handler
            _say("stopped; what was on its way is recorded, and uncertain ones are shown by mailkit traces status")
            return 130


def _say(text: str) -> None:
    print(f"mailkit: {text}", file=sys.stderr)


def _queue(chosen: argparse.Namespace, site: PmsSite, store: Store, *, first: bool) -> Queued | None:
    """Queue what is new; ``None``: nothing says where the traces are, or they were not to be looked at."""
    from mailkit.report.machine import line  # noqa: PLC0415 - loaded when the command runs
    from mailkit.report.traces import queued_text  # noqa: PLC0415 - loaded when the command runs

    source = site.traces.source
    if chosen.queued_only or not (chosen.traces or source.file or source.url):
        if first and not chosen.queued_only:
            _say("nothing says where the traces are, so only what is in the store is sent (--traces, or [traces.source])")
        return None
    done = open_desk(chosen, site, dt.datetime.now(dt.UTC), store).collect()
    if chosen.json:
        print(line(done), flush=True)
    elif first or done.queued:
        print(queued_text(done, width=width()), end="", flush=True)
    return done


def _accesses(chosen: argparse.Namespace, site: PmsSite, store: Store) -> dict[str, Access]:
    """Give the accounts that have something to send, each with its password; nobody is asked for the password of another."""
    from mailkit.mail.account import Access  # noqa: PLC0415 - loaded when the command runs
    from mailkit.traces.desk import accounts  # noqa: PLC0415 - loaded when the command runs
    from mailkit.traces.trace import KINDS  # noqa: PLC0415 - loaded when the command runs

    every: Mapping[str, Account] = accounts(site, plan_settings(chosen))
    # ``sending`` was left behind by a sender that is gone, and ``uncertain`` may be sent again by itself.
    waits: tuple[State, ...] = ("pending", "deferred", "sending", "uncertain")
    wanted = {
        key: account for key, account in every.items() if chosen.watch or store.counts(states=waits, accounts=(key,), kinds=KINDS)
    }
    logins = [account.login for account in wanted.values() if account.login is not None]
    book = password_book(chosen, logins) if logins else None
    return {
        key: Access(account, book.secret_of(account.login, account.host) if book and account.login is not None else None)
        for key, account in wanted.items()
    }


class _Round:
    """One run of sending, and what it prints."""

    def __init__(self, chosen: argparse.Namespace, site: PmsSite, store: Store, accesses: Mapping[str, Access]) -> None:
        self._chosen, self._site, self._store, self._accesses = chosen, site, store, accesses
        self._ended: dict[str, State] = {}
        """By the id of the mail, as it was told last: one that was put off and then taken counts once, as taken."""
        self._why: dict[tuple[str, str], tuple[Explanation, set[str]]] = {}
        """What refusals mean, and which mails met them."""
        self._halts: dict[str, int] = {}
        self._held = 0
        self._paused = False
        self._ending = False
        self._stop = asyncio.Event()

    async def run(self) -> int:
        """Send until nothing is due, or until somebody says stop."""
        from mailkit.mail.sending import send  # noqa: PLC0415 - loaded when the command runs
        from mailkit.traces.trace import KINDS  # noqa: PLC0415 - loaded when the command runs

        looking: asyncio.Task[None] | None = None
        with _on_interrupt(self._stop.set):
            if self._chosen.watch:
                looking = asyncio.create_task(self._look_again())
            try:
                async for news in send(self._store, self._accesses, kinds=KINDS, stop=self._stop, watch=self._chosen.watch):
                    self._tell(news)
            finally:
                if looking is not None:
                    looking.cancel()
                    await asyncio.wait({looking})
        self._end()
        if self._stop.is_set() and not self._ending:
            return 130
        return 1 if self._ending or self._halts or self._held or any(state in _BAD for state in self._ended.values()) else 0

    async def _look_again(self) -> None:
        from mailkit.traces.desk import accounts  # noqa: PLC0415 - loaded when the command runs

        while True:
            await asyncio.sleep(self._chosen.every)
            try:
                # Read anew: a correction of the site file counts from the next look on.
                _, self._site = await asyncio.to_thread(load_hotel, self._chosen.file)
                await asyncio.to_thread(_queue, self._chosen, self._site, self._store, first=False)
                if {*accounts(self._site, plan_settings(self._chosen))} - {*self._accesses}:
                    _say("Email Setup names another server or log-in now; start again, so that its password can be asked for")
                    self._ending = True
                    self._stop.set()
                    return
            except (InputError, OSError) as error:
                # The source may be written just now; what is queued is sent all the same, and the next look is tried.
                _say(f"the source could not be read this time: {error}")

    def _tell(self, news: News) -> None:
        from mailkit.mail.news import Halted, Moved, Paused, Rest  # noqa: PLC0415 - loaded when the command runs

        if isinstance(news, Moved) and news.delivery.state not in ("sending", "pending"):
            self._ended[news.delivery.delivery_id] = news.delivery.state
        elif isinstance(news, Halted):
            self._halts[news.account] = news.waiting
        elif isinstance(news, Rest):
            self._held = self._held_elsewhere(news)
        elif isinstance(news, Paused):
            self._paused = True
        if self._chosen.json:
            print(_json(news), flush=True)
            return
        if isinstance(news, Moved):
            self._moved(news)
        elif isinstance(news, Halted):
            self._halted(news)
        elif isinstance(news, Paused):
            self._clear()
            _say(f"{visible(news.account)} pauses until {news.until:%H:%M:%S} UTC: {visible(news.because)}")
        elif isinstance(news, Rest) and (waiting := news.waiting - sum(self._halts.values()) - self._held) > 0:
            until = f"; the next one is due {news.until:%Y-%m-%d %H:%M} UTC" if news.until and news.until > _now() else ""
            print(f"{waiting:,} still wait{until}.")

    def _held_elsewhere(self, rest: Rest) -> int:
        """Count what is due and was not tried though nothing was in the way: another sender holds it, at work or cut off."""
        if rest.until is None or rest.until > _now() or self._stop.is_set() or self._halts or self._paused:
            return 0
        return rest.waiting

    def _moved(self, news: Any) -> None:  # noqa: ANN401 - mailkit.mail.news.Moved, which is loaded late
        delivery = news.delivery
        if delivery.state in ("sending", "pending"):
            return
        self._progress()
        if delivery.state in _BAD:
            if news.explanation is not None and delivery.state != "uncertain":
                known = self._why.setdefault((delivery.state, news.explanation.summary), (news.explanation, set()))
                known[1].add(delivery.delivery_id)
            from mailkit.report.traces import STATE_WORDS  # noqa: PLC0415 - loaded when the command runs

            said = " ".join(str(part) for part in (delivery.reply_code, delivery.reply) if part is not None)
            reply = f" ({visible(shorten(said, 160))})" if said else ""
            if delivery.state == "uncertain":
                resent = delivery.on_uncertain == "resend"
                then = "it is sent again with the same Message-ID" if resent else "mailkit traces status says what to do"
                reply = f" (it may have arrived; {then})"
            self._clear()
            what = visible(shorten(delivery.subject or "", 60))
            print(f"{STATE_WORDS[delivery.state]:<10} {visible(delivery.recipient)}  {what}{reply}")

    def _halted(self, news: Any) -> None:  # noqa: ANN401 - mailkit.mail.news.Halted
        self._clear()
        print(f"\nSTOPPED  {visible(news.account)}: {news.waiting:,} mails wait for it.")
        from mailkit.report.explained import explanation  # noqa: PLC0415 - only where something was refused

        print(explanation(news.explanation, width=width(), product="maestro-pms"), end="")
        print(f'Put it right, then: mailkit traces resume "{visible(news.account)}" --store {visible(self._store.shown)}\n')

    def _explained(self, told: Explanation, number: int) -> None:
        """Say what a refusal means and who does what about it, once for all mails that met it."""
        if not number:
            return
        from mailkit.report.traces import why_text  # noqa: PLC0415 - only where something was refused

        print(why_text(told, number, width=width()), end="")

    def _progress(self) -> None:
        if sys.stderr.isatty():
            told = ", ".join(f"{number:,} {state}" for state, number in Counter(self._ended.values()).items())
            print(f"\r\x1b[K{told}"[:110], end="", file=sys.stderr, flush=True)

    def _clear(self) -> None:
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _end(self) -> None:
        from mailkit.report.traces import STATE_WORDS  # noqa: PLC0415 - loaded when the command runs

        self._clear()
        if self._chosen.json:
            return
        states = Counter(self._ended.values())
        for explanation, about in self._why.values():
            self._explained(explanation, sum(self._ended.get(one) in _BAD for one in about))
        if self._held:
            print(f"{self._held:,} are due and held by another sender: one that is at work, or one that was cut off.")
            print("After two minutes without a word from it they are free: run this again then.")
        told = ", ".join(f"{number:,} {STATE_WORDS[state]}" for state, number in states.items())
        print(f"{'Stopped. ' if self._stop.is_set() else ''}{told[:1].upper()}{told[1:] or 'Nothing was sent'}.")
        if states["accepted"]:
            print("Accepted means that the next server took it, not that it is in the mailbox.")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _json(news: News) -> str:
    """Give one step as a line: what happened, without the transcript (the store keeps the replies)."""
    import msgspec  # noqa: PLC0415 - loaded when the command runs

    told = {name: getattr(news, name) for name in news.__struct_fields__ if name != "transcript"}
    kind = type(news).__name__.lower()
    return msgspec.json.encode({"schema": "mailkit.sending/1", "step": kind, **told}).decode()


@contextlib.contextmanager
def _on_interrupt(stop: Callable[[], None]) -> Iterator[None]:
    """Let the first Ctrl-C finish what is in hand, and the second one end at once."""
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)

    def heard(number: int, _frame: object) -> None:
        signal.signal(number, before)
        _say("finishing what is in hand; press Ctrl-C again to end at once")
        loop.call_soon_threadsafe(stop)

    try:
        signal.signal(signal.SIGINT, heard)
        with contextlib.suppress(AttributeError, ValueError):
            signal.signal(signal.SIGTERM, heard)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
