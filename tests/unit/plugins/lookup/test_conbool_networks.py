# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup with its documented options and scripted answers."""

from __future__ import annotations

import pytest
import yaml
from ansible import constants
from ansible.errors import AnsibleError
from ansible_collections.conbool.smtp_relay.plugins.lookup import conbool_networks
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import client

from tests.dns.scripted import ScriptedDns

ZONE = {
    '_spf.gateway.test': ['TXT "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/48 -all"'],
    'all.test': ['TXT "v=spf1 +all"'],
    'mail.test': ['A 192.0.2.1'],
    'lame.test': 'SERVFAIL',
}


@pytest.fixture(name='lookup')
def fixture_lookup(monkeypatch):
    monkeypatch.setattr(client, '_exchange', ScriptedDns(ZONE).exchange)
    plugin = conbool_networks.LookupModule()
    # What Ansible's loader does; it cannot load from a collection that was imported already.
    plugin._load_name = 'conbool_networks'
    options = yaml.safe_load(conbool_networks.DOCUMENTATION)['options']
    constants.config.initialize_plugin_configuration_definitions('lookup', 'conbool_networks', options)

    def run(*names, **options):
        return plugin.run(list(names), variables={}, nameservers=['192.0.2.53'], **options)

    return run


def test_spf(lookup):
    assert lookup('_spf.gateway.test') == ['192.0.2.0/24', '2001:db8::/48']


def test_address(lookup):
    assert lookup('mail.test', record='address') == ['192.0.2.1/32']


@pytest.mark.parametrize(
    'names, options, message',
    [
        ([], {}, '_terms: is empty'),
        (['not a name'], {}, "_terms: 'not a name' contains a blank"),
        (['all.test'], {}, 'authorises the whole Internet'),
        (['lame.test'], {}, 'TXT of lame.test could not be looked up: SERVFAIL'),
        (['_spf.gateway.test', 'lame.test'], {}, 'TXT of lame.test'),
        (['mail.test'], {'port': 0}, 'port: 0'),
        (['mail.test'], {'deadline': 0}, 'deadline: 0'),
        (['mail.test'], {'retries': 99}, 'retries: 99'),
        (['mail.test'], {'record': 'mx'}, 'record'),
    ],
)
def test_a_fault_is_an_error(lookup, names, options, message):
    with pytest.raises(AnsibleError) as error:
        lookup(*names, **options)
    assert message in str(error.value)


@pytest.mark.parametrize('library', ['dnspython', 'netaddr'])
def test_a_missing_library_is_named(lookup, monkeypatch, library):
    monkeypatch.setitem(client.IMPORT_ERRORS, library, 'Traceback\nImportError: none')
    with pytest.raises(AnsibleError, match=f'library {library} is needed on the controller: ImportError: none'):
        lookup('mail.test')
