# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a configuration refers to: ours taken out of a list that somebody added to, what must not be removed yet, and
what is there without a record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import heading
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.document import SPACES, TAKEN_OUT
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import placed_words, words

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.main_cf import MainCf
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_cf import MasterCf

# Parameters whose value may be the bare name of a service.
NAMES_SERVICE = re.compile(r'(_transport|_service_name|content_filter)\Z')
# NAME=VALUE of a parameter that the roles have set, or that names something of theirs. What was made by hand, as the
# vendor describes it, may begin alike.
OURS = re.compile(
    r'(?<![\w.@-])(conbool-hop:|conbool_(certificates|clients|data|flag|gateway|known|main_\w+|others|outside|override'
    r'|postscreen|recipients|release|senders|service_\w+|trusted|wash|wash_clients|wash_lan)\b)'
    r'|cleanup_service_name=conbool-|private/conbool-'
)


def without(current: str, ours: str, original: str) -> str | None:
    """Return a value without what was set here.

    Args:
        current: the value as somebody has left it.
        ours: the value that was set here.
        original: the value that was in force before.

    Returns:
        None when ours is not in it as it was set.
    """
    present = placed_words(current)
    own, before, texts = (words(value) for value in (ours, original, current))
    if before and own[-len(before) :] == before:
        # Ours went in front of what was there, which may have been changed as well.
        own, original = own[: -len(before)], ''
    for at in range(len(texts) - len(own) + 1) if own else []:
        if texts[at : at + len(own)] == own:
            head, tail = current[: present[at][1]], current[present[at + len(own) - 1][2] :]
            return ', '.join(part for part in (head.rstrip(SPACES + ','), original, tail.lstrip(SPACES + ',')) if part)
    return None


def _refers(
    name: str, value: str, directories: Iterable[str], tables: Iterable[str], services: Iterable[str]
) -> str | None:
    """Return what the value of one parameter refers to, of these tables and services."""
    for path in tables:
        if re.search(r':({})/{}(?![\w./-])'.format('|'.join(map(re.escape, directories)), re.escape(path)), value):
            return f'the table {path}'
    for service in services:
        bare = NAMES_SERVICE.search(name) and value == service
        if bare or re.search(
            rf'(^|[{SPACES},:{{=]){re.escape(service)}:|(private|public)/{re.escape(service)}(?![\w./-])', value
        ):
            return f'the service {service}'
    return None


def dangling(
    main: MainCf, master: MasterCf, directories: Iterable[str], tables: Iterable[str], services: Mapping[str, str]
) -> list[str]:
    """Return where a configuration refers to something that is going to be removed.

    Args:
        main, master: the configuration as it is going to be.
        directories: names of the configuration directory.
        tables: paths of the tables, relative to it.
        services: {key: name} of the services. What they refer to themselves does not count.

    Returns:
        A text for each.
    """
    directories = list(directories) + ['$config_directory', '${config_directory}', '$(config_directory)']
    values = [(f'main.cf: {name} = {value}', name, value) for name, value in main.values().items()]
    for key, service in master.services().items():
        if key not in services:
            values += [
                (f'master.cf: -o {name}={value} of {service.name}/{service.kind}', name, value)
                for name, value in service.options.items()
            ]
    found = [(place, _refers(name, value, directories, tables, services.values())) for place, name, value in values]
    return [f'{place} refers to {what}' for place, what in found if what]


def undefined(master: MasterCf, gone: Mapping[str, Iterable[str]], known: Callable[[str], bool]) -> list[str]:
    """Return where options of an entry name parameters that were set there, are gone, and that Postfix does not know.

    Args:
        gone: {key: names} of the options.
        known: tells whether a parameter has a value elsewhere.
    """
    found = []
    for key, names in gone.items():
        entry = master.find(key)
        options = entry.service().options if entry else {}
        for name in names:
            pattern = rf'(^|[{SPACES},$({{]){re.escape(name)}(?![\w.-])'
            users = [user for user, value in options.items() if re.search(pattern, value)]
            if users and name not in options and not known(name):
                found += [
                    f'master.cf: -o {user}={options[user]} of {key} refers to the parameter {name}' for user in users
                ]
    return found


def unrecorded(main: MainCf, master: MasterCf, owner: str, others: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what of a configuration was set here, when there is no record of this owner.

    Args:
        others: {owner: records} of the other owners, whose parts do not count.

    Returns:
        A text for each.
    """
    found, marks = [], (heading(owner), f'{TAKEN_OUT} ({owner})')
    for name, document in (('main.cf', main), ('master.cf', master)):
        found += [f'{name}: the line "{line.strip()}"' for line in document.lines if line.startswith(marks)]
    theirs = list(others.values())
    found += [
        f'main.cf: {name} = {value}'
        for name, value in main.values().items()
        if OURS.search(f'{name}={value}') and not any(name in records['parameters'] for records in theirs)
    ]
    for key, service in master.services().items():
        # An entry that nothing names does nothing.
        if service.name.startswith('conbool-') or any(key in records['services'] for records in theirs):
            continue
        names = [
            name
            for name, value in service.options.items()
            if OURS.search(f'{name}={value}')
            and not any(name in records['service_options'].get(key, {}) for records in theirs)
        ]
        if names:
            found.append('master.cf: -o {} of {}/{}'.format(', '.join(names), service.name, service.kind))
    return found
