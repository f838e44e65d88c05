# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Sendmail in front of the outbound hop: what leads mail there, and what the hop has to know of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import IPV6, loopback
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.compatibility import (
    host_in_brackets,
    source_addresses,
)

PLAIN_NAME = re.compile(r'[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.IPv]+\]', re.ASCII)
# What Postfix has by default, in case Sendmail allows less: what Sendmail lets through must not be cut off or refused.
HEADER_SIZE_LIMIT = 102400
HOPCOUNT_LIMIT = 50
# The next hop on loopback.
LEADS_TO_HOP = re.compile(r'^R<gateway>.*\{conbool_to\} \$@ \[(127\.|IPv6:::1\])', re.MULTILINE)

CONFIG = """\
# Sets a macro from within a rule.
Kconboolset macro
# Is 1 when the headers of a message must not count; kept with it in the queue. So is what Sendmail found by itself
# before there was a hop: that a message goes direct.
C{persistentMacros}{conbool_void} {conbool_direct}
"""

# Instead of the certificate's check: where mail of those goes who may not mark it.
WASH = """\
R<check> $*		$: <void $&{conbool_void}> $1
R<void 1> $*		$: <> $(conboolset {conbool_port} $@ %d $) $1
"""


# The same for mail without a sender of a user, who has logged in: at that port it is not the server's.
USERS_NULL_SENDER = """\
R<check> < @ >		$: <auth $&{conbool_user}> < @ >
R<auth> < @ >		$: <check> < @ >
R<auth $*> < @ >	$: <void 1> < @ >
"""


def route(hop: Mapping[str, Any], null_sender: object = True) -> dict[str, Any]:
    """Return where mail goes, as ConboolRoute takes it: host, port, and rules for what was led there.

    Args:
        hop: C(address), C(port) and C(wash_port) of the hop.
        null_sender: setting C(bypass_null_sender).
    """
    check = (USERS_NULL_SENDER if null_sender == 'server' else '') + WASH % hop['wash_port']
    return {'gateway': host_in_brackets(hop['address']), 'port': hop['port'], 'check': check}


def leads(text: str) -> bool:
    """Return whether a sendmail.cf leads mail to the hop, whatever its port is."""
    return LEADS_TO_HOP.search(text) is not None


def identity(info: Mapping[str, Any]) -> dict[str, str]:
    """Return what the hop takes over of a Sendmail, as parameters of Postfix.

    Args:
        info: what C(sendmail_info) returned.

    Raises:
        HostError: the host has no name that can be written to main.cf.
    """
    options, name = info['options'], info['host_name']
    if not PLAIN_NAME.fullmatch(name):
        raise HostError(f'{name!r} ($j of sendmail.cf) is not the name of a host; set confDOMAIN_NAME in sendmail.mc')
    helo = options.get('heloname', '')
    found = {
        'myhostname': name,
        'myorigin': name,
        # One that is made of macros is known to Sendmail only.
        'smtp_helo_name': helo if PLAIN_NAME.fullmatch(helo) else name,
        'message_size_limit': _number(options.get('maxmessagesize'), 0),
        'header_size_limit': str(max(HEADER_SIZE_LIMIT, int(_number(options.get('maxheaderslength'), 0)))),
    }
    for name, option in (
        ('maximal_queue_lifetime', 'timeout.queuereturn'),
        ('bounce_queue_lifetime', 'timeout.queuereturn'),
        ('delay_warning_time', 'timeout.queuewarn'),
    ):
        # Both write times alike, unless it is several units in one.
        if re.match(r'^\d+[smhdw]$', options.get(option, '')):
            found[name] = options[option]
    if options.get('maxhopcount', '').isdigit():
        # Sendmail counts before it adds its own line, and Postfix's default is the least that the hop takes.
        found['hopcount_limit'] = str(max(HOPCOUNT_LIMIT, int(options['maxhopcount']) + 1))
    if loopback() == IPV6:
        found['inet_protocols'] = 'ipv6'
    # Not taken over: these are Sendmail's own.
    for parameter, known in (('config_directory', 'config_dir'), ('queue_directory', 'queue_directory')):
        if info.get(known):
            found[parameter] = info[known]
    for address in source_addresses(info)[0]:
        found['smtp_bind_address6' if ':' in address else 'smtp_bind_address'] = address
    return found


def users(info: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the users that deliveries run as, beside root: C(RunAsUser), which may have a group behind it."""
    user = re.split('[:./]', info['options'].get('runasuser', ''))[0].strip()
    return (user,) if user else ()


def _number(text: str | None, default: int) -> str:
    return text if text and text.isdigit() else str(default)
