# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module that fails says what it knows."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError, locked
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.one_run import BUSY, run
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.steps import Steps, left_changed

KNOWN = {'changed': True, 'parts': ['hop'], 'warnings': ['first \x1b[2J', 'second']}


def answer(tmp_path, capsys, monkeypatch, error):
    """What the module answers, and the warnings that it gave."""
    monkeypatch.setattr('signal.signal', lambda number, handler: None)
    warned = []
    monkeypatch.setattr(basic.AnsibleModule, 'warn', lambda self, text: warned.append(text))

    def converge(module, params):
        raise error

    with patch_module_args({'timeout': 1}):
        module = basic.AnsibleModule({'timeout': {'type': 'int'}})
        with pytest.raises(SystemExit):
            run(module, [str(tmp_path)], converge)
    return json.loads(capsys.readouterr().out), warned


def known(error, **result):
    error.known = result
    return error


@pytest.mark.parametrize(
    ('error', 'warnings', 'more'),
    [
        (HostError('no \x1b[1mway\nat all'), [], {}),
        (known(HostError('no \x1b[1mway\nat all'), **KNOWN), ['first \\x1b[2J', 'second'], {'parts': ['hop']}),
        (SwitchError('no \x1b[1mway\nat all', True, ['left \x9b1m']), ['left \\x9b1m'], {'restored': True}),
        (
            known(SwitchError('no \x1b[1mway\nat all', False, ['second']), **KNOWN),
            ['first \\x1b[2J', 'second'],
            {'restored': False, 'parts': ['hop']},
        ),
    ],
)
def test_warnings_are_given_as_warnings(tmp_path, capsys, monkeypatch, error, warnings, more):
    said, warned = answer(tmp_path, capsys, monkeypatch, error)
    assert said['failed'] and said['msg'] == 'no \\x1b[1mway\nat all'
    # Of a list among the results Ansible says that it is deprecated.
    assert 'warnings' not in said and 'deprecations' not in said
    assert warned == warnings
    assert {name: said[name] for name in more} == more


@pytest.mark.parametrize(
    ('error', 'changed'),
    [
        (HostError('no'), False),
        (OSError('no'), False),
        # Of something that the change itself found busy, nobody says that nothing was changed.
        (known(BlockingIOError('busy'), changed=True), True),
        (SwitchError('no', True, []), False),
        (SwitchError('no', False, []), True),
    ],
)
def test_an_answer_says_whether_something_is_changed(tmp_path, capsys, monkeypatch, error, changed):
    said = answer(tmp_path, capsys, monkeypatch, error)[0]
    assert said['failed'] and said['changed'] is changed and 'nothing was changed' not in said['msg']


def test_a_host_that_is_busy_is_not_changed(tmp_path, capsys, monkeypatch):
    with locked(str(tmp_path), 0):
        said = answer(tmp_path, capsys, monkeypatch, AssertionError('it has begun'))[0]
    assert (said['failed'], said['changed'], said['msg']) == (True, False, BUSY)


@pytest.mark.parametrize(
    ('check_mode', 'changed', 'left'), [(False, True, True), (False, False, False), (True, True, False)]
)
def test_a_step_that_fails_tells_whether_one_before_it_changed_something(check_mode, changed, left):
    with pytest.raises(HostError) as failure, Steps(SimpleNamespace(check_mode=check_mode)) as done:
        done.append(({'changed': changed}, []))
        raise HostError('no')
    assert left_changed(failure.value) is left
