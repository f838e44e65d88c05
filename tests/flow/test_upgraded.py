# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail server's packages are upgraded: what that takes away or leaves behind is red, and the next run mends it."""

from __future__ import annotations

import json

import pytest

from tests.flow import playbook

pytestmark = [pytest.mark.configures_hosts, pytest.mark.servers(full=['zimbra'])]

UPGRADE = '/opt/zimbra/double/bin/upgrade'
# Nothing tells when a path unit has done its work.
LINES = (
    'for tries in $(seq 100); do /opt/zimbra/common/sbin/postconf -c /opt/zimbra/common/conf -hn'
    ' sender_dependent_relayhost_maps | grep -q conbool_senders && exit; sleep 0.3; done; exit 1'
)


def test_an_upgrade_is_red_until_the_next_run(lab, fresh_host, adapter, variables_of, tmp_path):
    lab, host = lab.lab, fresh_host
    variables = dict(variables_of('scope_senders'), conbool_report_dir=str(tmp_path))

    def red():
        playbook.run(lab, host, 'verify.yml', variables)
        rows = json.loads((tmp_path / 'verify.json').read_text())['hosts'][host]['verify']['rows']
        return {row['id']: row for row in rows if row['status'] == 'red'}

    playbook.apply(lab, host, variables)
    assert red() == {}

    # What only main.cf can say is put back at once. The hop runs the old programs.
    lab.run(host, [UPGRADE])
    lab.run(host, ['systemctl', 'restart', adapter.service], timeout=300)
    lab.run(host, ['sh', '-c', LINES], timeout=60)
    found = red()
    assert list(found) == ['drift.hop'], found
    assert 'restart conbool-hop.service' in found['drift.hop']['finding']
    assert 'site.yml' in found['drift.hop']['hint']
    assert playbook.apply(lab, host, variables).changed
    assert red() == {} and playbook.apply(lab, host, variables).changed == []

    # And where nothing puts it back, that is said.
    lab.run(host, ['systemctl', 'stop', 'conbool-zimbra.path'])
    lab.run(host, [UPGRADE])
    found = red()
    assert 'sender_dependent_relayhost_maps' in found['drift.zimbra_smarthost']['finding'], found
    assert 'site.yml' in found['drift.zimbra_smarthost']['hint']
    playbook.apply(lab, host, variables)
    assert red() == {}
    playbook.apply(lab, host, variables, 'rollback.yml')
    said = lab.run(host, ['grep', '-c', 'conbool', '/opt/zimbra/common/conf/main.cf'], check=False).stdout
    assert said == '0\n'
