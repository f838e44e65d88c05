# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks know of the roles."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import with_role

ROOT = Path(__file__).resolve().parents[3]


def test_mail_servers_for_which_there_are_roles_are_the_same_everywhere():
    roles = {path.name.removesuffix('_smarthost') for path in (ROOT / 'roles').glob('*_smarthost')}
    known = re.search(r'__conbool_mtas: (.*)', (ROOT / 'playbooks/site.yml').read_text(encoding='utf-8'))[1]
    assert roles == set(yaml.safe_load(known)) == set(with_role())
    assert roles == {path.stem for path in (ROOT / 'roles/verify/tasks').glob('*.yml')} - {'main'}
