# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories of the hop are its own."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.places import taken
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import normalise
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.host_settings import ROLES

GOOD = {'conbool_domains': ['example.com'], 'conbool_networks': ['192.0.2.0/24'], 'verify_inbound_host': 'mx'}
QUEUE, DATA, CONFIG = 'outbound_hop_queue_directory', 'outbound_hop_data_directory', 'outbound_hop_config_dir'
OWN = 'give the hop a directory of its own'


@pytest.mark.parametrize(
    ('variables', 'said'),
    [
        ({QUEUE: '/srv/hop', DATA: '/srv/hop'}, [f"{QUEUE}: '/srv/hop' is /srv/hop, the value of {DATA}; {OWN}"]),
        (
            {QUEUE: '/srv/hop/', DATA: '/srv/hop/data'},
            [f"{QUEUE}: '/srv/hop' contains /srv/hop/data, the value of {DATA}; {OWN}"],
        ),
        (
            {CONFIG: '/etc/postfix'},
            [f"{CONFIG}: '/etc/postfix' is /etc/postfix, the value of postfix_smarthost_config_dir; {OWN}"],
        ),
        (
            {CONFIG: '/etc/postfix/hop'},
            [f"{CONFIG}: '/etc/postfix/hop' lies in /etc/postfix, the value of postfix_smarthost_config_dir; {OWN}"],
        ),
        (
            {'spam_delivery_dovecot_directory': '/var/lib/conbool-hop/dovecot'},
            [
                f"{DATA}: '/var/lib/conbool-hop' contains /var/lib/conbool-hop/dovecot, the value of"
                f' spam_delivery_dovecot_directory; {OWN}'
            ],
        ),
        ({QUEUE: '/var/lib/conbool-hop-queue'}, []),
        ({QUEUE: '/srv/hop', DATA: '/srv/hop', 'conbool_state': 'absent'}, []),
        ({'postfix_smarthost_config_dir': '/etc/dovecot'}, []),
    ],
)
def test_two_variables(variables, said):
    assert normalise({**GOOD, **variables}, ROLES)[1] == said


def test_everything_lies_in_the_root():
    problems = normalise({**GOOD, QUEUE: '/'}, ROLES)[1]
    assert len(problems) == 4 and all(QUEUE in problem for problem in problems)


def test_directories_of_the_host():
    others = {'the queue of the mail server': '/var/spool/postfix'}
    assert taken({QUEUE: '/var/spool/postfix'}, others) == [
        f"{QUEUE}: '/var/spool/postfix' is /var/spool/postfix, the queue of the mail server; {OWN}"
    ]
    assert taken({QUEUE: '/var/spool'}, others) and taken({QUEUE: '/var/spool/postfix/hop'}, others)
    assert not taken({QUEUE: '/var/spool/postfix-hop'}, others)
    links = {'/srv/queue': '/var/spool/postfix'}
    assert taken({QUEUE: '/srv/queue'}, others, lambda path: links.get(path, path))
