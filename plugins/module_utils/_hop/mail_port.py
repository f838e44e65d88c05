# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail port that a mail server has left to the hop, given up again before the rest of the hop goes. Private to this
collection."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.arriving import ARRIVING
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.listeners import master
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.waiting import instance_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file, replace_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.process import comes_to_be
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.sockets import takes_from_others
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_cf import MasterCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_entry import port_of

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# Seconds that the hop has to close a port.
PATIENCE = 10


def leave(module: AnsibleModule, settings: Mapping[str, Any], port: int) -> Callable[[], None]:
    """Have the hop listen for the gateway no more at a port, and go on with what it has.

    What the files of the hop were before, its record says: whoever makes it anew, or takes it away, finds the way.

    Returns:
        What has it listen there again.

    Raises:
        HostError: it cannot be made to, and listens as before.
    """
    options = settings['roles']['outbound_hop']
    path, instance = os.path.join(options['config_dir'], 'master.cf'), instance_of(module, options)
    before = read_file(path)
    document = MasterCf(decode(before.data or b''))
    gone = [
        key
        for key, service in document.services().items()
        if port_of(key) == str(port) and service.options.get('cleanup_service_name') == ARRIVING
    ]

    def put(data: bytes) -> None:
        replace_file(path, data)
        if instance.running():
            instance.reload()

    def again() -> None:
        if gone:
            put(before.data or b'')

    for key in gone:
        document.put_back(key, None)
    if gone:
        put(encode(document.text()))
    if gone and not comes_to_be(lambda: not takes_from_others(master(options), port), PATIENCE):
        again()
        raise HostError(f'the hop was told to leave port {port}, and listens there still')
    return again
