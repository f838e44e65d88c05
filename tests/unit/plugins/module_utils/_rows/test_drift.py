# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would change, in short."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows import drift

MASTER = 'gateway unix - - n - - smtp\n  -o smtp_tls_security_level=%s\n'


def result(*entries, **more):
    return dict({'changed': True, 'diff': [difference(*entry) for entry in entries]}, **more)


@pytest.mark.parametrize(
    'found, words',
    [
        (
            result(('/etc/conbool-hop/main.cf', 'a = 1\ntransport_maps = static:direct:\n', 'a = 1\n')),
            '/etc/conbool-hop/main.cf (transport_maps)',
        ),
        (
            result(('/etc/conbool-hop/master.cf', MASTER % 'none', MASTER % 'secure')),
            '/etc/conbool-hop/master.cf (smtp_tls_security_level)',
        ),
        (
            result(('/etc/conbool-hop/master.cf', MASTER % 'secure' + 'x unix - - n - - smtp\n', MASTER % 'secure')),
            '/etc/conbool-hop/master.cf (x)',
        ),
        (result(('/etc/a', None, 'password = geheim\n')), '/etc/a (is missing)'),
        (result(('/etc/a', 'password = geheim\n', '')), '/etc/a (has to go)'),
        (result(('/etc/a', 'geheim one\n', 'geheim two\n')), '/etc/a'),
        (
            result(('systemctl', '', 'enable x.service\nstart x.service\n')),
            'needs systemctl enable x.service, systemctl start x.service',
        ),
        (result(packages=['postfwd']), 'packages (postfwd)'),
        (result(), 'the last run did not come to its end'),
        (
            result(*((f'/etc/{name}', 'a = 1\n', 'a = 2\n') for name in 'abcdef')),
            '/etc/a (a); /etc/b (a); /etc/c (a); /etc/d (a); and 2 more',
        ),
        (
            result(('/etc/a', '', ''), ('/etc/b', ''.join(f'p{number} = 1\n' for number in range(7)), 'x\n')),
            '/etc/a; /etc/b (p0, p1, p2, p3, p4, and 2 more)',
        ),
    ],
)
def test_it_names_files_and_what_is_set_in_them_and_no_value(found, words):
    row = drift.drift_row('hop', found)
    assert (row['id'], row['status'], row['finding']) == ('drift.hop', 'red', 'is not as wanted: ' + words)
    assert row['hint'].startswith('Run site.yml: ') and 'geheim' not in str(row)


def test_a_part_that_would_not_change_has_no_row():
    assert drift.drift_row('hop', {'changed': False, 'diff': []}) is None


def test_a_record_that_is_lost_is_red_though_nothing_would_change():
    row = drift.drift_row('spam', {'changed': False, 'unrecorded': ['There is no record /var/lib/x.']})
    assert (row['id'], row['status'], row['finding']) == ('drift.spam', 'red', 'There is no record /var/lib/x.')
    assert 'backup' in row['hint']
