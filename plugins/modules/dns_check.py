#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
module: dns_check
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: Check MX, SPF, DKIM, DMARC and ownership records of mail domains
description:
  - Checks for one or many domains that the published DNS records fit a mail gateway in front of and behind the mail
    server.
  - MX - every target is the gateway, exists and is not an alias. Mail through any other target would bypass the
    gateway.
  - SPF - the policy is evaluated (RFC 7208), not searched for text. It must pass for every address of the gateway.
  - DKIM - every selector resolves to one usable key (RFC 6376, RFC 8301, RFC 8463).
  - DMARC - a policy applies to the domain and is strict enough. It is found by the tree walk of RFC 9989, without a
    list of public suffixes.
  - Ownership - the TXT record that the vendor asked for is published.
  - A record that cannot be looked up (time-out, SERVFAIL, REFUSED) is V(unknown), never V(red).
  - Every record is asked once for all domains together. Nothing is ever changed.
  - Fails when a row has a status in O(fail_on), with all rows returned, and when an option is not valid.
requirements:
  - dnspython >= 2.3
  - idna
  - netaddr
extends_documentation_fragment:
  - action_common_attributes
attributes:
  action:
    description: Has a corresponding action plugin, so that some parts of the options can be executed on the controller.
    support: partial
    details: On the controller itself it runs with the Python of Ansible where C(ansible_python_interpreter) is an extra
      variable.
  check_mode:
    support: full
  diff_mode:
    support: N/A
  platform:
    support: full
    platforms: all
    details: Any host with dnspython, usually the controller (C(delegate_to=localhost)).
options:
  domains:
    description: Mail domains. Internationalised names may be written in Unicode or as A-labels.
    type: list
    elements: str
    required: true
  checks:
    description:
      - The checks to make.
      - By default those that have what they need, that is V(dkim) only with O(dkim_selectors) and V(ownership) only
        with O(ownership).
    type: list
    elements: str
    choices: [mx, spf, dkim, dmarc, ownership]
  relay_host:
    description:
      - The gateway. Default for O(mx_targets), and its addresses for O(spf_addresses).
      - It is also the host name that the macro C(%{h}) of SPF stands for.
    type: str
    default: mail.conbool.com
  mx_targets:
    description: Host names that the MX records may name, and nothing else. By default O(relay_host).
    type: list
    elements: str
    default: []
  spf_addresses:
    description:
      - Addresses and networks (CIDR) that send for the domains. The policy must pass for every address in them.
      - By default the A and AAAA addresses of O(relay_host).
      - A policy that depends on each single address, for example by C(%{i}), is V(unknown) for a network with more than
        a few hundred of them.
    type: list
    elements: str
    default: []
  dkim_selectors:
    description: DKIM selectors that every domain must have.
    type: list
    elements: str
    default: []
  dmarc_minimum_policy:
    description: Least strict policy that passes. V(none) asks only that a valid record applies.
    type: str
    choices: [none, quarantine, reject]
    default: none
  ownership:
    description: Content of the ownership TXT record by domain. Domains that are not in it are not checked for it.
    type: dict
    default: {}
  nameservers:
    description:
      - IP addresses of recursive name servers, asked in turn.
      - By default those of the system.
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
    description: How often a query is repeated at the next name server when there was no usable answer, 0 to 10.
    type: int
    default: 2
  deadline:
    description:
      - Seconds for everything, more than 0 and at most 86400. What is not known by then is V(unknown).
      - By default V(60), with O(wait=true) V(600).
    type: float
  concurrency:
    description: Queries under way at the same time, 1 to 500.
    type: int
    default: 50
  wait:
    description: Repeat the checks that are not green until they are, or until O(deadline). The pauses grow from 5 to 60
      seconds.
    type: bool
    default: false
  fail_on:
    description: Statuses that make the module fail. With an empty list it never fails because of a record.
    type: list
    elements: str
    choices: [red, unknown]
    default: [red]
seealso:
  - plugin: conbool.smtp_relay.conbool_networks
    plugin_type: lookup
    description: Networks from an SPF record.
  - name: RFC 7208
    description: Sender Policy Framework.
    link: https://www.rfc-editor.org/rfc/rfc7208
  - name: RFC 9989
    description: DMARC.
    link: https://www.rfc-editor.org/rfc/rfc9989
'''

EXAMPLES = r'''
- name: The four DNS checks are green
  conbool.smtp_relay.dns_check:
    domains: [example.com, bücher.example]
    dkim_selectors: [selector1]
    spf_addresses: [192.0.2.0/28, 2001:db8:25::/64]
  delegate_to: localhost
  run_once: true

- name: DNS that was just changed becomes green within 15 minutes
  conbool.smtp_relay.dns_check:
    domains: [example.com]
    ownership:
      example.com: conbool-verification=abc123
    wait: true
    deadline: 900
    fail_on: [red, unknown]
  delegate_to: localhost

- name: MX records are reported without failing
  conbool.smtp_relay.dns_check:
    domains: "{{ conbool_domains }}"
    checks: [mx]
    nameservers: [192.0.2.53]
    fail_on: []
  delegate_to: localhost
  register: report

- name: Domains whose mail bypasses the gateway are shown
  ansible.builtin.debug:
    msg: "{{ report.rows | selectattr('id', 'in', ['mx.bypass', 'mx.elsewhere']) | map(attribute='finding') }}"

# The first example fails like this when the old server is still in the MX records:
#   1 of 2 domains red.
#   example.com mx.bypass: mail through mx.example.com bypasses the gateway. Remove the MX records of mx.example.com.
# ...
'''

RETURN = r'''
rows:
  description: One entry per finding.
  returned: always, unless an option is not valid
  type: list
  elements: dict
  contains:
    id:
      description: The check and what was found, stable for programs. All of them are in C(docs/dns_check.md) of the
        collection.
      type: str
      sample: mx.bypass
    domain:
      description: The domain, internationalised names in Unicode.
      type: str
      sample: example.com
    status:
      description: V(green), V(red), or V(unknown) when a record could not be looked up.
      type: str
      sample: red
    severity:
      description: V(info), V(low), V(medium), V(high) or V(critical). A green row that is not V(info) is advice.
      type: str
      sample: critical
    finding:
      description: What is so.
      type: str
      sample: mail through mx.example.com bypasses the gateway
    seen:
      description: The records that were found.
      type: list
      elements: str
      sample: [10 mail.conbool.com, 20 mx.example.com]
    expected:
      description: What would be green.
      type: str
      sample: only mail.conbool.com
    hint:
      description: What to do, empty when there is nothing to do.
      type: str
      sample: Remove the MX records of mx.example.com.
domains:
  description: Per domain its A-labels (C(ascii)), its worst status and the status of each check.
  returned: always, unless an option is not valid
  type: dict
  sample: {"example.com": {"ascii": "example.com", "status": "red", "checks": {"mx": "red", "spf": "green", "dmarc":
    "green"}}}
summary:
  description: The worst status of all, the number of domains by status, rounds made (more than one with O(wait=true))
    and DNS queries sent.
  returned: always, unless an option is not valid
  type: dict
  sample: {"status": "red", "red": 1, "unknown": 0, "green": 1, "rounds": 1, "queries": 9}
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import run
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.answer import ARGUMENTS, answer


def main():
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    result = answer(module.params)
    if result.get('failed'):
        module.fail_json(**result)
    bad = [row for row in result['rows'] if row['status'] in module.params['fail_on']]
    if bad:
        module.fail_json(msg=run.message(result, bad), changed=False, **result)
    module.exit_json(changed=False, **result)


if __name__ == '__main__':
    main()
