# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Postfix refuses changes nothing."""

from __future__ import annotations

import socket
from contextlib import nullcontext

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import PlanError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.stage import check_services
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import PostfixError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_entry import Service, key_of

from tests.unit.fakes.postfix_run import option, run, service, table


@pytest.mark.parametrize(
    'values, message',
    [
        ({'parameters': {'unknown_x': '1', 'relayhost': '[x]'}}, 'unused parameter: unknown_x=1'),
        ({'services': [service('hop', options={'unknown_y': '1'})]}, 'unused parameter: unknown_y=1'),
        ({'parameters': {'message_size_limit': 'abc'}}, 'bad numerical configuration'),
        (
            {'tables': [table('a', 'OK\n'), table('t', 'BAD\n')]},
            'tables.t.: warning: regexp map .*/etc/postfix/t, line 1: what is BAD',
        ),
        ({'tables': [table('t', 'BAD\n', 'hash')]}, 'tables.t.: warning'),
        ({'services': [service('hop', command='smpt')]}, r'services.hop/unix..command: there is no program .*/smpt'),
        ({'parameters': {'maillog_file': '/var/log/x'}}, 'maillog_file.*postlog'),
        ({'service_options': [option('465', 'inet', a='1')]}, '465/inet: master.cf has no such entry'),
    ],
)
@pytest.mark.parametrize('check', [False, True])
def test_a_refused_configuration_changes_not_a_byte(fake, values, message, check):
    before = fake.tree()
    with pytest.raises((PostfixError, PlanError), match=message):
        run(fake, check=check, **values)
    assert fake.tree() == before
    assert not (fake.root / 'state').exists()
    assert 'postfix reload' not in fake.spawned()


def test_a_warning_that_was_there_before_is_no_error(fake):
    with (fake.config_dir / 'main.cf').open('a') as stream:
        stream.write('\nunknown_theirs = 1\n')
    assert run(fake, parameters={'relayhost': '[x]'})['changed']


def test_duplicates_of_the_customer_are_no_error(fake, monkeypatch):
    real = fake._postconf

    def warn(argv):
        status, out, err = real(argv)
        return (
            status,
            out,
            err + f'postconf: warning: {argv[1]}/main.cf, line 9: overriding earlier entry: biff={argv[1]}\n',
        )

    monkeypatch.setattr(fake, '_postconf', warn)
    assert run(fake, parameters={'relayhost': '[x]'})['changed']


def test_a_configuration_that_postfix_refuses_already_is_not_touched(fake):
    with (fake.config_dir / 'main.cf').open('a') as stream:
        stream.write('\ndamaged line\n')
    before = fake.tree()
    with pytest.raises(PostfixError, match='missing .=. after attribute name: "damaged line"'):
        run(fake, parameters={'relayhost': '[x]'})
    assert fake.tree() == before


def test_a_port_that_is_taken_is_found_before_postfix_dies_of_it(fake):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        name = f'127.0.0.1:{taken.getsockname()[1]}'
        with pytest.raises(PostfixError, match=rf'services\[{name}/inet\]: cannot listen there'):
            run(fake, services=[service(name, 'inet', 'smtpd', private='n')])


@pytest.mark.parametrize(
    'known, after, refused',
    [
        ([], ['{}'], True),
        # Another address of a port that somebody else of the same instance keeps: master(8) would die of it.
        (['{port}'], ['{}', '{port}'], True),
        (['{port}'], ['{}'], False),
        (['0.0.0.0:{port}'], ['{}'], False),
        (['{}'], ['{}'], False),
    ],
)
def test_the_instance_itself_may_listen_there_only_where_it_stays_or_leaves(tmp_path, known, after, refused):
    program = tmp_path / 'smtpd'
    program.touch(0o755)
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        name = f'127.0.0.1:{port}'
        keys = [[key_of(each.format(name, port=port), 'inet') for each in names] for names in (known, after)]
        wanted = Service(name, 'inet', ['n', '-', '-', '-', '-'], ['smtpd'], {})
        with pytest.raises(PostfixError, match='cannot listen there') if refused else nullcontext():
            check_services(str(tmp_path), [wanted], *keys)


def test_postfix_missing_is_said(fake):
    (fake.root / 'sbin' / 'postconf').unlink()
    with pytest.raises(PostfixError, match='no command postconf; is Postfix installed'):
        run(fake, parameters={'relayhost': '[x]'})
