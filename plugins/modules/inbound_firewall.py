#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: inbound_firewall
short_description: Limit a TCP port to some networks, with whatever manages the host's firewall
version_added: 1.0.0
description:
  - New connections to one TCP port of the host are refused (TCP reset) unless they come from the given networks or from
    the host itself. Connections that are established stay, whoever made them. Other ports and everything else of the
    firewall are left alone.
  - Both IP versions are always limited. Without networks of one version, that version is closed but for loopback.
  - For the networks of the list the host's own rules decide as they did before, so a ban stays a ban. With firewalld
    and ufw the port is open for them where a zone or the default policy would reject it for want of a rule that names
    it. With nftables nothing is opened.
  - What manages the firewall is looked for, see O(backend). When that changes, the parts in the former one are removed,
    the new limit coming first.
  - What is in force is read and compared, the files and the rules in the kernel. If nothing differs, nothing is done.
    A change is validated by the backend's own tool, and the old state put back if it does not come into force.
    A run that is killed leaves the old limit or the new one in force; the next run completes it.
  - What was done is recorded in C(/var/lib/conbool-smtp-relay/inbound_firewall.json), readable for root only.
    O(state=absent) goes by it, and where it is lost by the names of the files.
  - There is one such limit on a host. Another O(port) replaces it.
author:
  - Conbool SMTP Relay collection contributors (@conbool)
requirements:
  - systemd on the managed host
  - nftables 0.9.3, ufw 0.36 or firewalld 0.9, or newer, on the managed host
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    support: full
    details: The new state is validated as well.
  diff_mode:
    support: full
    details: Returns the changed files, and the rules in force if somebody has changed those.
  platform:
    support: full
    platforms: linux
options:
  settings:
    description:
      - What M(conbool.smtp_relay.settings) returned. Who may connect to which port is worked out of it, and all options
        but O(timeout) are ignored. What there is of O(redirect_port) stays.
    type: dict
  networks:
    description:
      - Networks that may connect, IPv4 and IPv6 in CIDR notation, or single addresses. Overlapping and adjacent ones
        are merged.
      - Required with O(state=present). An empty list, host bits, and prefixes shorter than /8 (IPv4) or /16 (IPv6),
        also when several networks add up to one, are refused.
    type: list
    elements: str
    default: []
  port:
    description: The TCP port.
    type: int
    default: 25
  backend:
    description:
      - What is used to filter.
      - V(nftables) is a table C(conbool_inbound) of its own. The service C(conbool-inbound-firewall) loads it at boot,
        and a drop-in to C(nftables.service) brings it back when that service is started, restarted or reloaded.
        C(/etc/nftables.conf) is not changed.
      - V(firewalld) is the policies C(conbool-limit) and C(conbool-open) with the ipsets C(conbool-ipv4) and
        C(conbool-ipv6). firewalld is reloaded once, unless only a few networks change. The reload is refused when
        firewalld has settings that are not permanent, since it would drop them. Runtime bans (rich rules that reject or
        drop) do not stop it, they are named in a warning.
      - V(ufw) is a marked block in each of C(before.rules), C(before6.rules), C(after.rules) and C(after6.rules) in
        C(/etc/ufw). ufw is not reloaded, the same rules are loaded beside its own.
      - V(auto) is V(firewalld) when its service runs or is enabled, V(ufw) when it is enabled, otherwise V(nftables).
        With more than one of firewalld, ufw and C(nftables.service) in use this is an error, and so is a host that is
        filtered by iptables-legacy, or that has none of the three.
    type: str
    choices: [auto, nftables, firewalld, ufw]
    default: auto
  redirect_port:
    description:
      - Where new connections of O(redirect_networks) to O(port) arrive, by network address translation; V(0) for
        O(port) itself. Nobody else gets to that port. It is a part of the table C(conbool_inbound) of nftables, in one
        transaction with the limit; beside firewalld and ufw, it is all that is in that table.
      - As long as it is not there, it is refused where another filter of the host certainly closes that port to them,
        where another rule of nftables may lead them elsewhere before, and where they may be kept from connection
        tracking (C(notrack)), without which there is no translation.
      - Without it, what there is of this stays, also with O(state=absent).
    type: int
  redirect_networks:
    description: As O(networks), for O(redirect_port).
    type: list
    elements: str
    default: []
  state:
    description: Whether there is a limit. V(absent) removes what this module has added, and nothing else.
    type: str
    choices: [present, absent]
    default: present
  timeout:
    description: Seconds to wait for another run that is at work on the host.
    type: int
    default: 20
  names:
    description:
      - Where values come from, for messages. V(port) and V(redirect_port) to the name of a variable.
    type: dict
    default: {}
notes:
  - With O(backend=nftables) a packet passes the host's own tables as well as this one. An accepting rule in one does
    not override a refusal in the other. The module gives a warning when a chain of the host drops by policy and nothing
    in its table seems to accept the port.
  - Only traffic to the host itself is limited, not what is forwarded to containers or virtual machines, or redirected
    to another port by NAT.
  - C(flush ruleset) that is not given by C(nftables.service) removes the table until the next run or C(systemctl
    restart conbool-inbound-firewall).
seealso:
  - name: nft(8)
    description: The netfilter command line.
    link: https://www.netfilter.org/projects/nftables/manpage.html
  - name: firewalld.policies(5)
    description: Policies of firewalld.
    link: https://firewalld.org/documentation/man-pages/firewalld.policies
  - name: ufw-framework(8)
    description: The rule files of ufw.
    link: https://manpages.debian.org/ufw-framework.8
"""

EXAMPLES = r"""
- name: Only the gateway and the printers can connect to port 25
  conbool.smtp_relay.inbound_firewall:
    networks:
      - 192.0.2.0/24
      - 2001:db8:25::/48
      - 10.20.0.0/16

- name: What the settings of the collection say, in a play with role conbool
  conbool.smtp_relay.inbound_firewall:
    settings: "{{ conbool_settings }}"

- name: The port is as it was before
  conbool.smtp_relay.inbound_firewall:
    state: absent

# A host on which two things filter fails with
#   More than one thing manages the firewall of this host: firewalld (firewalld.service is active and enabled); ufw
# (ENABLED=yes in   /etc/ufw/ufw.conf). Disable all but one, or name the one to use in inbound_firewall_backend (option
# backend)
"""

RETURN = r"""
backend:
  description: What filters; V(null) with O(state=absent).
  returned: success
  type: str
  sample: nftables
removed_from:
  description: Backends from which the limit was removed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [ufw]
settled:
  description: Whether there was nothing to do. For a look ahead in check mode that is no change.
  returned: success
  type: bool
  sample: true
networks:
  description: The networks that may connect, merged and sorted, IPv4 first.
  returned: success
  type: list
  elements: str
  sample: [10.20.0.0/16, 192.0.2.0/24, '2001:db8:25::/48']
restored:
  description: Whether the old state is in force again. Not returned when the failure came before the first change.
  returned: failure after the first change
  type: bool
  sample: true
warnings:
  description: What keeps the networks from connecting all the same, and what a reload of firewalld drops.
  returned: when there are any
  type: list
  elements: str
  sample: ["The chain input of the table inet filter drops what no rule accepts, and none of its rules seems to accept
    port 25: the gateway cannot deliver mail here until one does"]
diff:
  description: The changed files, one element each, and the commands for the service.
  returned: in diff mode
  type: list
  elements: dict
  sample:
    - before_header: /etc/ufw/before.rules
      after_header: /etc/ufw/before.rules
      before: "COMMIT\n"
      after: "-A conbool-smtp -s 192.0.2.0/24 -j RETURN\nCOMMIT\n"
"""

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.converge import converge
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import limit_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.one_run import run
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module.handed import handed


def main():
    module, settings = handed(
        {
            'settings': {'type': 'dict'},
            'networks': {'type': 'list', 'elements': 'str', 'default': []},
            'port': {'type': 'int', 'default': 25},
            'backend': {'type': 'str', 'choices': ['auto', 'nftables', 'firewalld', 'ufw'], 'default': 'auto'},
            'redirect_port': {'type': 'int'},
            'redirect_networks': {'type': 'list', 'elements': 'str', 'default': []},
            'state': {'type': 'str', 'choices': ['present', 'absent'], 'default': 'present'},
            'timeout': {'type': 'int', 'default': 20},
            'names': {'type': 'dict', 'default': {}},
        }
    )
    asked = module.params if settings is None else limit_of(settings)
    run(module, ['/etc'], lambda module, dummy: converge(module, asked))


if __name__ == '__main__':
    main()
