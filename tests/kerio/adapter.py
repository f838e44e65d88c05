# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The adapter of the role on a double in the same process."""

from __future__ import annotations

import copy
import json

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.look import Look
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.steps import merge
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import doors, names, record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.server import KerioServer

from lab.kerio import company
from lab.kerio.double import PASSWORD
from tests.unit.fakes.mail_server import SETTINGS

PARTNER = {'Partner': 'partner-secret'}
OPTIONS = {
    'accept_doors': False,
    'ca_file': '',
    'client_ca_file': '',
    'fingerprint': '',
    'hop_source': '127.25.0.10',
    'inbound': 'direct',
    'inbound_addresses': [],
    'inbound_port': 327,
    'judged_port': 329,
    'judging_port': 326,
    'keep_passwords_by_id': False,
    'marking_port': 328,
    'url': 'https://127.0.0.1:4040',
    'user': 'Admin',
}
# What the interface tells of all that is changed: part of the state -> structure.
PARTS = {
    'smtp': 'SmtpServerSettings',
    'antispam': 'AntiSpamSetting',
    'sender_policy': 'SenderPolicyOptions',
    'services': ['Service'],
    'ip_entries': ['IpAddressEntry'],
    'relay_rules': ['RelayDeliveryRule'],
    'custom_rules': ['CustomRule'],
}

ELSEWHERE = {'senders': {'external.test': ['192.0.2.7']}, 'exchangers': {'external.test': ('127.0.0.1', 1)}}


def strict(state):
    company.settle(state)
    company.forbid_strangers(state)
    state.data['smtp']['verifyClientRDnsEntry'] = False
    state.data['antispam']['isRatingEnabled'] = True


class PlayedModule:
    """What a part takes for an AnsibleModule."""

    def __init__(self, check_mode=False, **params):
        self.check_mode, self._diff, self.params = check_mode, True, params


class Host:
    """A host with this double, as the role finds it.

    Args:
        settings: changes of the settings.
    """

    def __init__(self, double, **settings):
        self.double = double
        self.params = {'password': PASSWORD, 'relay_passwords': PARTNER}
        self.settings = copy.deepcopy({**SETTINGS, 'inbound': True, 'inbound_require_certificate': False, **settings})
        self.settings['networks'] = settings.get('networks', ['127.0.0.9/32'])
        # The other one has a route of its own.
        self.settings['domains'] = settings.get('domains', ['example.com'])
        self.options = {**OPTIONS, 'url': f'https://127.0.0.1:{double.web.port}'}

    def server(self, check_mode=False):
        """A new adapter, as each run has one."""
        settings = copy.deepcopy(self.settings)
        settings['roles']['kerio_smarthost'] = dict(self.options)
        settings['roles']['outbound_hop']['address'] = '127.0.0.1'
        return KerioServer(PlayedModule(check_mode, **self.params), settings)

    def wanted(self):
        server = self.server()
        return server.wanted(server.facts(), False)

    def apply(self, check_mode=False):
        """(result, warnings) of the part that changes Kerio Connect."""
        server = self.server(check_mode)
        wanted = server.wanted(server.facts(), False)
        assert wanted.problems == []
        (part,) = wanted.parts
        return self.shown(part.converge(server.module))

    def undo(self, check_mode=False):
        """(result, warnings) of all parts that take it back, before the hop goes and after that."""
        server = self.server(check_mode)
        parts = [*server.undo(), *server.undo_after_hop()]
        return self.shown(merge([part.converge(server.module) for part in parts]))

    def drift(self):
        """What a run would change, as the verification asks."""
        server = self.server()
        (part,) = server.wanted(server.facts(), False).parts
        return part.converge(Look(server.module, diff=True))[0]

    def shown(self, done):
        """The same, in which no secret is."""
        told = json.dumps(done)
        assert [secret for secret in self.double.secrets() if secret in told] == []
        return done

    def held(self):
        """Everything that the interface tells, and the passwords that it does not tell."""
        state = self.double.state
        told = {
            part: _known(state.schema.answer(kind, state.data[part], state.group_names()))
            for part, kind in PARTS.items()
        }
        told['passwords'] = [rule['authentication']['password'] for rule in state.data['relay_rules']]
        return told


def _known(value):
    if isinstance(value, list):
        return [_known(element) for element in value]
    if isinstance(value, dict):
        # The own id of a rule may be another one after each set.
        own = {'id'} if {'condition', 'action'} & set(value) else set()
        return {name: _known(inner) for name, inner in value.items() if name not in own}
    return value


@pytest.fixture(name='host')
def fixture_host(make, monkeypatch, tmp_path):
    """host(prepare=, settings={}, world={}, version=, PROFILE MEMBER=...) -> Host."""

    def begin(version='10.0.8', prepare=company.settle, settings=None, world=None, **ways):
        double = make(version, prepare=prepare, world=world, **{'unknown_method': 'error', **ways})
        monkeypatch.setattr(names, 'PREFIX', str(double.folder))
        monkeypatch.setattr(record, 'BASE', str(tmp_path / 'record'))
        place = doors._place

        def mapped(listener):
            found = place(listener)
            ports = {configured: port for (dummy, configured), port in double.mail.ports.items()}
            return found and (found[0], ports[found[1]])

        monkeypatch.setattr(doors, '_place', mapped)
        return Host(double, **(settings or {}))

    return begin


@pytest.fixture(name='redirected')
def fixture_redirected(host):
    """redirected(...) -> Host in mode redirect, on which nothing has been done."""

    def begin(*args, prepare=strict, **more):
        kerio = host(*args, prepare=prepare, **{'world': ELSEWHERE, **more})
        kerio.options['inbound'] = 'redirect'
        kerio.settings['inbound_require_certificate'] = True
        return kerio

    return begin
