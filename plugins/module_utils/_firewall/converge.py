# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of inbound_firewall, from its options to its answer."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.change import Change
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import Host, choose
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.firewalld import Firewalld
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.nftables import Nftables
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.record import Record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.ufw import Ufw
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import read_wanted

BACKENDS = {'firewalld': Firewalld, 'nftables': Nftables, 'ufw': Ufw}


def traced(host):
    """Return the backends of which files of ours are on this host."""
    return [name for name in sorted(BACKENDS) if BACKENDS[name](host).traces()]


def converge(module, params):
    """Bring the host's firewall to the wanted state, or tell in check mode what that takes.

    Returns:
        tuple: the module's result and its warnings.
    """
    host, record, wanted, chosen = Host(module.run_command, module.get_bin_path), Record(), None, None
    if params['state'] == 'present':
        wanted = read_wanted(params['port'], params['networks'], params['names'])
        chosen = choose(host, params['backend'])
    for name in traced(host):
        record.adopt(name)
    left = sorted(set(record.entries) - {chosen})
    # The new limit is in force before the old one goes.
    plan = [(chosen, wanted)] if chosen else []
    changes = [
        Change(host.run, BACKENDS[name](host), state, record) for name, state in plan + [(name, None) for name in left]
    ]
    for change in changes:
        if change.changed:
            change.validate()
    pending = bool(left) or any(change.changed for change in changes)
    result = {
        'changed': pending,
        'settled': not pending,
        'backend': chosen,
        'removed_from': left,
        'networks': wanted.all() if wanted else [],
    }
    if module._diff:
        result['diff'] = [difference for change in changes for difference in change.diff()]
    warnings = [warning for change in changes for warning in change.warnings]
    if not module.check_mode:
        for change in changes:
            if change.changed or change.name in left:
                change.carry_out()
    return result, warnings
