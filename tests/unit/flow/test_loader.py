# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.flow import loader

GOOD = """
group: outbound
configurations:
  default:
    vars: {conbool_domains: [example.com]}
cases:
  - id: O1
    title: plain mail
    inject: {via: sendmail, from: alice@example.com, to: out@external.test}
    expect:
      - {where: gateway}
"""


def table(tmp_path, *texts):
    files = []
    for number, text in enumerate(texts):
        files.append(tmp_path / (f'{number}.yml'))
        files[-1].write_text(text)
    return loader.Table(files)


def test_a_place_without_recipient_means_all_recipients(tmp_path):
    text = GOOD.replace('to: out@external.test', 'to: [one@external.test, two@external.test]')
    assert table(tmp_path, text).cases[0].expect[0].recipients == ('one@external.test', 'two@external.test')


def test_a_report_goes_to_the_sender(tmp_path):
    text = GOOD.replace('where: gateway', "where: 'bounce:direct'")
    assert table(tmp_path, text).cases[0].expect[0].recipients == ('alice@example.com',)


@pytest.mark.parametrize(
    'wrong, right, message',
    [
        (
            'headres: []',
            'title: plain mail',
            "case O1: Additional properties are not allowed ('headres' was unexpected)",
        ),
        ('via: pigeon', 'via: sendmail', "case O1: inject.via: 'pigeon' is not one of"),
        ('where: gatway', 'where: gateway', "case O1: expect.0.where: 'gatway' does not match"),
        (
            "where: 'mailbox:alice', recipient: x@example.com",
            'where: gateway',
            'case O1: expect: mailbox:alice: recipient: a place of this kind has none',
        ),
        ('title: a\n    gateway: down', 'title: plain mail', 'case O1: gateway and meanwhile go together'),
        (
            'title: a\n    configuration: other',
            'title: plain mail',
            "case O1: configuration: there is no configuration 'other', only default",
        ),
        ('title: a\n    title: b', 'title: plain mail', "line 7: the key 'title' stands twice"),
        ('where: gateway}\n      - {where: nowhere', 'where: gateway', 'case O1: expect: nowhere stands alone'),
        ("to: a@b.test, headers: [{X-Conbool-Released: yes}]", 'to: out@external.test', 'case O1: inject.headers.0: '),
    ],
)
def test_what_is_not_understood_is_named(tmp_path, wrong, right, message):
    text = GOOD.replace(right, wrong)
    assert text != GOOD
    with pytest.raises(loader.CaseError) as error:
        table(tmp_path, text)
    assert '0.yml' in str(error.value)
    assert message in str(error.value)


def test_the_same_id_in_another_file(tmp_path):
    with pytest.raises(loader.CaseError, match='1.yml: case O1: there is another case of this id'):
        table(tmp_path, GOOD, GOOD.replace('default:', 'other:'))


def test_a_configuration_repeats_the_cases_of_the_one_it_is_like(tmp_path):
    more = """
group: scope
configurations:
  scoped:
    like: default
    repeat: [outbound]
    vars: {conbool_scope: senders}
cases: []
"""
    found = table(tmp_path, GOOD, more)
    assert [case.name for case in found.cases] == ['O1', 'O1@scoped']
    assert found.configurations['scoped'].variables == {'conbool_domains': ['example.com'], 'conbool_scope': 'senders'}
    assert [case.name for case in found.selected('scoped')] == ['O1@scoped']


def test_a_row_is_chosen_with_what_belongs_to_it_and_nothing_else(tmp_path):
    head, case = GOOD.split('cases:\n')
    found = table(
        tmp_path,
        head
        + 'cases:\n'
        + ''.join(case.replace('O1', name) for name in ('O1', 'O1.sendmail', 'O10', 'O11.loop', 'F1.loop')),
    )
    assert [case.id for case in found.selected(rows=['O1', 'F1'])] == ['O1', 'O1.sendmail', 'F1.loop']
    assert [case.id for case in found.selected(rows=['F1.loop'])] == ['F1.loop']
    assert len(found.selected(rows=[])) == len(found.selected()) == 5
    with pytest.raises(loader.CaseError, match="'F'"):
        found.selected(rows=['O1', 'F'])


def test_the_shipped_cases_are_understood():
    assert loader.Table().cases
