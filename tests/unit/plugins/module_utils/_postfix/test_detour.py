# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail of some networks, and flagged mail, makes a detour."""

from __future__ import annotations

from tests.unit.fakes.inbound import (
    FRONT,
    again,
    configure,
    entry,
    of,
    table,
)


def test_washing_is_a_detour():
    wanted = configure(wash_networks=['10.20.0.0/16'])
    assert of(wanted)['smtpd_recipient_restrictions'] == (
        FRONT + 'check_client_access cidr:/etc/postfix/conbool_wash_clients, $conbool_main_restrictions'
    )
    assert table(wanted, 'conbool_wash_clients') == '10.20.0.0/16 FILTER conbool-wash:[127.0.0.1]:326\n'
    services = {service['name']: service['options'] for service in wanted['services']}
    assert services['127.0.0.1:326']['cleanup_service_name'] == 'conbool-wash-cleanup'
    assert services['127.0.0.1:326']['smtpd_recipient_restrictions'] == ''
    assert services['conbool-wash-cleanup']['header_checks'] == 'regexp:/etc/postfix/conbool_wash_lan'
    assert (
        services['127.0.0.1:326']['message_size_limit']
        == services['conbool-wash-cleanup']['message_size_limit']
        == '10342400'
    )


def test_a_detour_is_one_more_hop_and_no_other_change():
    services = {
        service['name']: service['options'] for service in configure(wash_networks=['10.20.0.0/16'])['services']
    }
    assert services['conbool-wash-cleanup']['hopcount_limit'] == '52'
    client = services['conbool-wash']
    assert (client['smtp_line_length_limit'], client['smtp_generic_maps'], client['inet_protocols']) == (
        '0',
        '',
        'ipv4',
    )
    assert client['smtp_send_xforward_command'] == 'yes'


def test_washing_without_limits():
    wanted = configure(settings={'inbound': False, 'networks': []}, wash_networks=['10.20.0.0/16'])
    assert of(wanted) == {
        'conbool_main_restrictions': '',
        'smtpd_recipient_restrictions': (
            'check_client_access cidr:/etc/postfix/conbool_wash_clients, $conbool_main_restrictions'
        ),
    }
    assert again(wanted, entry(), settings={'inbound': False, 'networks': []}, wash_networks=['10.20.0.0/16']) == wanted
    assert of(again(wanted, entry()))['smtpd_recipient_restrictions'] == FRONT + '$conbool_main_restrictions'


def test_washing_is_not_promised_behind_a_proxy_filter():
    warnings = configure(entry(smtpd_proxy_filter='127.0.0.1:10024'), wash_networks=['10.20.0.0/16'])['warnings']
    assert len(warnings) == 1 and 'smtpd_proxy_filter' in warnings[0]


def test_the_listener_s_own_filter_comes_after_the_detour():
    wanted = configure(entry(content_filter='amavis:[127.0.0.1]:10024'), wash_networks=['10.20.0.0/16'])
    listener = next(service for service in wanted['services'] if service['name'] == '127.0.0.1:326')
    assert listener['options']['content_filter'] == 'amavis:[127.0.0.1]:10024'


def test_mail_of_the_gateway_is_marked_on_a_detour():
    wanted = configure(flag=True, wash_networks=['10.20.0.0/16'])
    assert (
        of(wanted)['conbool_known']
        == 'check_recipient_access regexp:/etc/postfix/conbool_recipients, check_client_access static:{FILTER'
        ' conbool-flag:[127.0.0.1]:327}, $conbool_main_restrictions, permit'
    )
    assert (
        table(wanted, 'conbool_flag')
        == '/^X-Conbool-Released[[:space:]]*:[[:space:]]*yes[[:space:]]*$/ FILTER conbool-release:[127.0.0.1]:328\n'
        '/^X-Conbool-Flag[[:space:]]*:[[:space:]]*yes[[:space:]]*$/ PREPEND X-Spam-Flag: YES\n'
    )
    assert table(wanted, 'conbool_release') == '/^X-Spam-Flag[[:space:]]*:/ IGNORE\n'
    services = {service['name']: service['options'] for service in wanted['services']}
    for name, port, rules in (
        ('flag', 327, 'conbool_flag'),
        ('release', 328, 'conbool_release'),
        ('wash', 326, 'conbool_wash_lan'),
    ):
        assert (
            services[f'127.0.0.1:{port}']['cleanup_service_name'] == f'conbool-{name}-cleanup'
            and 'conbool-' + name in services
        )
        assert services[f'conbool-{name}-cleanup']['header_checks'] == 'regexp:/etc/postfix/' + rules
    assert again(wanted, entry(), flag=True, wash_networks=['10.20.0.0/16']) == wanted
    assert again(wanted, entry()) == configure()


def test_marking_behind_a_certificate_or_without():
    assert 'conbool-flag' in of(configure(flag=True, settings={'inbound_require_certificate': False}))['conbool_known']
    assert not any(configure(flag=True, settings={'inbound': False}).values())


def test_marking_is_not_promised_behind_a_proxy_filter():
    warnings = configure(entry(smtpd_proxy_filter='127.0.0.1:10024'), flag=True)['warnings']
    assert len(warnings) == 1 and 'smtp/inet is not marked' in warnings[0] and 'smtpd_proxy_filter' in warnings[0]


def test_detours_are_not_slowed_down_by_limits_for_other_destinations():
    slow = {'default_destination_rate_delay': '5s'}
    assert configure(parameters=slow)['parameters'] == {}
    assert configure(parameters=slow, wash_networks=['10.20.0.0/16'])['parameters'] == {
        'conbool-wash_destination_rate_delay': '0s'
    }


def test_with_ipv6_alone_detours_are_at_the_other_loopback_address():
    wanted = configure(parameters={'inet_protocols': 'ipv6'}, flag=True, wash_networks=['2001:db8::/64'])
    assert table(wanted, 'conbool_wash_clients') == '2001:db8::/64 FILTER conbool-wash:[::1]:326\n'
    assert '{FILTER conbool-flag:[::1]:327}' in of(wanted)['conbool_known']
    assert 'FILTER conbool-release:[::1]:328\n' in table(wanted, 'conbool_flag')
    services = {service['name']: service['options'] for service in wanted['services']}
    assert not [name for name in services if '127.0.0.1' in name]
    assert services['[::1]:326']['mynetworks'] == '[::1]/128'
    assert services['[::1]:326']['smtpd_authorized_xforward_hosts'] == '[::1]/128'
    assert services['conbool-wash']['smtp_bind_address6'] == '::1'
