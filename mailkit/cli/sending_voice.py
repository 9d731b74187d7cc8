"""What ``mailkit test`` says while it works and in the end: results on standard output, progress on standard error."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence

from mailkit.attempt import Attempt
from mailkit.cli.output import Progress
from mailkit.explain import Explanation
from mailkit.finding import Finding, Product
from mailkit.journal import Delivery
from mailkit.mail.by_hand import ByHand
from mailkit.mail.follow import Arrival
from mailkit.mail.news import Halted, Moved, News, Opened, Paused
from mailkit.observation import ProbeDocument
from mailkit.report import arrival as arrivals
from mailkit.report.machine import finding_line, line
from mailkit.report.outline import outline
from mailkit.report.sending import hand, result, server
from mailkit.report.sending_words import means, totals
from mailkit.text import visible

__all__ = ["NO_CONNECTION", "Voice"]

NO_CONNECTION = frozenset({"connect", "greeting", "ehlo", "tls"})
"""Stages at which a mail ends without a connection."""

_IN_FULL = 5
"""Arrivals up to which the way of each is told; of more, one line each."""


class Voice:
    """Says everything once, as text or as JSON Lines."""

    def __init__(self, chosen: argparse.Namespace, product: Product, number: int) -> None:
        self._json, self._product = bool(chosen.json), product
        self._file = str(chosen.file)
        self._progress = Progress(number)
        self._done = 0
        self._told: dict[tuple[str | None, ...], Delivery] = {}
        """What was explained already, and for whom first."""
        self._met: dict[str, Explanation] = {}
        """What a connection that failed says of the server, by endpoint; told where asking the server finds nothing."""
        self._width = shutil.get_terminal_size((100, 24)).columns
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def news(self, news: News) -> None:
        """Tell what the sender tells."""
        if isinstance(news, Opened):
            how = f"{news.tls or 'not encrypted'}" + (f", {news.mechanism}" if news.mechanism else "")
            self._progress.say(self._done, f"connected to {news.address} ({how})")
        elif isinstance(news, Paused):
            until = news.until.astimezone().strftime("%H:%M:%S")
            self._progress.say(self._done, f"{visible(news.account)} waits until {until}: {visible(news.because)}")
        elif isinstance(news, Halted):
            self._progress.say(self._done, f"{visible(news.account)} is stopped: {visible(news.explanation.summary)}")
        elif isinstance(news, Moved):
            self._moved(news)

    def _moved(self, news: Moved) -> None:
        if news.delivery.state == "sending":
            self._progress.say(self._done, f"to {visible(news.delivery.recipient)}")
            return
        self._done += 1
        self._progress.clear()
        if not self._json:
            because = news.event.note if news.delivery.state in ("skipped", "uncertain") or not news.delivery.reply else None
            self._said(news.delivery, news.explanation, because=because)

    def _said(self, delivery: Delivery, told: Explanation | None, *, because: str | None = None) -> None:
        # That a connection was cut is known; why, its end does not tell.
        told = None if delivery.state == "uncertain" else told or means(delivery, self._product)
        if told is not None and delivery.stage in NO_CONNECTION:
            # The server is asked itself in the end, and says more: one verdict, not two.
            self._met.setdefault((delivery.account or "").rpartition(" at ")[2], told)
            told = None
        if told is not None:
            first = self._told.setdefault((delivery.account, delivery.stage, told.cause, delivery.reply), delivery)
            if first.delivery_id != delivery.delivery_id:
                because, told = f"the same as for {first.user or 'the first one'}, above", None
        text = result(delivery, told, because=because, product=self._product, width=self._width, colour=self._colour)
        self._out(text + "\n")

    def attempts(self, attempts: Sequence[Attempt]) -> None:
        """Give the documents."""
        if self._json:
            for attempt in attempts:
                self._out(line(attempt) + "\n")

    def findings(self, findings: Sequence[Finding]) -> None:
        """Give findings that belong to no attempt; as text the preview has said them."""
        if self._json:
            for finding in findings:
                self._out(finding_line(finding) + "\n")

    def by_hand(self, delivery: Delivery, steps: ByHand) -> None:
        """Say what a person does; progress, where results are for a program."""
        text = hand(delivery, steps, width=self._width, colour=self._colour and not self._json)
        record = f"mailkit test {visible(self._file)} --record {delivery.delivery_id} accepted"
        text += f"  Afterwards  {record}   (or rejected, delivered …)\n\n"
        print(text, end="", file=sys.stderr if self._json else sys.stdout, flush=True)

    def server(self, document: ProbeDocument) -> None:
        """Say what is wrong with a server that could not be reached."""
        if not self._json:
            met = self._met.get(document.target)
            self._out(server(document, met, product=self._product, width=self._width, colour=self._colour) + "\n")
            return
        cause = outline(document).cause
        if cause is not None:
            self._out(finding_line(cause.finding) + "\n")

    def looking(self, seen: int, number: int) -> None:
        """Say how the search goes."""
        self._progress.say(self._done, f"looking into the mailbox: {seen} of {number} seen")

    def arrived(self, found: Sequence[tuple[Delivery, Arrival, tuple[Finding, ...]]]) -> None:
        """Say what became of each mail that was looked for."""
        self._progress.clear()
        for delivery, arrival, findings in found:
            if self._json:
                self._out(line(arrival) + "\n")
                self.findings([one for one in findings if one.severity in ("error", "warning")])
                continue
            if delivery.state not in ("accepted", "uncertain"):  # else it is as it was told already
                self._said(delivery, None)
            if len(found) <= _IN_FULL:
                self._out(arrivals.render(arrival, findings, width=self._width, colour=self._colour) + "\n")
            else:
                self._out(f"  {visible(findings[0].summary)}\n" if findings else "")

    def sum(self, deliveries: Sequence[Delivery], store: str, *, stopped: bool) -> None:
        """Say how many are in which state."""
        self._progress.clear()
        if stopped:
            print("mailkit: stopped; above is what was found until then", file=sys.stderr)
        if not self._json:
            self._out(f"{totals(deliveries)} Every attempt is in {visible(store)}.\n")

    def warn(self, text: str) -> None:
        """Say something on standard error."""
        self._progress.clear()
        print(f"mailkit: {visible(text)}", file=sys.stderr, flush=True)

    @staticmethod
    def _out(text: str) -> None:
        print(text, end="", flush=True)
