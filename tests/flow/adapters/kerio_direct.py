# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of Kerio Connect (not Kerio Connect) with the outbound hop, in mode direct: inbound mail is known by address
alone."""

from __future__ import annotations

from tests.flow.adapters import postfix

KEPT = 'Kerio Connect takes no headers away from what it delivers itself; there they are without effect'
FLAGGED = 'rules of the spam filter see a few headers, and none of ours'
CLOSED = 'the connection is closed without a word, where a refusal in words is asked for'
TLS = 'Kerio Connect asks nobody for TLS or for a certificate on port 25; a host in front can'
IPV4 = 'the double listens on IPv4 only'
ACCOUNT = ('kerio_smarthost_password', 'kerio_smarthost_relay_passwords')
# Whoever brings the gateway's mail.
OUTBOUND = {
    'O11.local': KEPT,
    'O10.address-extension': 'a relay rule is for one address; what is added to it makes another one',
    **dict.fromkeys(('I3.site', 'I3.user'), 'the double has no scripts of a site or its users'),
    'O5.bounce': 'an unknown recipient is refused at once, so that there is no bounce',
    'T1': 'the double takes no DSN parameters; what Kerio Connect does is not known',
}
FOLDER = '/opt/kerio/mailserver'


class Adapter(postfix.Adapter):
    default_host = 'kerio-debian12'
    # What differs from mode redirect is known from there and from tests/kerio.
    full = True
    is_double = True
    other_hosts = ()
    service = 'kerio-connect'
    deadline = 120.0
    pace = 0.5
    # The double takes some seconds to come up.
    ready_for_mail = 'for i in $(seq 60); do ! bash -c "exec 3<>/dev/tcp/127.0.0.1/25" 2>/dev/null || exit 0; sleep 0.5; done; exit 1'
    refuses_unknown = True
    variables = {
        'conbool_inbound_require_certificate': False,
        'kerio_smarthost_inbound': 'direct',
        'kerio_smarthost_accept_doors': True,
        'kerio_smarthost_password': 'lab-admin-password',
        'kerio_smarthost_relay_passwords': {'Partner': 'partner-secret'},
    }
    whole = 'default'
    # What its modules are told beside the settings.
    secrets = {
        'password': variables['kerio_smarthost_password'],
        'relay_passwords': variables['kerio_smarthost_relay_passwords'],
    }
    expected_failures = {
        **postfix.Adapter.expected_failures,
        **OUTBOUND,
        **dict.fromkeys(('I2', 'I2.several', 'I2.case', 'I2.space', 'I2.folded', 'I2.twice'), FLAGGED),
        **dict.fromkeys(('I3.no', 'I3.attached'), FLAGGED),
        **dict.fromkeys(('I4', 'I4.postmaster', 'I5', 'I5.none', 'I5.unknown-ca', 'I5.expired', 'I5.stranger'), TLS),
        **dict.fromkeys(('I5.no-common-name', 'I5.off-tls'), TLS),
        **dict.fromkeys(('I7.mta', 'I7.mta-released', 'I7.mta-postmaster'), CLOSED),
        **dict.fromkeys(('I1.ipv6', 'I8.ipv6'), IPV4),
        'I1.postmaster': 'the double takes no postmaster without a domain; what Kerio Connect does is not known',
    }
    refused = {
        'inbound_washed': 'Kerio Connect has no place where headers could be taken away by the address of a client',
        'spam_header': 'Kerio Connect has no place where headers could be taken away by the address of a client',
        'narrow_bypass': "conbool_bypass_null_sender: 'server': Kerio Connect cannot tell",
    }
    reordered = []
    mailboxes = {user: f'{FOLDER}/store/mail/example.com/{user}' for user in ('alice', 'bob')}
    size_limit_command = ('echo', str(20 * 2**20))

    def look_request(self):
        return {
            'do': 'look',
            'mailboxes': self.mailboxes,
            'kerio_queues': [f'{FOLDER}/store/queue'],
            'postfix_queues': [postfix.HOP],
        }

    def waiting_request(self):
        return {'do': 'waiting', 'kerio_queues': [f'{FOLDER}/store/queue'], 'postfix_queues': [postfix.HOP]}

    def flush_request(self):
        # The double tries again by itself, after some seconds.
        return {'do': 'postfix_flush', 'postfix_queues': [postfix.HOP]}
