# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a plain message from the hop to its end, as the running hop has it. Private to this collection."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_cf import MasterCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.routes import route
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import certain_routes

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance

GATEWAY, DIRECT, BACK = 'gateway', 'direct', 'mta'
REPAIR = 'Run site.yml: the configuration of the hop is its alone, and is made anew.'
# Levels at which a client of the hop may speak to the servers of recipients: clear text only where there is no TLS.
DIRECT_LEVELS = ('may', 'encrypt', 'dane', 'dane-only', 'fingerprint', 'verify', 'secure')
# What would lower or turn off what the level asks for, or lead mail elsewhere.
NOTHING = ('smtp_tls_policy_maps', 'smtp_tls_per_site', 'smtp_fallback_relay')


def route_rows(queue_directory: str, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row for the way of each plain message that has to leave, and of the hop's own notices, as its running
    trivial-rewrite(8) tells it.

    Args:
        queue_directory: of the hop.
        settings: what M(conbool.smtp_relay.settings) returned.
    """
    samples = [
        (sample['sender'], sample['recipient'], (GATEWAY, settings['relay_destination']))
        for sample in certain_routes(settings)
        if sample['hop'] and sample['sender']
    ]
    samples += [('', 'postmaster@' + domain, (BACK, None)) for domain in settings['domains'][:1]]
    rows = []
    for sender, recipient, (transport, next_hop) in samples:
        seen = route(queue_directory, sender, recipient)
        way, target = '{transport}:{next_hop}'.format(**seen), f'<{sender}> to <{recipient}>'
        if seen['transport'] == transport and next_hop in (None, seen['next_hop']):
            rows.append(row('hop.route', target, GREEN, way))
        else:
            wanted = f'{transport}:{next_hop or "..."}'
            rows.append(row('hop.route', target, RED, f'the hop sends it by {way}, not by {wanted}', REPAIR))
    return rows


def routed_elsewhere(queue_directory: str, messages: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the identifiers of those messages without a FILTER of which the hop sends nothing to the gateway.

    Args:
        queue_directory: of the hop.
        messages: as postqueue(1) tells them.
    """
    seen: dict[tuple[str, str], bool] = {}

    def to_gateway(sender: str, recipient: str) -> bool:
        # All of a domain go one way.
        key = (sender, recipient.rpartition('@')[2])
        if key not in seen:
            seen[key] = route(queue_directory, sender, recipient)['transport'] == GATEWAY
        return seen[key]

    return {
        message['queue_id']
        for message in messages
        if not any(to_gateway(_sender(message), entry['address']) for entry in message['recipients'])
    }


def _sender(message: Mapping[str, Any]) -> str:
    # What postqueue(1) says for an empty one (empty_address_recipient).
    return '' if message['sender'] == 'MAILER-DAEMON' else message['sender']


def client_rows(
    instance: Instance, wanted: Mapping[str, str], level: str, theirs: Container[str] = ()
) -> list[dict[str, Any]]:
    """Return the rows on the clients of the hop: what is in force in each, of its own or from main.cf.

    Args:
        instance: the hop.
        wanted: what has to be in force where it speaks to the gateway.
        level: the TLS level that was chosen for mail that goes direct, empty for the mail server's.
        theirs: parameters that the user has chosen for the hop (C(outbound_hop_parameters)).
    """
    entries = MasterCf.of(instance.config_dir).services()
    empty = [name for name in NOTHING if name not in theirs]
    parameters = instance.parameters(instance.config_dir, sorted({*wanted, *empty, 'smtp_tls_security_level'}))[0]
    rows = []
    for name in (GATEWAY, DIRECT):
        entry = entries.get(f'{name}/unix')
        if entry is None or entry.command != ['smtp']:
            rows.append(
                row('hop.client', name, RED, f'the hop has no client {name}: what has to go there waits', REPAIR)
            )
            continue
        values = dict(parameters, **entry.options)
        if name == GATEWAY:
            # A parameter that this Postfix does not know is no more than empty.
            bad = {key for key, value in wanted.items() if values.get(key, '') != value}
            bad |= {key for key in empty if key not in wanted and values.get(key)}
        else:
            fits = values['smtp_tls_security_level'] in ((level,) if level else DIRECT_LEVELS)
            bad = set() if fits else {'smtp_tls_security_level'}
        rows.append(_client_row(name, values, bad, wanted if name == GATEWAY else {}))
    return rows


def _client_row(name: str, values: Mapping[str, str], bad: set[str], wanted: Mapping[str, str]) -> dict[str, Any]:
    if not bad:
        return row('hop.client', name, GREEN, 'TLS level {}'.format(values['smtp_tls_security_level']))
    found = [
        f'{key} is {values.get(key, "")!r}' + (f' instead of {wanted[key]!r}' if key in wanted else '')
        for key in sorted(bad)
    ]
    return row('hop.client', name, RED, '; '.join(found), REPAIR)
