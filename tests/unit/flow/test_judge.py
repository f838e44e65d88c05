# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.flow import judge
from tests.flow.model import Place, Sighting

OUT = 'out@external.test'
GATEWAY = Place('gateway', (OUT,))
CONTENT = 'Subject: x\r\nX-Here: 1\r\n\r\ngrüße\r\n'.encode()


def seen(where='gateway', recipient=OUT, encrypted=True, **more):
    return Sighting('flow-1', where, recipient, content=CONTENT, encrypted=encrypted, **more)


def test_right_place_once():
    assert not judge.problems([GATEWAY], [seen()])


def test_the_case_of_an_address_does_not_matter():
    assert not judge.problems([GATEWAY], [seen(recipient='Out@External.test')])
    assert not judge.problems([Place('gateway', ('Out@External.test',))], [seen()])


@pytest.mark.parametrize(
    'places, sightings, problem',
    [
        ([GATEWAY], [], f'expected at gateway ({OUT}) once, is there never'),
        ([GATEWAY], [seen(), seen()], f'expected at gateway ({OUT}) once, is there 2 times'),
        ([GATEWAY], [seen(), seen('direct')], f'must not be at direct ({OUT}), but is there once'),
        ([GATEWAY], [seen(), seen('mailbox:alice', '')], 'must not be at mailbox:alice, but is there once'),
        ([Place('nowhere')], [seen('direct')], f'must not be at direct ({OUT}), but is there once'),
        ([GATEWAY], [seen(encrypted=False)], 'reached the gateway in clear text'),
        ([Place('queue', (OUT,))], [seen('queue')], f'still waiting in a queue for its first try ({OUT})'),
        (
            [Place('gateway', (OUT,), client_certificate=True)],
            [seen()],
            f'gateway ({OUT}): no client certificate was shown',
        ),
        (
            [Place('gateway', (OUT,), client_certificate=False)],
            [seen(client_certificate='mx')],
            f'gateway ({OUT}): the client certificate mx was shown',
        ),
        ([Place('gateway', (OUT,), present=('X-There',))], [seen()], f'gateway ({OUT}): header X-There is missing'),
        ([Place('gateway', (OUT,), absent=('x-here',))], [seen()], f'gateway ({OUT}): header x-here: 1 is there'),
        ([Place('gateway', (OUT,), contains='grusse')], [seen()], f"gateway ({OUT}): the text 'grusse' is not in it"),
        (
            [Place('gateway', (OUT,), sender='<>')],
            [seen(sender='a@b.test')],
            f"gateway ({OUT}): envelope sender is 'a@b.test', not '<>'",
        ),
        (
            [Place('gateway', (OUT,), esmtp=('RET=HDRS',))],
            [seen()],
            f'gateway ({OUT}): ESMTP parameter RET=HDRS did not arrive, only none',
        ),
        (
            [Place('queue', (OUT,), reason='expired')],
            [seen('queue', reason='refused')],
            f"queue ({OUT}): refused: the reason does not match 'expired'",
        ),
    ],
)
def test_what_is_wrong_is_said(places, sightings, problem):
    assert problem in judge.problems(places, sightings)


@pytest.mark.parametrize('log, level', [({}, 'nothing'), ({OUT: 'Trusted'}, 'Trusted')])
def test_a_name_that_was_not_verified_is_said(log, level):
    assert judge.unverified([seen()], log) == [
        f"the gateway's certificate was not verified by name: the log says {level} for {OUT}"
    ]


def test_a_verified_name_is_no_problem():
    assert judge.unverified([seen(), seen('direct', 'x@external.test')], {OUT: 'Verified'}) == []


def test_what_holds_is_no_problem():
    place = Place(
        'gateway',
        (OUT,),
        client_certificate=True,
        sender='<>',
        present=('x-here',),
        absent=('x-gone',),
        contains='grüße',
        esmtp=('ret=hdrs',),
    )
    sighting = seen(client_certificate='mx', sender='', esmtp=('RET=HDRS', 'SIZE=7'))
    assert not judge.problems([place], [sighting])
