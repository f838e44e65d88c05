# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""zmprov of the double: batches (facts: zimbra-cli.md, section 5)."""

from __future__ import annotations

import pytest

from lab.zimbra.cli.words import lines, parse

from .machine import HOST

RELAY = 'zimbraMtaRelayHost'
LEVEL = 'zimbraMtaSmtpTlsSecurityLevel'
CLIENT = 'zimbraMtaSmtpdClientRestrictions'


@pytest.mark.parametrize(
    ('line', 'words'),
    [
        ('  ms   host\ta b ', ['ms', 'host', 'a', 'b']),
        ("a 'b c' \"d e\"", ['a', 'b c', 'd e']),
        ("x'y z", ["x'y", 'z']),
        ("'x'y", ['x', 'y']),
        ("a '' \"\" b", ['a', '', '', 'b']),
        ("a 'b c", ['a', 'b c']),
        ("a 'b \"c\" d'", ['a', 'b "c" d']),
        (r'a\nb a\tb a\rb', ['a\nb', 'a\tb', 'a\rb']),
        (r"\' \" a\'b", ["'", '"', "a'b"]),
        (r"'a\'b' " + r'"a\"b"', ["a'b", 'a"b']),
        (r'203\.0', ['203.0']),
        (r"'203\.0' " + r'"203\.0"', ['203.0', '203.0']),
        (r"'203\\.0' 203\\.0", [r'203\.0', r'203\.0']),
        (r"'a\nb'", ['a\nb']),
        (r'a\ b', ['a b']),
        ('# not a comment', ['#', 'not', 'a', 'comment']),
        ('$HOME * ~', ['$HOME', '*', '~']),
        ('', []),
        ('   ', []),
        (r"'ends\\'", ['ends\\']),
        ('ends\\', ['ends\\']),
        ("''", ['']),
        ("a '", ['a']),
    ],
)
def test_words_of_a_line(line, words):
    """[run] The real parser, compiled alone, gives the same, as for 6000 lines by chance."""
    assert parse(line) == words


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('a\nb\n', ['a', 'b']),
        ('a\nb', ['a', 'b']),
        ('a\r\nb\rc', ['a', 'b', 'c']),
        ('a\\\nb\nc\n', ['ab', 'c']),
        ('a\\\\\nb\n', ['a\\b']),
        ('a\\\nb\\\nc\n', ['abc']),
        ('a\\\n\nb\n', ['a', 'b']),
        ('a\\\n', ['a']),
        ('\n\na\n', ['', '', 'a']),
        ('', []),
    ],
)
def test_a_line_that_ends_in_a_backslash_is_joined(text, expected):
    """[run] Also when it was meant as one; as the real reader, compiled alone, does with 3000 texts by chance."""
    assert list(lines(text)) == expected


def test_a_value_that_ends_in_a_backslash_must_be_quoted(machine):
    """[run]"""
    machine.batch(f"mcf {CLIENT} 'x\\\\'", f'gcf {CLIENT}')
    assert machine.own('config', '', CLIENT) == ['x\\']
    machine.batch(f'mcf {CLIENT} y\\\\', f'gcf {CLIENT}')
    assert machine.own('config', '', CLIENT) == ['x\\']


def test_nothing_of_this_applies_to_the_command_line(machine):
    """[src] Arguments are taken as the shell passes them."""
    machine.zmprov('-l', 'mcf', CLIENT, "a\\.b 'c'")
    assert machine.own('config', '', CLIENT) == ["a\\.b 'c'"]


def test_a_file_is_read_as_utf_8(machine, tmp_path):
    """[src] Whatever LC_ALL says."""
    (tmp_path / 'batch').write_text(f'mcf {CLIENT} "für alle"\n', encoding='utf-8')
    assert machine.zmprov('-l', '-f', str(tmp_path / 'batch')).code == 0
    assert machine.own('config', '', CLIENT) == ['für alle']


def test_every_read_prints_the_prompt_without_a_line_break(machine):
    """[src] Silent commands leave prompts in a row."""
    done = machine.batch(f'ms {HOST} {RELAY} [a]', '', f'ms {HOST} {LEVEL} may', f'gs {HOST} {RELAY}')
    assert (done.code, done.err) == (0, '')
    assert done.out == f'prov> prov> prov> prov> # name {HOST}\n{RELAY}: [a]\n\nprov> '


def test_with_v_the_line_is_echoed(machine):
    """[src] interactive"""
    assert machine.batch(f'gcf {LEVEL}', options=('-l', '-v')).out == f'prov> gcf {LEVEL}\n{LEVEL}: may\nprov> '


def test_a_command_on_the_command_line_puts_the_file_off(machine):
    """[src] The file is not even opened."""
    done = machine.zmprov('-l', '-f', '/no/such/file', 'gcf', LEVEL)
    assert (done.code, done.out) == (0, f'{LEVEL}: may\n')


def test_errors_go_to_standard_error_and_the_next_line_goes_on(machine):
    """[src] 0 at the end of the file, whatever happened."""
    done = machine.batch('mcf zimbraFoo x', 'gs nobody', f'mcf {LEVEL} none')
    assert done.code == 0
    assert done.out == 'prov> prov> prov> prov> '
    errors = [line for line in done.err.splitlines() if line.startswith('ERROR: ')]
    assert [line.split()[1] for line in errors] == ['account.INVALID_ATTR_NAME', 'account.NO_SUCH_SERVER']
    assert machine.own('config', '', LEVEL) == ['none']


@pytest.mark.parametrize(
    ('line', 'code'),
    [
        ('gs nobody', 2),
        (f'gcf {LEVEL}', 0),
        (f'ms {HOST} {LEVEL}', 0),
        (f'ms {HOST} {LEVEL} may {RELAY}', 0),
        ('noSuchCommand', 0),
    ],
)
@pytest.mark.parametrize('last', ['exit', 'quit', 'EXIT'])
def test_exit_tells_of_refusals_but_not_of_usage(machine, line, code, last):
    """[src] 2 if any ServiceException occurred before, else 0; nothing after it is read."""
    done = machine.batch(line, last, f'mcf {LEVEL} none')
    assert done.code == code
    assert machine.own('config', '', LEVEL) == ['may']


def test_usage_in_a_batch_is_on_standard_output(machine):
    """[src] And the batch goes on."""
    done = machine.batch(f'ms {HOST} {LEVEL}', 'noSuchCommand', 'exit')
    assert done.out == (
        'prov> usage:  modifyServer(ms) {name|id} [attr1 value1 [attr2 value2...]]\n'
        "prov> Unknown command. Type: 'help commands' for a list\nprov> "
    )
    assert done.err == ''


def test_the_safeguard_ends_a_batch_in_the_middle(machine):
    """[src] System.exit"""
    done = machine.batch(f'ms {HOST} zimbraServiceEnabled mta', f'mcf {LEVEL} none')
    assert (done.code, done.out) == (2, 'prov> ')
    assert machine.own('config', '', LEVEL) == ['may']


def test_a_crash_ends_a_batch_in_the_middle(machine):
    """[src] Nobody catches it."""
    assert machine.batch("mcf '' x", f'mcf {LEVEL} none').code == 1
    assert machine.own('config', '', LEVEL) == ['may']


def test_mailboxd_down_ends_a_batch_before_the_first_prompt(machine):
    """[src] initProvisioning logs in first (read in the sources)."""
    machine.set('mailboxd', {HOST: 'down'})
    done = machine.batch('exit', options=())
    assert (done.code, done.out) == (2, '')
    assert done.err.startswith('ERROR: zclient.IO_ERROR (')


def test_a_batch_over_soap(machine):
    """[src] The same grammar; what was refused has no cause."""
    done = machine.batch(f'mcf {LEVEL} no', f'mcf {LEVEL} none', f'gcf {LEVEL}', 'exit', options=())
    assert (done.code, done.out) == (2, f'prov> prov> prov> {LEVEL}: none\nprov> ')
    assert done.err.startswith(f'ERROR: account.INVALID_ATTR_VALUE ({LEVEL} must be one of: ')


def test_standard_input_without_f_leaves_a_history(machine):
    """[src] JLine; `-f /dev/stdin` does not."""
    history = machine.home / '.zmprov_history'
    machine.zmprov('-l', '-f', '/dev/stdin', stdin='exit\n')
    assert not history.exists()
    assert machine.zmprov('-l', stdin=f'mcf {LEVEL} none\nexit\n').code == 0
    assert history.exists()
    assert machine.own('config', '', LEVEL) == ['none']


def test_a_history_that_cannot_be_written_is_complained_of(machine):
    """[src] As zimbra sees it after root ran zmprov; the batch goes on."""
    (machine.home / '.zmprov_history').mkdir()
    done = machine.zmprov('-l', stdin=f'gcf {LEVEL}\n')
    assert done.err.startswith('Command line editing will be disabled: ')
    assert done.out == f'prov> {LEVEL}: may\nprov> '


def test_a_value_of_several_lines_is_one_line_with_n(machine):
    """[src] Sieve scripts are written so."""
    sieve = 'require ["fileinto"];\nif header :is "X-A" "b\\\\c" { stop; }\n'
    quoted = sieve.replace('\\', '\\\\').replace('\n', '\\n').replace("'", "\\'")
    machine.batch(f"md example.com zimbraAdminSieveScriptBefore '{quoted}'", 'exit')
    assert machine.own('domains', 'example.com', 'zimbraAdminSieveScriptBefore') == [sieve]
