# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of inbound_firewall, from its options to its answer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import nftables, record, turned, way_in
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.change import Change
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import Host, choose
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.firewalld import Firewalld
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.nftables import Nftables
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.ufw import Ufw
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import (
    FirewallError,
    Redirect,
    Wanted,
    read_redirect,
    read_wanted,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.steps import Steps

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

BACKENDS: dict[str, type[Firewalld | Nftables | Ufw]] = {'firewalld': Firewalld, 'nftables': Nftables, 'ufw': Ufw}


def traced(host: Host) -> list[str]:
    """Return the backends of which files of ours are on this host."""
    return [name for name in sorted(BACKENDS) if BACKENDS[name](host).traces()]


def limited(module: AnsibleModule) -> bool:
    """Whether there is a record of what was done on this host, or a file of it."""
    return os.path.exists(record.PATH) or bool(traced(Host(module.run_command, module.get_bin_path)))


def _redirect(params: Mapping[str, Any]) -> Redirect | None:
    """Return where connections have to be turned; where they are by now, if nobody says."""
    port, networks = params.get('redirect_port'), params.get('redirect_networks') or []
    if port is None:
        port, networks = nftables.present_redirect()
    return read_redirect(port, networks, params['port'], params['names']) if port else None


class _Plan:
    """What a call comes to: the changes, and what can be told before the first of them."""

    def __init__(self, module: AnsibleModule, params: Mapping[str, Any]) -> None:
        self._port = params['port']
        host, found, wanted, self.chosen = Host(module.run_command, module.get_bin_path), record.Record(), None, None
        redirect = _redirect(params)
        if params['state'] == 'present':
            wanted = read_wanted(params['port'], params['networks'], params['names'])
            wanted.redirect = redirect
            self.chosen = choose(host, params['backend'])
        if redirect and not host.find('nft'):
            raise FirewallError(
                f'{redirect}: connections cannot be turned there, there is no command nft; install the package nftables'
            )
        states = self._states(params['port'], wanted, redirect)
        for name in traced(host):
            found.adopt(name)
        self.left = sorted(set(found.entries) - {name for name, dummy in states})
        # The new limit is in force before the old one goes.
        self.changes = [
            Change(host.run, BACKENDS[name](host), state, found)
            for name, state in states + [(name, None) for name in self.left]
        ]
        for change in self.changes:
            if change.changed:
                change.validate()
        self._foreign = self._keeping_out(host, wanted, redirect)
        pending = bool(self.left) or any(change.changed for change in self.changes)
        self.result: dict[str, Any] = {
            'changed': pending,
            'settled': not pending,
            'backend': self.chosen,
            'removed_from': self.left,
            'networks': wanted.all() if wanted else [],
        }

    def _states(self, port: int, wanted: Wanted | None, redirect: Redirect | None) -> list[tuple[str, Wanted]]:
        """Return which backend has to have what. Only nftables turns connections, in the transaction of its limit, or
        beside what else filters."""
        states = [(self.chosen, wanted)] if self.chosen and wanted else []
        if redirect and self.chosen != 'nftables':
            alone = Wanted(port, {4: [], 6: []}, False, redirect)
            states.append(('nftables', wanted.only_redirect() if wanted else alone))
        return states

    def _keeping_out(self, host: Host, wanted: Wanted | None, redirect: Redirect | None) -> list[str]:
        """Return what there is to say of filters that will keep the gateway out all the same.

        Raises:
            FirewallError: they would keep out who gets in by now, and would be led to a port that is closed.
        """
        if not wanted and not redirect:
            return []
        # What a change is made in, is not yet as it will be.
        changing = [change.name for change in self.changes if change.changed]
        but = [table for name in changing for table in BACKENDS[name].tables]
        rules = way_in.Rules(host, but)
        said = way_in.warnings(rules, wanted) if wanted else []
        if redirect:
            if nftables.present_redirect()[0] != redirect.port:
                self._refuse_to_lead_nowhere(host, rules, redirect)
            said += way_in.warnings(rules, Wanted(redirect.port, redirect.networks), turned=True)
        return list(dict.fromkeys(said))

    def _refuse_to_lead_nowhere(self, host: Host, rules: way_in.Rules, redirect: Redirect) -> None:
        """See whether who is to be led to another port will get there. What comes in the way later, a verification
        tells, and it keeps nothing else from being mended."""
        asked = self._port, redirect
        reasons = (
            ('kept from connection tracking (notrack), so that nobody is led there', turned.untracked(rules, *asked)),
            ('led elsewhere before ours is asked', turned.in_front(turned.read(host), *asked, rules.routes)),
        )
        for why, found in reasons:
            if found:
                raise FirewallError(
                    f'{redirect}: port {self._port} is {why}: {way_in.told(found)}. Take that out, or have it leave'
                    f' out port {self._port}'
                )
        there = Wanted(redirect.port, redirect.networks)
        refused = way_in.shut_out(rules, there, turned=True)[0]
        if way_in.closed(refused, there):
            raise FirewallError(
                f'{redirect}: another filter of this host closes that port to {way_in.told(refused)}. The gateway'
                f' would be led to a closed door. Open it there; nobody gets to port {redirect.port} who was not'
                f' led there from port {self._port}'
            )

    @property
    def warnings(self) -> list[str]:
        return [warning for change in self.changes for warning in change.warnings] + self._foreign


def look_ahead(module: AnsibleModule, params: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the result and the warnings that converge() would have; nothing is changed, whatever the module's mode."""
    plan = _Plan(module, params)
    return plan.result, plan.warnings


def converge(module: AnsibleModule, params: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Bring the host's firewall to the wanted state, or tell in check mode what that takes.

    Returns:
        The module's result and its warnings.
    """
    plan = _Plan(module, params)
    if module._diff:
        plan.result['diff'] = [difference for change in plan.changes for difference in change.diff()]
    warnings = plan.warnings
    if not module.check_mode:
        with Steps(module) as done:
            for change in plan.changes:
                if change.changed or change.name in plan.left:
                    change.carry_out()
                    done.append(({'changed': True}, []))
    return plan.result, warnings
