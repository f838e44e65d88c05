# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proof that the harness finds errors: a server configured as the vendor's page says gets exactly these rows wrong, no
more, no fewer."""

from __future__ import annotations

import pytest

from tests.flow import loader
from tests.flow.adapters import sendmail
from tests.flow.engine import Engine
from tests.flow.site import Site

pytestmark = [pytest.mark.configures_hosts, pytest.mark.servers(full=['postfix'])]

# The vendor's snippets for Postfix, to the letter, on a server that has the mailboxes itself; only the log level is
# ours, to see how certificates are judged.
VENDORS_PAGE = """
set -e
postconf -e 'relayhost = [mail.conbool.com]:25' 'smtp_tls_security_level = encrypt' 'smtp_tls_secure_cert_match = nexthop' \
    'smtp_tls_CAfile = /etc/ssl/lab/ca.pem' 'header_checks = regexp:/etc/postfix/header_checks' 'smtp_tls_loglevel = 1'
cat >/etc/postfix/header_checks <<END
/^X-Conbool-Released: yes/ FILTER smtp:[naive.example.com]:25
/^X-Conbool-example-com: true/ FILTER smtp:[naive.example.com]:25
/^X-Conbool-sub-example-co-uk: true/ FILTER smtp:[naive.example.com]:25
END
systemctl reload postfix
"""

WRONG = {
    'encrypt verifies nothing: any certificate will do': [
        'G2.wrong-name',
        'G2.unknown-ca',
        'G2.expired',
        'G2.self-signed',
    ],
    'FILTER takes the local recipients along, to the MX of their domain, which is the gateway, or back to this server': [
        'O2.loop',
        'O7',
        'O7.loop',
        'O8.fwd',
        'O8.mixed',
        'O8.bob',
        'O11.local',
    ],
    'nothing keeps mail of the null sender away from the gateway': [
        'O5',
        'O5.sendmail',
        'O5.bounce',
        'O5.calendar',
        'O12.outside-sender',
    ],
    'nothing keeps calendar messages away from the gateway': [
        'O6',
        'O6.nested',
        'O7.calendar',
        'V6.case',
        'V6.bare',
        'V6.fold',
        'V6.semicolon',
        'V6.nested',
        'V6.deep',
        'V6.comment',
        'V6.comment-before',
        'V6.comment-everywhere',
        'V6.blanks',
        'V6.first-type',
        *sendmail.CLIENTS,
    ],
    'header_checks apply to attached messages and to the headers of parts': [
        'N5.attached',
        'N5.only-attached',
        'N5.part',
        'O11.others-stay',
    ],
    'the pattern has no end': ['N1.more', 'N1.longer', 'N1.folded', 'N8.nul-behind'],
    'the pattern knows one blank only': ['V2.fold', 'V2.fold-tab', 'V2.fold-twice', 'V3.none', 'V3.much', 'V3.tab'],
    'users can forge the headers': ['O11', 'O11.all', 'O11.line', 'O11.calendar', 'O11.submissions'],
    'a mailbox server as next hop is no way to the outside': [
        'O3',
        'O3.other-domain',
        'O4',
        'O4.many',
        'O12.partly',
        'G1.direct',
        'T3.direct',
        'V1.lower',
        'V1.upper',
        'V1.mixed',
        'V1.loop',
        'V2.fold-after',
        'V4.both',
        'V4.all',
        'V4.again',
        'V4.contradiction',
        'V4.other-domain',
        'V5.last',
        'V5.multipart',
        'V7.null-sender',
    ],
}
# By kind of host. Postfix 3.10 honours the header of RFC 8689 below the levels that ask for a certificate's name.
WRONG_TOO = {'postfix-debian13': ['G2.tls-not-required']}


def test_exactly_these_rows_are_wrong(lab, fresh_host, adapter, server):
    lab.lab.run(fresh_host, ['sh', '-s'], input=VENDORS_PAGE)
    # The page says nothing about mail from the gateway, and neither do these snippets.
    cases = [
        case
        for case in loader.Table().selected('default')
        if case.group not in ('firewall', 'forgery', 'inbound', 'smuggling', 'spam')
    ]
    report = Engine(Site(lab.lab, fresh_host, adapter)).run(cases)
    wrong = [row for rows in WRONG.values() for row in rows] + WRONG_TOO.get(server.kind, [])
    assert sorted(result.case.id for result in report.results if result.problems) == sorted(wrong)
    # Every single message at the gateway went there over a connection of which only the chain was looked at.
    at_gateway = [result for result in report.results if any(sighting.where == 'gateway' for sighting in result.seen)]
    assert len(at_gateway) > 50
    assert [result.case.id for result in at_gateway if not result.unverified] == []
