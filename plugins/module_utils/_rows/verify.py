# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be so once a mail server uses the gateway (runs on the controller)."""

from __future__ import annotations

import re

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.inbound import stale_copies
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import TRANSPORT
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row, skipped, smtp_rows, unasked
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED

# Never looked up: a route is asked for, no mail is sent (RFC 2606).
OUTSIDE = 'conbool-verify.invalid'
DIRECT = 'FILTER direct:'
LOOPBACK = re.compile(r'\[(127\.[0-9.]+|::1)\]:\d+$')


def certain_routes(settings):
    """Return messages whose way is certain, each with C(sender), C(recipient) and whether it goes through the
    C(hop)."""
    domains, outside = settings['domains'], 'someone@' + OUTSIDE
    samples = [{'sender': outside, 'recipient': 'postmaster@' + domain, 'hop': False} for domain in domains]
    if settings['scope'] == 'all':
        # Forwarded mail and notices leave through the gateway too.
        senders = ['postmaster@' + domain for domain in domains] + ['forwarded@' + OUTSIDE, '']
        return samples + [{'sender': sender, 'recipient': outside, 'hop': True} for sender in senders]
    listed = settings['scope_senders']
    samples += [
        {'sender': 'conbool-verify' + sender if sender.startswith('@') else sender, 'recipient': outside, 'hop': True}
        for sender in listed
    ]
    others = ['conbool-verify@' + domain for domain in domains + [OUTSIDE] if '@' + domain not in listed]
    return samples + [{'sender': sender, 'recipient': outside, 'hop': False} for sender in others]


def certain_headers(settings):
    """Return header lines, each with C(header) and whether the message goes C(direct)."""
    marks = [f'{header}: true' for header in settings['loop_headers']] + ['X-Conbool-Released: yes']
    samples = [{'header': header, 'direct': True} for header in marks]
    samples.append({'header': 'Content-Type: text/calendar; method=REQUEST', 'direct': settings['bypass_calendar']})
    return samples + [
        {'header': header, 'direct': False}
        for header in (
            'Subject: X-Conbool-Released: yes',
            'Content-Type: text/plain',
            'X-Conbool-{}: true'.format(OUTSIDE.replace('.', '-')),
        )
    ]


def sample_routes(settings):
    """Return the messages of certain_routes() as M(conbool.smtp_relay.postfix_route) takes them."""
    return [{'sender': sample['sender'], 'recipient': sample['recipient']} for sample in certain_routes(settings)]


def sample_headers(settings):
    """Return the header lines of certain_headers()."""
    return [sample['header'] for sample in certain_headers(settings)]


def route_row(sample, through, way, hint):
    """Return the row on the way of one message.

    Args:
        sample: of certain_routes(); its C(hop) says whether it has to go C(through).
        through: whether it does.
        way: which way it goes.
        hint: what may lead it past the gateway.
    """
    target = '<{}> to <{}>'.format(sample['sender'], sample['recipient'])
    if through == sample['hop']:
        return row('route.ok', target, GREEN, way)
    if sample['hop']:
        return row('route.bypass', target, RED, f'{way}, which is not the way to the gateway', hint)
    return row('route.captured', target, RED, f'{way}, though this mail must not go there')


def header_row(sample, direct, said):
    """Return the row on one header line: of certain_headers(), whether such a message goes direct, and who said
    what."""
    if direct == sample['direct']:
        return row('header.ok', sample['header'], GREEN, 'goes direct' if direct else 'goes to the gateway')
    return row('header.wrong', sample['header'], RED, said)


def next_hop(transport, host):
    """Return transport and next hop as one text."""
    return f'{transport}:{host}' if host else transport


def route_rows(result, samples):
    """Return a row for each sample of certain_routes().

    Args:
        result: what M(conbool.smtp_relay.postfix_route) returned of the mail server, whether or not it failed.
        samples: what it was asked for.
    """
    if 'routes' not in result:
        return unasked(result, 'route', 'mail server')
    # An entry of transport_maps without a transport leads the hop's client elsewhere.
    return [
        route_row(
            sample,
            seen['transport'] == TRANSPORT and LOOPBACK.match(seen['next_hop']) is not None,
            next_hop(seen['transport'], seen['next_hop']),
            'transport_maps and sender-dependent maps of the mail server win over its default route.',
        )
        for sample, seen in zip(samples, result['routes'])
    ]


def header_rows(result, samples):
    """Return a row for each sample of certain_headers().

    Args:
        result: what M(conbool.smtp_relay.postfix_route) returned of the hop, whether or not it failed.
        samples: what it was asked for.
    """
    if 'headers' not in result:
        return unasked(result, 'header', 'hop')
    return [
        header_row(sample, seen['action'] == DIRECT, 'the hop says {!r}'.format(seen['action']))
        for sample, seen in zip(samples, result['headers'])
    ]


def queue_rows(result, name):
    """Return the row on a queue.

    Args:
        result: what M(conbool.smtp_relay.postfix_route) or M(conbool.smtp_relay.sendmail_route) returned. When it
            failed, another row says why.
        name: whose queue it is.
    """
    if 'count' not in result:
        return unasked({}, 'queue', name)
    if result['put_off']:
        return [
            row(
                'queue.grows',
                name,
                RED,
                '{} messages, put off while we looked: {}'.format(result['count'], '; '.join(result['put_off'][:3])),
            )
        ]
    if result['count']:
        return [
            row(
                'queue.waiting',
                name,
                GREEN,
                '{} messages, such as {}'.format(result['count'], result['messages'][0]),
                severity='low',
            )
        ]
    return [row('queue.ok', name, GREEN, 'empty')]


def copy_rows(result):
    """Return a row for each list of main.cf that port 25 has a copy of, and of header checks that submission has an old
    copy of.

    Args:
        result: what M(conbool.smtp_relay.postfix_info) returned, whether or not it failed or was skipped.
    """
    if skipped(result):
        return []
    if 'services' not in result:
        return unasked(result, 'inbound.copy', 'mail server')
    return [
        (
            row(
                'inbound.copy',
                name,
                RED,
                'changed in main.cf, and {} has what it said before'.format(', '.join(services)),
                'Run site.yml again: the change is not in force there.',
            )
            if services
            else row('inbound.copy', name, GREEN, 'as main.cf has it')
        )
        for name, services in sorted(stale_copies(result).items())
    ]


def postfix_rows(results, settings):
    """Return all rows on a Postfix and its hop.

    Args:
        results: what the modules returned, failed or not - C(mta) and C(hop), which were asked for routes and headers,
            C(listener), C(configuration), which is skipped right after it was made, and C(inbound), which is skipped
            where nobody said from where to look.
        settings: the normalised settings.
    """
    rows = route_rows(results['mta'], certain_routes(settings)) + header_rows(results['hop'], certain_headers(settings))
    rows += smtp_rows(results['listener'], 'hop') + copy_rows(results['configuration'])
    rows += queue_rows(results['hop'], 'hop') + queue_rows(results['mta'], 'mail server')
    return rows + ([] if skipped(results['inbound']) else smtp_rows(results['inbound'], 'inbound'))
