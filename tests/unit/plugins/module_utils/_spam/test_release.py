# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for spam engines on a pretended host: given, refused, put back, taken away."""

from __future__ import annotations

import os
import re
import types

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import file_record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import ChangeError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.steps import left_changed
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam import converge as spam_converge
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam import engines, release, site_scores
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam.release import converge

NETWORKS = ['192.0.2.0/28', '2001:db8:1::/64']


class Host:
    """With C(hook), a function that gets the command line before it is carried out, and may return an answer."""

    check_mode = False
    _diff = True

    def __init__(self, folder, monkeypatch):
        self.folder, self.hook, self.log, self.seen = folder, None, [], {}
        self.commands, self.active = {'spamassassin', 'rspamadm'}, {'spamd.service', 'amavis.service', 'rspamd.service'}
        for name in ('spamassassin', 'rspamd', 'home', 'tmp'):
            (folder / name).mkdir()
        (folder / 'rspamd/rspamd.conf').write_text('main')
        (folder / 'rspamd/rspamd.conf.local').write_text('site')
        (folder / 'spamassassin/local.cf').write_text('site')
        monkeypatch.setattr(
            release, 'SPAMASSASSIN_DIRECTORIES', (str(folder / 'nowhere'), str(folder / 'spamassassin'))
        )
        monkeypatch.setattr(release, 'RSPAMD_DIRECTORY', str(folder / 'rspamd'))
        monkeypatch.setattr(file_record, 'BASE', str(folder / 'var/files'))
        monkeypatch.setattr(engines, 'SETTLED', 0)
        monkeypatch.setattr(site_scores.pwd, 'getpwall', lambda: self.users)
        self.users = []
        monkeypatch.setattr(engines.tempfile, 'tempdir', str(folder / 'tmp'))
        monkeypatch.setattr(engines.pwd, 'getpwuid', lambda number: type('Entry', (), {'pw_dir': str(folder / 'home')}))

    def get_bin_path(self, name, opt_dirs):
        return '/usr/bin/' + name if name in self.commands | {'systemctl'} else None

    def run_command(self, argv, environ_update):
        words = [os.path.basename(argv[0])] + argv[1:]
        self.log.append(' '.join(words[:3] if words[0] == 'systemctl' else words[:2]))
        answer = self.hook(words) if self.hook else None
        if answer:
            return answer
        if words[:2] == ['systemctl', 'show']:
            return 0, 'ActiveState=%s\n' % ('active' if words[-1] in self.active else 'inactive'), ''
        if words[0] == 'spamassassin':
            self.look('spamassassin', words[-1].partition('=')[2])
            (self.folder / 'home/.spamassassin').mkdir(exist_ok=True)
        if words[0] == 'rspamadm':
            self.look('rspamd', words[1].rpartition('=')[2])
            return 0, self.seen['rspamd'].get('conbool.conf', ''), ''
        return 0, '', ''

    def look(self, engine, folder):
        self.seen[engine] = {
            name: open(os.path.join(folder, name), encoding='utf-8').read() for name in sorted(os.listdir(folder))
        }

    def files(self):
        return {
            str(path.relative_to(self.folder)): path.read_bytes() if path.is_file() else None
            for path in sorted(self.folder.rglob('*'))
        }


@pytest.fixture(name='host')
def fixture_host(tmp_path, monkeypatch):
    return Host(tmp_path, monkeypatch)


def run(host, check=False, **params):
    host.check_mode = check
    host.log.clear()
    result, warnings = converge(host, dict({'networks': NETWORKS, 'state': 'present'}, **params))
    assert warnings == []
    return result


def test_rules_come_change_and_go(host):
    files = host.files()
    planned = run(host, check=True)
    assert planned['changed'] and host.files() == files and not any('reload' in line for line in host.log)
    # What the engines judge has the rules of the site beside ours.
    assert host.seen['spamassassin']['local.cf'] == 'site' and 'loadplugin' in host.seen['spamassassin']['conbool.cf']
    assert (
        host.seen['rspamd']['rspamd.conf.local'].startswith('site\n# Added')
        and '192.0.2.0/28' in host.seen['rspamd']['conbool.conf']
    )

    assert run(host) == planned and planned['engines'] == ['spamassassin', 'rspamd']
    assert [line for line in host.log if 'reload' in line] == [
        'systemctl reload spamd.service',
        'systemctl reload amavis.service',
        'systemctl reload rspamd.service',
    ]
    plugin = (host.folder / 'spamassassin/conbool.pm').read_text()
    assert all(network in plugin for network in NETWORKS)

    assert not run(host)['changed'] and not any('reload' in line or 'lint' in line for line in host.log)
    assert (
        run(host, networks=['203.0.113.0/24'])['changed']
        and NETWORKS[0] not in (host.folder / 'rspamd/conbool.conf').read_text()
    )
    assert run(host, check=True, state='absent', networks=[]) == run(host, state='absent', networks=[])
    assert 'systemctl reload rspamd.service' in host.log and host.files() == files
    assert not run(host, state='absent')['changed']


def test_only_engines_that_are_there(host):
    host.commands = {'rspamadm'}
    assert run(host)['engines'] == ['rspamd'] and not (host.folder / 'spamassassin/conbool.cf').exists()
    host.commands = {'spamassassin'}
    assert run(host)['engines'] == ['spamassassin']
    assert (
        not (host.folder / 'rspamd/conbool.conf').exists()
        and (host.folder / 'rspamd/rspamd.conf.local').read_text() == 'site'
    )
    (host.folder / 'rspamd/rspamd.conf').unlink()
    host.commands = {'rspamadm'}
    assert run(host)['engines'] == []


def test_services_that_do_not_run_are_left_alone(host):
    host.active = set()
    assert run(host)['changed'] and not any('reload' in line for line in host.log)


def test_lines_of_the_site_stay(host):
    run(host)
    local = host.folder / 'rspamd/rspamd.conf.local'
    local.write_text(local.read_text() + 'more\n')
    run(host, state='absent')
    assert local.read_text() == 'site\nmore\n'


@pytest.mark.parametrize('networks', [[], ['192.0.2.1/24'], ['192.0.2.0/24\n);system("id")']])
def test_bad_networks(host, networks):
    files = host.files()
    with pytest.raises(ChangeError, match='conbool_networks'):
        run(host, networks=networks)
    assert host.files() == files


@pytest.mark.parametrize('command', ['spamassassin', 'rspamadm'])
def test_what_an_engine_refuses_changes_nothing(host, command):
    files = host.files()
    host.hook = lambda words: (1, '', 'lint: 1 issues detected\n') if words[0] == command else None
    with pytest.raises(ChangeError, match=f'^{command} .*: lint: 1 issues detected$'):
        run(host)
    assert host.files() == files


def test_settings_of_rspamd_that_exclude_ours(host):
    host.hook = lambda words: (0, 'settings = "http://settings.example/map"', '') if 'configdump' in words else None
    with pytest.raises(ChangeError, match='settings of its own'):
        run(host)
    assert not (host.folder / 'rspamd/conbool.conf').exists()


def test_service_that_does_not_survive_the_reload(host):
    host.commands = {'spamassassin'}
    files = host.files()

    def hook(words):
        if words[:2] == ['systemctl', 'reload'] and 'loadplugin' in ''.join(
            path.read_text() for path in (host.folder / 'spamassassin').glob('*.cf')
        ):
            host.active.discard(words[2])

    host.hook = hook
    with pytest.raises(SwitchError, match='^spamassassin: spamd.service does not run any more') as caught:
        run(host)
    assert caught.value.restored and host.files() == files
    assert not left_changed(caught.value)


def test_an_engine_that_fails_behind_another_has_not_left_the_host_as_it_was(host):
    def hook(words):
        if words == ['systemctl', 'reload', 'rspamd.service'] and (host.folder / 'rspamd/conbool.conf').exists():
            host.active.discard('rspamd.service')

    host.hook, files = hook, host.files()
    with pytest.raises(SwitchError, match='^rspamd: ') as caught:
        run(host)
    # Rspamd is as it was, and SpamAssassin has the rules.
    assert caught.value.restored and left_changed(caught.value) and host.files() != files


@pytest.mark.parametrize('changed', [True, False])
def test_what_was_filed_before_the_engines_failed_is_known(host, monkeypatch, changed):
    monkeypatch.setattr(spam_converge.delivery, 'converge', lambda module, options: ({'changed': changed}, []))
    host.hook = lambda words: (1, '', 'no') if words[0] == 'spamassassin' else None
    with pytest.raises(ChangeError) as caught:
        spam_converge.converge(host, {'networks': NETWORKS, 'state': 'present'})
    assert left_changed(caught.value) is changed


def test_own_state_of_root_stays(host):
    (host.folder / 'home/.spamassassin').mkdir()
    run(host, check=True)
    assert (host.folder / 'home/.spamassassin').is_dir()


@pytest.mark.parametrize(
    'name, line, undone',
    [
        ('local.cf', 'score CONBOOL_RELEASED 0', True),
        ('zz.cf', '  header CONBOOL_RELEASED Subject =~ /x/', True),
        ('local.cf', '# score CONBOOL_RELEASED 0', False),
        ('local.cf', 'score CONBOOL_RELEASED_MORE 0', False),
        # Ours is read after it.
        ('aaa.cf', 'score CONBOOL_RELEASED 0', False),
        ('local.pre', 'score CONBOOL_RELEASED 0', False),
    ],
)
def test_a_rule_of_the_site_that_is_read_later_and_undoes_ours(host, name, line, undone):
    run(host)
    (host.folder / 'spamassassin' / name).write_text('required_score 5\n' + line + '\n')
    if undone:
        words = f'{name}, line 2: .*CONBOOL_RELEASED'
        with pytest.raises(ChangeError, match=words):
            run(host, check=True)
        # Nothing of ours changes, and what comes after it in the same run has to be done all the same.
        host.check_mode = False
        result, (warning,) = converge(host, {'networks': NETWORKS, 'state': 'present'})
        assert not result['changed'] and re.search(words, warning)
    else:
        assert not run(host, check=True)['changed'] and not run(host)['changed']
    run(host, state='absent')


def test_settings_of_rspamd_that_have_replaced_ours_since(host):
    run(host)
    host.hook = lambda words: (0, 'settings {}', '') if 'configdump' in words else None
    with pytest.raises(ChangeError, match='settings of its own'):
        run(host, check=True)


def entry(home):
    return types.SimpleNamespace(pw_dir=str(home))


@pytest.mark.parametrize(
    'place, line, words',
    [
        ('spamassassin/local.cf', 'shortcircuit USER_IN_BLOCKLIST spam', 'ends the scoring before our rule'),
        # Wherever it stands: the rules are asked by their priority.
        ('spamassassin/aaa.cf', 'shortcircuit USER_IN_BLOCKLIST spam', 'ends the scoring before our rule'),
        ('spamassassin/local.cf', 'shortcircuit USER_IN_WELCOMELIST ham', ''),
        ('spamassassin/local.cf', 'blocklist_from *@example.com', ''),
        ('alice/.spamassassin/user_prefs', 'score CONBOOL_RELEASED 0', 'for this user'),
        ('alice/.spamassassin/user_prefs', 'required_score 3', ''),
        # Rules of users do not count.
        ('alice/.spamassassin/user_prefs', 'header CONBOOL_RELEASED Subject =~ /x/', ''),
        ('elsewhere/.spamassassin/user_prefs', 'score CONBOOL_RELEASED 0', ''),
    ],
)
def test_what_undoes_ours_for_some_is_named_and_changes_nothing(host, place, line, words):
    run(host)
    path = host.folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'required_score 5\n{line}\n')
    host.users = [entry('/'), entry(host.folder / 'alice'), entry(host.folder / 'alice')]
    result, warnings = converge(host, {'networks': NETWORKS, 'state': 'present'})
    assert not result['changed'] and len(warnings) == bool(words)
    assert all(words in text and f'{path}, line 2: ' in text for text in warnings)


def test_preferences_are_read_where_that_takes_no_time(host, monkeypatch):
    run(host)
    host.users = [entry(host.folder / name) for name in ('alice', 'bob', 'carol')]
    for name in ('alice', 'bob', 'carol'):
        (host.folder / name / '.spamassassin').mkdir(parents=True)
    os.mkfifo(host.folder / 'alice/.spamassassin/user_prefs')
    (host.folder / 'bob/.spamassassin/user_prefs').symlink_to('/dev/zero')
    # The server of this one may be away.
    (host.folder / 'carol/.spamassassin/user_prefs').write_text('score CONBOOL_RELEASED 0\n')
    (host.folder / 'mounts').write_text(f'/dev/sda1 / ext4 rw 0 0\nnas:/home {host.folder}/carol nfs4 rw 0 0\n')
    monkeypatch.setattr(site_scores, 'MOUNTS', str(host.folder / 'mounts'))
    assert converge(host, {'networks': NETWORKS, 'state': 'present'})[1] == []
    (host.folder / 'mounts').write_text('/dev/sda1 / ext4 rw 0 0\n')
    assert len(converge(host, {'networks': NETWORKS, 'state': 'present'})[1]) == 1
