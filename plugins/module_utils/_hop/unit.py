# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd unit of the outbound hop, which may do what a Postfix without mailboxes has to do, and no more. Private
to this collection."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import plain_path
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import units
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.places import within

NAME = 'conbool-hop.service'
CONTENT = """\
# Managed by Ansible (conbool.smtp_relay.outbound_hop).
[Unit]
Description=Outbound hop to the Conbool gateway (Postfix)
Documentation=man:master(8)
After=network-online.target nss-lookup.target
Wants=network-online.target
# Mail that meets a closed port waits for the MTA's next retry; and what users start might take the port.
Before={before}

[Service]
Type=forking
PIDFile={queue_directory}/pid/master.pid
{before_start}ExecStart={postfix} -c {config_dir} start
ExecReload={postfix} -c {config_dir} reload
ExecStop={postfix} -c {config_dir} stop
Restart=on-failure
RestartSec=2
# postfix stop waits for deliveries under way.
TimeoutStopSec=60

# master(8) begins as root and has its children become others. No program that needs a setgid bit is used here.
# Versions of systemd that lack one of these say so in the journal and go without.
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_KILL
CapabilityBoundingSet=CAP_NET_BIND_SERVICE CAP_SETGID CAP_SETUID
ProtectSystem=strict
ReadWritePaths={writes}
ProtectHome={protect_home}
PrivateTmp={private_tmp}
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
UMask=0077

[Install]
WantedBy=multi-user.target
"""

# Beside the mail servers: what runs programs of users at boot.
OF_USERS = ('atd.service', 'cron.service', 'crond.service')
HOMES, TEMPORARY = ('/home', '/root', '/run/user'), ('/tmp', '/var/tmp')
# A path in a value: alone, in a list, behind the type of a table.
PATH = re.compile(r'(?:^|[\s,:={])(/[^\s,{}]+)')


def _below(path: str, directories: Iterable[str]) -> bool:
    return any(within(path, directory) for directory in directories)


def _paths(options: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Return the files and directories that the hop's configuration names, and where links among them lead."""
    values = [options[name] for name in ('config_dir', 'queue_directory', 'data_directory')]
    values += wanted['parameters'].values()
    values += [value for entry in wanted['services'] for value in entry['options'].values()]
    found = {path for value in values for path in PATH.findall(str(value))}
    # What a device leads to is the affair of whoever opens it.
    found = {path for path in found if not _below(path, ['/dev'])}
    return sorted(found | set(map(os.path.realpath, found)))


# Outside of what the service may, and no reason not to start.
BEFORE_START = 'ExecStartPre=-+{}\n'


def content(options: Mapping[str, Any], wanted: Mapping[str, Any], before_start: str = '') -> str:
    """Return the text of the unit.

    Args:
        before_start: a command that may fail, empty for none.
        options: C(config_dir), C(queue_directory) and C(data_directory) of the hop.
        wanted: C(parameters) and C(services) of its configuration.

    Raises:
        HostError: one of the paths would mean something else to systemd.
    """
    paths, log = _paths(options, wanted), wanted['parameters'].get('maillog_file', '')
    writes = [plain_path(f'outbound_hop_{name}', options[name]) for name in ('queue_directory', 'data_directory')]
    if log and not _below(log, ['/dev']):
        # The directory: a log that is rotated is made anew.
        writes.append('-' + plain_path('maillog_file', os.path.dirname(os.path.realpath(log))))
    return CONTENT.format(
        before=' '.join([*units(), *OF_USERS]),
        queue_directory=plain_path('outbound_hop_queue_directory', options['queue_directory']),
        config_dir=plain_path('outbound_hop_config_dir', options['config_dir']),
        postfix=plain_path('command_directory', wanted['parameters']['command_directory']) + '/postfix',
        before_start=BEFORE_START.format(before_start) if before_start else '',
        writes=' '.join(writes),
        protect_home='read-only' if any(_below(path, HOMES) for path in paths) else 'yes',
        private_tmp='no' if any(_below(path, TEMPORARY) for path in paths) else 'yes',
    )
