# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Sendmail in front of the outbound hop: what leads mail there, and what the hop has to know of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.compatibility import (
    host_in_brackets,
    source_addresses,
)

# What Postfix has by default, in case Sendmail allows less: that would cut headers off which Sendmail lets through.
HEADER_SIZE_LIMIT = 102400

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


def route(hop: Mapping[str, Any]) -> dict[str, Any]:
    """Return where mail goes, as ConboolRoute takes it: host, port, and rules for what was led there.

    Args:
        hop: C(address), C(port) and C(wash_port) of the hop.
    """
    return {'gateway': host_in_brackets(hop['address']), 'port': hop['port'], 'check': WASH % hop['wash_port']}


def leads(text: str) -> bool:
    """Return whether a sendmail.cf leads mail to the hop, whatever its port is."""
    return WASH.partition('\n')[2].partition('\t')[0] in text


def identity(info: Mapping[str, Any]) -> dict[str, str]:
    """Return what the hop takes over of a Sendmail, as parameters of Postfix.

    Args:
        info: what C(sendmail_info) returned.
    """
    options = info['options']
    found = {
        'myhostname': info['host_name'],
        'myorigin': info['host_name'],
        'smtp_helo_name': options.get('heloname') or info['host_name'],
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
    for address in source_addresses(info)[0]:
        found['smtp_bind_address6' if ':' in address else 'smtp_bind_address'] = address
    return found


def _number(text: str | None, default: int) -> str:
    return text if text and text.isdigit() else str(default)
