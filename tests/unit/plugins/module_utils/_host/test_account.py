# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user of our own, on a host whose users are played."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import account
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError


class Host:
    """Users with their comments, groups, and the commands that change them."""

    def __init__(self, users=None, groups=(), check_mode=False, status=0):
        self.users, self.groups, self.status = dict(users or {}), set(groups), status
        self.check_mode, self._diff, self.calls, self.shadow = check_mode, True, [], True

    def get_bin_path(self, name, opt_dirs=()):
        return '/usr/sbin/' + name if self.shadow else None

    def run_command(self, words):
        self.calls.append(words)
        if self.status:
            return self.status, '', 'cannot lock /etc/passwd\n'
        name = words[-1]
        if words[0].endswith('useradd'):
            self.users[name] = words[words.index('--comment') + 1]
            self.groups.add(name)
        elif words[0].endswith('userdel'):
            del self.users[name]
        else:
            self.groups.remove(name)
        return 0, '', ''


@pytest.fixture(name='host')
def fixture_host(monkeypatch):
    def make(*arguments, **more):
        host = Host(*arguments, **more)

        def user(name):
            return SimpleNamespace(pw_gecos=host.users[name], pw_uid=999)

        def group(name):
            return dict.fromkeys(host.groups, 1)[name]

        monkeypatch.setattr(account, 'pwd', SimpleNamespace(getpwnam=user, struct_passwd=object))
        monkeypatch.setattr(account, 'grp', SimpleNamespace(getgrnam=group))
        return host

    return make


def test_it_is_made_once_cannot_log_in_and_goes_without_a_trace(host):
    there = host({'root': 'root'}, ['root'])
    result = account.present(there, 'x')[0]
    assert result['changed'] and result['diff'][0]['after'] == 'x\n'
    (made,) = there.calls
    assert {'--system', '--no-create-home', '--user-group'} <= set(made)
    assert made[made.index('--shell') + 1] in (*account.NO_LOGIN, '/bin/false')
    assert account.there('x') and not account.present(there, 'x')[0]['changed']
    assert account.absent(there, 'x')[0]['changed'] and not account.absent(there, 'x')[0]['changed']
    assert (there.users, there.groups) == ({'root': 'root'}, {'root'})


def test_check_mode_changes_nothing(host):
    there = host(check_mode=True)
    assert account.present(there, 'x')[0]['changed'] and there.calls == []
    there.users['x'] = account.COMMENT
    assert account.absent(there, 'x')[0]['changed'] and there.calls == []


def test_a_group_that_a_killed_run_left_is_used(host):
    there = host(groups=['x'])
    account.present(there, 'x')
    assert '--gid' in there.calls[0] and '--user-group' not in there.calls[0]


def test_somebody_else_s_user_is_neither_used_nor_removed(host):
    there = host({'x': 'Xavier'}, ['x'])
    (problem,) = account.problems(there, 'x')
    assert 'There is a user x ' in problem
    with pytest.raises(HostError, match='There is a user x .*not made here'):
        account.present(there, 'x')
    assert not account.absent(there, 'x')[0]['changed'] and there.calls == []


def test_the_command_s_own_words(host):
    with pytest.raises(HostError, match='useradd --system .* x failed: cannot lock /etc/passwd'):
        account.present(host(status=1), 'x')


def test_a_host_without_useradd_is_known_before_any_change(host):
    there = host()
    assert account.problems(there, 'x') == []
    there.shadow = False
    (problem,) = account.problems(there, 'x')
    assert 'useradd' in problem
    # What is there already needs none.
    there.users['x'] = account.COMMENT
    assert account.problems(there, 'x') == [] and not account.present(there, 'x')[0]['changed']
