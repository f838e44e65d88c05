#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exim_info
short_description: Reads the configuration of an Exim
version_added: 1.0.0
description:
  - Returns what an Exim's configuration is without the part that M(conbool.smtp_relay.exim_smarthost) has added.
    Nothing is changed.
  - Fails when the configuration is not in C(/etc/exim4), where Debian's packages have it, unless only texts are wanted.
author:
  - Conbool SMTP Relay collection contributors (@conbool)
requirements:
  - Exim 4.96 or newer on the managed host
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
  platform:
    support: full
    platforms: linux
options:
  hosted_domains:
    description:
      - Domains for which this Exim has to be responsible, or to relay to.
    type: list
    elements: str
    default: []
  settings:
    description:
      - The settings, as M(conbool.smtp_relay.settings) returns them. With them, the module only returns RV(texts), for
        a configuration that this collection does not change.
    type: dict
seealso:
  - module: conbool.smtp_relay.exim_smarthost
"""

EXAMPLES = r"""
- name: Where Exim sends mail is known
  conbool.smtp_relay.exim_info:
    hosted_domains: [example.com]
  register: exim

- name: Settings of the host are valid
  conbool.smtp_relay.settings:
  register: checked

- name: Texts for a configuration by hand are known
  conbool.smtp_relay.exim_info:
    settings: "{{ checked.settings }}"
  register: exim
"""

RETURN = r"""
texts:
  description: What to add to a configuration by hand, by the place where it goes.
  returned: with O(settings)
  type: dict
  sample: {"retry": "mail.conbool.com * F,2h,5m; G,16h,1h,1.5; F,4d,6h"}
version:
  description: The version of Exim.
  returned: success, without O(settings)
  type: str
  sample: "4.96"
features:
  description: What it was built with.
  returned: success, without O(settings)
  type: list
  elements: str
  sample: [GnuTLS, Content_Scanning, DANE, Event]
by_hand:
  description: Whether somebody wrote C(exim4.conf), so that C(update-exim4.conf) does nothing.
  returned: success, without O(settings)
  type: bool
  sample: false
split:
  description: Whether the configuration is split into files of C(conf.d).
  returned: success, without O(settings)
  type: bool
  sample: true
configuration_type:
  description: C(dc_eximconfig_configtype).
  returned: success, without O(settings)
  type: str
  sample: internet
site:
  description: Options of the configuration where something of ours has to fit in.
  returned: success, without O(settings)
  type: dict
  sample: {"acl_smtp_rcpt": "acl_check_rcpt"}
queue_directory:
  description: The spool directory.
  returned: success, without O(settings)
  type: str
  sample: /var/spool/exim4
running:
  description: Whether the daemon runs.
  returned: success, without O(settings)
  type: bool
  sample: true
parts:
  description: The parts of this collection that have a record of files that they changed.
  returned: success, without O(settings)
  type: list
  elements: str
  sample: [exim]
deliveries:
  description: What the mail of each of O(hosted_domains) is handed to, as M(conbool.smtp_relay.spam_delivery) takes it.
  returned: success, without O(settings)
  type: list
  elements: dict
  sample: [{"agent": "lmtp", "by": "transport dovecot_lmtp", "domain": "example.com", "target": "/run/dovecot/lmtp"}]
relayed:
  description: The way of each of O(hosted_domains) that is for another server behind this one.
  returned: success, without O(settings)
  type: list
  elements: dict
  sample: [{"address": "192.0.2.9", "domain": "example.com", "driver": "manualroute", "host": "mx", "router": "hub"}]
relay_networks:
  description: The networks whose clients may send through this Exim to anybody, as far as C(relay_from_hosts) names
    addresses.
  returned: success, without O(settings)
  type: list
  elements: str
  sample: [192.0.2.0/24]
"""

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.facts import UNKNOWN_SITE, facts
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.texts import HEAD, render
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import message
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module.handed import handed


def main():
    module, settings = handed(
        {'hosted_domains': {'type': 'list', 'elements': 'str', 'default': []}, 'settings': {'type': 'dict'}}
    )
    if settings:
        client = (settings['tls_client_cert'], settings['tls_client_key']) if settings['tls_client_cert'] else None
        texts = render(settings, UNKNOWN_SITE, True, client=client)
        # What is pasted is nobody's to change.
        module.exit_json(changed=False, texts={name: text.replace(HEAD, '', 1) for name, text in texts.items()})
    try:
        found = facts(module.run_command, module.params['hosted_domains'])
    except (HostError, OSError) as exc:
        module.fail_json(msg=message(exc))
    # It may have a key in it.
    found['site'].get('hand', {}).pop('transport', None)
    module.exit_json(changed=False, **found)


if __name__ == '__main__':
    main()
