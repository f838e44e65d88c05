# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mailserver.cfg of the double: read at start, written at stop.

The form, and the names of the few tables that are known, are those of a real one. How a real one holds SMTP settings,
rules and groups, nobody has published: here that is one variable of a table that no Kerio has.
"""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from xml.etree import ElementTree

# What keeps its id when the server starts again. The ids of all else are new: nobody may rely on them.
STABLE = ('service', 'domain', 'user')
ID = re.compile(r'keriodb://(\w+)/([0-9a-f-]{36})')
OWN = 'LabDouble'


def renewed(text: str) -> str:
    """The same with new ids, each the same wherever it stands."""
    fresh = {match.group(): match.group() for match in ID.finditer(text) if match.group(1) in STABLE}
    return ID.sub(lambda match: fresh.setdefault(match.group(), f'keriodb://{match.group(1)}/{uuid.uuid4()}'), text)


def write(path: Path, data: dict) -> None:
    root = ElementTree.Element('config')
    root.append(ElementTree.Comment(' a double of Kerio Connect, not Kerio Connect '))
    _table(root, 'SmtpSecurity', {'InternetHostname': data['hostname']})
    _table(root, 'Directories', {'StoreDir': str(path.parent / 'store')})
    _table(root, 'Security', {'BuiltInAdminEnabled': str(int(data['remote']['builtInAdminEnabled']))})
    domains = ElementTree.SubElement(root, 'list', name='Domain')
    for domain in data['domains']:
        item = ElementTree.SubElement(domains, 'listitem')
        ElementTree.SubElement(item, 'variable', name='Domain').text = domain['name']
    _table(root, OWN, {'State': json.dumps(data)})
    ElementTree.indent(root)
    # Passwords are in it.
    new = path.with_suffix('.new')
    new.touch(mode=0o600)
    new.write_bytes(ElementTree.tostring(root, encoding='utf-8', xml_declaration=True))
    if path.exists():
        path.replace(path.with_suffix('.cfg.bak'))
    new.replace(path)


def _table(root, name, variables):
    table = ElementTree.SubElement(root, 'table', name=name)
    for key, value in variables.items():
        ElementTree.SubElement(table, 'variable', name=key).text = value


def read(path: Path) -> dict:
    """Raises ValueError when it is no configuration file of the double."""
    try:
        root = ElementTree.fromstring(path.read_bytes())
        text = root.find(f"table[@name='{OWN}']/variable[@name='State']").text
        data = json.loads(renewed(text))
    except (ElementTree.ParseError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(f'{path.name} cannot be read: {error}') from error
    hostname = root.findtext("table[@name='SmtpSecurity']/variable[@name='InternetHostname']")
    data['hostname'] = hostname or data['hostname']
    return data
