# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Postfix whose mail is to be led to the hop."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import outbound_configuration

PARAMETERS = {
    'default_transport': 'smtp',
    'header_checks': '',
    'mime_header_checks': '$header_checks',
    'nested_header_checks': '$header_checks',
    'receive_override_options': '',
    'sender_dependent_default_transport_maps': '',
    'smtpd_proxy_filter': '',
    'cleanup_service_name': 'cleanup',
}
ROUTE = 'conbool-hop:[127.0.0.1]:325'
SETTINGS = {'scope': 'all', 'scope_senders': [], 'site_routes': 'keep', 'bypass_null_sender': True}
# Of role postfix_smarthost.
NO_SERVICES = {'inbound_services': [], 'wash_services': []}


def entry(name, command, kind='unix', **options):
    return {
        'name': name,
        'type': kind,
        'private': '-',
        'unprivileged': '-',
        'chroot': 'y',
        'wakeup': '-',
        'max_processes': '-',
        'command': command,
        'options': options,
    }


CLEANUP = entry('cleanup', 'cleanup')
SMTP = entry('smtp', 'smtpd', 'inet')
SUBMISSION = entry('submission', 'smtpd', 'inet', smtpd_sasl_auth_enable='yes')


def configure(
    services=(SMTP, SUBMISSION, CLEANUP),
    parameters=None,
    scope='all',
    senders=(),
    wash=True,
    address='127.0.0.1',
    port=325,
    kept=(),
    further=(),
    washed=(),
):
    values = dict(PARAMETERS, **(parameters or {}))
    info = {
        'config_dir': '/etc/postfix',
        'parameters': values,
        'expanded': values,
        'services': list(services),
        'kept_transports': list(kept),
    }
    return outbound_configuration(
        dict(SETTINGS, scope=scope, scope_senders=list(senders)),
        info,
        {
            'address': address,
            'port': port,
            'wash_submission': wash,
            'inbound_services': list(further),
            'wash_services': list(washed),
        },
    )


def sibling(configuration, name='conbool-cleanup'):
    return next(service for service in configuration['services'] if service['name'] == name)
