# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mode redirect of role kerio_smarthost: the hop hands in the gateway's mail from an address of its own, with marks."""

from __future__ import annotations

import smtplib
from itertools import product
from unittest.mock import Mock

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import part
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.names import (
    CLIENTS,
    FLAGGED_RULE,
    GATEWAY,
    RELEASED_RULE,
)

from lab.kerio import company
from lab.kerio.profiles import every, profile

from .adapter import strict
from .conftest import mail, send
from .shapes import profiles

pytest_plugins = ['tests.kerio.adapter']

SOURCE, GATEWAYS = '127.25.0.10', '127.0.0.9'
HOP_LINE = 'Received: {}from gateway (unknown [192.0.2.1])\r\n\tby conbool-hop.mail.example.com (Postfix); x\r\n'


def apply(kerio, check_mode=False):
    """All parts, in their order: (whether one changed, the marks)."""
    server = kerio.server(check_mode)
    wanted = server.wanted(server.facts(), False)
    assert wanted.problems == []
    done = [kerio.shown(each.converge(server.module)) for each in [*wanted.parts, *wanted.last]]
    return any(result['changed'] for result, dummy in done), wanted.hop.inbound.marks


def keep(kerio, marks, tmp_path):
    """Have the marks be where the hop keeps them."""
    folder = tmp_path / 'hop'
    folder.mkdir(exist_ok=True)
    for name, mark in marks.items():
        (folder / name).write_text(f'/^x$/ REPLACE Received: ({mark}) ${{1}}\n')
    kerio.settings['roles']['outbound_hop']['config_dir'] = str(folder)


def entries(double, group):
    found = [one for one in double.state.data['ip_entries'] if one['groupName'] == group]
    return sorted(one['host'] or one['addr1'] or one['type'] for one in found)


def test_it_comes_and_goes(redirected, tmp_path):
    kerio = redirected()
    before = kerio.held()
    assert apply(kerio, check_mode=True)[0] and kerio.held() == before
    changed, marks = apply(kerio)
    keep(kerio, marks, tmp_path)
    assert changed and set(marks) == {'released', 'flagged', 'mailboxes'}
    for group in (GATEWAY, CLIENTS):
        assert SOURCE in entries(kerio.double, group) and GATEWAYS not in entries(kerio.double, group)
    names = [rule['description'] for rule in kerio.double.state.data['custom_rules']]
    assert names[:2] == [RELEASED_RULE, FLAGGED_RULE]
    kerio.double.state.control.forbid_sets = 'a second run'
    assert apply(kerio) == (False, marks)
    kerio.double.state.control.forbid_sets = ''
    kerio.undo()
    assert kerio.held() == before


def for_a_group(state):
    strict(state)
    hosts = [{'type': 'Host', 'host': host} for host in ('127.0.0.7', GATEWAYS)]
    limit = {'isUsed': True, 'ipGroup': {'id': company.group(state, 'Mine', *hosts), 'name': 'Mine'}}
    state.service('SMTP')['group'] = limit


def test_what_the_hop_still_has_comes_in_during_an_undo(redirected):
    kerio = redirected(prepare=for_a_group)
    before = kerio.held()
    apply(kerio)
    server = kerio.server()
    for each in server.undo():
        kerio.shown(each.converge(server.module))
    # The hop past all checks; who was let in before, as far as these.
    for number in range(4):
        send(kerio.double, source=SOURCE, subject=str(number))
    mail(kerio.double, count=4)
    with pytest.raises(smtplib.SMTPRecipientsRefused, match='does not send for'):
        send(kerio.double, source=GATEWAYS)
    with pytest.raises((smtplib.SMTPServerDisconnected, OSError)):
        send(kerio.double, source='127.0.0.8')
    for each in server.undo_after_hop():
        kerio.shown(each.converge(server.module))
    assert kerio.held() == before and kerio.undo()[0]['changed'] is False


@pytest.mark.parametrize('inbound', ['redirect', 'direct'])
def test_an_undo_that_will_be_refused_changes_nothing(redirected, inbound):
    kerio = redirected()
    apply(kerio)
    before, kerio.options['inbound'], kerio.params['relay_passwords'] = kerio.held(), inbound, {}
    with pytest.raises(HostError, match="kerio_smarthost_relay_passwords: the relay rules 'Partner'"):
        kerio.undo()
    assert kerio.held() == before


def test_the_gateway_gets_in_by_the_hop_alone_past_all_checks(redirected):
    kerio = redirected()
    apply(kerio)
    for number in range(5):
        send(kerio.double, source=SOURCE, subject=str(number))
    send(kerio.double, sender='bob@example.com', source=SOURCE)
    mail(kerio.double, count=6)
    for stranger in (GATEWAYS, '127.0.0.8'):
        with pytest.raises((smtplib.SMTPException, OSError)):
            send(kerio.double, source=stranger)
    # What the hop refuses before, Kerio Connect refuses, too.
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(kerio.double, source=SOURCE, recipients=['y@external.test'])


def test_nobody_is_shut_out_before_the_mail_port_is_as_wanted(redirected):
    kerio = redirected()
    server = kerio.server()
    wanted = server.wanted(server.facts(), False)
    before = kerio.double.state.service('SMTP')['group']
    kerio.shown(wanted.parts[0].converge(server.module))
    assert kerio.double.state.service('SMTP')['group'] == before
    send(kerio.double, source=SOURCE)
    mail(kerio.double)
    kerio.shown(wanted.last[0].converge(server.module))
    assert kerio.double.state.service('SMTP')['group']['ipGroup']['name'] == CLIENTS


def test_from_direct_and_back(redirected, tmp_path):
    kerio = redirected()
    before = kerio.held()
    kerio.options['inbound'], kerio.settings['inbound_require_certificate'] = 'direct', False
    kerio.apply()
    direct = {group: entries(kerio.double, group) for group in (GATEWAY, CLIENTS)}
    kerio.options['inbound'] = 'redirect'
    server = kerio.server()
    wanted = server.wanted(server.facts(), False)
    kerio.shown(wanted.parts[0].converge(server.module))
    # The redirect is not there yet.
    assert {SOURCE, GATEWAYS} <= set(entries(kerio.double, CLIENTS))
    kerio.shown(wanted.last[0].converge(server.module))
    assert GATEWAYS not in entries(kerio.double, CLIENTS)
    kerio.options['inbound'] = 'direct'
    kerio.apply()
    assert {group: entries(kerio.double, group) for group in (GATEWAY, CLIENTS)} == direct
    assert not [rule for rule in kerio.double.state.data['custom_rules'] if 'Conbool' in rule['description']]
    kerio.undo()
    assert kerio.held() == before


# The most and the least that rules may see.
SEEN = [('all', 'unfolded', 1), ('first', 'first_line', 10)]


@pytest.mark.parametrize(
    'received, folded, scale',
    [
        pytest.param(*ways, marks=[] if ways in SEEN else [pytest.mark.full])
        for ways in product(('all', 'first'), ('unfolded', 'first_line'), (1, 10))
    ],
)
def test_flagged_and_released_mail_is_known_by_its_marks(redirected, received, folded, scale):
    kerio = redirected(custom_received=received, custom_folded=folded, score_scale=scale)
    marks = apply(kerio)[1]
    below = HOP_LINE.format('')
    send(kerio.double, source=SOURCE, headers=HOP_LINE.format(f'({marks["flagged"]}) ') + below)
    mail(kerio.double, folder='Junk E-mail')
    # Whatever its own engine says.
    send(kerio.double, source=SOURCE, headers=HOP_LINE.format(f'({marks["released"]}) ') + below, body='LAB-SPAM')
    send(kerio.double, source=SOURCE, headers=below)
    send(kerio.double, source=SOURCE, headers=HOP_LINE.format('(' + '0' * 32 + ') '))
    mail(kerio.double, count=3)


def unrated(kind, **entry):
    def prepare(state):
        strict(state)
        own = company.group(state, 'Local clients', {'type': kind, **entry})
        state.data['smtp']['relayControl']['ipAddressGroupId'] = own
        state.data['antispam']['isRatingRelayEnabled'] = False

    return prepare


def changed(**parts):
    def prepare(state):
        strict(state)
        for name, values in parts.items():
            state.data[name].update(values)

    return prepare


@pytest.mark.parametrize(
    'prepare, words',
    [
        (unrated('Network', addr1='127.0.0.0', addr2='255.0.0.0'), "'Local clients' of relay control has 127.25.0.10"),
        (unrated('ThisMachine'), "'Local clients' of relay control has this machine"),
        (changed(smtp={'verifyClientRDnsEntry': True}), 'asks for the name of each client in the DNS'),
        (changed(antispam={'isRatingEnabled': False}), 'the spam filter does not rate mail'),
    ],
)
def test_what_stands_against_it_is_named_and_nothing_is_changed(redirected, prepare, words):
    kerio = redirected(prepare=prepare)
    before = kerio.held()
    assert words in ' | '.join(kerio.wanted().problems)
    assert kerio.held() == before


def test_a_certificate_without_a_key_is_refused_and_the_variables_win(redirected):
    kerio = redirected()
    assert kerio.wanted().hop.inbound.certificate == str(kerio.double.certificate)
    hop = kerio.settings['roles']['outbound_hop']
    hop.update(tls_cert='/etc/ssl/hop.pem', tls_key='/etc/ssl/hop.key')
    inbound = kerio.wanted().hop.inbound
    assert (inbound.certificate, inbound.key) == ('/etc/ssl/hop.pem', '/etc/ssl/hop.key')
    hop.update(tls_cert='', tls_key='')
    text = kerio.double.certificate.read_text()
    kerio.double.certificate.write_text(text[text.index('-----BEGIN CERTIFICATE') :])
    assert any('the hop has to show a certificate' in problem for problem in kerio.wanted().problems)


@pytest.mark.parametrize('name', profiles('U8', 'U13', 'U24'))
def test_each_profile_is_right_or_refused(redirected, name):
    found = every()[name]
    if not found.rules or not found.licensed:
        pytest.skip('there is no mail by rules')
    ways = {each: getattr(found, each) for each in vars(found) if getattr(found, each) != getattr(profile(), each)}
    kerio = redirected(ways.pop('version', '10.0.8'), **ways)
    before, marks = kerio.held(), apply(kerio)[1]
    send(kerio.double, source=SOURCE, headers=HOP_LINE.format(f'({marks["flagged"]}) '))
    mail(kerio.double, folder='Junk E-mail')
    send(kerio.double, source=SOURCE, headers=HOP_LINE.format(f'({marks["released"]}) '), body='LAB-SPAM')
    mail(kerio.double)
    kerio.undo()
    assert kerio.held() == before


def test_a_step_that_fails_has_all_before_it_taken_back(redirected, monkeypatch):
    kerio = redirected()
    before = kerio.held()
    number, real = 0, part.plan
    while True:

        def broken(present, remembered, wanted, number=number):
            found = real(present, remembered, wanted)
            for step in found.steps[number : number + 1]:
                step.do = Mock(side_effect=HostError('it broke'))
            return found

        monkeypatch.setattr(part, 'plan', broken)
        server = kerio.server()
        wanted = server.wanted(server.facts(), False)
        try:
            wanted.parts[0].converge(server.module)
        except SwitchError as exc:
            assert 'Everything is as it was before' in str(exc)
            assert kerio.held() == before
            number += 1
        else:
            break
    assert number == 4
