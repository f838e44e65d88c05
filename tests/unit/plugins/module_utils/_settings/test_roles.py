# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of all roles but conbool: what each takes, and that what it does not take is said with its name."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import kinds
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.reading import Reader
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.roles import settings_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import normalise
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.host_settings import ROLES

GOOD = {'conbool_domains': ['example.com'], 'conbool_networks': ['192.0.2.0/24'], 'verify_inbound_host': 'mx'}
PEM = '-----BEGIN PRIVATE KEY-----\nTOPSECRET\n-----END PRIVATE KEY-----'
SHA1 = ':'.join(['ab'] * 20)
LIST, PATHS = ['/srv/a', '/srv/b'], {'config_dir': '/opt/mail', 'mc_file': 'our.mc'}

# Variable: what is given as AWX or an INI inventory would, what it is then, and what it cannot be.
VARIABLES = {
    'inbound_firewall_state': ('absent', 'absent', 'gone'),
    'inbound_firewall_backend': ('ufw', 'ufw', 'pf'),
    'inbound_firewall_port': ('2525', 2525, 'smtp'),
    'kerio_smarthost_accept_doors': ('yes', True, 'perhaps'),
    'kerio_smarthost_ca_file': ('/etc/ca.pem', '/etc/ca.pem', '/etc/'),
    'kerio_smarthost_client_ca_file': ('/etc/ca.pem', '/etc/ca.pem', '/etc/'),
    'kerio_smarthost_fingerprint': (':'.join(['AB'] * 32), 'ab' * 32, SHA1),
    'kerio_smarthost_hop_source': ('127.3.2.1', '127.3.2.1', '127.0.0.2'),
    'kerio_smarthost_inbound': ('swap', 'swap', 'beside'),
    'kerio_smarthost_inbound_addresses': ('192.0.2.30, 2001:DB8::1', ['192.0.2.30', '2001:db8::1'], ['127.0.0.1']),
    'kerio_smarthost_inbound_port': ('20043', 20043, 0),
    'kerio_smarthost_judged_port': ('20034', 20034, 0),
    'kerio_smarthost_judging_port': ('20033', 20033, 0),
    'kerio_smarthost_keep_passwords_by_id': ('yes', True, 'perhaps'),
    'kerio_smarthost_marking_port': ('20044', 20044, 0),
    'kerio_smarthost_password': ('pass word', 'pass word', ['x']),
    'kerio_smarthost_relay_passwords': ({'Old one': 'x'}, {'Old one': 'x'}, 'x'),
    'kerio_smarthost_url': ('https://[::1]:4040/admin', 'https://[::1]:4040/admin', 'http://127.0.0.1'),
    'kerio_smarthost_user': ('Admin', 'Admin', True),
    'outbound_hop_config_dir': ('/etc/hop/', '/etc/hop', 'etc/hop'),
    'outbound_hop_queue_directory': ('/srv/hop', '/srv/hop', '../hop'),
    'outbound_hop_data_directory': ('/srv/hop', '/srv/hop', '/srv/$hop'),
    'outbound_hop_address': ('::1', '::1', '192.0.2.1'),
    'outbound_hop_port': ('20027', 20027, 0),
    'outbound_hop_return_address': ('[127.0.0.1]:26', '[127.0.0.1]:26', 26.5),
    'outbound_hop_sbin_dir': ('/opt/sbin', '/opt/sbin', 'sbin'),
    'outbound_hop_direct_tls_security_level': ('dane-only', 'dane-only', 'best'),
    'outbound_hop_parameters': ({'x_y': 2, 'z': None}, {'x_y': 2, 'z': None}, {'x y': '1'}),
    'outbound_hop_drain_timeout': ('0', 0, -1),
    'outbound_hop_listen': ('192.0.2.25, 2001:DB8::1', ['192.0.2.25', '2001:db8::1'], ['127.0.0.1']),
    'outbound_hop_listen_port': ('2525', 2525, 'smtp'),
    'outbound_hop_clients': ('192.0.2.26 10.1.0.0/24', ['192.0.2.26/32', '10.1.0.0/24'], ['0.0.0.0/0']),
    'outbound_hop_clients_without_tls': ('192.0.2.26', ['192.0.2.26/32'], ['192.0.2.26/24']),
    'outbound_hop_tls_cert': ('/etc/ssl/hop.pem', '/etc/ssl/hop.pem', 'hop.pem'),
    'outbound_hop_tls_key': ('/etc/ssl/hop.key', '/etc/ssl/hop.key', '/etc/ssl/'),
    'outbound_hop_hostname': ('Relay.Example.NET', 'relay.example.net', 'relay'),
    'outbound_hop_message_size_limit': ('50000000', 50000000, -1),
    'outbound_hop_return_routes': ({'A.test': '[b]:25'}, {'a.test': '[b]:25'}, {'a.test': 'smtp:[a]:25'}),
    'postfix_smarthost_config_dir': ('/opt/postfix', '/opt/postfix', True),
    'postfix_smarthost_wash_submission': ('no', False, 'maybe'),
    'postfix_smarthost_wash_services': ('2587, 127.0.0.1:10025', ['2587', '127.0.0.1:10025'], [0]),
    'postfix_smarthost_wash_port': ('20028', 20028, 65536),
    'postfix_smarthost_flag_port': ('20029', 20029, '0'),
    'postfix_smarthost_release_port': ('20030', 20030, 1.5),
    'postfix_smarthost_inbound_services': ('10025, 192.0.2.1:26', ['10025', '192.0.2.1:26'], [0]),
    'postfix_smarthost_return_port': ('20031', 20031, 'smtp'),
    'postfix_smarthost_client_ca_file': ('/etc/ca.pem', '/etc/ca.pem', '/etc/'),
    'preflight_certificate_days': ('7', 7, '-7'),
    'preflight_enforce': ('no', False, 'perhaps'),
    'preflight_queue_directories': (' '.join(LIST), LIST, ['srv']),
    'preflight_queue_megabytes': ('0', 0, 'many'),
    'remote_smarthost_inbound_port': ('20045', 20045, 0),
    'remote_smarthost_mail_server': ('2001:DB8::10', '[2001:DB8::10]:25', 'smtp:[mail.example.com]'),
    'sendmail_smarthost_decision': ('hop', 'hop', 'both'),
    'sendmail_smarthost_paths': (PATHS, PATHS, {'etc': '/etc'}),
    'sendmail_smarthost_system_ca_file': ('/etc/ca.pem', '/etc/ca.pem', 'ca.pem'),
    'sendmail_smarthost_wash_port': ('20028', 20028, 'smtp'),
    'spam_delivery_state': ('absent', 'absent', ['absent']),
    'spam_delivery_folder': ('Junk E-Mail', 'Junk E-Mail', {'name': 'Junk'}),
    'spam_delivery_dovecot_directory': ('/opt/dovecot', '/opt/dovecot', 5),
    'verify_inbound_host': ('192.0.2.25', '192.0.2.25', ['mx']),
    'verify_inbound_port': ('2525', 2525, 65536),
    'verify_outside': ('observer', 'observer', True),
    'verify_queue_seconds': ('60', 60, 61),
    'zimbra_smarthost_client_ca_file': ('/etc/ca.pem', '/etc/ca.pem', '/etc/'),
    'zimbra_smarthost_command_timeout': ('60', 60, 9),
    'zimbra_smarthost_wash_port': ('20032', 20032, 65536),
    'zimbra_smarthost_wash_senders': ('yes', True, 'perhaps'),
}
OF = {name: (role, option) for role, options in ROLES.items() for name, option in options.items()}


def read(**variables):
    """What one variable is, beside good settings of role conbool, and what is wrong."""
    settings, problems, dummy = normalise({**GOOD, **variables}, ROLES)
    name = next(iter(variables))
    role, option = OF[name]
    if not settings:
        return None, problems
    own = settings['roles'][role]
    if option.get('no_log'):
        assert name[len(role) + 1 :] not in own
        return Reader(variables, settings_of(ROLES)).values[name], problems
    return own[name[len(role) + 1 :]], problems


def refused(name, value):
    dummy, problems = read(**{name: value})
    assert len(problems) == 1 and problems[0].startswith(name + ': '), problems
    assert problems[0].isprintable()
    if OF[name][1].get('no_log') and isinstance(value, str):
        assert value not in problems[0]
    return problems[0]


def with_line_break(value):
    if isinstance(value, dict):
        return {name: f'{content}\nx' for name, content in value.items()}
    return [f'{value[0]}\nx'] if isinstance(value, list) else f'{value}\nx'


@pytest.mark.parametrize('content', ['', None, 12345, 0.5, True, ['x']], ids=repr)
def test_a_password_of_a_rule_is_text(content):
    said = refused('kerio_smarthost_relay_passwords', {'Good': 'x', 'Old one': content})
    assert '(not shown)' in said and "'Old one'" in said and '12345' not in said


@pytest.mark.parametrize('content', ['', None, 25, 0.5, True, ['x']], ids=repr)
def test_a_way_for_bounces_is_a_next_hop(content):
    assert "'example.com'" in refused('outbound_hop_return_routes', {'example.com': content})


def test_the_table_has_every_variable():
    assert sorted(VARIABLES) == sorted(OF)


def test_every_role_is_in_the_settings():
    settings, problems, warnings = normalise(GOOD, ROLES)
    assert problems == [] and warnings == []
    assert set(settings['roles']) == set(ROLES) and 'conbool' not in ROLES


@pytest.mark.parametrize('name', VARIABLES)
@pytest.mark.parametrize('unset', ['', None, [], ['', None], {}], ids=repr)
def test_unset_means_the_default(name, unset):
    default = OF[name][1]['default']
    # One that is a template comes as a value from the action plugin.
    assert read(**{name: unset}) == ('' if kinds.has_template(default) else default, [])


@pytest.mark.parametrize('name', VARIABLES)
def test_the_default_is_a_value(name):
    default = OF[name][1]['default']
    if not kinds.has_template(default):
        assert read(**{name: default}) == (default, [])
        assert type(read(**{name: default})[0]) is type(default)


@pytest.mark.parametrize('name', VARIABLES)
def test_text_becomes_what_it_stands_for(name):
    given, value, dummy = VARIABLES[name]
    assert read(**{name: given}) == (value, []) == read(**{name: value})
    assert type(read(**{name: given})[0]) is type(value)


@pytest.mark.parametrize('name', VARIABLES)
def test_what_it_cannot_be_is_refused(name):
    refused(name, VARIABLES[name][2])
    if not isinstance(VARIABLES[name][1], dict):
        refused(name, {'a': 'b'})


@pytest.mark.parametrize('name', VARIABLES)
def test_no_line_break_gets_through(name):
    refused(name, with_line_break(VARIABLES[name][1]))


@pytest.mark.parametrize('name', VARIABLES)
@pytest.mark.parametrize(
    'shape', [lambda pem: pem, lambda pem: [pem], lambda pem: {'a': pem}], ids=['text', 'list', 'dict']
)
def test_a_key_is_never_shown(name, shape):
    assert refused(name, shape(PEM)) == f'{name}: (PEM text, not shown) must not be the content of a key or certificate'


@pytest.mark.parametrize('name', VARIABLES)
def test_what_cannot_be_evaluated_is_named(name):
    assert refused(name, ValueError("'x' is\nundefined")) == f"{name}: cannot be evaluated: 'x' is undefined"
    assert refused(name, ValueError(f'no: {PEM}')) == f'{name}: cannot be evaluated'


SECRETS = [name for name in VARIABLES if OF[name][1].get('no_log')]


@pytest.mark.parametrize('name', SECRETS)
def test_a_secret_is_neither_in_the_settings_nor_in_what_is_said_of_it(name):
    settings, problems, dummy = normalise({**GOOD, name: VARIABLES[name][0]}, ROLES)
    assert problems == [] and str(VARIABLES[name][1]) not in str(settings)
    assert 'hunter2' not in refused(name, 'hunter2\nx') and 'hunter2' not in refused(name, ['hunter2'])


@pytest.mark.parametrize('name', [name for name in VARIABLES if name.endswith('_port')])
def test_every_port_is_one(name):
    for port in (0, 65536, '-1', True, 25.0):
        assert refused(name, port) == f'{name}: {port!r} must be a whole number from 1 to 65535'


@pytest.mark.parametrize('name', [name for name in VARIABLES if name.endswith(('_dir', '_directory', '_directories'))])
def test_every_directory_is_absolute(name):
    for path in ('etc', './etc', '~/etc', '/etc/a b', '/etc/{x}', '/etc/*'):
        given = [path] if name.endswith('ies') else path
        assert repr(path) in refused(name, given)


@pytest.mark.parametrize(
    'address, reason',
    [
        ('0.0.0.0', 'is no loopback address; whoever reaches the hop can send through it'),
        ('192.0.2.1', 'is no loopback address; whoever reaches the hop can send through it'),
        ('::', 'is no loopback address; whoever reaches the hop can send through it'),
        ('localhost', 'is no IP address'),
        ('[::1]', 'is no IP address'),
    ],
)
def test_nobody_but_the_host_can_reach_the_hop(address, reason):
    assert refused('outbound_hop_address', address) == f'outbound_hop_address: {address!r} {reason}'


@pytest.mark.parametrize('parameters', ['a=b', ['a'], {'a b': 1}, {'a': ['b']}, {'$a': 'b'}, {True: 'b'}])
def test_parameters_of_the_hop_are_names_and_scalars(parameters):
    refused('outbound_hop_parameters', parameters)


def test_parameters_of_the_hop_keep_their_types():
    given = {'a': True, 'b': 5, 'c': '', 'd': None, 'e': 'x y', 'f': 1.5}
    assert read(outbound_hop_parameters=given) == (given, [])


@pytest.mark.parametrize('value', ['x', True, float('nan'), '1e3', [1.5]])
def test_float(value):
    with pytest.raises(ValueError, match='must be a number'):
        kinds.number(value)
    assert kinds.number('1.5') == kinds.number(1.5) == 1.5


# Only then all of them are listened on.
EVERYTHING = {'conbool_wash_networks': ['10.20.0.0/16']}
PORTS = ('outbound_hop_port', 'postfix_smarthost_wash_port', 'postfix_smarthost_flag_port')


@pytest.mark.parametrize(
    'variables, pairs',
    [
        ({'outbound_hop_port': 329, 'conbool_mta': 'postfix'}, ['outbound_hop_port postfix_smarthost_return_port']),
        ({'outbound_hop_port': '327', 'conbool_mta': 'sendmail'}, []),
        ({'outbound_hop_port': 326, 'conbool_mta': 'sendmail'}, ['outbound_hop_port sendmail_smarthost_wash_port']),
        ({'outbound_hop_port': 326, 'postfix_smarthost_wash_port': 10038}, []),
        ({'outbound_hop_port': 326, 'sendmail_smarthost_wash_port': 10038}, []),
        ({'postfix_smarthost_wash_port': 328}, ['postfix_smarthost_release_port postfix_smarthost_wash_port']),
        ({'sendmail_smarthost_wash_port': 327}, []),
        ({'sendmail_smarthost_wash_port': 325}, ['outbound_hop_port sendmail_smarthost_wash_port']),
        (
            dict.fromkeys(PORTS, 325),
            [
                'outbound_hop_port postfix_smarthost_flag_port',
                'outbound_hop_port postfix_smarthost_wash_port',
                'postfix_smarthost_flag_port postfix_smarthost_wash_port',
            ],
        ),
        ({'inbound_firewall_port': 325, 'verify_inbound_port': 325}, []),
    ],
)
def test_listeners_on_loopback_have_different_ports(variables, pairs):
    hop = {'sendmail_smarthost_decision': 'hop'} if 'sendmail' in str(variables) else {}
    dummy, problems, dummy = normalise({**GOOD, **EVERYTHING, **hop, **variables}, ROLES)
    assert sorted(' '.join(word.strip(':') for word in text.split() if '_' in word) for text in problems) == pairs


def test_a_role_that_comes_later_is_known():
    option = {'type': 'raw', 'default': 5}
    roles = {
        'exim_smarthost': {'exim_smarthost_delay': option, 'exim_smarthost_port': {'type': 'int', 'default': 1}},
        'empty': {},
    }
    settings, problems, dummy = normalise({**GOOD, 'exim_smarthost_delay': '7', 'verify_inbound_host': None}, roles)
    assert problems == [
        'verify_inbound_host: there is no such variable; it does not begin like the variables of this collection'
    ]
    settings, problems, dummy = normalise(
        {name: value for name, value in GOOD.items() if name.startswith('conbool_')} | {'exim_smarthost_delay': '7'},
        roles,
    )
    assert problems == [] and settings['roles'] == {'exim_smarthost': {'delay': 7, 'port': 1}, 'empty': {}}


def test_hosts_do_not_share_their_defaults():
    first, second = (normalise(GOOD, ROLES)[0]['roles']['outbound_hop']['parameters'] for dummy in range(2))
    assert first == second and first is not second
