# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody has begun by hand, as the vendor's page says: a run ends right, or says what is in its way and changes
nothing; an undo leads back to what was done by hand."""

from __future__ import annotations

import json

import pytest

from tests.flow import playbook, snapshot
from tests.flow.engine import Engine
from tests.flow.model import Case, Place
from tests.flow.site import Site

pytestmark = [pytest.mark.configures_hosts, pytest.mark.servers(full=['zimbra'])]

# A smart host and TLS for all, a rule of a domain; and what is gone at the next change of an attribute.
BY_HAND = """
set -e
zimbra() { su - zimbra -c "$*"; }
zimbra 'zmprov mcf zimbraMtaRelayHost [mail.conbool.com]:25 zimbraMtaSmtpTlsSecurityLevel encrypt'
zimbra 'zmprov md example.com zimbraAdminSieveScriptBefore "if header :is \\"X-Conbool-Released\\" \\"yes\\" { keep; stop; }"'
zimbra '/opt/zimbra/libexec/configrewrite mta'
/opt/zimbra/common/sbin/postconf -c /opt/zimbra/common/conf -e 'relayhost = [trap.external.test]' 'smtpd_client_restrictions ='
zimbra 'postfix reload norewrite'
"""
HIDES = 'zmprov mc default zimbraAdminSieveScriptBefore "keep;"'
OUT = 'half@external.test'


def case(name, place, headers=(), **inject):
    return Case(name, name, 'half done', 'default', {'headers': list(headers), **inject}, (place,))


def cases():
    out = {'via': 'submission', 'from': 'alice@example.com', 'to': [OUT]}
    received = {'via': 'gateway', 'from': OUT, 'to': ['alice@example.com']}
    return [
        case('out', Place('gateway', (OUT,)), **out),
        case('released', Place('direct', (OUT,)), ['X-Conbool-Released: yes'], **out),
        case('from the gateway', Place('mailbox:alice'), **received),
        case('flagged', Place('spam:alice'), ['X-Conbool-Flag: YES'], **received),
    ]


def test_what_was_begun_by_hand_ends_right(lab, fresh_host, adapter, variables_of, tmp_path):
    lab, host = lab.lab, fresh_host
    lab.run(host, ['sh', '-c', BY_HAND], timeout=120)
    before, variables = snapshot.take(lab, host), variables_of('default')

    lab.run(host, ['su', '-', 'zimbra', '-c', HIDES])
    refused = playbook.run(
        lab, host, 'site.yml', dict(variables, conbool_preflight='enforce', conbool_report_dir=str(tmp_path))
    )
    assert refused.returncode and refused.changed == [] and 'COS default' in (tmp_path / 'site.json').read_text()
    lab.run(host, ['su', '-', 'zimbra', '-c', HIDES.replace('keep;', '')])
    assert snapshot.differences(before, snapshot.take(lab, host)) == []

    playbook.apply(lab, host, variables)
    assert playbook.apply(lab, host, variables).changed == []
    report = Engine(Site(lab, host, adapter), deadline=adapter.deadline).run(cases())
    assert {each.case.id: each.problems + each.unverified for each in report.results if not each.ok} == {}
    playbook.run(lab, host, 'verify.yml', dict(variables, conbool_report_dir=str(tmp_path)))
    rows = json.loads((tmp_path / 'verify.json').read_text())['hosts'][host]['verify']['rows']
    assert [row for row in rows if row['status'] == 'red'] == []

    playbook.apply(lab, host, variables, 'rollback.yml')
    # What postconf said of an attribute's parameter is the attribute's again.
    left = snapshot.differences(before, snapshot.take(lab, host))
    assert [line.partition(':')[0] for line in left] == ['/opt/zimbra/common/conf/main.cf'], left
    conf = lab.run(host, ['cat', '/opt/zimbra/common/conf/main.cf']).stdout
    assert 'relayhost = [mail.conbool.com]:25\n' in conf and 'conbool_' not in conf
