# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module exim_info as Ansible runs it on a host whose configuration is refused: cPanel, DirectAdmin, EPEL."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import debian
from ansible_collections.conbool.smtp_relay.plugins.modules import exim_info

from tests.unit.fakes.exim_facts import SETTINGS


@pytest.fixture(name='run')
def fixture_run(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(debian, 'CONFIG_DIR', str(tmp_path))
    monkeypatch.setattr(debian, 'OTHERS', ((str(tmp_path), 'of a panel'),))

    def run(**arguments):
        with patch_module_args(arguments), pytest.raises(SystemExit):
            exim_info.main()
        return json.loads(capsys.readouterr().out)

    return run


def test_it_is_refused_with_the_way_to_the_texts_and_these_are_had_there(run):
    refused = run()
    assert refused['failed'] and 'is of a panel' in refused['msg'] and 'exim_info gives the texts' in refused['msg']
    texts = run(settings=SETTINGS)['texts']
    # Each that the role's README has a place for.
    assert set(texts) == {'main', 'acl', 'rcpt', 'data', 'literals', 'router', 'transport', 'retry'}
    assert 'hosts_require_tls = *' in texts['transport'] and 'Managed by Ansible' not in ''.join(texts.values())
