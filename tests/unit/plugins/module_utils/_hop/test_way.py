# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a plain message from the hop to its end: what its running processes say, and what is in force in its
clients."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import way
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.services import gateway_options, services

from tests.unit.fakes.hop import SETTINGS
from tests.unit.fakes.mail_server import SETTINGS as ALL

CERTIFICATE = {'tls_ca_file': '/ca.pem', 'tls_client_cert': '/c.pem', 'tls_client_key': '/c.key'}
GIVEN = dict(SETTINGS, **CERTIFICATE)
TYPES = ('btree', 'texthash', 'regexp')


class Hop:
    """An instance with this master.cf and this main.cf."""

    def __init__(self, folder, main=None, edit=lambda text: text):
        self.config_dir = str(folder)
        self.main = dict({'smtp_tls_security_level': 'may'}, **(main or {}))
        text = ''.join(
            '{name} {type} - - n - - {command}\n'.format(**entry)
            + ''.join(f'  -o {{ {name} = {value} }}\n' for name, value in entry['options'].items())
            for entry in services(GIVEN, '127.0.0.1:10027', '3.7.11', TYPES)
        )
        (folder / 'master.cf').write_text(edit(text), encoding='ascii')

    def parameters(self, config_dir, names):
        return {name: self.main.get(name, '') for name in names}, []


def asked(hop, level='', theirs=()):
    wanted = gateway_options(GIVEN, '3.7.11', TYPES)
    return {row['target']: row for row in way.client_rows(hop, wanted, level, theirs)}


@pytest.mark.parametrize(
    'sender, recipients, elsewhere',
    [
        ('alice@example.com', ['a@external.test'], False),
        ('bob@example.com', ['a@external.test', 'b@external.test'], True),
        ('MAILER-DAEMON', ['bob@example.com'], True),
        # Of one message, the other part goes to the gateway.
        ('alice@example.com', ['bob@example.com', 'a@external.test'], False),
    ],
)
def test_messages_that_tables_lead_elsewhere(monkeypatch, sender, recipients, elsewhere):
    questions = []

    def route(queue_directory, sender, recipient):
        questions.append((queue_directory, sender))
        if recipient.endswith('@example.com'):
            return {'transport': 'mta', 'next_hop': '[192.0.2.100]'}
        return {'transport': 'gateway' if sender == 'alice@example.com' else 'direct', 'next_hop': ''}

    monkeypatch.setattr(way, 'route', route)
    queued = {'queue_id': 'A1', 'sender': sender, 'recipients': [{'address': each} for each in recipients]}
    assert way.routed_elsewhere('/spool', [queued]) == ({'A1'} if elsewhere else set())
    # Each way is asked for once, and a sender who is none as such.
    assert len(questions) == len({recipient.partition('@')[2] for recipient in recipients})
    assert set(questions) == {('/spool', sender.replace('MAILER-DAEMON', ''))}


def test_clients_as_they_are_made_are_green(tmp_path):
    assert {name: row['status'] for name, row in asked(Hop(tmp_path)).items()} == {
        'gateway': 'green',
        'direct': 'green',
    }


@pytest.mark.parametrize(
    'old, new, named',
    [
        ('smtp_tls_security_level = secure', 'smtp_tls_security_level = encrypt', 'smtp_tls_security_level'),
        ('smtp_tls_security_level = secure', 'smtp_tls_security_level = may', 'smtp_tls_security_level'),
        ('smtp_tls_security_level = secure', 'smtp_tls_security_level = none', 'smtp_tls_security_level'),
        ('  -o { smtp_tls_security_level = secure }\n', '', 'smtp_tls_security_level'),
        ('_match = mail.conbool.com', '_match = nexthop', 'smtp_tls_secure_cert_match'),
        ('CAfile = /ca.pem', 'CAfile = /other.pem', 'smtp_tls_CAfile'),
        ('cert_file = /c.pem', 'cert_file =', 'smtp_tls_cert_file'),
        ('  -o { smtp_tls_policy_maps =  }\n', '  -o { smtp_tls_policy_maps = texthash:/x }\n', 'smtp_tls_policy_maps'),
        ('  -o { tls_append_default_CA = no }\n', '  -o { tls_append_default_CA = yes }\n', 'tls_append_default_CA'),
    ],
)
def test_what_is_in_force_at_the_gateway_and_what_it_should_be(tmp_path, old, new, named):
    def edit(text):
        assert old in text
        return text.replace(old, new, 1)

    row = asked(Hop(tmp_path, edit=edit))['gateway']
    assert row['status'] == 'red' and row['finding'].startswith(named + ' is '), row
    assert row['hint'].startswith('Run site.yml')


@pytest.mark.parametrize(
    'name, value', [('smtp_fallback_relay', '[192.0.2.7]'), ('smtp_tls_per_site', 'texthash:/etc/x')]
)
def test_what_main_cf_adds_counts_unless_the_user_has_chosen_it(tmp_path, name, value):
    hop = Hop(tmp_path, {name: value})
    assert asked(hop)['gateway']['finding'] == f'{name} is {value!r}'
    assert asked(hop, theirs={name: value})['gateway']['status'] == 'green'


@pytest.mark.parametrize('service', ['gateway', 'direct'])
def test_a_client_that_is_gone_or_another_program(tmp_path, service):
    gone = Hop(tmp_path, edit=lambda text: text.replace(f'\n{service} unix', f'\nother-{service} unix'))
    assert asked(gone)[service]['status'] == 'red'
    other = Hop(
        tmp_path,
        edit=lambda text: text.replace(f'\n{service} unix - - n - - smtp', f'\n{service} unix - - n - - error'),
    )
    assert asked(other)[service]['status'] == 'red'


@pytest.mark.parametrize(
    'level, chosen, status',
    [('may', '', 'green'), ('dane', '', 'green'), ('none', '', 'red'), ('', '', 'red'), ('may', 'encrypt', 'red')],
)
def test_level_of_mail_that_goes_direct(tmp_path, level, chosen, status):
    assert asked(Hop(tmp_path, {'smtp_tls_security_level': level}), chosen)['direct']['status'] == status


def routes(monkeypatch, **wrong):
    def route(queue_directory, sender, recipient):
        found = ('mta', '[127.0.0.1]:25') if not sender else ('gateway', '[mail.conbool.com]:25')
        transport, next_hop = wrong.get('null' if not sender else 'plain', found)
        return {'transport': transport, 'next_hop': next_hop}

    monkeypatch.setattr(way, 'route', route)
    return [(row['target'], row['status'], row['finding']) for row in way.route_rows('/q', ALL)]


def test_way_that_the_running_hop_has(monkeypatch):
    outside = '<someone@conbool-verify.invalid>'
    assert [found[:2] for found in routes(monkeypatch)] == [
        (f'<postmaster@example.com> to {outside}', 'green'),
        (f'<postmaster@sub.example.co.uk> to {outside}', 'green'),
        (f'<forwarded@conbool-verify.invalid> to {outside}', 'green'),
        ('<> to <postmaster@example.com>', 'green'),
    ]


@pytest.mark.parametrize(
    'wrong',
    [
        {'plain': ('direct', 'conbool-verify.invalid')},
        {'plain': ('gateway', '[192.0.2.7]:25')},
        {'plain': ('gateway', 'mail.conbool.com:25')},
        {'null': ('gateway', '[mail.conbool.com]:25')},
    ],
)
def test_way_to_anywhere_else_is_red(monkeypatch, wrong):
    red = [found for found in routes(monkeypatch, **wrong) if found[1] == 'red']
    assert len(red) == (3 if 'plain' in wrong else 1)
    assert 'the hop sends it by {}:{}, not by '.format(*list(wrong.values())[0]) in red[0][2]
