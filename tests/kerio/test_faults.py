# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults put into the role's code for Kerio Connect, one at a time: each has to be found by what is looked at here."""

from __future__ import annotations

import copy
import smtplib

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import (
    groups,
    ip_group,
    mail_port,
    names,
    outbound,
    part,
    plan,
    redirect,
    references,
    relay,
    server,
    service,
    spam_rule,
    spam_rules,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.record import KerioRecord

from lab.kerio import company

from .adapter import ELSEWHERE, strict
from .conftest import complaints, connect, mail, send
from .test_redirect import GATEWAYS, HOP_LINE, SOURCE, apply, keep

pytest_plugins = ['tests.kerio.adapter']

REFUSED = (smtplib.SMTPException, OSError)


def prepared(state):
    """A company where each check is on, with a group of its own at one of them, and mail is thrown away at a score."""
    strict(state)
    data, none = state.data, {'enabled': False, 'id': '', 'name': ''}
    data['smtp']['ipBasedLimit']['ipAddressGroupId'] = ''
    data['sender_policy']['IPWhiteList'] = dict(none)
    data['antispam'].update(customWhiteList=dict(none), blockScore=9)
    for check in ('callerSetting', 'spfSetting'):
        data['antispam'][check]['exceptionIpGroup'] = dict(none)
    for check in ('repellentSetting', 'greylistingStatus'):
        data['antispam'][check]['customWhiteList'] = dict(none)
    own = company.group(state, 'Own exceptions', {'type': 'Host', 'host': '203.0.113.9'})
    state.data['antispam']['spfSetting']['exceptionIpGroup'] = {'enabled': True, 'id': own, 'name': 'Own exceptions'}


def looked_at(kerio, hop, old, tmp_path):
    """Everything that has to be so with the role, in mode redirect."""
    before, double = kerio.held(), kerio.double
    assert apply(kerio, check_mode=True)[0] and kerio.held() == before, 'check mode changes something'
    changed, marks = apply(kerio)
    assert changed, 'nothing was done'
    keep(kerio, marks, tmp_path)
    double.state.control.forbid_sets = 'a second run'
    assert apply(kerio) == (False, marks), 'a second run changes something'
    double.state.control.forbid_sets = ''
    assert complaints(double) == [], 'the server complains'
    mail_comes_in(kerio, marks)
    mail_leaves(kerio, hop, old)
    for rule in double.state.data['relay_rules']:
        if rule['description'] == 'Partner':
            assert rule['authentication']['password'] == 'partner-secret', 'a password is lost'
            assert rule['isEnabled'], 'a rule of the site is off that is in nobody\'s way'
    excepted = double.state.data['antispam']['spfSetting']['exceptionIpGroup']
    assert double.state.excepted(excepted, '203.0.113.9'), 'a group of the site does not count any more'
    two = [rule['description'] for rule in double.state.data['custom_rules']]
    assert two[:2] == [names.RELEASED_RULE, names.FLAGGED_RULE], 'the rules of the spam filter are in another order'
    mended(kerio)
    kerio.undo()
    assert kerio.held() == before, 'the undo leaves something'
    assert not KerioRecord().there, 'the undo leaves a record'
    assert complaints(double) == [], 'the server complains'


def mail_comes_in(kerio, marks):
    double = kerio.double
    for number in range(5):
        send(double, source=SOURCE, subject=str(number))
    send(double, sender='bob@example.com', source=SOURCE)
    send(double, source=SOURCE, headers=HOP_LINE.format(f'({marks["released"]}) '), body='LAB-SPAM')
    mail(double, count=7)
    send(double, source=SOURCE, headers=HOP_LINE.format(f'({marks["flagged"]}) '))
    mail(double, folder='Junk E-mail')
    for stranger in (GATEWAYS, '127.0.0.8'):
        with pytest.raises(REFUSED):
            send(double, source=stranger)
    # The bounces of the hop.
    send(double, source='127.0.0.1', sender='')
    mail(double, count=8)
    # A device of the LAN gets to the server, as before.
    connect(double, source='127.0.0.30').close()


def mail_leaves(kerio, hop, old):
    queue = kerio.double.mail.queue
    for sender in ('alice@example.com', 'x@external.test', ''):
        queue.add(sender, ['y@external.test'], b'Subject: x\r\n\r\nx\r\n', 'SMTP')
    hop.wait(3)
    assert len(hop.deliveries) == 3 and not old.deliveries, 'mail does not leave by the hop'
    assert all(route.through for route in kerio.server().routes([{'sender': '', 'recipient': 'y@external.test'}]))


def mended(kerio):
    """What somebody breaks is seen, and put right."""
    double = kerio.double
    for rule in double.state.data['relay_rules']:
        if rule['description'] == names.RULE:
            rule['isEnabled'] = False
    double.state.data['custom_rules'] = double.state.data['custom_rules'][1:]
    double.state.service('SMTP')['group']['isUsed'] = False
    assert apply(kerio, check_mode=True)[0], 'what somebody has changed is not seen'
    apply(kerio)
    assert double.state.service('SMTP')['group']['isUsed'], 'the limit is not there again'
    assert not apply(kerio, check_mode=True)[0], 'what somebody has changed is not put right'


def without_last(plain):
    def steps(present, remembered, wanted):
        found = plain(present, remembered, wanted)
        found.steps = [step for step in found.steps if not step.name.startswith('service')]
        return found

    return steps


def other(name, **values):
    plain = spam_rules._rule
    return lambda title, action, mark: {**plain(title, action, mark), **(values if title == name else {})}


FAULTS = {
    'rule leads to another port': (
        outbound,
        'wanted_rules',
        lambda *dummy: [outbound._ours(names.RULE, '127.0.0.1', 26)],
    ),
    'no relay rule': (outbound, 'wanted_rules', lambda *dummy: []),
    'old smart host stays in force': (outbound, '_in_the_way', lambda rule, settings: False),
    'every rule switched off': (outbound, '_in_the_way', lambda rule, settings: True),
    'passwords not sent back': (relay, 'with_passwords', lambda after, wanted: copy.deepcopy(after)),
    'own rules not known again': (outbound, 'mine', lambda site, rule: False),
    'the gateway let in past the hop': (redirect, 'used', lambda settings: False),
    'hop not let in': (server, 'THIS_HOST', ['::1']),
    'nobody limited': (part, 'plan', without_last(plan.plan)),
    'an exception forgotten': (plan, 'PLACES', references.PLACES[1:]),
    'greylisting forgotten': (plan, 'PLACES', references.PLACES[:5] + references.PLACES[6:]),
    'sender policy forgotten': (plan, 'PLACES', references.PLACES[:6]),
    'group of the site replaced': (plan, 'effective', lambda site, place: ''),
    'child of a group of the site forgotten': (groups, 'join', lambda client, site, name, there: None),
    'no rules of the spam filter': (spam_rules, 'steps', lambda *dummy: []),
    'released mail only scored': (spam_rules, '_rule', other(names.RELEASED_RULE, action='score')),
    'flagged mail refused': (spam_rules, '_rule', other(names.FLAGGED_RULE, action='reject')),
    'flagged before released': (spam_rules, 'RULES', dict(reversed(list(spam_rules.RULES.items())))),
    'a header that the filter does not know': (spam_rules, '_rule', other(names.FLAGGED_RULE, header='X-Conbool-Flag')),
    'a score that throws mail away': (spam_rule, '_score', lambda wanted, setting: setting['blockScore']),
    'a score of nothing': (spam_rule, '_score', lambda wanted, setting: 0),
    'no record': (KerioRecord, 'save', lambda self, remembered, pending: None),
    'group not read back': (ip_group, 'planned', lambda entries, wanted: ([], [], set(), [])),
    'service of the wrong name': (mail_port, 'SMTP', 'Secure SMTP'),
    'the group of a service only named': (service, 'put', lambda *dummy: {}),
}


# Also without --full: they take some seconds each, most of which is waiting.
SAMPLE = ('the gateway let in past the hop', 'greylisting forgotten', 'flagged before released')


@pytest.fixture(name='world')
def fixture_world(host, sink):
    hop, old = sink(), sink()
    world = {**ELSEWHERE, 'hosts': {('127.0.0.1', 325): hop.place, 'old.provider.test': old.place}}
    kerio = host(prepare=prepared, world=world)
    kerio.options['inbound'] = 'redirect'
    kerio.settings.update(inbound_require_certificate=True, allowed_networks=['127.0.0.30/32'])
    return kerio, hop, old


def test_what_is_looked_at_is_so_without_a_fault(world, tmp_path):
    looked_at(*world, tmp_path)


@pytest.mark.parametrize(
    'fault', [pytest.param(name, marks=[] if name in SAMPLE else [pytest.mark.full]) for name in FAULTS]
)
def test_a_fault_is_found(fault, world, tmp_path, monkeypatch):
    place, name, wrong = FAULTS[fault]
    assert hasattr(place, name)
    monkeypatch.setattr(place, name, wrong)
    with pytest.raises(Exception) as found:
        looked_at(*world, tmp_path)
    # Found by looking, or by the code itself; not because the fault is no code.
    assert not isinstance(found.value, (NameError, AttributeError, TypeError, SyntaxError)), found.value
    assert isinstance(found.value, (AssertionError, HostError, SwitchError, *REFUSED)), repr(found.value)
    complaints(world[0].double)
