# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of transport_maps that depend on the default transport."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.document import items
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import PostfixError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.routes import route
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.table_entries import LISTABLE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import words

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance


def sample(key: str) -> str | None:
    """Return an address that a key of transport(5) stands for, or None for a local part, which has another class than
    its table says."""
    if key == '*':
        return 'someone@any.invalid'
    local, at_sign, domain = key.rpartition('@')
    if domain.startswith('.'):
        domain = 'any' + domain
    return '{}@{}'.format(local or 'someone', domain) if domain else None


def opaque(transport_maps: str | None) -> list[str]:
    """Return the tables of transport_maps whose entries nobody can list: patterns, and those of other servers."""
    return [table for table in words(transport_maps or '') if not LISTABLE.match(table)]


def kept_transports(
    instance: Instance, parameters: Mapping[str, str], ask: Callable[[str, str, str], Mapping[str, str]] = route
) -> list[dict[str, str]]:
    """Return the entries of transport_maps that name a next hop only and so keep the default transport, whatever that
    is.

    Args:
        instance: the instance's commands (postfix_instance.Instance).
        parameters: its C(transport_maps) and C(queue_directory), with C($name) expanded.
        ask: takes queue directory, sender and recipient, and returns the route.

    Returns:
        C(table), C(key) and C(value) of those for outside destinations; another class of destinations has its own
        default.

    Raises:
        PostfixError: a table cannot be read; Postfix defers all mail then.
        RewriteError: the running instance cannot be asked.
    """
    found = []
    for item in items(parameters.get('transport_maps')):
        table = LISTABLE.match(item)
        if not table:
            continue
        status, out, err = instance.run('postmap', '-c', instance.config_dir, '-s', table.group(1))
        if status:
            raise PostfixError(f'transport_maps: postmap -s {table.group(1)}: {printable(decode(err)).strip()}')
        for line in decode(out).split('\n'):
            key, dummy, value = printable(line).partition('\t')
            address = sample(key) if re.match(r':.', value) else None
            if address and ask(parameters['queue_directory'], '', address)['address_class'] == 'default':
                found.append({'table': item, 'key': key, 'value': value})
    return found
