# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of Kerio Connect on this host, with the company of the lab, until SIGTERM."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path

# The lab mounts lab/kerio there.
sys.path.insert(0, '/opt/kerio/double')

from kerio import company
from kerio.double import Double
from kerio.methods import directory
from kerio.profiles import profile
from kerio.state import World

FOLDER = Path('/opt/kerio/mailserver')
# So that a retry after half an hour is one after some seconds.
WORLD = {'address': '0.0.0.0', 'real_ports': True, 'dns': True, 'minute': 0.2, 'second': 0.05}


def settle(state):
    """What the other mail servers of the lab have, and a rule with a password, which nobody may lose."""
    company.found(state)
    # One company with two domains, as everywhere in the lab.
    first, second = state.data['domains']
    first['aliasList'] = [second['name']]
    state.data['domains'] = [first]
    company.person(state, 'bob')['emailForwarding']['emailAddresses'] = ['bob@external.test']
    for alias in state.data['aliases']:
        alias['deliverTo'] = alias['deliverTo'].replace(company.OUTSIDE, f'{alias["name"]}@external.test')
    primary = {'domainId': state.primary()['id'], 'deliverToId': '', 'description': '', 'type': 'TypeEmailAddress'}
    for name in ('postmaster', 'root'):
        alias = {**primary, 'name': name, 'deliverTo': 'alice@example.com'}
        directory.create(state, 'aliases', 'Alias', [alias], 'name')
    own = company.group(state, 'Local clients', {'type': 'Host', 'host': '127.0.0.1'})
    state.data['smtp']['relayControl']['ipAddressGroupId'] = own
    login = {'isRequired': True, 'userName': 'company', 'password': 'partner-secret', 'authType': 'Auth'}
    partner = company.relay_rule('Partner', 'mail.partner.test', 587, '*@partner.test', authentication=login)
    partner['condition']['test'] = 'RelayCondRecipient'
    company.entrust(state, [partner])


def main():
    double = Double(FOLDER, profile('10.0.8', unknown_method='error'), World(**WORLD))
    if not double.state.data['domains']:
        settle(double.state)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *dummy: ended.set())
    with double:
        ended.wait()
        (FOLDER / 'complaints.json').write_text(json.dumps(double.complaints()), encoding='utf-8')


if __name__ == '__main__':
    main()
