# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be so once a Sendmail uses the gateway (runs on the controller)."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import skipped, smtp_rows, unasked
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.verify import (
    certain_headers,
    certain_routes,
    header_row,
    header_rows,
    next_hop,
    queue_rows,
    route_row,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.compatibility import host_in_brackets


def sendmail_rows(results, settings):
    """Return all rows on a Sendmail.

    Args:
        results: what the modules returned, failed or not - C(asked) of M(conbool.smtp_relay.sendmail_route); C(hop)
            with its C(address), empty where Sendmail decides by itself, C(port), C(asked) of
            M(conbool.smtp_relay.postfix_route) and C(listener); and C(inbound), which is skipped where nobody said from
            where to look.
        settings: the normalised settings.
    """
    hop = results['hop'] if results.get('hop', {}).get('address') else None
    rows = _asked_rows(results['asked'], settings, hop)
    if hop:
        rows += (
            header_rows(hop['asked'], certain_headers(settings))
            + smtp_rows(hop['listener'], 'hop')
            + queue_rows(hop['asked'], 'hop')
        )
    return rows + ([] if skipped(results['inbound']) else smtp_rows(results['inbound'], 'inbound'))


def _asked_rows(result, settings, hop):
    if 'routes' not in result:
        return unasked(result, 'route', 'mail server')
    # What goes direct is the hop's affair.
    host, port, direct = (
        (hop['address'], hop['port'], False)
        if hop
        else (settings['relay_host'], settings['relay_port'], settings['bypass_null_sender'])
    )
    gateway = f'{host_in_brackets(host)}:{port}'
    rows = [
        route_row(
            dict(sample, hop=sample['hop'] and not (direct and not sample['sender'])),
            seen['next_hop'] == gateway,
            next_hop(seen['mailer'], seen['next_hop']),
            'mailertable and rules of your own in sendmail.mc win over it.',
        )
        for sample, seen in zip(certain_routes(settings), result['routes'])
    ]
    rows += [
        header_row(sample, seen['action'] == 'direct', 'the mail server says {!r}'.format(seen['action']))
        for sample, seen in zip(certain_headers(settings), result['headers'])
    ]
    return rows + queue_rows(result, 'mail server')
