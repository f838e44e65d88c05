# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix as a mail server that uses the gateway through the outbound hop. Private to this collection."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import account, look, process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.steps import Steps, merge, showing
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import hop_address
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import (
    Facts,
    Hop,
    Part,
    Wanted,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import sessions
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.converge import converge_part
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.detours import Detours
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.facts import facts
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.former_detours import (
    STILL_OPEN,
    there_but_unwanted,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.gateway_tls import certificate_files
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.inbound import inbound_configuration
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.learnt import learnt
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.obstacles import Obstacles, copy_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import (
    outbound_configuration,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.questions import PostfixQuestions
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.return_listener import (
    next_hop,
    return_configuration,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.running import lost_pid_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import policy
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import (
    mynetworks_entries,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.listeners import listeners

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

OUTBOUND, INBOUND = 'postfix_smarthost_outbound', 'postfix_smarthost_inbound'
# Where the hop's bounces come back. A part of its own, since it has to be there as long as the hop is.
RETURN = 'postfix_smarthost_return'


class PostfixServer(PostfixQuestions):
    """The Postfix of this host."""

    hop_decides = True
    _asked: Obstacles | None = None
    _seen: tuple[dict[str, Any], list[str]] | None = None

    def lock_directories(self) -> list[str]:
        return [os.path.dirname(os.path.realpath(self._config_dir))]

    def places(self) -> list[str]:
        return [self._config_dir]

    def facts(self) -> Facts:
        # A verification has looked by now. A change begins with a look, and verifies with another one.
        info, warnings = self._seen or self._look()
        return Facts(
            version=info['version'],
            running=info['running'],
            queue_directory=info['queue_directory'],
            deliveries=info['deliveries'],
            relay_networks=[str(network) for network in mynetworks_entries(info['expanded'].get('mynetworks', ''))],
            relay_networks_from='mynetworks',
            relay_networks_row='firewall.mynetworks',
            parts=info['owners'],
            certificate_files=certificate_files(listeners(info, self.options['inbound_services'])[0], info['expanded']),
            warnings=warnings,
            native=info,
            lost='' if info['running'] else lost_pid_file(info['queue_directory']),
        )

    def wanted(self, facts: Facts, flag: bool) -> Wanted:
        hop, options, settings = self.settings['roles']['outbound_hop'], self.options, self.settings
        obstacles = self._obstacles(facts.native)
        outbound = outbound_configuration(
            settings,
            dict(facts.native, site_routes=obstacles.site_routes),
            dict(
                options,
                address=hop_address(settings, facts.native['expanded'].get('inet_protocols', 'all')),
                port=hop['port'],
            ),
        )
        known = {'gateway': facts.gateway, 'learnt': learnt(self._config_dir, INBOUND, facts.gateway)}
        inbound = inbound_configuration(
            settings, facts.native, dict(options, flag=flag, services=options['inbound_services'], **known)
        )
        by_name = any(service['name'] == policy.SERVICE for service in inbound['services'])
        client_ca = self._client_ca(by_name)
        expanded, back = facts.native['expanded'], '' if hop['return_address'] else options['return_port']
        detours = self._detours(facts.native).listeners(inbound['services'])
        parts = (
            [Part(RETURN, self._present(RETURN, return_configuration(back, expanded, facts.version)))] if back else []
        )
        parts.append(Part(OUTBOUND, self._present(OUTBOUND, outbound)))
        if by_name:
            parts.append(Part('policy_user', lambda module: account.present(module, policy.USER)))
        parts += self._inbound_parts(facts, inbound, client_ca)
        if not by_name and account.there(policy.USER):
            parts.append(self._without_user())
        if not back and RETURN in facts.parts:
            parts.append(self._absent(RETURN))
        problems = outbound['problems'] + inbound['problems'] + obstacles.locked_out
        return Wanted(
            problems=problems + (account.problems(self.module, policy.USER) if by_name else []),
            warnings=outbound['warnings'] + inbound['warnings'] + obstacles.open_ways(),
            tls_files=[client_ca] if client_ca else [],
            hop=Hop(
                facts.native,
                return_address=next_hop(back, expanded) if back else '',
                users=(expanded.get('mail_owner', 'postfix'),),
                beside=tuple(place.port for place in detours),
            ),
            listeners=detours,
            parts=parts,
        )

    def _obstacles(self, info: Mapping[str, Any]) -> Obstacles:
        # A preflight asks for its rows, and then for what would be made.
        if self._asked is None or self._asked.info is not info:
            self._asked = Obstacles(self._instance(), self.settings, self.options, info)
        return self._asked

    def obstacles(self, facts: Facts) -> list[dict[str, Any]]:
        return self._obstacles(facts.native).rows()

    def _look(self) -> tuple[dict[str, Any], list[str]]:
        return facts(
            self.module.run_command,
            self.module.get_bin_path,
            self._config_dir,
            hosted_domains=self.settings['domains'],
            hosted_domains_from='conbool_domains',
        )

    @cached_property
    def _in_force(self) -> dict[str, Any]:
        """What a verification looks at, once."""
        try:
            self._seen = self._look()
        except HostError:
            # Who cannot be asked about the domains, or is not responsible for one, has a configuration all the same.
            return facts(self.module.run_command, self.module.get_bin_path, self._config_dir)[0]
        return self._seen[0]

    def doors(self) -> list[dict[str, Any]]:
        return Obstacles(self._instance(), self.settings, self.options, self._in_force, changed=True).ways_now()

    def _detours(self, info: Mapping[str, Any]) -> Detours:
        return Detours(self._instance(), info)

    def _inbound_parts(self, facts: Facts, inbound: Mapping[str, Any], client_ca: dict[str, Any] | None) -> list[Part]:
        """Return how port 25 is limited, or how the limit goes.

        A detour that goes is left when no new message takes it, and no message is on it any more.
        """
        if not inbound['service_options'] and INBOUND not in facts.parts:
            return []
        going = there_but_unwanted(facts.native, inbound)

        def take(module: AnsibleModule, also: Iterable[tuple[str, str]] = ()) -> tuple[dict[str, Any], list[str]]:
            wanted, warnings = self._detours(facts.native).with_former(inbound, also)
            if not wanted['service_options'] and not wanted['services']:
                result, said = self._absent(INBOUND).converge(module)
            else:
                result, said = self._present(INBOUND, wanted, client_ca)(module)
            return result, said + warnings

        def converge(module: AnsibleModule) -> tuple[dict[str, Any], list[str]]:
            if not going or module.check_mode:
                return take(module)
            foreseen, since = take(look.Look(module, module._diff))[0], process.ticks()
            with Steps(module) as done:
                done.append(take(module, going))
                old = sessions.wait_for_end(facts.queue_directory, since) if done[0][0]['changed'] else []
                done.append(({'changed': False}, [STILL_OPEN.format(sessions.listed(old))]) if old else take(module))
            return showing(merge(done), foreseen)

        return [Part(INBOUND, converge)]

    def _client_ca(self, by_name: bool) -> dict[str, Any] | None:
        """Return the file with the issuers of the gateway's certificate as the option C(tls_files), None for none."""
        own = self.options['client_ca_file']
        path = own or self.settings['tls_ca_file']
        if not by_name or not path:
            return None
        return {
            'ca_file': path,
            'names': {'ca_file': 'postfix_smarthost_client_ca_file' if own else 'conbool_tls_ca_file'},
        }

    def _present(
        self, owner: str, wanted: Mapping[str, Any], tls_files: dict[str, Any] | None = None
    ) -> Callable[[AnsibleModule], tuple[dict[str, Any], list[str]]]:
        return lambda module: converge_part(
            module,
            config_dir=self._config_dir,
            owner_id=owner,
            parameters=wanted['parameters'],
            services=wanted['services'],
            service_options=wanted['service_options'],
            tables=wanted['tables'],
            tls_files=tls_files,
        )

    def _absent(self, owner: str) -> Part:
        return Part(
            owner,
            lambda module: converge_part(module, config_dir=self._config_dir, owner_id=owner, state='absent'),
        )

    @staticmethod
    def _without_user() -> Part:
        return Part('policy_user', lambda module: account.absent(module, policy.USER))

    def undo(self) -> list[Part]:
        return [self._absent(INBOUND), self._absent(OUTBOUND), self._without_user()]

    def undo_after_hop(self) -> list[Part]:
        return [self._absent(RETURN)]

    def listener_rows(self) -> list[dict[str, Any]]:
        return self._detours(self._in_force).rows() + self._policy_rows()

    def _policy_rows(self) -> list[dict[str, Any]]:
        info, program = self._in_force, os.path.join(self._config_dir, policy.FILE)
        # One that is missing has its row among those of what site.yml would make.
        if not any((entry['name'], entry['type']) == (policy.SERVICE, 'unix') for entry in info['services']):
            return []
        path = os.path.join(info['queue_directory'], 'private', policy.SERVICE)
        return policy.rows(path, self.settings['tls_name'], program)

    def stale(self) -> list[dict[str, Any]]:
        return copy_rows(self._in_force)
