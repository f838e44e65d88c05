#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
module: smtp_check
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: Check that mail servers can be reached over verified TLS
description:
  - Connects to mail servers from the managed host, greets them, negotiates STARTTLS (RFC 3207) and reports what it saw,
    each fact apart - reachable, STARTTLS offered, TLS negotiated, chain verified, name verified, client certificate
    requested.
  - Can ask whether recipients are accepted. The transaction ends before C(DATA); no message is ever sent.
  - The servers are not trusted. What they send is bounded in size, what they take is bounded by O(timeout) and
    O(deadline).
  - Fails only when O(expect) is given and not met, and for options that cannot be used; these are named before anything
    is sent. The facts are returned in either case.
  - The name check follows RFC 9525. DNS names of the certificate count, a wildcard stands for exactly one label, the
    first one. Where the certificate has no DNS name at all its common name counts, as with the level C(secure) of
    Postfix, and a warning is among the findings. Postfix also lets a wildcard stand for several labels unless
    C(tls_wildcard_matches_multiple_labels) is off; this module does not.
  - A server whose chain is not verified is contacted a second time, without verification, to learn what lies behind it.
    Verdict and certificate are those of the first connection.
  - The host name is looked up as an address; MX records are not used.
requirements: [Python 3.8 or newer on the managed host]
extends_documentation_fragment: [action_common_attributes]
attributes:
  action:
    description: Has a corresponding action plugin.
    support: partial
  check_mode:
    support: full
  diff_mode:
    support: N/A
  platform:
    support: full
    platforms: posix
options:
  hosts:
    description: Host names (internationalised ones too) or IP addresses of the servers.
    type: list
    elements: str
    required: true
    aliases: [host]
  port:
    description: TCP port.
    type: int
    default: 25
  address_family:
    description: Which addresses of a server are tried.
    type: str
    choices: [any, ipv4, ipv6]
    default: any
  source_address:
    description: IP address of the managed host to connect from.
    type: str
  helo_name:
    description: Name for C(EHLO). Without it, the managed host's full name, or its address where it has none.
    type: str
  tls_name:
    description: Name that the certificates must carry, also sent as SNI. Without it, each server's name in O(hosts).
    type: str
  ca_file:
    description: File with the trusted CA certificates (PEM). Without it, the system's trust store.
    type: path
  client_cert:
    description: File with the client certificate to show, and its chain (PEM).
    type: path
  client_key:
    description: File with its key (PEM, without a password).
    type: path
  minimum_tls_version:
    description: Oldest TLS version that is spoken. What is older is not to be used any more (RFC 8996).
    type: str
    choices: [TLSv1.2, TLSv1.3]
    default: TLSv1.2
  mail_from:
    description: Envelope sender for asking about recipients. Empty is the null sender.
    type: str
    default: ''
  timeout:
    description: Seconds for each step. Steps are look-up, connection, banner, C(EHLO), C(STARTTLS), handshake, C(EHLO)
      again, each command about recipients, and C(QUIT).
    type: float
    default: 15
  deadline:
    description: Seconds for everything, all servers together.
    type: float
    default: 60
  concurrency:
    description: How many servers are checked at once, 1 to 500.
    type: int
    default: 50
  expect:
    description: What each server is expected to be. Without this option the module never fails because of a server, and
      RV(servers[].status) is judged by the defaults.
    type: dict
    suboptions:
      reachable:
        description: When V(false), the server must not be reachable from here, and nothing else is judged.
        type: bool
        default: true
      starttls:
        description: STARTTLS must be offered. A server that offers it and fails to keep the promise is never healthy.
        type: bool
        default: true
      chain_verified:
        description: If there is TLS, the chain must lead to a trusted CA and be valid today, unless this is V(false).
        type: bool
        default: true
      name_verified:
        description: If there is TLS, the certificate must be for the name, unless this is V(false).
        type: bool
        default: true
      client_certificate_requested:
        description: When V(true), the server must ask for a client certificate. Implies STARTTLS.
        type: bool
        default: false
      min_days_left:
        description: The certificate must be valid for so many more days. Implies STARTTLS.
        type: int
      accepts:
        description: Recipients that the server must accept. One that is put off (4yz) is not accepted.
        type: list
        elements: str
        default: []
      refuses:
        description: Recipients that the server must not accept. One that is put off (4yz) gives a warning, as Postfix's
          C(defer_unauth_destination) and a greylisting server that accepts it later look the same.
        type: list
        elements: str
        default: []
seealso:
  - name: RFC 3207
    description: SMTP service extension for secure SMTP over TLS.
    link: https://www.rfc-editor.org/rfc/rfc3207
  - name: RFC 9525
    description: Service identity in TLS.
    link: https://www.rfc-editor.org/rfc/rfc9525
  - name: postconf(5), smtp_tls_secure_cert_match
    description: What the level C(secure) of Postfix verifies.
    link: https://www.postfix.org/postconf.5.html#smtp_tls_secure_cert_match
'''

EXAMPLES = r'''
- name: The gateway is reachable over verified TLS
  conbool.smtp_relay.smtp_check:
    host: mail.conbool.com
    expect:
      min_days_left: 14

- name: The inbound host takes mail for the company only, as seen from outside
  conbool.smtp_relay.smtp_check:
    host: mx-internal.example.com
    expect:
      chain_verified: false
      name_verified: false
      accepts: [postmaster@example.com]
      refuses: [someone@external.test]
  delegate_to: outside.example.net

- name: The state of all branch servers is known
  conbool.smtp_relay.smtp_check:
    hosts: "{{ branch_mail_servers }}"
    concurrency: 200
  register: branches

- name: The unhealthy ones are shown
  ansible.builtin.debug:
    msg: "{{ branches.servers | rejectattr('healthy') | items2dict(key_name='host', value_name='status') }}"
'''

RETURN = r'''
status:
  description: V(SMTP reachable) when all servers are healthy (V(SMTP not reachable) where that was expected), or what
    is wrong.
  returned: when the servers were asked
  type: str
  sample: SMTP reachable
healthy:
  description: Whether all servers are healthy.
  returned: when the servers were asked
  type: bool
servers:
  description: What is known of each server, in the order of O(hosts). What could not be found out is V(null).
  returned: when the servers were asked
  type: list
  elements: dict
  contains:
    host: {description: "The server, internationalised names as A-labels.", type: str}
    port: {description: The port., type: int}
    address: {description: The IP address that accepted the connection., type: str}
    status:
      description: V(SMTP reachable), V(SMTP not reachable) where that was expected, or the first finding.
      type: str
      sample: SMTP reachable
    healthy: {description: Whether there is no finding of severity V(error)., type: bool}
    findings:
      description: What is wrong, each with RV(ignore:id), RV(ignore:severity) (V(error) or V(warning)),
        RV(ignore:finding), RV(ignore:seen), RV(ignore:expected) and RV(ignore:hint).
      type: list
      elements: dict
      sample:
        - id: name
          severity: error
          finding: the certificate is not for mail.conbool.com
          seen: DNS:mail.example.net
          expected: mail.conbool.com
          hint: If another name is the right one, give it in tls_name.
    reachable: {description: The server greeted and answered C(EHLO)., type: bool}
    banner:
      description: Its greeting.
      type: str
      sample: 220 mail.conbool.com ESMTP
    extensions: {description: "What it offers after C(EHLO), over TLS if there is TLS.", type: list, elements: str}
    starttls_offered: {description: It offers STARTTLS., type: bool}
    plaintext_injected: {description: "Plaintext between the reply to C(STARTTLS) and TLS, discarded.", type: str}
    tls_negotiated:
      description: The TLS handshake completed, whether or not the certificate is a good one.
      type: bool
    tls_version:
      description: The TLS version.
      type: str
      sample: TLSv1.3
    cipher:
      description: The cipher suite.
      type: str
      sample: TLS_AES_256_GCM_SHA384
    chain_verified:
      description: The chain leads to a trusted CA and is valid today. Says nothing about the name.
      type: bool
    name_verified:
      description: The certificate is for RV(servers[].tls_name). Worth little without RV(servers[].chain_verified).
      type: bool
    tls_name: {description: The name that was looked for., type: str}
    matched_name:
      description: The name of the certificate that matched.
      type: str
      sample: DNS:mail.conbool.com
    client_certificate_requested: {description: The server asked for a client certificate., type: bool}
    certificate:
      description: The server's certificate, verified or not. Empty when none was seen.
      type: dict
      contains:
        subject: {description: Distinguished name., type: str}
        issuer: {description: Distinguished name of the CA., type: str}
        subject_alt_names: {description: The names it is for., type: list, elements: str}
        serial_number: {description: "Serial number, hexadecimal.", type: str}
        not_before: {description: First moment of validity (UTC)., type: str}
        not_after: {description: Last moment of validity (UTC)., type: str}
        days_left: {description: Full days until then; negative once it has expired., type: int}
        fingerprint_sha256: {description: "SHA-256 of the certificate, hexadecimal.", type: str}
    recipients:
      description: What the server said about each of O(expect.accepts) and O(expect.refuses).
      type: list
      elements: dict
      contains:
        recipient: {description: "The recipient, its domain as A-labels.", type: str}
        verdict:
          description: V(accepted), V(deferred), V(refused), or V(unknown) when the sender was refused already.
          type: str
        step: {description: "The command that RV(servers[].recipients[].reply) answers, V(mail) or V(rcpt).", type: str}
        code: {description: The reply's code., type: int}
        reply: {description: The reply., type: str}
    timings:
      description: Seconds per step, both connections together where two were made, and RV(ignore:total).
      type: dict
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import all_visible, message
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.check import check
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.judge import summary
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.options import OPTIONS


def main():
    module = AnsibleModule(
        argument_spec=OPTIONS, required_together=[('client_cert', 'client_key')], supports_check_mode=True
    )
    try:
        servers = all_visible(check(module.params))
    except ValueError as error:
        module.fail_json(msg=message(error))
    healthy = all(server['healthy'] for server in servers)
    result = {'changed': False, 'healthy': healthy, 'servers': servers}
    if healthy:
        module.exit_json(status=servers[0]['status'], **result)
    problem = summary(servers)
    if module.params['expect'] is None:
        module.exit_json(status=problem, **result)
    module.fail_json(msg=problem, status=problem, **result)


if __name__ == '__main__':
    main()
