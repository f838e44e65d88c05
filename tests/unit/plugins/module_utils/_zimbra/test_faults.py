# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults put into the code, one at a time: each is found by looking at a played Zimbra from outside.

What is looked at knows nothing of the code but its two calls: make the Zimbra use the gateway, and undo it.
"""

from __future__ import annotations

import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_change import FileChange
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import (
    change,
    directory,
    facts,
    filing,
    inbound,
    mta,
    outbound,
    part,
    server,
    sieve,
    switch,
    zmprov,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.record import AttributeRecord

from tests.unit.fakes.zimbra import HOST, PlayedZimbra
from tests.unit.fakes.zimbra_runs import apply, dump, stale, tree, undo

HOP = '[127.0.0.1]:325'
OTHER = 'mta2.example.com'
SIEVE = 'zimbraAdminSieveScriptBefore'
SCRIPT = 'require ["tag"];\nif header :is "X-A" "it\'s \\"\\\\x\\"" { tag "x"; }\n'
OWN = 'reject_unknown_client_hostname'
SENDERS = {'scope': 'senders', 'scope_senders': ['@example.com']}


def prepared(tmp_path, monkeypatch):
    """Two servers of one directory, with settings of their own."""
    other = PlayedZimbra(tmp_path, monkeypatch, OTHER)
    zimbra = PlayedZimbra(tmp_path, monkeypatch, HOST, other.store)
    zimbra.set('servers', HOST, zimbraMtaSmtpdClientRestrictions=OWN)
    zimbra.set('config', zimbraMtaRelayHost='[old.example.net]:25')
    zimbra.set('domains', 'example.com', zimbraAdminSieveScriptBefore=SCRIPT)
    zimbra._rewrite()
    return zimbra


def looked_at(zimbra):
    """Everything that has to be so, from the first run to the undo."""
    before, files, others = dump(zimbra.store), tree(zimbra), zimbra.own('servers', OTHER)
    apply(zimbra)
    outbound_is_right(zimbra)
    inbound_is_right(zimbra)
    filing_is_right(zimbra)
    assert zimbra.own('servers', OTHER) == others, 'another server was changed'
    assert zimbra.own('config')['zimbraMtaRelayHost'] == ['[old.example.net]:25'], 'the global value was changed'
    runs_are_right(zimbra)
    senders_are_right(zimbra)
    foreign_header_stays(zimbra)
    strict_tls_is_right(zimbra)
    undo(zimbra)
    assert dump(zimbra.store) == before, 'attributes are not as before'
    assert tree(zimbra) == files, 'files are not as before'
    a_lost_write_is_noticed(zimbra)


def outbound_is_right(zimbra):
    for sender in ('a@example.com', 'a@outside.test', ''):
        assert zimbra.route('', sender, 'a@outside.test')['next_hop'] == HOP, f'{sender} does not go to the hop'
    sections = [each for each in zimbra.ran if each[0] == 'configrewrite']
    assert sections and all(
        {'mta', 'amavis', 'antispam', 'antivirus', 'opendkim', 'sasl', 'cbpolicyd'} <= {*each} for each in sections
    )
    reloads = [each for each in zimbra.ran if each[0] == 'postfix']
    assert reloads and set(reloads) == {
        ('postfix', 'reload', 'norewrite')
    }, 'Postfix was not reloaded, or more than that'
    assert ('zmprov', '-s', HOST, '-f', '/dev/stdin') in zimbra.ran, 'mailbox servers were not told'


def answers(zimbra, table, address):
    """What a table of clients says to an address of which only the network is known."""
    path = zimbra.prefix / 'common/conf' / table
    rows = dict(line.split(' ', 1) for line in path.read_text(encoding='ascii').splitlines())
    return rows.get(address, rows['0.0.0.0/0'])


def inbound_is_right(zimbra):
    lists = {name: zimbra.main_cf[name] for name in ('smtpd_client_restrictions', 'smtpd_data_restrictions')}
    for name, site in (('smtpd_client_restrictions', OWN), ('smtpd_data_restrictions', 'reject_unauth_pipelining')):
        tables = re.findall(r'conbool_\w+', lists[name])
        first = {'smtpd_client_restrictions': 'conbool_clients', 'smtpd_data_restrictions': 'conbool_data'}[name]
        assert tables[:2] == [first, 'conbool_strangers'], f'{name}: {lists[name]}'
        assert lists[name].endswith(', ' + site), f'{name} has lost what was there'
    assert lists['smtpd_data_restrictions'].rfind('conbool_uncertified') > lists['smtpd_data_restrictions'].find(
        'policy'
    )
    gateway, lan = '192.0.2.0/28', '192.0.2.0/24'
    assert answers(zimbra, 'conbool_clients', gateway).split() == [
        'reject_plaintext_session',
        'reject_unauth_destination',
    ]
    assert answers(zimbra, 'conbool_data', gateway) == 'reject_plaintext_session'
    assert answers(zimbra, 'conbool_strangers', gateway) == answers(zimbra, 'conbool_strangers', lan) == 'DUNNO'
    assert answers(zimbra, 'conbool_strangers', 'any').startswith('554 ')
    assert answers(zimbra, 'conbool_uncertified', gateway).startswith('450 ')
    assert answers(zimbra, 'conbool_uncertified', 'any') == answers(zimbra, 'conbool_clients', lan) == 'DUNNO'
    assert zimbra.main_cf['postscreen_access_list'].startswith('cidr:'), 'postscreen judges the gateway'
    assert zimbra.main_cf['smtpd_tls_ask_ccert'] == 'yes' and zimbra.main_cf['smtpd_tls_CApath']
    assert zimbra.units['conbool-certificate.socket']['ActiveState'] == 'active'


def filing_is_right(zimbra):
    for domain, site in (('example.com', SCRIPT), ('sub.example.co.uk', '')):
        (script,) = zimbra.own('domains', domain)[SIEVE]
        released, flagged = (script.index(f'header :is "X-Conbool-{each}" [') for each in ('Released', 'Flag'))
        assert released < script.index('stop;') < flagged < script.index('fileinto "Junk"'), 'released mail is spam'
        assert all(line in script for line in site.splitlines()), 'the script of the site was lost'
        # What a script requires has to come before everything else.
        assert script.index('if ') > script.rindex('require'), 'something is required too late'
    assert zimbra.own('config')['zimbraSpamWhitelistHeader'] == ['X-Conbool-Released']
    value = zimbra.own('config')['zimbraSpamWhitelistHeaderValue'][0]
    assert re.fullmatch(value, ' YES ') and not re.fullmatch(value, 'yes, no')
    rules = (zimbra.prefix / 'data/spamassassin/localrules/sauser.cf').read_text(encoding='ascii')
    assert 'CONBOOL_RELEASED -1000' in rules and ('zmamavisdctl', 'reload') in zimbra.ran


def runs_are_right(zimbra):
    zimbra.ran.clear()
    assert not apply(zimbra)[0]['changed'], 'the second run changes something'
    assert zimbra.starts() <= 3 and zimbra.starts('configrewrite') == 0 and stale(zimbra) == []
    zimbra.edit(relayhost='[elsewhere]:25')
    assert stale(zimbra), 'what was changed by hand is not noticed'
    apply(zimbra)
    assert zimbra.main_cf['relayhost'] == HOP, 'what was changed by hand stays'


def senders_are_right(zimbra):
    apply(zimbra, **SENDERS)
    for dummy in range(2):
        assert zimbra.route('', 'a@example.com', 'a@outside.test')['next_hop'] == HOP
        assert zimbra.route('', 'a@outside.test', 'a@outside.test')['next_hop'] == '[old.example.net]:25'
        script = (zimbra.root / 'lib/reassert').read_text(encoding='ascii')
        assert zimbra.main_cf['sender_dependent_relayhost_maps'] in script
        zimbra.units['conbool-zimbra.path']['ActiveState'] = 'failed'
        zimbra.upgrade()
        assert stale(zimbra, **SENDERS), 'what an upgrade took away is not noticed'
        apply(zimbra, **SENDERS)


def foreign_header_stays(zimbra):
    undo(zimbra)
    zimbra.set('config', zimbraSpamWhitelistHeader='X-Other')
    apply(zimbra)
    assert zimbra.own('config')['zimbraSpamWhitelistHeader'] == ['X-Other'], 'a header of the site was overwritten'
    zimbra.set('config', zimbraSpamWhitelistHeader=None)
    apply(zimbra)


def strict_tls_is_right(zimbra):
    undo(zimbra)
    zimbra.set('servers', HOST, zimbraMtaSmtpTlsSecurityLevel='encrypt')
    apply(zimbra)
    table = zimbra.prefix / 'common/conf/conbool_tls'
    assert str(table) in zimbra.main_cf['smtp_tls_policy_maps'], 'the hop is asked for TLS'
    assert {f'{HOP} none', '[::1]:10024 none'} <= set(table.read_text(encoding='ascii').splitlines())
    undo(zimbra)
    zimbra.set('servers', HOST, zimbraMtaSmtpTlsSecurityLevel=None)
    apply(zimbra)


def a_lost_write_is_noticed(zimbra):
    plain = zimbra.run_command
    # No parameter of Postfix shows this one.
    lost = {b'WhitelistHeader\' \'X-Conbool-Released': b'WhitelistHeader\' \'X-Conbool-R'}

    def losing(words, data=None, **more):
        for whole, part_of_it in lost.items():
            data = data and data.replace(whole, part_of_it)
        return plain(words, data=data, **more)

    zimbra.run_command = losing
    said = ''
    try:
        apply(zimbra)
    except SwitchError as exc:
        said = str(exc)
    assert 'zimbraSpamWhitelistHeader did not take the value' in said, 'a lost write is not noticed'


def first_domain(plain):
    return lambda settings, *more: plain({**settings, 'domains': settings['domains'][:1]}, *more)


FAULTS = {
    'relay host in the wrong attribute': (outbound, 'RELAY_HOST', 'zimbraMtaFallbackRelayHost'),
    'wrong server': (server, 'this_server', lambda: directory.Entry('server', OTHER)),
    'set globally instead of on the server': (directory, 'MODIFY', {**directory.MODIFY, 'server': 'mcf'}),
    'inherited values taken for own ones': (directory, 'INHERITS', ()),
    'old restrictions lost': (inbound, 'in_front', lambda ours, site: ours),
    'old restrictions in front of ours': (inbound, 'in_front', lambda ours, site: f'{site}, {ours}'),
    'no rewrite': (mta.Mta, 'bring_in_force', lambda self, wanted: None),
    'rewrite of one section only': (mta, 'SECTIONS', ('mta',)),
    'cbpolicyd forgotten': (mta, 'SECTIONS', ('amavis', 'antispam', 'antivirus', 'opendkim', 'mta', 'sasl')),
    'rewrite of all sections but the right one': (mta, 'SECTIONS', ('amavis', 'antispam')),
    'no reload': (mta.Mta, 'reload', lambda self: None),
    'a reload that rewrites': (mta.Mta, 'reload', lambda self: self._programs.said('bin/postfix', 'reload')),
    'main.cf not compared': (mta.Mta, 'different', lambda self, wanted: {}),
    'not read back': (change.AttributeChange, '_look', lambda self, directory: None),
    'no record': (AttributeRecord, 'save', lambda self, attributes, pending: None),
    'the present values recorded as the original': (change, 'original_of', lambda key, present, *dummy: present),
    'values that never compare equal': (change, 'equal', lambda first, second: False),
    'values that always compare equal': (change, 'equal', lambda first, second: True),
    'escapes lost': (zmprov, 'ESCAPES', {}),
    'backslashes not doubled': (zmprov, 'ESCAPES', {**zmprov.ESCAPES, '\\': '\\'}),
    'script of the site replaced': (sieve, 'with_rule', lambda script: sieve._block(sieve.REQUIRE + sieve.RULE)),
    'required too late': (sieve, 'with_rule', lambda script: sieve._block(sieve.REQUIRE + sieve.RULE) + script),
    'released mail filed as spam': (sieve, 'RULE', 'if header :is "X-Conbool-Flag" "YES" { fileinto "Junk"; stop; }\n'),
    'rule in the first domain only': (server, 'filing', first_domain(filing.filing)),
    'case of the release counts': (filing, 'VALUE', 'yes'),
    'the gateway may relay': (inbound, 'GATEWAY', 'reject_plaintext_session'),
    'the gateway without TLS': (inbound, 'GATEWAY', 'reject_unauth_destination'),
    'strangers let in': (inbound, 'NOT_OURS', 'DUNNO'),
    'mynetworks locked out': (inbound.Inbound, '_mynetworks', lambda self: ''),
    'no certificate asked for': (inbound, 'ASK', 'zimbraMtaTlsAuthOnly'),
    'no last word on the certificate': (inbound, 'NOT_NAMED', 'DUNNO %s'),
    'postscreen forgotten': (inbound, 'POSTSCREEN', 'zimbraMtaSmtpdBanner'),
    'all senders': (outbound, '_senders', lambda settings, facts, hop, wash: f'/./ {hop}\n'),
    'no senders': (outbound, '_senders', lambda settings, facts, hop, wash: ''),
    'the hop asked for TLS': (outbound, 'EASY', ('', 'none', 'may', 'encrypt')),
    'amavis asked for TLS': (outbound, 'LOOP', ()),
    'not kept after an upgrade': (part.beside, 'reassert_files', lambda *dummy: {}),
    "another's header overwritten": (facts.ZimbraFacts, 'without_us', lambda self, key, record: ()),
    'mailbox servers not told': (directory.Directory, 'flush', lambda self, server, entries: []),
    'rule of SpamAssassin not read': (switch.Switch, '_rules_read', lambda self, written: None),
    'files not put back': (FileChange, '_leave', lambda self, entry: None),
}


def test_what_is_looked_at_is_so_without_a_fault(tmp_path, monkeypatch):
    looked_at(prepared(tmp_path, monkeypatch))


@pytest.mark.parametrize('fault', FAULTS)
def test_a_fault_is_found(fault, tmp_path, monkeypatch):
    place, name, wrong = FAULTS[fault]
    zimbra = prepared(tmp_path, monkeypatch)
    assert hasattr(place, name)
    monkeypatch.setattr(place, name, wrong)
    with pytest.raises(Exception) as found:
        looked_at(zimbra)
    # Found by looking, or by the code itself; not because the fault is no code.
    assert not isinstance(found.value, (NameError, AttributeError, TypeError, SyntaxError)), found.value
