# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the product on a played Zimbra."""

from __future__ import annotations

import copy
import json
import os
import re

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.look import Look
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.drift import drift_row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import ours, server
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.converge import converge

from tests.unit.fakes.mail_server import SETTINGS


class PlayedModule:
    """What a function that converges takes for an AnsibleModule."""

    def __init__(self, zimbra, check_mode=False, diff=True):
        self.check_mode, self._diff, self.run_command = check_mode, diff, zimbra.run_command
        self.params, self.no_log_values = {}, set()

    @staticmethod
    def get_bin_path(name, *dummy, **dummies):
        return '/usr/sbin/useradd' if name == 'useradd' else None


def dump(store):
    """Everything in a directory, to be compared."""
    return json.dumps(store.read(), sort_keys=True)


OPTIONS = {'client_ca_file': '', 'command_timeout': 60, 'wash_port': 326, 'wash_senders': False}


def settings_of(options=None, **changes):
    """Settings with inbound mail managed, as the module takes them."""
    settings = copy.deepcopy({**SETTINGS, 'inbound': True, **changes})
    settings['roles']['zimbra_smarthost'] = {**OPTIONS, **(options or {})}
    settings['roles']['outbound_hop']['address'] = '127.0.0.1'
    return settings


def apply(zimbra, check_mode=False, gateway=(), **changes):
    """Carry out what the adapter wants of Zimbra itself. Returns its result, its warnings, and what it wanted."""
    module = PlayedModule(zimbra, check_mode)
    adapter = server.ZimbraServer(module, settings_of(**changes))
    known = adapter.facts()
    known.gateway = list(gateway)
    wanted = adapter.wanted(known, False)
    if wanted.problems:
        return None, None, wanted
    (own,) = [each for each in wanted.parts if each.name == ours.OWNER]
    return (*own.converge(module), wanted)


def undo(zimbra, check_mode=False, **changes):
    """Undo it. Returns result and warnings."""
    module = PlayedModule(zimbra, check_mode)
    return server.ZimbraServer(module, settings_of(**changes)).undo()[0].converge(module)


def stale(zimbra, **changes):
    """Return the rows of a verification on what is not as it would be made."""
    module = PlayedModule(zimbra)
    adapter = server.ZimbraServer(module, settings_of(**changes))
    parts = [each for each in adapter.wanted(adapter.facts(), False).parts if each.name == ours.OWNER]
    rows = [drift_row(each.name, each.converge(Look(module, diff=True))[0]) for each in parts]
    return [*filter(None, rows), *adapter.stale()]


def attribute_server(**values):
    return {'entry': 'server', 'name': '', 'values': values}


def config(**values):
    return {'entry': 'config', 'name': '', 'values': values}


def domain(name='example.com', **values):
    return {'entry': 'domain', 'name': name, 'values': values}


def attributes(zimbra, *wanted, state='present', owner='test', check_mode=False, apply=True):
    params = {
        'attributes': list(wanted),
        'owner_id': owner,
        'state': state,
        'apply': apply,
        'command_timeout': 60,
    }
    module = PlayedModule(zimbra, check_mode)
    result, warnings = converge(module, params)
    zimbra.hidden = module.no_log_values
    return result, warnings


def missing(zimbra):
    """The tables that Postfix is told to look into, and that are not there: it would put off all mail."""
    named = re.findall(r'(?:cidr|texthash|regexp):(/[^\s,]+/conbool_\w+)', ' '.join(zimbra.main_cf.values()))
    return [path for path in named if not os.path.exists(path)]


def tree(zimbra):
    """All files of a host that are not the double's own, with their contents."""
    found = {}
    for folder, dummy, names in os.walk(zimbra.root):
        for name in names:
            path = os.path.join(folder, name)
            if '/double/' not in path:
                with open(path, 'rb') as stream:
                    found[os.path.relpath(path, zimbra.root)] = stream.read()
    return found
