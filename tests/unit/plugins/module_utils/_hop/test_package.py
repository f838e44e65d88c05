# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local package of Postfix's programs, with an apt and a dpkg that only play. Real ones are in
molecule/sendmail_hop and tests/sendmail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import package
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.package import PACKAGE, Maker, PackageError


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
