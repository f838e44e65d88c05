# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local package of Postfix's programs, with an apt and a dpkg that only play. Real ones are in
molecule/sendmail_hop and tests/sendmail."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import package
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import programs as postfix_programs
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.package import PACKAGE, SBIN, Maker, PackageError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.instance import PostfixError

POLICY = 'postfix:\n  Installed: (none)\n  Candidate: %s\n  Version table:\n'
FIELDS = (
    'Architecture: amd64\nDepends: libc6 (>= 2.34), libdb5.3, debconf (>= 0.5) | debconf-2.0, adduser, libssl3 (>='
    ' 3.0.0), cpio\n'
)
SHIPPED = {
    'usr/sbin/postconf': b'\x7fELF',
    'usr/lib/postfix/sbin/post-install': b'#!/bin/sh\n/usr/lib/postfix/configure-instance.sh || exit 1\n',
    'etc/postfix/postfix-files': b'$queue_directory:d\n',
    'etc/init.d/postfix': b'#!/bin/sh\n',
    'usr/bin/mailq': b'',
    'lib/systemd/system/postfix.service': b'',
}


class Host:
    """Answers commands; what was built and installed can be looked at."""

    def __init__(self):
        self.candidate, self.version, self.held, self.calls, self.tree, self.refuse = (
            '3.7.11-0+deb12u1',
            None,
            False,
            [],
            {},
            None,
        )
        self.state = 'installed'

    def run(self, words, cwd=None):
        self.calls.append(words)
        if self.refuse and self.refuse in words:
            return 100, '', 'E: no space left'
        name, rest = words[0], words[1:]
        if name == 'apt-cache':
            return 0, POLICY % self.candidate, ''
        if name == 'dpkg-query':
            return (0, f'{self.state} {self.version}', '') if self.version else (1, '', 'no packages found')
        if name == 'apt-mark':
            return 0, PACKAGE + '\n' if self.held else '', ''
        if name == 'dpkg':
            return 0 if rest[1] > rest[3] else 1, '', ''
        if name == 'dpkg-deb':
            return self._archive(rest)
        if 'download' in rest:
            (Path(cwd) / 'postfix.deb').touch()
        return self._apt(rest)

    def _archive(self, rest):
        if rest[0] == '--extract':
            for path, data in SHIPPED.items():
                target = Path(rest[2]) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
        if '--build' in rest:
            root = Path(rest[-2])
            self.tree = {str(path.relative_to(root)): path for path in root.rglob('*') if not path.is_dir()}
            self.modes = {name: stat.S_IMODE(path.stat().st_mode) for name, path in self.tree.items() if path.exists()}
            self.tree = {name: path.read_bytes() for name, path in self.tree.items() if path.exists()}
        return 0, FIELDS if rest[0] == '--field' else '', ''

    def _apt(self, rest):
        if '-s' in rest:
            if 'autoremove' in rest:
                return 0, 'Remv libold [1]\n', ''
            return (
                0,
                (
                    f'Remv libold [1]\nPurg {PACKAGE} [1]\nRemv libtlsrpt0 [1]\n'
                    if 'purge' in rest
                    else f'Inst libtlsrpt0 (1)\nInst {PACKAGE} (1)\n'
                ),
                '',
            )
        if 'install' in rest:
            self.version = dict(
                line.split(': ', 1) for line in self.tree['DEBIAN/control'].decode().splitlines() if ': ' in line
            )['Version']
        if 'purge' in rest:
            self.version = None
        return 0, '', ''


@pytest.fixture(name='host')
def fixture_host():
    return Host()


def test_the_package_is_made_of_the_distributions_and_only_once(host):
    wanted = f'3.7.11-0+deb12u1+conbool{package.REVISION}'
    assert Maker(host.run).present() == (None, wanted, ['libtlsrpt0', PACKAGE])
    assert host.version == wanted
    assert Maker(host.run).present() == (wanted, wanted, [])


def test_nothing_of_it_is_where_another_mail_server_could_be(host):
    Maker(host.run).present()
    outside = {name for name in host.tree if not name.startswith(('usr/lib/conbool-hop/', 'DEBIAN/'))}
    assert outside == {
        'etc/ld.so.conf.d/conbool-hop.conf',
        f'usr/lib/systemd/system/{PACKAGE}.service',
        f'usr/lib/systemd/system/{PACKAGE}.timer',
        f'usr/lib/systemd/system/timers.target.wants/{PACKAGE}.timer',
    }
    assert {name for name in host.tree if name.startswith('usr/lib/conbool-hop/')} == {
        'usr/lib/conbool-hop/' + name
        for name in ('usr/sbin/postconf', 'usr/lib/postfix/sbin/post-install', 'etc/postfix/postfix-files', 'update.py')
    }


def test_control_names_the_libraries_and_nothing_that_excludes_a_mail_server(host):
    Maker(host.run).present()
    control = host.tree['DEBIAN/control'].decode()
    assert 'Depends: libc6 (>= 2.34), libdb5.3, libssl3 (>= 3.0.0)\n' in control
    assert 'Source: postfix (3.7.11-0+deb12u1)\n' in control
    assert not {'Conflicts', 'Provides', 'Replaces', 'Breaks'} & {
        line.partition(':')[0] for line in control.splitlines()
    }


def test_scripts_find_each_other_and_maintainer_scripts_can_be_run(host, tmp_path):
    Maker(host.run).present()
    assert (
        b'\n/usr/lib/conbool-hop/usr/lib/postfix/configure-instance.sh ||'
        in host.tree['usr/lib/conbool-hop/usr/lib/postfix/sbin/post-install']
    )
    for name in ('postinst', 'prerm', 'postrm'):
        assert host.modes['DEBIAN/' + name] == 0o755
        (tmp_path / name).write_bytes(host.tree['DEBIAN/' + name])
        assert subprocess.run(['sh', '-n', str(tmp_path / name)], check=True).returncode == 0
        assert b'{' not in host.tree['DEBIAN/' + name]


def test_the_package_has_what_brings_it_up_to_date(host, tmp_path):
    Maker(host.run).present()
    update = host.tree['usr/lib/conbool-hop/update.py']
    assert update.decode() == Path(package.__file__).read_text(encoding='utf-8')
    # With nothing of Ansible or of this collection around, and a host that has not got the package.
    (tmp_path / 'update.py').write_bytes(update)
    (tmp_path / 'dpkg-query').write_text('#!/bin/sh\nexit 1\n', encoding='ascii')
    (tmp_path / 'dpkg-query').chmod(0o755)
    done = subprocess.run(
        [sys.executable, '-I', str(tmp_path / 'update.py')],
        env={'PATH': f'{tmp_path}:/usr/bin:/bin'},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


def test_another_version_of_the_distribution_is_followed_upwards_only(host):
    Maker(host.run).present()
    host.candidate = '3.7.12-0+deb12u1'
    before, after, dummy = Maker(host.run).present()
    assert (before, after) == ('3.7.11-0+deb12u1+conbool1', '3.7.12-0+deb12u1+conbool1') and host.version == after
    host.candidate = '3.7.11-0+deb12u1'
    assert Maker(host.run).present()[:2] == (after, after)


def test_check_mode_asks_apt_and_installs_nothing(host):
    assert Maker(host.run).present(check_mode=True)[2] == ['libtlsrpt0', PACKAGE]
    assert host.version is None
    host.version = '1'
    assert Maker(host.run).absent(check_mode=True) == ('1', [PACKAGE, 'libtlsrpt0'])
    assert host.version == '1'


def test_nothing_may_be_removed_for_it(host):
    Maker(host.run).present()
    assert all('--no-remove' in words for words in host.calls if 'install' in words)


def test_only_what_came_with_it_goes_with_it(host):
    Maker(host.run).present()
    assert Maker(host.run).absent()[1] == [PACKAGE, 'libtlsrpt0']
    assert host.calls[-1][-2:] == [PACKAGE, 'libtlsrpt0'] and host.version is None
    assert Maker(host.run).absent() == (None, [])


@pytest.mark.parametrize('state, version', [('config-files', ''), ('half-configured', '1')])
def test_what_is_left_of_it_is_made_whole_or_goes(host, state, version):
    host.state, host.version = state, version or ' '
    assert Maker(host.run).present(check_mode=True)[0] is None
    assert Maker(host.run).absent()[0] == (version or state) and host.version is None


@pytest.mark.parametrize('candidate', ['(none)', ''])
def test_an_apt_that_knows_no_postfix_is_an_error_that_says_what_to_do(host, candidate):
    host.candidate = candidate
    with pytest.raises(PackageError, match='apt-get update'):
        Maker(host.run).present()


@pytest.mark.parametrize('step', ['download', '--build', 'install'])
def test_the_words_of_apt_and_dpkg_are_passed_on(host, step):
    host.refuse = step
    with pytest.raises(PackageError, match='no space left'):
        Maker(host.run).present()
    assert host.version is None


@pytest.mark.parametrize('version, held, calls', [(None, False, 1), ('1', True, 2)])
def test_an_update_leaves_alone_what_is_not_installed_or_held(host, monkeypatch, version, held, calls):
    host.version, host.held = version, held
    monkeypatch.setattr(package, '_run', host.run)
    package.main()
    assert len(host.calls) == calls and host.version == version


def test_an_update_says_what_it_did(host, monkeypatch, capsys):
    host.version = '1'
    monkeypatch.setattr(package, '_run', host.run)
    package.main()
    assert host.version in capsys.readouterr().out
    host.candidate, host.refuse = '4', 'download'
    with pytest.raises(SystemExit, match='no space left'):
        package.main()


class Nothing:
    """A host without apt."""

    @staticmethod
    def possible():
        return False


@pytest.fixture(name='no_postfix')
def fixture_no_postfix(monkeypatch, tmp_path):
    monkeypatch.setattr(postfix_programs, 'HOST_SBIN', str(tmp_path / 'sbin'))
    return tmp_path / 'sbin'


def postconf(words, **dummy):
    """A Postfix that answers what it was built with."""
    if '-m' in words:
        assert os.path.exists(os.path.join(words[2], 'main.cf'))
        return 0, b'btree\nhash\n', b''
    return (
        0,
        b''.join(
            b'%s = %s\n' % (name.encode(), b'3.6.1' if name == 'mail_version' else b'/there') for name in words[2:]
        ),
        b'',
    )


def test_without_postfix_and_apt_the_variables_are_named(no_postfix):
    with pytest.raises(PostfixError, match='outbound_hop_sbin_dir.*sendmail_smarthost_decision: native'):
        postfix_programs.find(postconf, Nothing)


def test_when_apt_says_no_the_variables_are_named_too(no_postfix, host, monkeypatch):
    host.refuse = 'download'
    monkeypatch.setattr(Maker, 'possible', staticmethod(lambda: True))
    with pytest.raises(PostfixError, match='no space left.*outbound_hop_sbin_dir.*sendmail_smarthost_decision: native'):
        postfix_programs.find(postconf, Maker(host.run))


@pytest.mark.parametrize('given', [True, False])
def test_a_postfix_that_is_there_is_used(no_postfix, tmp_path, given):
    where = tmp_path / 'zimbra' if given else no_postfix
    where.mkdir()
    (where / 'postconf').touch(mode=0o755)
    programs, before, after, packages = postfix_programs.find(postconf, Nothing, str(where) if given else None)
    assert (before, after, packages) == (None, None, [])
    assert (programs['sbin_dir'], programs['version'], programs['lookup_types']) == (
        str(where),
        '3.6.1',
        ['btree', 'hash'],
    )
    assert programs['parameters'] == dict.fromkeys(package.PARAMETERS, '/there')


def test_check_mode_knows_the_programs_before_they_are_there(no_postfix, host, monkeypatch):
    host.candidate = '1:3.10.13-0+deb13u1'
    monkeypatch.setattr(Maker, 'possible', staticmethod(lambda: True))
    programs = postfix_programs.find(postconf, Maker(host.run), check_mode=True)[0]
    assert (programs['sbin_dir'], programs['version'], programs['parameters']) == (
        SBIN,
        '3.10.13',
        package.PARAMETERS,
    )
