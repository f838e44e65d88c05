# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it, with scripted answers."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import client, options
from ansible_collections.conbool.smtp_relay.plugins.modules import dns_check

from tests.dns.scripted import ScriptedDns

ZONE = {
    'mail.conbool.com': ['A 192.0.2.1', 'AAAA 2001:db8::1'],
    'good.test': ['MX 10 mail.conbool.com.', 'TXT "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all"', 'TXT "conbool=1"'],
    '_dmarc.good.test': ['TXT "v=DMARC1; p=reject"'],
    'red.test': ['MX 10 old.test.', 'TXT "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all"'],
    'old.test': ['A 203.0.113.1'],
    '_dmarc.red.test': ['TXT "v=DMARC1; p=reject"'],
    'lame.test': 'SERVFAIL',
    '_dmarc.lame.test': 'SERVFAIL',
}


@pytest.fixture(name='run')
def fixture_run(capsys, monkeypatch):
    """Run the module: (exit status, result)."""
    monkeypatch.setattr(client, '_exchange', ScriptedDns(ZONE).exchange)

    def module(**arguments):
        with patch_module_args({'nameservers': ['192.0.2.53'], **arguments}), pytest.raises(SystemExit) as left:
            dns_check.main()
        return left.value.code, json.loads(capsys.readouterr().out)

    return module


def test_green(run):
    status, result = run(domains=['good.test'], ownership={'good.test': 'conbool=1'})
    assert (status, result['changed'], result['summary']['status']) == (0, False, 'green')
    assert [row['id'] for row in result['rows']] == ['mx.ok', 'spf.ok', 'dmarc.ok', 'ownership.ok']


@pytest.mark.parametrize(
    'fail_on, failed',
    [(['red'], ['red.test']), (['red', 'unknown'], ['lame.test', 'red.test']), ([], []), (['unknown'], ['lame.test'])],
)
def test_what_fails(run, fail_on, failed):
    status, result = run(domains=['good.test', 'lame.test', 'red.test'], fail_on=fail_on)
    assert (status == 1, result.get('failed', False)) == (bool(failed), bool(failed))
    # Everything that was found is returned in any case.
    assert len(result['rows']) == 9
    assert result['summary'] == {'status': 'red', 'red': 1, 'unknown': 1, 'green': 1, 'rounds': 1, 'queries': 12}
    assert sorted({line.split()[0] for line in result.get('msg', '').splitlines()[1:]}) == failed


def test_by_default_only_red_fails(run):
    assert run(domains=['lame.test'])[0] == 0
    assert run(domains=['red.test'])[0] == 1


def test_a_bad_option_is_named_before_anything_is_asked(run):
    status, result = run(domains=['good.test', 'bad domain'])
    assert status == 1 and result['msg'].startswith("domains: 'bad domain'") and 'rows' not in result


def test_a_missing_library_is_named(run, monkeypatch):
    monkeypatch.setitem(client.IMPORT_ERRORS, 'dnspython', 'trace')
    status, result = run(domains=['good.test'])
    assert status == 1 and 'dnspython' in result['msg']


def test_no_name_server_is_a_clear_error(run, monkeypatch):
    def unconfigured():
        raise client.dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(client.dns.resolver, 'Resolver', unconfigured)
    status, result = run(domains=['good.test'], nameservers=[])
    assert status == 1 and 'set nameservers' in result['msg']


def test_the_documented_deadlines_hold():
    assert (options.DEADLINE, options.DEADLINE_WITH_WAIT) == (60, 600)
    assert 'By default V(60), with O(wait=true) V(600)' in dns_check.DOCUMENTATION
