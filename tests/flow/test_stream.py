# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Row C6: mail that arrives while the playbook works is neither lost nor bounced nor doubled."""
from __future__ import annotations

import pytest

from tests.flow import playbook
from tests.flow.site import Site
from tests.flow.stream import Stream

pytestmark = pytest.mark.configures_hosts


def test_c6_a_steady_stream_survives_every_kind_of_run(lab, own_host, adapter, variables_of):
    default = variables_of('default')
    with Stream(Site(lab.lab, own_host, adapter)) as stream:
        for variables, name in ((default, 'site.yml'), (default, 'site.yml'), (variables_of('scope_senders'), 'site.yml'),
                                (variables_of('client_certificate'), 'site.yml'), (default, 'rollback.yml')):
            playbook.apply(lab.lab, own_host, variables, name)
            stream.mark('%s done' % name)
    account = stream.account()
    assert account.sent > 100, 'too few messages for a verdict: %s' % account
    assert account.refused == []
    assert account.wrong == {}
    assert account.in_clear == []
