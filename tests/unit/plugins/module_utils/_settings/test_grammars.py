# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every variable has a grammar: what it takes, and what none of them takes."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import grammars, kinds, readers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.roles import settings_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import SETTINGS, normalise
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.host_settings import ROLES

from tests.unit.fakes.variables import EXAMPLES, GOOD

ALL = {**SETTINGS, **settings_of(ROLES)}
# They take any text: a variable that is read by one of them has no grammar.
LOOSE = (readers.text, kinds.words, kinds.anything, kinds.TYPES['str'], kinds.TYPES['raw'], kinds.TYPES['dict'])
# What a value is made of that wants to be more than a value, wherever it is copied to.
HOSTILE = [
    '\n', '\r', '\t', '\0', '\x1b', '\x85', '\u2028', '\u202e', '\ufeff',
    "'", '"', '`', '$(id)', '${x}', '$x', '\\', ';', '|', '&', '<', '>', '{', '}', '(', ')', '*', '?', '!', '#', '%n',
    ']]]', "')syscmd(`id", '\nExecStartPre=/bin/sh', ' -o x=y', '/../', ' ',
]  # fmt: skip
# Text for people or for DNS, which is only compared: any ASCII that can be seen.
COMPARED = {'conbool_dns_ownership_txt'}
# Values of main.cf, where these mean what they mean to Postfix; they get no further (test_rendered.py).
OF_POSTFIX = {'outbound_hop_parameters'}
# Sent as JSON to the administration of a mail server, and written nowhere.
SENT = {'kerio_smarthost_password', 'kerio_smarthost_relay_passwords'}
# The owner of the directory is who runs the playbook; a local part can have these, and no table takes them for more.
TAKEN = {'conbool_report_dir': ['/../'], 'conbool_scope_senders': ["'", '&']}
# Names of mailboxes have blanks, and signs that mean nothing to Sieve.
OF_SIEVE = {'spam_delivery_folder'}
FOR_SIEVE = ['"', '${x}', '$x', '$(id)', '\\', '{', '}', '*', '%n']


@pytest.mark.parametrize('name', sorted(ALL))
def test_every_variable_has_a_strict_reader(name):
    read = ALL[name].read
    assert not any(
        read is loose for loose in LOOSE
    ), f'{name} takes any text: give it a reader in _settings/roles.py READERS or _<mail server>/variables.py'


def spoiled(value, noise, at):
    if isinstance(value, dict):
        return {name: spoiled(content, noise, at) for name, content in value.items()}
    if isinstance(value, list):
        return [spoiled(value[0], noise, at)]
    text = str(value)
    return text[:at] + noise + text[at:]


@pytest.mark.parametrize('name', sorted(EXAMPLES))
def test_what_is_more_than_a_value_is_refused(name):
    control = [noise for noise in HOSTILE if not noise.isprintable()]
    refused = FOR_SIEVE + control if name in OF_SIEVE else control if name in COMPARED | OF_POSTFIX | SENT else HOSTILE
    for noise in (noise for noise in refused if noise not in TAKEN.get(name, [])):
        for at in (0, 3, 1000):
            value = spoiled(EXAMPLES[name], noise, at)
            settings, problems, dummy = normalise({**GOOD, name: value}, ROLES)
            # Ansible's own reader of truth values takes blanks around them.
            true_or_false = isinstance(EXAMPLES[name], bool) and settings and not noise.strip()
            assert true_or_false or any(problem.startswith(f'{name}: ') for problem in problems), value


@pytest.mark.parametrize(
    ('read', 'good', 'bad'),
    [
        (
            grammars.next_hop,
            ['[127.0.0.1]:25', '[::1]:25', '[ipv6:::1]:26', '[mx.example.com]', 'mx.example.com:submission', 'localhost'],
            ['', '127.0.0.1:', '[127.0.0.1', '::1', '[]:25', '[a b]:25', 'a:0', 'a:65536', 'a:25:26', 'smtp:[a]:25', '-a'],
        ),
        (
            grammars.listener,
            ['25', 'smtp', '10025', '127.0.0.1:10025', '[::1]:10025', 'mx.example.com:smtps', 'localhost:25'],
            ['', 'SMTP', '0', '65536', ':25', '::1:25', 'a b', 'a/b', '25:25:25', 'smtp -o x=y', '-o'],
        ),
        (
            grammars.host,
            ['mx', 'mx_1.example.com', '192.0.2.1', '2001:db8::1', 'fe80::1%eth0', 'mx.example.com.'],
            ['', '-mx', 'mx-', 'mx..example', '[::1]', 'a/b', 'mx:25', 'x' * 64, 'fe80::1%', 'x%eth0', '192.0.2.1%eth0', '::1%$x'],
        ),
        (
            grammars.inventory_name,
            ['gateway', 'mx-1.example.com', 'überwacher', '10.0.0.1', 'fe80::1'],
            ['', '-x', 'a b', '{{x}}', "a'b", 'a,b', 'a*'],
        ),
        (
            grammars.parameter_name,
            ['smtp_tls_loglevel', 'a.b-c'],
            ['', 'a b', 'a=', '$a', '-a', 'queue_directory', 'data_directory', 'config_directory'],
        ),
        (grammars.parameter_value, ['a b', '$x, {y}', 5], ['', ' a', 'a ', 'a\nb', 'ä', True, None]),
        (grammars.folder, ['Junk', 'Spam & Co.', 'Entwürfe/Müll', 5], ['', ' a', 'a"', 'a\\', '${a}', 'a*', 'x' * 256]),
        (
            grammars.file_in('config_dir'),
            ['our.mc', '/etc/mail/our.mc'],
            ['', '.', '..', '../x', '/etc/../x', '/etc/', "a'b", 'a b', './x'],
        ),
        (readers.file_path, ['/etc/x'], ['/', '/etc/', 'x', '/a/../b', '/a/./b', '/a%n', '/a b', '/a;b']),
        (kinds.loopback_address, ['127.0.0.1', '127.8.9.1', '::1'], ['', '::1%lo', "::1%'x", '192.0.2.1', '[::1]', '1']),
        (readers.directory, ['/etc/x', '/etc/x/', '/'], ['x', '/a/..', '/./b', '/a$b']),
    ],
)  # fmt: skip
def test_grammar(read, good, bad):
    for value in good:
        assert read(value)
    for value in bad:
        with pytest.raises(ValueError, match=r'^[a-z]'):
            read(value)


def test_a_path_is_the_same_however_it_is_written():
    assert readers.directory('/srv//hop/') == '/srv/hop' and readers.file_path('//etc///x') == '/etc/x'


def test_what_has_a_variable_of_its_own_is_said_there():
    problems = normalise({**GOOD, 'outbound_hop_parameters': {'queue_directory': '/x'}}, ROLES)[1]
    assert problems == [
        "outbound_hop_parameters: the dictionary of 'queue_directory' cannot be used: 'queue_directory' is said by"
        ' outbound_hop_queue_directory'
    ]
