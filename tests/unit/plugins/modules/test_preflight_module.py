# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module preflight as Ansible runs it."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.conbool.smtp_relay.plugins.modules import preflight


def test_answer_is_what_is_documented(capsys, monkeypatch):
    documented = yaml.safe_load(preflight.RETURN)
    answer = {name: entry['sample'] for name, entry in documented.items()}
    warned = []
    monkeypatch.setattr(AnsibleModule, 'warn', lambda self, message, **more: warned.append(message))
    monkeypatch.setattr(preflight, 'ask_host', lambda module, settings: (dict(answer, mta=settings['mta']), ['beware']))
    with patch_module_args({'settings': {'mta': 'sendmail'}}), pytest.raises(SystemExit) as left:
        preflight.main()
    result = json.loads(capsys.readouterr().out)
    assert left.value.code == 0 and warned == ['beware']
    assert {name: result[name] for name in documented} == dict(answer, mta='sendmail') and not result['changed']
