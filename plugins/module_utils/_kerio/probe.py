# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What form the answers of a Kerio Connect have, without what stands in them: for whoever has one, and sends that in.

Only getters are called. Of a value no more is kept than what it is, but for words and numbers that the interface itself
has given.
"""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client, ItemErrors, Refused, Silent
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.facts import PARTS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.options import EVERYTHING

# Getters beside those of a mail server's settings.
MORE: dict[str, dict[str, Any]] = {
    'Version.getProductVersion': {},
    'Server.getVersion': {},
    'Server.getProductInfo': {},
    'Session.whoAmI': {},
    'Domains.getSettings': {},
    'ConnectCertificate.get': {},
    'Queue.get': {'query': EVERYTHING},
    'Content.getBlackListList': {},
}
# Lists of which the server is asked for the names of the columns, by interface.
COLUMNS = {'Smtp': 'getRelayDeliveryRuleList', 'Content': 'getCustomRuleList', 'IpAddressGroups': 'get'}
# Members with a word of the interface: an enumeration, or the name of a unit.
WORDS = re.compile(
    '(type|test|comparator|status|state|units|mode|howToStart|os|action|how|kind|testedTarget|evaluationMode|authType'
    '|releaseType|deployedType|userRole|right|columns)$',
    re.IGNORECASE,
)
WORD = re.compile('[A-Za-z][A-Za-z0-9]{1,40}', re.ASCII)
# Numbers of which the scale is not known, or the meaning; and what says which server it is.
NUMBERS = ('tagScore', 'blockScore', 'readerHops', 'major', 'minor', 'revision', 'build', 'version', 'buildNumber')
ID = re.compile('([a-z]+://[a-z_]+/)(.*)', re.IGNORECASE | re.DOTALL)
# A list shows its first elements: they are all alike, and their number may be somebody's business.
MOST = 3
# Seconds: a server lets some calls hang that it does not know.
PATIENCE = 5.0


def probe(client: Client) -> dict[str, Any]:
    """Name of the call -> form of its answer, or of its refusal.

    Raises:
        KerioError: there is no session any more.
    """
    calls = {method: params for method, params, dummy in PARTS.values()}
    found = {method: _asked(client, method, params) for method, params in {**MORE, **calls}.items()}
    for name, method in COLUMNS.items():
        columns = _asked(client, 'Server.getColumnList', {'objectName': name, 'methodName': method})
        found[f'columns of {name}.{method}'] = columns
    # What a server says that gets something it does not know.
    found['a method that is none'] = _asked(client, 'Smtp.getNoSuchThing', {})
    found['a parameter too many'] = _asked(client, 'Smtp.get', {'noSuchThing': True})
    found['a parameter too few'] = _asked(client, 'Domains.get', {})
    return found


def _asked(client: Client, method: str, params: dict[str, Any]) -> Any:
    try:
        return shape(client.call(method, PATIENCE, **params))
    except Silent:
        return {'silent': True}
    except Refused as error:
        # The text of an error may name what it is about.
        return {'refused': error.code}
    except ItemErrors as error:
        return {'refused': [item['code'] for item in error.items]}


def shape(value: Any, name: str = '') -> Any:
    """A value without what stands in it.

    Args:
        name: of the member that has it.
    """
    if isinstance(value, dict):
        return {key: shape(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        # What columns there are is nobody's business but the server's.
        most = len(value) if name == 'columns' else MOST
        return [shape(element, name) for element in value[:most]] + ['...'] * (len(value) > most)
    if value is None or isinstance(value, bool):
        return 'null' if value is None else 'boolean'
    if name in NUMBERS:
        return value
    if isinstance(value, (int, float)):
        return 'number'
    if WORDS.search(name) and WORD.fullmatch(value):
        return f'word {value}'
    address = ID.fullmatch(value)
    if address:
        rest = re.sub('[A-Za-z]', 'x', re.sub('[0-9]', '0', address[2]))
        return f'id {address[1]}{re.sub("[^-x0/.]", "?", rest)}'
    return 'text' if value else 'empty text'
