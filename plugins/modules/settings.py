#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The code is in plugins/action/settings.py: this runs on the controller only.
from __future__ import annotations

DOCUMENTATION = r"""
module: settings
short_description: Validate and normalise the variables of all roles
version_added: 1.0.0
author:
  - Conbool SMTP Relay collection contributors (@conbool)
description:
  - Internal to the roles; no compatibility promise. Checks every variable of a host that belongs to a role of this
    collection, and returns them in one canonical form.
  - Which variables there are, with their types, choices and defaults, is read from the C(meta/argument_specs.yml) of
    each role on the controller; those of the role P(conbool.smtp_relay.conbool#role), which begin with C(conbool_), are
    known to the module itself. A variable counts for all roles, whichever are applied.
  - The result is kept for other tasks and not shown, since it may have passwords in parameters of the hop.
  - All problems are collected and reported in one message. Each names the variable and the value, except for the
    content of a key or certificate. What a variable may hold is in the documentation of its role.
  - Listeners on the loopback address of one host have to have different ports.
  - Runs on the controller and changes nothing. Opens no connection to the host, unless O(playbook) is given.
  - Unset variables, V(null), empty strings, and lists of nothing but empty strings get their default, because AWX sends
    empty strings for unanswered questions. Where such an extra variable hides what the inventory or the play says,
    that counts.
  - Answers of AWX, which are marked with C(!unsafe) in a file of extra variables, are taken as they were typed,
    whatever YAML makes of them.
  - What a playbook says itself, with C(__) before the variable's name, stands above everything.
  - Where a list is expected, a string is split at commas, blanks and line breaks. Items of a real list are never split.
  - Variables that begin like those of a role, for example with C(conbool_) or C(outbound_hop_), but are unknown are
    refused, so that a misspelt name cannot go unnoticed. Their values are neither evaluated nor shown. Of names that
    begin with C(preflight_) or C(verify_), which may be somebody else's, only those are refused that are almost the
    name of a variable.
requirements:
  - idna (on the controller)
  - netaddr (on the controller)
options:
  variables:
    description:
      - The variables by their full name, for example C(conbool_domains).
      - Default is to take all variables of the host whose names begin like those of a role.
    type: dict
  playbook:
    description:
      - The playbook of this collection that asks. A host of a later batch is refused then, when more of those before it
        than C(conbool_max_fail_percentage) allows were not done. So is a host that does not answer.
    type: str
  change:
    description: Whether the host is going to be changed. Where no preflight tells its mail server, it is asked for.
    type: bool
    default: false
  clients:
    description: Whether C(outbound_hop_clients) has to name somebody.
    type: bool
extends_documentation_fragment:
  - conbool.smtp_relay.action_plugin
  - action_common_attributes
  - action_common_attributes.facts
attributes:
  check_mode:
    support: full
    details: Does in check mode exactly what it does otherwise.
  diff_mode:
    support: N/A
    details: Nothing is changed.
  facts:
    support: full
  platform:
    support: full
    platforms: all
seealso:
  - name: RFC 5891
    description: Internationalised domain names.
    link: https://www.rfc-editor.org/rfc/rfc5891
"""

EXAMPLES = r"""
- name: Settings of the host are valid
  conbool.smtp_relay.settings:
  register: checked

- name: Loop headers are shown
  ansible.builtin.debug:
    var: checked.settings.loop_headers

- name: Settings are valid before they go into the inventory
  conbool.smtp_relay.settings:
    variables:
      conbool_domains: [example.com, bücher.example]
      conbool_networks: [192.0.2.0/24, '2001:db8:25::/48']
  delegate_to: localhost

# A play with these variables
#   conbool_domains: [example.com, 'example.org/24']
#   conbool_networks: [192.0.2.7/24]
# fails with
#   The settings cannot be used:
#   - conbool_domains: 'example.org/24' contains '/'; allowed are letters, digits, "-" and "."
#   - conbool_networks: '192.0.2.7/24' has host bits set: write 192.0.2.0/24 or 192.0.2.7
"""

RETURN = r"""
noted:
  description: The warnings as texts, so that whoever reads the same settings again does not say them again.
  returned: success
  type: list
  elements: str
problems:
  description: What is wrong, one entry per problem. Empty on success.
  returned: always, unless a Python library is missing
  type: list
  elements: str
  sample: ["conbool_relay_port: 0 must be a whole number from 1 to 65535"]
playbook:
  description: The same as O(playbook).
  returned: success, with O(playbook)
  type: str
mta:
  description: The host's mail server.
  returned: success, with O(change), where no preflight tells
  type: str
settings:
  description: All settings in canonical form.
  returned: success
  type: dict
  contains:
    domains:
      description: Hosted domains, as lower case A-labels.
      type: list
      elements: str
      sample: [example.com, xn--bcher-kva.example]
    loop_headers:
      description: Names of the loop headers, in the order of RV(settings.domains).
      type: list
      elements: str
      sample: [X-Conbool-example-com, X-Conbool-xn--bcher-kva-example]
    networks:
      description: Networks of the gateway in CIDR notation, sorted, overlapping and adjacent ones merged.
      type: list
      elements: str
      sample: [192.0.2.0/24, '2001:db8:25::/48']
    allowed_networks:
      description: Other networks that keep access to port 25, in the same form.
      type: list
      elements: str
      sample: [10.0.0.0/8]
    wash_networks:
      description: Networks in whose mail the C(X-Conbool-*) headers count for nothing, in the same form.
      type: list
      elements: str
      sample: [10.20.0.0/16]
    relay_host:
      description: The gateway as host name (A-labels) or IP address.
      type: str
      sample: mail.conbool.com
    relay_port:
      description: Port of the gateway.
      type: int
      sample: 25
    relay_destination:
      description: Host and port as a next hop without MX lookup, in the notation that Postfix and Sendmail share.
      type: str
      sample: "[mail.conbool.com]:25"
    tls_name:
      description: Name that the gateway's certificate must carry, in both directions.
      type: str
      sample: mail.conbool.com
    tls_ca_file:
      description: File with the certificate authorities to trust, V(null) for those of the system.
      type: str
      sample: /etc/ssl/certs/gateway-ca.pem
    tls_client_cert:
      description: File with the client certificate, or V(null).
      type: str
      sample: /etc/ssl/certs/relay.pem
    tls_client_key:
      description: File with the client certificate's key, or V(null).
      type: str
      sample: /etc/ssl/private/relay.key
    tls_client_cert_source:
      description: File on the controller that becomes RV(settings.tls_client_cert), or V(null).
      type: str
      sample: null
    tls_client_key_source:
      description: File on the controller that becomes RV(settings.tls_client_key), or V(null).
      type: str
      sample: null
    scope:
      description: Whose mail uses the gateway, V(all) or V(senders).
      type: str
      sample: all
    scope_senders:
      description: Addresses and C(@domain) entries, lower case.
      type: list
      elements: str
      sample: [alice@example.com, '@example.org']
    inbound:
      description: Whether inbound mail is managed.
      type: bool
      sample: true
    inbound_require_certificate:
      description: Whether inbound connections must show a client certificate by which the gateway is known.
      type: bool
      sample: true
    inbound_certificate_fingerprints:
      description: Fingerprints of the gateway's client certificates or their keys, upper case; empty to learn them.
      type: list
      elements: str
      sample: []
    bypass_calendar:
      description: Whether calendar messages are delivered directly, V(true), V(false), or V(itip) for those with a
        method.
      type: raw
      sample: true
    bypass_null_sender:
      description: Whether messages with the null sender are delivered directly, V(true), V(false), or V(server) for
        those that no user has handed in.
      type: raw
      sample: true
    spam_delivery:
      description: Where flagged messages go, V(auto), V(folder) or V(header).
      type: str
      sample: auto
    hosts:
      description: Groups or hosts that the playbooks work on, with commas between them.
      type: str
      sample: conbool
    slices:
      description: Whether a run may have nobody to work on.
      type: bool
      sample: false
    mta:
      description: The MTA of the host, or V(auto).
      type: str
      sample: auto
    preflight:
      description: What is done with the result of the preflight, V(enforce), V(warn) or V(skip).
      type: str
      sample: enforce
    report_dir:
      description: Directory on the controller for reports.
      type: str
      sample: conbool-reports
    report_language:
      description: V(en) or V(de).
      type: str
      sample: en
    state:
      description: V(present) or V(absent).
      type: str
      sample: present
    roles:
      description:
        - The variables of the other roles, by role and by their names without the role's prefix.
        - Numbers, truth values, lists and dictionaries are such, whatever they were given as.
      type: dict
      sample: {outbound_hop: {address: 127.0.0.1, port: 325}, verify: {queue_seconds: 2}}
    dns:
      description: What the DNS checks expect.
      type: dict
      contains:
        relay_host:
          description: Name of the gateway in DNS.
          type: str
          sample: mail.conbool.com
        mx_targets:
          description: Host names that the MX records must point to.
          type: list
          elements: str
          sample: [mail.conbool.com]
        dkim_selectors:
          description: DKIM selectors that must resolve to a key.
          type: list
          elements: str
          sample: [selector1]
        ownership_txt:
          description: Expected content of the ownership TXT record by domain. Domains without one are not in it.
          type: dict
          sample: {example.com: conbool-verification=abc123}
        dmarc_minimum_policy:
          description: Least strict DMARC policy that is accepted.
          type: str
          sample: none
        spf_addresses:
          description:
            - Networks in CIDR notation that SPF must authorise, RV(settings.networks) when nothing else is given.
            - Empty when there are none either. The addresses of the relay host are meant then.
          type: list
          elements: str
          sample: [192.0.2.0/24]
        servers:
          description: IP addresses of the name servers to ask. Empty for those of the controller.
          type: list
          elements: str
          sample: [192.0.2.53]
"""
