# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kerio_spam_rule against the double: what the rules do to mail, on every scale, and who must not lose one."""

from __future__ import annotations

import copy
import json

import pytest
from ansible_collections.conbool.smtp_relay.plugins.modules import kerio_spam_rule

from lab.kerio import company
from lab.kerio.profiles import every

from .conftest import mail, send
from .shapes import profiles

FLAG, RELEASE = 'conbool-flag-' + '0123456789abcdef' * 2, 'conbool-released-' + 'fedcba9876543210' * 2
RULES = [
    {'name': 'Released', 'contains': RELEASE, 'action': 'not_spam'},
    {'name': 'Flagged', 'contains': FLAG, 'action': 'score'},
]
GONE = [{'name': rule['name'], 'action': rule['action']} for rule in RULES]
SET = 'Content.setCustomRuleList'


def line(token):
    return f'Received: from gateway by hop ({token}); Mon, 30 Nov 2026 10:00:00 +0000\r\n'


def without_ids(rules):
    return [{**rule, 'id': ''} for rule in rules]


@pytest.mark.parametrize('name', profiles('U2', 'U4', 'U6', 'U7', 'U8', 'U22', 'U23'))
def test_rules_come_work_and_go_under_every_profile(make, run, name):
    wanted = every()[name]
    ways = {key: value for key, value in vars(wanted).items() if key != 'version'}
    double = make(wanted.version, prepare=company.settle, **ways)
    before = copy.deepcopy(double.state.data['custom_rules'])
    status, told = run(kerio_spam_rule, double, check=True, rules=RULES)
    assert (status, told['changed'], without_ids(double.state.data['custom_rules'])) == (0, True, without_ids(before))
    status, done = run(kerio_spam_rule, double, rules=RULES)
    assert (status, done['changed'], done['diff']) == (0, True, told['diff'])
    assert [rule['description'] for rule in double.state.data['custom_rules'][:2]] == ['Released', 'Flagged']
    double.state.control.forbid_sets = 'a second run'
    assert run(kerio_spam_rule, double, rules=RULES)[1]['changed'] is False
    double.state.control.forbid_sets = ''
    if wanted.licensed:
        send(double, headers=line(FLAG))
        mail(double, folder='Junk E-mail')
        # The hop's own line carries one token, the first that arrives.
        send(double, headers=line(RELEASE) + line(FLAG))
        mail(double)
    status, undone = run(kerio_spam_rule, double, rules=GONE, state='absent')
    assert (status, undone['changed'], without_ids(double.state.data['custom_rules'])) == (0, True, without_ids(before))
    double.state.control.forbid_sets = 'a second run'
    assert run(kerio_spam_rule, double, rules=GONE, state='absent')[1]['changed'] is False


def test_no_token_is_shown(make, run):
    double = make(prepare=company.settle)
    shown = [run(kerio_spam_rule, double, rules=RULES)[1], run(kerio_spam_rule, double, rules=GONE, state='absent')[1]]
    assert [token for token in (FLAG, RELEASE) if token in json.dumps(shown)] == []
    # That of a rule that is not among the options of this run, neither.
    run(kerio_spam_rule, double, rules=RULES)
    other = {'name': 'Other', 'contains': 'lottery', 'header': 'Subject', 'action': 'reject'}
    result = json.dumps(run(kerio_spam_rule, double, rules=[other])[1])
    assert FLAG not in result and RELEASE not in result and '(hidden)' in result


@pytest.mark.parametrize(
    'setting, rule, words',
    [
        ({'isRatingEnabled': False}, {}, 'does not rate mail: the rule'),
        ({}, {'score': 4}, 'the score 4 of the rule'),
        ({}, {'score': 10}, 'is not between 5, from which mail is spam, and 10'),
        ({'tagScore': 7, 'blockScore': 7}, {}, 'is not between 7, from which mail is spam, and 7'),
    ],
)
def test_a_score_of_no_effect_or_of_too_much_is_refused(make, run, setting, rule, words):
    double = make(prepare=lambda state: state.data['antispam'].update(setting))
    status, result = run(kerio_spam_rule, double, rules=[{**RULES[1], **rule}])
    assert status == 1 and words in result['msg'] and FLAG not in result['msg']
    assert SET not in double.state.journal.calls


def test_a_given_score_and_the_last_place(make, run):
    double = make(prepare=company.settle)
    status, result = run(kerio_spam_rule, double, rules=[{**RULES[1], 'score': 8}], position='last')
    assert (status, result['rules'][-1]['score'], len(result['rules'])) == (0, 8, 3)
    # A rule for an effect is not the same with another one.
    assert run(kerio_spam_rule, double, rules=[{**RULES[1], 'score': 7}], position='last')[1]['changed'] is True


@pytest.mark.parametrize(
    'rules, words',
    [
        ([{**RULES[0], 'name': ''}], "rules[0].name: '' is no name"),
        ([RULES[0], RULES[0]], "rules[1].name: 'Released' is there more than once"),
        ([{**RULES[0], 'contains': 'ab'}], 'rules[0].contains: a text of one line'),
        ([{**RULES[0], 'contains': 'abc\nd'}], 'rules[0].contains: a text of one line'),
        ([{**RULES[0], 'score': 5}], 'rules[0].score: 5 does not go with action not_spam'),
        ([{**RULES[1], 'score': 0}], 'rules[0].score: 0 does not go with action score'),
        ([{**RULES[0], 'header': 'X-Conbool-Flag'}], 'value of header must be one of'),
    ],
)
def test_bad_input_is_named_before_anything_is_changed(make, run, rules, words):
    double = make()
    status, result = run(kerio_spam_rule, double, rules=rules)
    assert status == 1 and words in result['msg']
    assert SET not in double.state.journal.calls


def test_somebody_else_changes_the_rules_and_a_rule_is_used(make, run):
    double = make(prepare=company.settle)

    def other(state):
        company.entrust(state, custom_rules=[company.custom_rule('Other', 'Subject', 'other', 'TreatAsSpam')])

    double.state.control.second_admin = ('Content.getCustomRuleList', other)
    status, result = run(kerio_spam_rule, double, rules=RULES)
    assert status == 1 and 'somebody else changes the rules' in result['msg']

    def used(state):
        state.data['custom_rules'][0]['lastUsed'] = {
            'type': 'dtTimeSpan',
            'timeSpan': {'days': 0, 'hours': 0, 'minutes': 1},
        }

    double.state.control.second_admin = ('Content.getCustomRuleList', used)
    assert run(kerio_spam_rule, double, rules=RULES)[1]['changed'] is True
    assert [rule['description'] for rule in double.state.data['custom_rules']][-1] == 'Other'
