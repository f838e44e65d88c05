# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where flagged mail goes, with a pretended Dovecot of either generation: chosen, changed, failed, killed, undone."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import ChangeError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam.delivery import converge

from tests.unit.fakes.dovecot import JUNK, NAMESPACE, Host, Killed

VERSIONS = ('2.3.19.1', '2.4.1-4')
LDA = {'agent': 'command', 'target': '/usr/lib/dovecot/deliver', 'by': 'mailbox_command = /usr/lib/dovecot/deliver'}
ELSEWHERE = {'agent': 'other', 'target': '', 'by': 'smtp:[10.0.0.5]'}


@pytest.fixture(name='host', params=VERSIONS)
def fixture_host(request, tmp_path, monkeypatch):
    return Host(tmp_path, monkeypatch, request.param)


def lmtp(target='/var/spool/postfix/private/dovecot-lmtp'):
    return {'agent': 'lmtp', 'target': target, 'by': 'lmtp:' + target}


def run(host, *deliveries, check=False, **params):
    named = [dict(delivery, domain=f'd{number}.example') for number, delivery in enumerate(deliveries or (lmtp(),))]
    host.check_mode = check
    result, warnings = converge(
        host,
        dict(
            {
                'deliveries': named,
                'delivery': 'auto',
                'folder': 'Junk',
                'dovecot_directory': str(host.directory),
                'state': 'present',
            },
            **params,
        ),
    )
    assert warnings == []
    return result


def script(host, ending='sieve'):
    return (host.directory / ('conbool-spam.' + ending)).read_text()


# ---- which way


@pytest.mark.parametrize('delivery', [lmtp(), lmtp('127.0.0.1:2003'), lmtp('::1:2003'), lmtp('localhost:2003')])
def test_dovecot_delivers_by_lmtp(host, delivery):
    assert (
        run(host, delivery)['folder'] == ['d0.example']
        and 'protocol lmtp {' in script(host, 'conf')
        and 'lda {' not in script(host, 'conf')
    )


def test_dovecot_delivers_by_a_command(host):
    host.plugins(lmtp=False, lda=True)
    assert (
        run(host, LDA)['folder'] == ['d0.example']
        and 'protocol lda {' in script(host, 'conf')
        and 'lmtp {' not in script(host, 'conf')
    )


@pytest.mark.parametrize(
    'delivery, reason',
    [
        (ELSEWHERE, 'smtp:.10.0.0.5., which is not the Dovecot of this host'),
        (lmtp('/run/cyrus/lmtp'), 'which is not the Dovecot'),
        (lmtp('10.0.0.5:2003'), 'which is not the Dovecot'),
        (lmtp('127.0.0.1:24'), 'which is not the Dovecot'),
        (dict(LDA, target='/usr/bin/procmail'), 'which is not the Dovecot'),
        (LDA, 'without Sieve .mail_plugins of protocol lda'),
        ({'agent': 'alias', 'target': '', 'by': 'virtual_alias_maps'}, 'no mailboxes of its own'),
    ],
)
def test_folder_is_not_possible(host, delivery, reason):
    files = host.files()
    found = run(host, delivery)
    assert (found['changed'], found['folder'], list(found['header'])) == (False, [], ['d0.example'])
    with pytest.raises(ChangeError, match='^conbool_spam_delivery: folder is not possible. d0.example: .*' + reason):
        run(host, delivery, delivery='folder')
    assert host.files() == files


def test_host_without_dovecot(host):
    host.commands = set()
    assert 'no Dovecot here' in run(host)['header']['d0.example']
    assert not run(host, state='absent')['changed']


def test_domains_that_go_different_ways(host):
    found = run(host, lmtp(), ELSEWHERE)
    assert found['folder'] == ['d0.example'] and list(found['header']) == ['d1.example']
    with pytest.raises(ChangeError, match='d1.example'):
        run(host, lmtp(), ELSEWHERE, delivery='folder')
    # Mail for a domain of aliases ends in one of the others.
    assert run(host, lmtp(), {'agent': 'alias', 'target': '', 'by': 'x'}, delivery='folder')['header'] == {}


def test_header_is_wanted(host):
    run(host)
    found = run(host, delivery='header')
    assert (
        found['changed']
        and found['header'] == {'d0.example': 'header is wanted'}
        and not (host.directory / 'conbool-spam.sieve').exists()
    )


@pytest.mark.parametrize('folder', ['', ' ', 'a\nb', 'a\x00'])
def test_name_that_no_mailbox_can_have(host, folder):
    with pytest.raises(ChangeError, match='spam_delivery_folder'):
        run(host, folder=folder)


# ---- the folder


def test_folder_with_the_special_use_is_found(host):
    value = '\\Junk' if host.version.startswith('2.3') else '"\\\\Junk"'
    shared = NAMESPACE.replace('inbox', 'shared').replace('shared = yes', 'inbox = no') % (
        ' shared.',
        JUNK.replace('Bulk', 'Their') % value,
    )
    host.write('10-mail', shared + NAMESPACE % (' INBOX.', JUNK % value))
    assert run(host)['mailbox'] == 'INBOX.Bulk Mail' and 'fileinto :create "INBOX.Bulk Mail";' in script(host)


def test_name_of_a_folder_that_has_no_special_use(host):
    host.write('10-mail', NAMESPACE % (' INBOX.', ''))
    assert run(host, folder='Sp"am\\')[
        'mailbox'
    ] == 'INBOX.Sp"am\\' and 'fileinto :create "INBOX.Sp\\"am\\\\";' in script(host)


# ---- first of all scripts


def test_scripts_of_the_site_come_second(host):
    if not host.version.startswith('2.3'):
        run(host)
        assert 'precedence = 0' in script(host, 'conf')
        return
    host.write(
        '90-sieve', 'plugin {\n  sieve_before = /a b;x=1\n  sieve_before2 = /c\n  sieve_before4 = /beyond the end\n}\n'
    )
    run(host)
    lines = [line.strip() for line in script(host, 'conf').splitlines() if 'sieve_before' in line]
    assert lines == [
        f'sieve_before = {host.directory}/conbool-spam.sieve',
        'sieve_before2 = /a b;x=1',
        'sieve_before3 = /c',
        'sieve_before4 =',
    ]
    assert not run(host)['changed']
    host.write('90-sieve', 'plugin {\n  sieve_before = /new\n}\n')
    assert run(host)['changed'] and 'sieve_before2 = /new\n  }' in script(host, 'conf')


def test_script_of_the_site_that_would_win(host):
    if host.version.startswith('2.3'):
        return
    host.write('90-sieve', 'protocol lmtp {\n  sieve_script theirs {\n    precedence = 0\n    path = /theirs\n  }\n}\n')
    files = host.files()
    with pytest.raises(
        ChangeError, match='does not come first in protocol lmtp of .*, but /theirs, .*/conbool-spam.sieve'
    ):
        run(host)
    assert host.files() == files


def test_script_that_comes_first_since(host):
    run(host)
    if host.version.startswith('2.3'):
        return
    host.write('90-sieve', 'protocol lmtp {\n  sieve_script theirs {\n    precedence = 0\n    path = /theirs\n  }\n}\n')
    for check in (True, False):
        with pytest.raises(ChangeError, match='does not come first in protocol lmtp of .*, but .*/theirs'):
            run(host, check=check)


# ---- the change


def test_change_and_undo(host):
    files = host.files()
    planned = run(host, check=True)
    assert planned['changed'] and host.files() == files and host.loaded is None
    assert run(host) == planned
    assert 'conbool-spam' in host.loaded and 'lda_mailbox_autosubscribe = yes' in script(host, 'conf')
    assert run(host)['settled'] and not run(host)['changed'] and not run(host, check=True)['changed']
    assert run(host, check=True, state='absent') == run(host, state='absent')
    assert host.files() == files and 'conbool-spam' not in host.loaded
    assert not run(host, state='absent')['changed']


def test_script_is_compiled_again_after_an_upgrade(host):
    run(host)
    host.version = host.version + '9'
    assert not run(host, check=True)['settled'] and run(host)['changed'] and not run(host)['changed']
    (host.directory / 'conbool-spam.svbin').unlink()
    assert run(host)['changed'] and not run(host)['changed']
    (host.directory / 'conbool-spam.svbin').chmod(0o600)
    assert run(host)['changed'] and not run(host)['changed']


def test_dovecot_that_does_not_run_is_not_reloaded(host):
    host.runs = False
    assert run(host)['changed'] and host.loaded is None


def test_lines_of_others_stay(host):
    run(host)
    main = host.directory / 'dovecot.conf'
    main.write_text(main.read_text() + 'new = yes\n')
    # Ours has the last word.
    assert run(host)['changed'] and main.read_text().splitlines()[-3] == 'new = yes' and not run(host)['changed']
    run(host, state='absent')
    assert main.read_text().endswith('!include_try local.conf\nnew = yes\n') and 'conbool' not in main.read_text()


@pytest.mark.parametrize('command', ['sievec', 'doveconf'])
def test_what_dovecot_refuses_changes_nothing(host, command):
    files = host.files()
    host.hook = lambda words: (89, '', 'sieve: unknown capability regex\n') if words[0] == command else None
    with pytest.raises(ChangeError, match=f'{command} .*unknown capability regex'):
        run(host)
    assert host.files() == files and host.loaded is None


@pytest.mark.parametrize('first', [{}, {'folder': 'Old'}], ids=['fresh', 'changed'])
def test_dovecot_that_does_not_take_it(host, first):
    if first:
        run(host, **first)
    files, loaded = host.files(), host.loaded
    refusals = ['no']
    host.hook = lambda words: (1, '', refusals.pop()) if words[0] == 'doveadm' and refusals else None
    with pytest.raises(SwitchError, match='doveadm .*: no') as caught:
        run(host)
    assert caught.value.restored and host.files() == files
    assert host.loaded == (loaded or host.loaded) and 'conbool' not in (host.loaded if not first else '')


@pytest.mark.parametrize('state', ['present', 'absent'])
def test_run_that_is_killed_at_any_command_is_completed_by_the_next(tmp_path, monkeypatch, state):
    for version in VERSIONS:
        for start in ('absent', 'present'):
            step = 0
            while True:
                folder = tmp_path / (f'{version}-{start}-{step}')
                folder.mkdir()
                host = Host(folder, monkeypatch, version)
                original = host.files()
                if start == 'present':
                    run(host, folder='Old')
                host.log.clear()

                def kill(words, host=host, step=step):
                    if len(host.log) > step:
                        raise Killed()

                host.hook = kill
                try:
                    run(host, state='absent' if start == 'present' and state == 'present' else 'present')
                    killed = False
                except Killed:
                    killed = True
                host.hook = None
                run(host, state=state)
                assert ('conbool-spam' in (host.loaded or '')) == (state == 'present'), (version, start, step)
                assert not run(host, state=state)['changed']
                run(host, state='absent')
                left = {name: data for name, data in host.files().items() if not name.startswith('run/')}
                assert left == {name: data for name, data in original.items() if not name.startswith('run/')}, (
                    version,
                    start,
                    step,
                )
                step += 1
                if not killed:
                    break
            assert step > 3
