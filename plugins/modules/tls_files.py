#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: tls_files
short_description: Check that TLS files on a host can be used by a mail server
version_added: 1.0.0
author:
  - Conbool SMTP Relay collection contributors (@conbool)
description:
  - Looks at a certificate, its private key and a file of certificate authorities, all in PEM format, the way a mail
    server will use them.
  - Fails, with all problems in one message, when a file cannot be read, a certificate cannot be parsed, is expired or
    not yet valid, the key does not belong to the certificate, the key is protected by a passphrase (Postfix and
    Sendmail have no way to enter it), or the authorities' file holds no certificate or only expired authorities.
  - Gives a warning when every user of the host can access the key, because a mail server would use it all the same,
    and when the certificate expires soon.
  - Of the certificate file only the first certificate's dates are looked at. Reads as the user that the task runs as,
    usually root.
  - Nothing is changed, and nothing of the key's content is returned.
options:
  cert_file:
    description:
      - Path of the certificate, followed by its chain if it has one.
    type: path
  key_file:
    description:
      - Path of the private key that belongs to O(cert_file). The key may be in the same file.
    type: path
  ca_file:
    description:
      - Path of the certificate authorities to trust.
    type: path
  warn_days:
    description:
      - Warn when the certificate has fewer full days left than this.
    type: int
    default: 14
  names:
    description: Where the paths come from, for messages; O(cert_file), O(key_file) or O(ca_file) to the name of a
      variable.
    type: dict
    default: {}
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    support: full
    details: Does in check mode exactly what it does otherwise.
  diff_mode:
    support: N/A
    details: Nothing is changed.
  platform:
    support: full
    platforms: posix
notes:
  - Needs Python 3.8 or newer with OpenSSL on the host, and nothing else. How strong a key must be is up to the host's
    OpenSSL settings.
seealso:
  - name: postconf(5)
    description: The parameters smtp_tls_cert_file, smtp_tls_key_file and smtp_tls_CAfile.
    link: https://www.postfix.org/postconf.5.html#smtp_tls_cert_file
"""

EXAMPLES = r"""
- name: Client certificate is usable
  conbool.smtp_relay.tls_files:
    cert_file: /etc/ssl/certs/relay.pem
    key_file: /etc/ssl/private/relay.key
    warn_days: 30

- name: Authorities are loadable
  conbool.smtp_relay.tls_files:
    ca_file: /etc/ssl/certs/gateway-ca.pem

# A key of another certificate fails with
#   The TLS files cannot be used:
#   - /etc/ssl/private/relay.key: the key does not belong to the certificate in /etc/ssl/certs/relay.pem
"""

RETURN = r"""
problems:
  description: What is wrong, one entry per problem. Empty on success.
  returned: always
  type: list
  elements: str
  sample: ["/etc/ssl/certs/relay.pem: the certificate expired at 2026-10-31T00:00:00Z"]
certificate:
  description: The first certificate of O(cert_file), V(null) when it was not given or cannot be parsed.
  returned: always
  type: dict
  contains:
    subject:
      description: Distinguished name.
      type: str
      sample: commonName=relay.example.com
    issuer:
      description: Distinguished name of the issuer.
      type: str
      sample: commonName=Example CA
    dns_names:
      description: Host names in the subject alternative name.
      type: list
      elements: str
      sample: [relay.example.com]
    not_before:
      description: Begin of validity, UTC, ISO 8601.
      type: str
      sample: "2026-01-01T00:00:00Z"
    not_after:
      description: End of validity, UTC, ISO 8601.
      type: str
      sample: "2027-01-01T00:00:00Z"
    days_left:
      description: Full days until the end of validity, negative when expired.
      type: int
      sample: 40
ca_certificates:
  description: Number of certificates in O(ca_file), V(null) when it was not given or cannot be loaded.
  returned: always
  type: int
  sample: 1
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import tls_files
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import all_visible, message


def main():
    module = AnsibleModule(
        argument_spec=tls_files.OPTIONS,
        required_one_of=[('cert_file', 'ca_file')],
        required_together=[('cert_file', 'key_file')],
        supports_check_mode=True,
    )
    report, problem = tls_files.judge(module.params)
    for warning in report.pop('warnings'):
        module.warn(message(warning))
    report = all_visible(report)
    if problem:
        module.fail_json(msg=message(problem), **report)
    module.exit_json(changed=False, **report)


if __name__ == '__main__':
    main()
