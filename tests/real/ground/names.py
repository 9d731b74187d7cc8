"""Knot with a signed zone ``test.`` and its reverse zone, and unbound in front of it as validating resolver.

Everything below ``test.`` is what the tests ask about; every other name is answered with REFUSED, so that no question leaves this
machine. One zone, ``bogus.test.``, is signed with a key that its parent does not vouch for; of another, ``lame.test.``, the
server has no data.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from .running import answers, call, found, free_ports, running

_ZONE = """\
$ORIGIN test.
$TTL 60
@            SOA   ns root 1 3600 600 86400 60
@            NS    ns
ns           A     127.0.0.1

ci           MX    10 mx.ci
ci           TXT   "v=spf1 mx -all"
mx.ci        A     127.0.0.1
mx2.ci       A     127.0.0.4
two          MX    20 mx2.ci
two          MX    10 mx.ci
xn--bcher-kva MX   10 mx.ci

nullmx       MX    0 .
cnamemx      MX    10 alias
alias        CNAME mx.ci
deadmx       MX    10 gone
halfdead     MX    10 gone
halfdead     MX    20 mx.ci
literalmx    MX    10 127.0.0.1.
nomx         A     127.0.0.1
textonly     TXT   "no mail here"
loop         CNAME pool
pool         CNAME loop
elsewhere    MX    10 mail.elsewhere
mail.elsewhere A   192.0.2.25

dual         A     127.0.0.1
dual         AAAA  ::1

stranger     A     192.0.2.1
mismatch     MX    10 mx.mismatch
mx.mismatch  A     127.0.0.2
noreverse    MX    10 mx.noreverse
mx.noreverse A     127.0.0.3

dane         MX    10 mx.dane
mx.dane      A     127.0.0.1
wrongdane    MX    10 mx.wrongdane
mx.wrongdane A     127.0.0.1

bogus        NS    ns
bogus        DS    12345 13 2 0000000000000000000000000000000000000000000000000000000000000000
lame         NS    ns
"""

_BOGUS = """\
$ORIGIN bogus.test.
$TTL 60
@  SOA ns.test. root.test. 1 3600 600 86400 60
@  NS  ns.test.
@  MX  10 mx
mx A   127.0.0.1
"""

_REVERSE = """\
$ORIGIN 127.in-addr.arpa.
$TTL 60
@      SOA ns.test. root.test. 1 3600 600 86400 60
@      NS  ns.test.
1.0.0  PTR mx.ci.test.
2.0.0  PTR stranger.test.
4.0.0  PTR mx2.ci.test.
"""

_KNOT = """\
server:
    listen: 127.0.0.1@{port}
    rundir: {folder}/run
database:
    storage: {folder}/data
log:
  - target: {folder}/knot.log
    any: warning
template:
  - id: default
    zonefile-sync: -1
    zonefile-load: difference
    journal-content: all
zone:
  - domain: test
    file: {folder}/test.zone
    dnssec-signing: on
  - domain: bogus.test
    file: {folder}/bogus.zone
    dnssec-signing: on
  - domain: lame.test
    file: {folder}/not-there.zone
  - domain: 127.in-addr.arpa
    file: {folder}/reverse.zone
"""

_UNBOUND = """\
server:
    chroot: ""
    username: ""
    directory: "{folder}"
    pidfile: ""
    interface: 127.0.0.1@{port}
    do-ip6: no
    do-not-query-localhost: no
    do-daemonize: no
    use-syslog: no
    logfile: "{folder}/unbound.log"
    num-threads: 1
    ede: yes
    trust-anchor-file: "{folder}/anchor"
    local-zone: "." refuse
    local-zone: "test." transparent
    local-zone: "127.in-addr.arpa." transparent
remote-control:
    control-enable: no
"""

_STUB = 'stub-zone:\n    name: "{zone}"\n    stub-addr: 127.0.0.1@{port}\n'


@contextlib.contextmanager
def names(folder: Path, tlsa: dict[str, str]) -> Iterator[str]:
    """Run both name servers in ``folder``; give the resolver as ``address:port``.

    ``tlsa`` maps a name below ``test.`` (``_2525._tcp.mx.dane``) to the data of its ``3 1 1`` record.
    """
    folder.mkdir(mode=0o755)
    for child in ("run", "data"):
        (folder / child).mkdir()
    records = "".join(f"{name} TLSA 3 1 1 {data}\n" for name, data in tlsa.items())
    (folder / "test.zone").write_text(_ZONE + records)
    (folder / "bogus.zone").write_text(_BOGUS)
    (folder / "reverse.zone").write_text(_REVERSE)
    authority, resolver = free_ports(2)
    configuration = folder / "knot.conf"
    configuration.write_text(_KNOT.format(folder=folder, port=authority))
    stubs = "".join(
        _STUB.format(zone=zone, port=authority) for zone in ("test.", "bogus.test.", "lame.test.", "127.in-addr.arpa.")
    )
    (folder / "unbound.conf").write_text(_UNBOUND.format(folder=folder, port=resolver) + stubs)
    knot, keymgr, unbound = found("knotd"), found("keymgr"), found("unbound")
    assert knot
    assert keymgr
    assert unbound
    anchor = folder / "anchor"

    def signed() -> bool:
        """The zone is served once its key exists; the key is what unbound is to trust."""
        if not answers("127.0.0.1", authority):
            return False
        anchor.write_text(call(keymgr, "-c", configuration, "test.", "dnskey"))
        return bool(anchor.stat().st_size)

    with (
        running([knot, "-c", configuration], folder / "start.log", signed),
        running([unbound, "-d", "-c", folder / "unbound.conf"], folder / "start.log", lambda: answers("127.0.0.1", resolver)),
    ):
        yield f"127.0.0.1:{resolver}"
