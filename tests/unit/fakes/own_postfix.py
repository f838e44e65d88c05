# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wanted of an instance of one's own, with and without its directories and service."""

from __future__ import annotations

from tests.unit.fakes.postfix_run import wanted


def own(fake):
    values = wanted(fake)
    return {
        'create': True,
        'parameters': {'default_transport': 'hop:x', 'header_checks': values['parameters']['header_checks']},
        'services': values['services'],
        'tables': values['tables'],
    }


def complete(fake, **parameters):
    """Like own(), with queue, data and a service."""
    values = own(fake)
    values['parameters'].update(
        {'queue_directory': str(fake.queue), 'data_directory': str(fake.root / 'data'), 'mail_owner': 'nobody'},
        **parameters,
    )
    return dict(values, unit={'name': 'hop.service', 'content': '[Service]\n'})


GONE = {'state': 'absent', 'create': True, 'unit': {'name': 'hop.service', 'content': None}}
CHANGED = {'name': 'hop.service', 'content': '[Service]\nNice=1\n'}
