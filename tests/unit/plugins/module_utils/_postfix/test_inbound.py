# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What limits a customer's Postfix to the gateway on port 25."""

from __future__ import annotations

import pytest

from tests.unit.fakes.inbound import (
    FRONT,
    SUBMISSION,
    again,
    configure,
    entry,
    of,
    table,
)


def test_nothing_is_wanted_without_inbound():
    wanted = configure(settings={'inbound': False})
    assert not any(wanted.values())


def test_only_port_25_is_touched():
    wanted = configure()
    assert [(item['name'], item['type']) for item in wanted['service_options']] == [('smtp', 'inet')]
    assert wanted['parameters'] == {} and wanted['problems'] == [] and wanted['warnings'] == []
    assert [item['path'] for item in wanted['tables']] == [
        'conbool_clients',
        'conbool_data',
        'conbool_recipients',
        'conbool_certificates',
        'conbool_certificate.py',
    ]
    assert [item['name'] for item in wanted['services']] == ['conbool-certificate']


@pytest.mark.parametrize('name', ['25', '192.0.2.1:smtp', '[::]:25'])
def test_names_of_port_25(name):
    assert FRONT in of(configure(entry(name, command='smtpd -v')), name)['smtpd_recipient_restrictions']


@pytest.mark.parametrize(
    'service', [SUBMISSION, entry('10025'), entry('smtp', kind='unix'), entry('smtp', command='spawn')]
)
def test_what_is_not_port_25(service):
    wanted = configure(service)
    assert wanted['service_options'] == []
    assert wanted['problems'] == [
        'master.cf has no smtpd(8) on port 25: name the services on which mail arrives in'
        ' postfix_smarthost_inbound_services'
    ]


def test_further_services():
    proxied = entry('10025', smtpd_upstream_proxy_protocol='haproxy')
    named = configure(proxied, services=['10025'])
    assert FRONT in of(named, '10025')['smtpd_recipient_restrictions'] and named['warnings'] == []


@pytest.mark.parametrize(
    'variable, value',
    [
        ('client_ca_file', '/etc/ssl/a b.pem'),
        ('client_ca_file', '/etc/x\nsmtpd_tls_CAfile='),
        ('wash_port', 0),
        ('wash_port', 65536),
        ('flag_port', 0),
        ('release_port', 'x'),
        ('services', ['10026']),
    ],
)
def test_values_that_cannot_be_meant(variable, value):
    problems = configure(**{variable: value})['problems']
    assert len(problems) == 1 and problems[0].startswith(
        'postfix_smarthost_{}: {!r} '.format(
            variable.replace('services', 'inbound_services'), value[0] if isinstance(value, list) else value
        )
    )


def test_postscreen_in_front():
    postscreen, behind = entry(command='postscreen'), entry('smtpd', kind='pass')
    wanted = configure(
        postscreen, behind, parameters={'postscreen_access_list': 'permit_mynetworks cidr:/etc/postfix/psc'}
    )
    assert FRONT in of(wanted, 'smtpd')['smtpd_recipient_restrictions']
    assert of(wanted) == {
        'conbool_main_postscreen': 'permit_mynetworks cidr:/etc/postfix/psc',
        'postscreen_access_list': 'cidr:/etc/postfix/conbool_postscreen, $conbool_main_postscreen',
    }
    assert table(wanted, 'conbool_postscreen') == '192.0.2.0/28 permit\n2001:db8:1::/64 permit\n'
    assert (
        again(
            wanted, postscreen, behind, parameters={'postscreen_access_list': 'permit_mynetworks cidr:/etc/postfix/psc'}
        )
        == wanted
    )


def test_what_cannot_be_listed_is_asked_of_postfix_itself():
    assert of(configure(parameters={'mynetworks': 'hash:/etc/postfix/networks'}))['conbool_others'].startswith(
        'permit_mynetworks, '
    )


def test_services_with_different_mynetworks():
    problems = configure(entry(), entry('192.0.2.1:25', mynetworks='10.9.0.0/16'))['problems']
    assert len(problems) == 1 and 'conbool_smtp_allowed_networks' in problems[0]


def test_the_host_s_own_address_is_no_stranger_where_it_does_not_listen_on_loopback():
    assert '192.0.2.10/32 DUNNO\n' in table(configure(parameters={'inet_interfaces': '192.0.2.10'}), 'conbool_clients')
    assert '192.0.2.10' not in table(configure(parameters={'inet_interfaces': 'all'}), 'conbool_clients')
