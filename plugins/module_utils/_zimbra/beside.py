# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of ours runs beside a Zimbra: the texts of its units and programs. Private to this collection."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import heading
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.unit import FOLDER
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import certificate_policy, policy
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import words
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.ours import is_ours

# Zimbra's own directories are those of its packages and of zmfixperms.
HOME = '/usr/lib/conbool-zimbra'
REASSERT, CERTIFICATE = f'{HOME}/reassert', f'{HOME}/certificate.py'
WATCH, ASSERT = 'conbool-zimbra.path', 'conbool-zimbra.service'
# What it answers of the gateway.
KNOWN = 'permit'
DOOR, DOORMAN = 'conbool-certificate.socket', 'conbool-certificate@.service'

_SCRIPT = """\
#!/bin/sh
{heading}
# Puts back into main.cf what no attribute of Zimbra's can say, and an upgrade takes away. Zimbra's configuration daemon
# leaves these parameters alone.
set -eu
sbin={sbin_dir} conf={config_dir}
[ -x "$sbin/postconf" ] && [ -e "$conf/main.cf" ] || exit 0
changed=
# Ours has to be in a list. What else is in it, a person may have changed since. An empty one is that of a new main.cf.
ensure() {{
    now=$("$sbin/postconf" -c "$conf" -h "$1")
    case " $now," in
    *[\\ ,]"$2"[\\ ,]*) return ;;
    " ,") now=$3 ;;
    *) now="$2, $now" ;;
    esac
    "$sbin/postconf" -c "$conf" -e "$1 = $now"
    changed=yes
}}
{asserts}
[ -z "$changed" ] || ! "$sbin/postfix" -c "$conf" status 2>/dev/null || "$sbin/postfix" -c "$conf" reload
"""
_WATCH = """\
{heading}
[Unit]
Description=Notices that an upgrade of Zimbra has replaced Postfix's main.cf

[Path]
PathChanged={config_dir}/main.cf

[Install]
WantedBy=multi-user.target
"""
_ASSERT = """\
{heading}
[Unit]
Description=Puts back into main.cf what leads mail to the outbound hop
# The configuration daemon replaces the file some hundred and fifty times in a row.
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStartPre=/bin/sleep 1
ExecStart={program}
"""
_DOOR = """\
{heading}
[Unit]
Description=Where Zimbra's Postfix asks for the name in the certificate of the Conbool gateway

[Socket]
ListenStream={socket}
SocketMode=0666
RemoveOnStop=yes
Accept=yes
# Each smtpd(8) has a connection of its own, and keeps it.
MaxConnections=1000
TriggerLimitIntervalSec=0

[Install]
WantedBy=sockets.target
"""
_DOORMAN = """\
{heading}
[Unit]
Description=Tells whether a client shows the certificate of the Conbool gateway
CollectMode=inactive-or-failed

[Service]
User={user}
ExecStart={python} -I -S -B {program} {name} {known}
StandardInput=socket
StandardOutput=socket
StandardError=null
NoNewPrivileges=yes
CapabilityBoundingSet=
PrivateNetwork=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectSystem=strict
ProtectHome=yes
"""


def reassert_files(owner: str, values: Mapping[str, str], config_dir: str, sbin_dir: str) -> dict[str, str]:
    """Return the program that keeps parameters in main.cf, and the service that runs it, by path.

    Args:
        values: parameter to value, of which an item is ours.
    """
    asserts = ''
    for name, value in sorted(values.items()):
        ours = next(filter(is_ours, words(value)))
        asserts += f'ensure {name} {shlex.quote(ours)} {shlex.quote(value)}\n'
    script = _SCRIPT.format(heading=heading(owner), sbin_dir=sbin_dir, config_dir=config_dir, asserts=asserts)
    service = _ASSERT.format(heading=heading(owner), program=REASSERT)
    return {REASSERT: script, os.path.join(FOLDER, ASSERT): service}


def watch_unit(owner: str, config_dir: str) -> str:
    """Return the unit that starts it."""
    return _WATCH.format(heading=heading(owner), config_dir=config_dir)


def certificate_files(owner: str, tls_name: str) -> dict[str, str]:
    """Return the program that tells the gateway's certificate by its name, and the service that runs it, by path."""
    service = _DOORMAN.format(
        heading=heading(owner),
        user=policy.USER,
        python=policy.interpreter(),
        program=CERTIFICATE,
        name=tls_name,
        known=KNOWN,
    )
    source = certificate_policy.__loader__.get_source(certificate_policy.__name__)
    return {CERTIFICATE: source, os.path.join(FOLDER, DOORMAN): service}


def door_unit(owner: str, socket: str) -> str:
    """Return the unit that listens for it."""
    return _DOOR.format(heading=heading(owner), socket=socket)
