# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What waits in the hop's queue is sent where the settings say by now. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.arriving import WAYS, clients
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.configuration import arriving_of, next_hop_back
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.queue_filters import (
    led_elsewhere,
    take_ordinary_way,
    take_over,
    take_this_way,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Hop


def instance_of(module: AnsibleModule, options: Mapping[str, Any]) -> Instance:
    """Return the hop's own Postfix."""
    return Instance(module.run_command, module.get_bin_path, options['config_dir'], options['sbin_dir'] or None)


def led(module: AnsibleModule, options: Mapping[str, Any], way: str) -> tuple[dict[str, Any], list[str]]:
    """Have messages whose FILTER leads to a gateway that was one before be sent to the one that is."""
    instance = instance_of(module, options)
    directory = options['queue_directory']
    messages = led_elsewhere(directory, way) if module.check_mode else take_this_way(instance, directory, way)
    found = sorted({message.identifier for message in messages})
    result: dict[str, Any] = {'changed': bool(found)}
    if module._diff and found:
        result['diff'] = [difference('queue', '', ''.join(f'{name} {way}\n' for name in found))]
    return result, []


def arrived(
    module: AnsibleModule, settings: Mapping[str, Any], hop: Hop, options: Mapping[str, Any]
) -> list[tuple[dict[str, Any], list[str]]]:
    """Have the gateway's mail that waits for the mail server be sent where that takes it by now."""
    if not (hop.inbound or options['arrived']):
        return []
    if hop.inbound:
        back = next_hop_back(options, hop.identity)
        said = arriving_of(settings, hop.identity, options).warnings
        ways = [f'{name}:{back}' for name in clients(hop.inbound)]
        return [({'changed': False}, said), *(led(module, options, way) for way in ways)]
    instance = instance_of(module, options)
    if module.check_mode:
        return []
    if options['clients']:
        # The table of returns names a server for each hosted domain.
        take_ordinary_way(instance, options['queue_directory'], WAYS)
    else:
        take_over(instance, options['queue_directory'], WAYS, f'mta:{next_hop_back(options, hop.identity)}')
    return []
