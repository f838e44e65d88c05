# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes of the site's own that win over the route to the hop: found before anything is changed, or overridden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.before import (
    BY_RECIPIENT,
    BY_SENDER,
    OURS,
    OUTSIDE_TABLE,
    OVERRIDE_TABLE,
    former,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.patterns import literal
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.table_entries import (
    ORDERED,
    TableEntries,
    kind_of,
    look_up,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import words
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import OUTSIDE

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance

NONE_FOUND: dict[str, list[Any]] = {'senders': [], 'everybody': [], 'hosted_by_default': []}
ADVICE = 'take it out, or set conbool_site_routes: override, with which the route to the gateway is asked before it'


def site_maps(value: str) -> list[str]:
    """Return the tables of a list of maps that are not ours."""
    return [table for table in words(value) if not OURS.match(table)]


class SiteRoutes:
    """The answers of the site's maps.

    Args:
        instance: the instance's commands.
        settings: the normalised settings.
        info: what C(postfix_info) returned.
    """

    def __init__(self, instance: Instance, settings: Mapping[str, Any], info: Mapping[str, Any]) -> None:
        self._instance, self._settings, self._info = instance, settings, info
        self._entries = TableEntries(instance)

    def of_senders(self) -> list[dict[str, str]]:
        """Return C(table), C(key) and C(value) of what answers for a sender whose mail has to use the gateway, each
        table once."""
        found = []
        for table in site_maps(self._info['expanded'].get(BY_SENDER, '')):
            answers = ((key, self._ask(table, key)) for key in self._sender_keys(table))
            first = next(((key, value) for key, value in answers if _leads_somewhere(value)), None)
            if first:
                found.append({'table': table, 'key': first[0], 'value': first[1]})
        return found

    def of_everybody(self) -> list[dict[str, str]]:
        """Return the same of what answers for any recipient outside."""
        found = []
        for table in site_maps(self._info['expanded'].get(BY_RECIPIENT, '')):
            for key in (*recipient_keys(OUTSIDE), '*'):
                value = self._ask(table, key)
                if value.strip(':'):
                    found.append({'table': table, 'key': key, 'value': value})
                    break
        return found

    def hosted_by_default(self) -> list[str]:
        """Return the hosted domains that have their route from an entry for everybody alone."""
        tables = site_maps(self._info['expanded'].get(BY_RECIPIENT, ''))
        return [
            domain
            for domain in self._settings['domains']
            if not any(self._ask(table, key) for table in tables for key in recipient_keys(domain))
        ]

    def _sender_keys(self, table: str) -> Iterator[str]:
        """Yield the keys under which a table may answer for such a sender: those that it has, where it can be listed,
        and else what Postfix looks for."""
        for key, dummy in (None if kind_of(table) in ORDERED else self._entries.of(table)) or []:
            if self._counts(key):
                yield key
        if self._settings['scope'] != 'senders':
            yield from ('<>', 'forwarded@' + OUTSIDE, '@' + OUTSIDE)
            for domain in self._settings['domains']:
                yield from ('postmaster@' + domain, '@' + domain)
            return
        # What we list is asked before, but a domain only where no whole address has an answer.
        for sender in self._settings['scope_senders']:
            if sender.startswith('@'):
                yield 'postmaster' + sender

    def _counts(self, key: str) -> bool:
        """Return whether an entry with this key would win over the route to the gateway."""
        senders = self._settings['scope_senders']
        if self._settings['scope'] != 'senders':
            return True
        return key not in senders and '@' in key[1:] and '@' + key.rpartition('@')[2] in senders

    def _ask(self, table: str, key: str) -> str:
        return look_up(self._instance, table, key)


def recipient_keys(domain: str) -> list[str]:
    """Return what Postfix looks for in transport_maps for a recipient in a domain."""
    labels = domain.split('.')
    return ['postmaster@' + domain, domain] + ['.' + '.'.join(labels[n:]) for n in range(1, len(labels))]


def _leads_somewhere(value: str) -> bool:
    return value != '' and value.upper() != 'DUNNO'


def answers_of(routes: SiteRoutes) -> dict[str, list[Any]]:
    """Ask once what there is to know before a change.

    Returns:
        C(senders), C(everybody) and C(hosted_by_default), see SiteRoutes.
    """
    everybody = routes.of_everybody()
    return {
        'senders': routes.of_senders(),
        'everybody': everybody,
        'hosted_by_default': routes.hosted_by_default() if everybody else [],
    }


def _overrides(settings: Mapping[str, Any]) -> bool:
    return settings['site_routes'] == 'override'


def problems(settings: Mapping[str, Any], found: Mapping[str, list[Any]]) -> list[str]:
    """Return why mail would go past the gateway after a change, which must not be made then.

    Args:
        settings: the normalised settings.
        found: of answers_of().
    """
    override = _overrides(settings)
    by_sender = [] if override else found['senders']
    texts = [_text(BY_SENDER, answer, ADVICE) for answer in by_sender]
    for answer in found['everybody']:
        if answer['key'] != '*' or settings['scope'] == 'senders':
            texts.append(_text(BY_RECIPIENT, answer, 'take it out, or have it name the destinations that it is for'))
        elif not override:
            texts.append(_text(BY_RECIPIENT, answer, ADVICE))
        elif found['hosted_by_default']:
            hosted = ', '.join(found['hosted_by_default'])
            texts.append(_text(BY_RECIPIENT, answer, f'give {hosted} an entry there, since it is what routes them now'))
    return texts


def _text(parameter: str, answer: Mapping[str, str], advice: str) -> str:
    return '{}: {} answers {!r} for {!r}, which wins over the route to the gateway: {}'.format(
        parameter, answer['table'], answer['value'], answer['key'], advice
    )


def _pattern(sender: str) -> str:
    """Return the regexp(5) pattern of a sender or of all senders of a domain."""
    text = literal(sender)
    return f'/{text}$/' if sender.startswith('@') else f'/^{text}$/'


def _senders_table(settings: Mapping[str, Any], route: str) -> dict[str, Any]:
    """Return the table that is asked before any other about senders, for whole addresses too."""
    everybody = settings['scope'] != 'senders'
    patterns = ['/./'] if everybody else [_pattern(sender) for sender in settings['scope_senders']]
    content = ''.join(f'{pattern} {route}\n' for pattern in patterns)
    return {'path': OVERRIDE_TABLE, 'type': 'regexp', 'content': content}


def overriding(
    settings: Mapping[str, Any], info: Mapping[str, Any], found: Mapping[str, list[Any]], route: str
) -> dict[str, Any]:
    """Return the C(parameters) and C(tables) with which our routes are asked before the site's, where it has some."""
    wanted: dict[str, Any] = {'parameters': {}, 'tables': []}
    if not _overrides(settings):
        return wanted
    tables = []
    # What is in a table that cannot be listed nobody knows.
    if former(info, BY_SENDER):
        tables.append((BY_SENDER, _senders_table(settings, route)))
    if found['everybody']:
        tables.append((BY_RECIPIENT, {'path': OUTSIDE_TABLE, 'type': 'texthash', 'entries': {'*': route}}))
    for name, table in tables:
        ours = '{}:{}/{}'.format(table['type'], info['config_dir'], table['path'])
        existing = former(info, name)
        wanted['parameters'][name] = f'{ours}, {existing}'
        wanted['tables'].append(table)
    return wanted
