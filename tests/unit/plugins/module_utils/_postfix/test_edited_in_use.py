# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was set here and is still in use by what a person wrote is named, and nothing is changed."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import PlanError, left_alone

from tests.unit.fakes.postfix import MASTER
from tests.unit.fakes.postfix_run import edit, limited, run, service, table


@pytest.mark.parametrize(
    'spoil, message',
    [
        (
            lambda fake: edit(fake, 'master.cf', '/clients, $our_main', '/clients, reject_mine, $our_main'),
            r'-o smtpd_recipient_restrictions=\S+ \S+ reject_mine, \$our_main of smtp/inet refers to the table clients',
        ),
        (
            lambda fake: edit(
                fake,
                'master.cf',
                'cleanup_service_name=wash',
                'cleanup_service_name=wash\n  -o syslog_name=x\n  -o smtpd_milters=$our_main',
            ),
            None,
        ),
        (
            lambda fake: edit(fake, 'master.cf', '$our_main }', '$our_main }\n  -o smtpd_data_restrictions=$our_main'),
            'smtpd_data_restrictions=.our_main of 25/inet refers to the parameter our_main',
        ),
        (
            lambda fake: edit(fake, 'master.cf', '$our_main }', '$our_main }\n  -o smtpd_data_restrictions=our_class'),
            'refers to the parameter our_class',
        ),
        (
            lambda fake: edit(fake, 'main.cf', 'biff = no', 'biff = no\nsmtpd_x = regexp:$config_directory/clients'),
            'main.cf: smtpd_x = .* the table clients',
        ),
        (
            lambda fake: edit(
                fake,
                'main.cf',
                'biff = no',
                'biff = no\nsmtpd_x = regexp:/etc/other/clients, regexp:$config_directory/clients-2',
            ),
            None,
        ),
        (
            lambda fake: edit(fake, 'main.cf', 'biff = no', 'biff = no\nmailbox_transport = judge'),
            'mailbox_transport = judge refers to the service judge',
        ),
        (lambda fake: edit(fake, 'main.cf', 'biff = no', 'biff = no\nmydestination = judge'), None),
        (
            lambda fake: edit(fake, 'main.cf', 'biff = no', 'biff = no\ndefault_transport = judge:[192.0.2.1]'),
            'default_transport = .* the service judge',
        ),
        (
            lambda fake: edit(
                fake, 'master.cf', '  -o smtpd_restriction', '  -o smtpd_x=unix:private/judge\n  -o smtpd_restriction'
            ),
            'the service judge',
        ),
        (
            lambda fake: edit(
                fake,
                'master.cf',
                'cleanup_service_name=wash',
                'cleanup_service_name=wash\nthem inet n - n - - smtpd -o cleanup_service_name=wash',
            ),
            'of them/inet refers to the service wash',
        ),
    ],
)
@pytest.mark.parametrize('check', [True, False])
def test_what_is_still_in_use_is_named_and_nothing_is_changed(fake, spoil, message, check):
    run(fake, **limited(fake))
    spoil(fake)
    fake._load()
    before = fake.tree()
    if message is None:
        run(fake, check=check, state='absent')
        return
    with pytest.raises(PlanError, match=f'has to go, but is still in use: .*{message}.*Nothing was changed'):
        run(fake, check=check, state='absent')
    assert fake.tree() == before and (fake.root / 'state').exists()


def test_a_service_of_ours_that_somebody_changed_stays_and_does_not_keep_its_table(fake):
    values = {
        'services': [
            service(
                'wash', command='cleanup', private='n', options={'header_checks': f'regexp:{fake.config_dir}/clients'}
            )
        ],
        'tables': [table('clients', '/./ OK\n')],
    }
    run(fake, **values)
    edit(fake, 'master.cf', '-o header_checks', '-o hash=1\n  -o header_checks')
    assert run(fake, state='absent')['warnings'] == [left_alone('master.cf: the entry wash/unix')]
    assert not (fake.config_dir / 'clients').exists() and (fake.config_dir / 'master.cf').read_text().startswith(MASTER)
