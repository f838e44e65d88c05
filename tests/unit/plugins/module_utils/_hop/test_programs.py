# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the hop's programs are, on hosts with and without a Postfix."""

from __future__ import annotations

import functools
import os
from types import SimpleNamespace

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import package
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import programs as postfix_programs
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.package import SBIN, Maker
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.steps import left_changed
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import PostfixError


class Nothing:
    """A host without apt."""

    @staticmethod
    def possible():
        return False


@pytest.fixture(name='no_postfix')
def fixture_no_postfix(monkeypatch, tmp_path):
    monkeypatch.setattr(postfix_programs, 'HOST_SBIN', str(tmp_path / 'sbin'))
    return tmp_path / 'sbin'


def postconf(words, version=b'3.6.1', **dummy):
    """A Postfix that answers what it was built with."""
    if '-m' in words:
        assert os.path.exists(os.path.join(words[2], 'main.cf'))
        return 0, b'btree\nhash\n', b''
    return (
        0,
        b''.join(
            b'%s = %s\n' % (name.encode(), version if name == 'mail_version' else b'/there') for name in words[2:]
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


@pytest.mark.parametrize('version', ['2.10.1', '3.1.15', '3.2.0'])
def test_a_postfix_that_is_too_old_is_refused(no_postfix, version):
    no_postfix.mkdir()
    (no_postfix / 'postconf').touch(mode=0o755)
    old = functools.partial(postconf, version=version.encode())
    if version == '3.2.0':
        assert postfix_programs.find(old, Nothing)[0]['version'] == version
        return
    with pytest.raises(PostfixError, match=f'is version {version}; the hop needs 3.2. .*outbound_hop_sbin_dir'):
        postfix_programs.find(old, Nothing)


def test_check_mode_knows_the_programs_before_they_are_there(no_postfix, host, monkeypatch):
    host.candidate = '1:3.10.13-0+deb13u1'
    monkeypatch.setattr(Maker, 'possible', staticmethod(lambda: True))
    programs = postfix_programs.find(postconf, Maker(host.run), check_mode=True)[0]
    assert (programs['sbin_dir'], programs['version'], programs['parameters']) == (
        SBIN,
        '3.10.13',
        package.PARAMETERS,
    )


@pytest.mark.parametrize('before, changed', [(None, True), ('3.7', False)])
def test_a_package_that_was_made_stays_though_its_programs_do_not_answer(no_postfix, before, changed):
    maker = SimpleNamespace(possible=lambda: True, present=lambda check_mode: (before, '3.7', []))
    with pytest.raises(PostfixError) as caught:
        postfix_programs.find(lambda words, **dummy: (1, b'', b'no'), maker)
    assert left_changed(caught.value) is changed


def test_whether_there_can_be_a_hop_is_known_without_making_one(no_postfix, host, monkeypatch, tmp_path):
    monkeypatch.setattr(package, 'SBIN', str(tmp_path / 'ours'))
    assert not postfix_programs.possible(Nothing)
    assert postfix_programs.possible(Nothing, '/opt/postfix/sbin')
    monkeypatch.setattr(Maker, 'possible', staticmethod(lambda: True))
    assert postfix_programs.possible(Maker(host.run))
    # apt that knows of no such package makes none.
    assert not postfix_programs.possible(Maker(lambda words, cwd=None: (0, 'postfix:\n  Candidate: (none)\n', '')))
    for where in (tmp_path / 'ours', no_postfix):
        where.mkdir()
        (where / 'postconf').touch(mode=0o755)
        assert postfix_programs.possible(Nothing)
        (where / 'postconf').unlink()
