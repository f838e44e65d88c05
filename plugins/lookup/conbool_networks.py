# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r'''
name: conbool_networks
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: Networks of a gateway from DNS
description:
  - Returns the networks that a DNS name stands for, for a firewall or an access list, merged and in CIDR notation.
  - Fails rather than returning a list that cannot be right. A time-out, SERVFAIL, a name without networks, a policy
    that cannot be listed (C(exists), C(ptr), macros), an SPF record with C(+all), and a network shorter than C(/8)
    (IPv4) or C(/16) (IPv6), loopback, multicast or the like are errors. So a fault of the DNS neither opens nor closes
    a firewall.
  - Whoever controls the DNS name controls the list. Prefer a list in the inventory where the vendor publishes one.
  - It is evaluated on the controller at every run, and every time that the variable is used. Use
    P(ansible.builtin.set_fact#module) to ask once.
requirements:
  - dnspython >= 2.3
  - idna
  - netaddr
options:
  _terms:
    description: DNS names, internationalised ones in Unicode or as A-labels.
    type: list
    elements: str
    required: true
  record:
    description:
      - V(spf) takes all addresses for which the name's SPF policy passes (RFC 7208), that is C(ip4), C(ip6), C(a),
        C(mx), C(include) and C(redirect). They must take no more than 10 DNS lookups, as everywhere in SPF.
      - V(address) takes the A and AAAA records of the name.
    type: str
    choices: [spf, address]
    default: spf
  nameservers:
    description: IP addresses of recursive name servers, asked in turn. By default those of the system.
    type: list
    elements: str
    default: []
  port:
    description: Port of the name servers, 1 to 65535.
    type: int
    default: 53
  timeout:
    description: Seconds to wait for one answer, more than 0 and at most 60.
    type: float
    default: 3
  retries:
    description: How often a query is repeated at the next name server, 0 to 10.
    type: int
    default: 2
  deadline:
    description: Seconds for everything, more than 0 and at most 86400.
    type: float
    default: 30
seealso:
  - module: conbool.smtp_relay.dns_check
'''

EXAMPLES = r'''
- name: Networks of the gateway are asked once
  ansible.builtin.set_fact:
    conbool_networks: "{{ query('conbool.smtp_relay.conbool_networks', 'spf.conbool.com') }}"
  run_once: true

- name: Addresses of the gateway are shown
  ansible.builtin.debug:
    msg: "{{ query('conbool.smtp_relay.conbool_networks', 'mail.conbool.com', record='address') }}"

- name: Networks from several names and the company's own name servers
  ansible.builtin.debug:
    msg: >-
      {{ query('conbool.smtp_relay.conbool_networks', 'spf.conbool.com', 'spf.example.net',
               nameservers=['192.0.2.53', '2001:db8::53']) }}

# An error looks like this:
#   conbool_networks: TXT of spf.conbool.com could not be looked up: SERVFAIL
#   conbool_networks: spf.conbool.com: 0.0.0.0/0 covers far too many addresses: the prefix must be /8 or longer
'''

RETURN = r'''
_raw:
  description: Networks in CIDR notation, never empty, IPv4 first.
  type: list
  elements: str
  sample: [192.0.2.0/24, 2001:db8:25::/48]
'''

import asyncio

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import client, networks
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import options as dns_options
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import visible
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers


class LookupModule(LookupBase):
    """Networks behind DNS names."""

    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        missing = {**client.IMPORT_ERRORS, **readers.IMPORT_ERRORS}
        if missing:
            library, trace = next(iter(missing.items()))
            raise AnsibleError(
                f'conbool_networks: the Python library {library} is needed on the controller:'
                f' {trace.strip().splitlines()[-1]}'
            )
        try:
            names = dns_options.names('_terms', terms, dns_options.record_name)
            return asyncio.run(self._networks(names, dns_options.client(self.get_options())))
        except (dns_options.OptionError, networks.NetworksError, client.DnsConfigurationError) as exc:
            raise AnsibleError(f'conbool_networks: {visible(str(exc))}') from exc

    async def _networks(self, names, options):
        return await networks.networks_of(client.DnsClient(**options), names, self.get_option('record'))
