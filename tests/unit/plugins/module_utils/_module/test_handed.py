# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module that is handed settings leaves of them."""

from __future__ import annotations

from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import handed

MARK = 'a-password-of-the-site'


def test_neither_the_answer_nor_the_log_of_the_host_has_the_settings(monkeypatch):
    told = []
    monkeypatch.setattr(basic.AnsibleModule, '_log_to_syslog', lambda module, text: told.append(text))
    monkeypatch.setattr(basic, 'has_journal', False)
    with patch_module_args({'settings': {'roles': {'outbound_hop': {'parameters': {'name': MARK}}}}}):
        module, settings = handed.handed(handed.SETTINGS)
    assert settings['roles']['outbound_hop']['parameters'] == {'name': MARK}
    # The answer has what is left of the options.
    assert module.params == {} and told == []
