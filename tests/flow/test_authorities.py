# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Without conbool_tls_ca_file the gateway's certificate is verified with the authorities of the host's system."""

from __future__ import annotations

import pytest

from tests.flow import playbook
from tests.flow.engine import Engine
from tests.flow.model import Case, Place
from tests.flow.site import Site

pytestmark = [pytest.mark.configures_hosts, pytest.mark.servers('postfix', full=['exim', 'sendmail'])]

OUT = 'authorities@external.test'
MESSAGE = {'via': 'sendmail', 'from': 'alice@example.com', 'to': [OUT]}
TRUST = 'cp /etc/ssl/lab/ca.pem /usr/local/share/ca-certificates/lab.crt && update-ca-certificates'
DISTRUST = 'rm -f /usr/local/share/ca-certificates/lab.crt && update-ca-certificates --fresh'


def _where(lab, host, adapter, place):
    case = Case('C6', 'outbound mail', 'change', 'default', MESSAGE, expect=(Place(place, (OUT,)),))
    result = Engine(Site(lab, host, adapter)).run([case]).results[0]
    return result.problems + result.unverified


def test_authorities_of_the_system(lab, fresh_host, adapter, variables_of):
    variables = dict(variables_of('outbound_only'), conbool_tls_ca_file='')
    lab.lab.run(fresh_host, ['sh', '-c', TRUST])
    playbook.apply(lab.lab, fresh_host, variables)
    assert _where(lab.lab, fresh_host, adapter, 'gateway') == []
    # The certificate was verified with these and no others.
    lab.lab.run(fresh_host, ['sh', '-c', DISTRUST + ' && systemctl restart ' + adapter.sends])
    assert _where(lab.lab, fresh_host, adapter, 'queue') == []
