# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that is there or comes with its package, with an apt that only plays. The real one is in tests/install."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.package import Maker
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.packages import present


class Apt:
    """Installs `policyd`, which brings the program with it and needs a library."""

    def __init__(self, path):
        self.path, self.calls, self.refuse, self.plan = (
            path,
            [],
            lambda words: False,
            'Inst libpolicy (1)\nInst policyd (2)\nConf policyd (2)\n',
        )

    def run(self, words, cwd=None):
        self.calls.append(words)
        if self.refuse(words):
            return 100, '', 'E: Unable to locate package policyd'
        if '-s' not in words and self.path:
            self.path.touch(mode=0o755)
        return 0, self.plan, ''


@pytest.fixture(name='path')
def fixture_path(tmp_path, monkeypatch):
    monkeypatch.setattr(Maker, 'possible', staticmethod(lambda: True))
    return tmp_path / 'policyd'


def test_a_program_that_is_there_is_no_affair_of_apt(path):
    path.touch(mode=0o755)
    apt = Apt(path)
    assert present(Maker(apt.run), str(path), 'policyd') == []
    assert apt.calls == []


@pytest.mark.parametrize('check_mode', [True, False])
def test_its_package_is_installed_or_would_be(path, check_mode):
    apt = Apt(path)
    assert present(Maker(apt.run), str(path), 'policyd', check_mode) == ['libpolicy', 'policyd']
    assert path.exists() != check_mode
    # Asked first, with what keeps other packages where they are.
    assert [('-s' in words, '--no-remove' in words, words[-1]) for words in apt.calls] == [
        (True, True, 'policyd'),
        (False, True, 'policyd'),
    ][: 2 - check_mode]


@pytest.mark.parametrize('check_mode', [True, False])
def test_what_apt_does_not_know_is_refused_before_the_first_change(path, check_mode):
    apt = Apt(path)
    apt.refuse = lambda words: '-s' in words
    with pytest.raises(
        HostError,
        match=(
            'there is no .*/policyd, and the package policyd could not.*apt-get update.*Unable to locate package'
            ' policyd'
        ),
    ):
        present(Maker(apt.run), str(path), 'policyd', check_mode)
    assert len(apt.calls) == 1


def test_an_installation_that_fails_has_the_words_of_apt(path):
    apt = Apt(path)
    apt.refuse = lambda words: '-s' not in words
    with pytest.raises(HostError, match='could not be installed.*Unable to locate'):
        present(Maker(apt.run), str(path), 'policyd')


@pytest.mark.parametrize('plan', ['', 'Inst policyd (2)\n'])
def test_a_package_without_the_program_is_named(path, plan):
    apt = Apt(None)
    apt.plan = plan
    with pytest.raises(
        HostError, match='there is no .*/policyd, and the package policyd, which is installed, has none'
    ):
        present(Maker(apt.run), str(path), 'policyd')


def test_a_file_that_cannot_be_run_is_no_program(path):
    path.touch(mode=0o644)
    apt = Apt(None)
    with pytest.raises(HostError, match='which is installed, has none'):
        present(Maker(apt.run), str(path), 'policyd')


def test_without_apt_there_is_nothing_to_be_done(path, monkeypatch):
    monkeypatch.setattr(Maker, 'possible', staticmethod(lambda: False))
    apt = Apt(path)
    with pytest.raises(
        HostError, match='there is no .*/policyd, and no apt on this host that could install the package policyd'
    ):
        present(Maker(apt.run), str(path), 'policyd')
    assert apt.calls == []
