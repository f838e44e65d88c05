# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd unit of the outbound hop. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import plain_path
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import units

NAME = 'conbool-hop.service'
CONTENT = """\
# Managed by Ansible (conbool.smtp_relay.outbound_hop).
[Unit]
Description=Outbound hop to the Conbool gateway (Postfix)
Documentation=man:master(8)
After=network-online.target nss-lookup.target
Wants=network-online.target
# Mail that meets a closed port waits for the MTA's next retry.
Before={mail_servers}

[Service]
Type=forking
PIDFile={queue_directory}/pid/master.pid
ExecStart={postfix} -c {config_dir} start
ExecReload={postfix} -c {config_dir} reload
ExecStop={postfix} -c {config_dir} stop
Restart=on-failure
RestartSec=2
# postfix stop waits for deliveries under way.
TimeoutStopSec=60

[Install]
WantedBy=multi-user.target
"""


def content(options: Mapping[str, Any], command_directory: str) -> str:
    """Return the text of the unit.

    Args:
        options: C(config_dir) and C(queue_directory) of the hop.
        command_directory: directory of postfix(1).

    Raises:
        HostError: one of them would mean something else to systemd.
    """
    return CONTENT.format(
        mail_servers=' '.join(units()),
        queue_directory=plain_path('outbound_hop_queue_directory', options['queue_directory']),
        config_dir=plain_path('outbound_hop_config_dir', options['config_dir']),
        postfix=plain_path('command_directory', command_directory) + '/postfix',
    )
