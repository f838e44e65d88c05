# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that take seconds to start, as Zimbra's do, are started seldom; of a double of Zimbra with that cost played."""

from __future__ import annotations

import json
import time

import pytest

from tests.flow import playbook

pytestmark = [pytest.mark.configures_hosts, pytest.mark.servers(full=['zimbra'])]

# Of each Java machine; zmprov starts two.
SECONDS = 3
DEAR = f'double set start_seconds {SECONDS}'
LOG = '/opt/zimbra/double/starts.log'


def test_a_second_run_starts_zmprov_three_times_at_most(lab, own_host, adapter, variables_of):
    lab = lab.lab
    variables = dict(variables_of(adapter.whole), conbool_preflight='enforce')
    playbook.apply(lab, own_host, variables)
    lab.run(own_host, ['su', '-', 'zimbra', '-c', DEAR])
    lab.run(own_host, ['sh', '-c', f': >{LOG}'])
    begin = time.monotonic()
    changed = playbook.apply(lab, own_host, variables).changed
    took = time.monotonic() - begin
    started = [json.loads(line)['command'] for line in lab.run(own_host, ['cat', LOG]).stdout.splitlines()]
    # Shown with -rP.
    print(f'{took:.0f} s, {started}')
    assert changed == [] and 'configrewrite' not in started
    assert 1 <= started.count('zmprov') <= 3
    # Had it cost nothing, nothing would be shown.
    assert took > 2 * SECONDS * started.count('zmprov')
