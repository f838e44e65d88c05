# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's whole DNS: an own root, authoritative for every name there is; whatever no zone holds does not exist."""

from __future__ import annotations

import time
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rdatatype
import dns.reversename

from . import inside
from .engine import ROOT, LabError, podman, replace
from .layout import Layout, Node

TEMPLATES = ROOT / 'lab' / 'zones'
PATIENCE = 30
SERIAL_STEP = 10**8  # nanoseconds
HEAD = '$TTL 60\n@ SOA ns.lab.test. hostmaster.lab.test. {serial} 60 60 60 60\n@ NS ns.lab.test.\n'
CONF = '''options {
    directory "/var/cache/bind";
    listen-on { any; };
    listen-on-v6 { any; };
    allow-query { any; };
    recursion yes;
    dnssec-validation no;
    empty-zones-enable no;
    max-cache-size 16m;
    pid-file none;
    session-keyfile none;
};
'''


def render(layout: Layout) -> int:
    """Write all zones and named.conf; the serial they carry."""
    folder = layout.path / 'zones'
    extra = folder / 'extra'
    extra.mkdir(parents=True, exist_ok=True)
    serial = time.time_ns() // SERIAL_STEP % 2**32
    values = _values(layout)
    zones = {
        _zone_name(path): path.read_text() for path in sorted(TEMPLATES.glob('*.zone')) + sorted(extra.glob('*.zone'))
    }
    zones.update(_reverse(layout))
    for name, text in zones.items():
        try:
            records = text.format_map(values)
        except (KeyError, ValueError, IndexError) as error:
            raise LabError(f'zone {name}: unknown placeholder {error}; there are {", ".join(values)}') from None
        replace(folder / _file(name), HEAD.format(serial=serial) + records)
    entries = ''.join(f'zone "{name}" {{ type primary; file "/etc/bind/lab/{_file(name)}"; }};\n' for name in zones)
    replace(folder / 'named.conf', CONF + entries)
    return serial


def reload(layout: Layout) -> None:
    """Render, reload, and wait until every zone is served as it was just written."""
    serial = render(layout)
    inside.execute(layout, 'resolver', 'named-checkconf', '-z', '/etc/bind/lab/named.conf')
    inside.execute(layout, 'resolver', 'rndc', 'reload')
    wait(layout, serial)


def wait(layout: Layout, serial: int) -> None:
    deadline = time.monotonic() + PATIENCE
    # Reverse zones are made, not written by hand: the templates are what can be wrong.
    waiting = [_zone_name(path) for path in [*TEMPLATES.glob('*.zone'), *(layout.path / 'zones/extra').glob('*.zone')]]
    while waiting:
        if _serial(layout, waiting[0]) == serial:
            waiting.pop(0)
        elif time.monotonic() > deadline:
            log = podman('logs', '--tail', '20', layout.node('resolver').container).stderr
            raise LabError(f'the resolver does not serve zone {waiting[0]} after {PATIENCE} s:\n{log}')
        else:
            time.sleep(0.05)


def add(layout: Layout, name: str, text: str) -> None:
    """One more zone. `text` is records only (SOA and NS are put before it) and may use the placeholders."""
    extra = layout.path / 'zones/extra'
    path = extra / f'{name}.zone'
    try:
        dns.name.from_text(name)
    except dns.exception.DNSException as error:
        raise LabError(f'zone name {name!r}: {error}') from None
    before = path.read_text() if path.exists() else None
    replace(path, text)
    try:
        reload(layout)
    except LabError:
        # A zone that cannot be served must not take the others along at the next start.
        path.unlink() if before is None else replace(path, before)
        reload(layout)
        raise


def _serial(layout: Layout, zone: str) -> int | None:
    query = dns.message.make_query(zone, 'SOA')
    try:
        reply = dns.query.udp(query, layout.node('resolver').ipv4, timeout=1)
    except (dns.exception.DNSException, OSError):
        return None
    return next(
        (record.serial for answer in reply.answer for record in answer if record.rdtype == dns.rdatatype.SOA), None
    )


def _values(layout: Layout) -> dict[str, str]:
    values = {}
    for node in layout.nodes.values():
        if node.kind == 'infra':
            values[f'{node.name}4'] = node.ipv4
            values[f'{node.name}6'] = node.ipv6
    values['hosts'] = ''.join(_addresses(node.name, node) for node in layout.hosts)
    return values


def _addresses(label: str, node: Node) -> str:
    return f'{label} A {node.ipv4}\n{label} AAAA {node.ipv6}\n'


def _reverse(layout: Layout) -> dict[str, str]:
    zone4 = '.'.join(layout.subnet4.network_address.reverse_pointer.split('.')[1:])
    zone6 = '.'.join(layout.subnet6.network_address.reverse_pointer.split('.')[16:])
    nodes = layout.nodes.values()
    return {
        zone4: ''.join(f'{dns.reversename.from_address(node.ipv4)} PTR {node.fqdn}.\n' for node in nodes),
        zone6: ''.join(f'{dns.reversename.from_address(node.ipv6)} PTR {node.fqdn}.\n' for node in nodes),
    }


def _zone_name(path: Path) -> str:
    return '.' if path.stem == 'root' else path.stem


def _file(zone: str) -> str:
    return 'root.zone' if zone == '.' else f'{zone}.zone'
