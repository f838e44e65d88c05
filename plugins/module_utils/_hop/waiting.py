# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What waits in the hop's queue is sent where the settings say by now. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.arriving import WAYS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.configuration import arriving_of, next_hop_back
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.queue_filters import (
    led_elsewhere,
    messages_filtered_to,
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
    if hop.inbound:
        arriving = arriving_of(settings, hop.identity, options)
        return [({'changed': False}, arriving.warnings), *(led(module, options, way) for way in arriving.ways)]
    # A Postfix beside the hop takes it by itself.
    return [_left(module, hop, options)] if hop.own_programs else []


def _left(module: AnsibleModule, hop: Hop, options: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Have what waits for clients that the hop has no longer be sent, also what a run that was killed has left."""
    directory = options['queue_directory']
    if module.check_mode:
        found = messages_filtered_to(directory, WAYS)
    elif options['clients']:
        # The table of returns names a server for each hosted domain.
        found = take_ordinary_way(instance_of(module, options), directory, WAYS)
    else:
        way = f'mta:{next_hop_back(options, hop.identity)}'
        found = take_over(instance_of(module, options), directory, WAYS, way)
    return {'changed': bool(found)}, []
