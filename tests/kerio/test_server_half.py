# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of a Kerio Connect that ends where nobody expects it: what was done is taken back, and said."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client, KerioError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.record import KerioRecord

pytest_plugins = ['tests.kerio.adapter']


@pytest.fixture(name='other_form')
def fixture_other_form(monkeypatch):
    """other_form(METHOD, number, answer): the answer to that call of it."""
    real, left = Client._ask, {}

    def ask(self, method, params, timeout):
        result = real(self, method, params, timeout)
        if method not in left:
            return result
        left[method][0] -= 1
        return result if left[method][0] else left[method][1]

    monkeypatch.setattr(Client, '_ask', ask)
    return lambda method, number, answer: left.update({method: [number, answer]})


@pytest.mark.parametrize(
    'method, number, answer',
    [
        ('IpAddressGroups.create', 1, {}),
        ('IpAddressGroups.create', 5, {'result': None}),
        # Which is read once at first.
        ('Services.get', 2, {}),
        ('Smtp.getRelayDeliveryRuleList', 2, {'list': [{'description': 5}]}),
        ('Content.getAntiSpamSetting', 3, {'setting': []}),
    ],
)
def test_an_answer_in_another_form_ends_a_change_like_any_failure(host, other_form, method, number, answer):
    kerio = host()
    before, server = kerio.held(), kerio.server()
    (part,) = server.wanted(server.facts(), False).parts
    other_form(method, number, answer)
    with pytest.raises(SwitchError) as failed:
        part.converge(server.module)
    assert failed.value.restored and 'Error(' in str(failed.value)
    assert kerio.held() == before and not KerioRecord().there


def test_an_answer_in_another_form_before_a_change_is_said(host, other_form):
    other_form('Smtp.get', 1, {})
    with pytest.raises(HostError, match="^Kerio Connect answers in another form than is known here: KeyError.'server'"):
        host().server().facts()


def test_a_signal_after_the_last_step_takes_all_of_them_back(host, monkeypatch):
    kerio, saved = host(), []
    before, real = kerio.held(), KerioRecord.save

    def save(self, *given):
        saved.append(given)
        if len(saved) == 2:
            raise HostError('the run was ended by signal 15')
        real(self, *given)

    monkeypatch.setattr(KerioRecord, 'save', save)
    with pytest.raises(SwitchError, match='^the run was ended by signal 15. Everything is as it was before$') as failed:
        kerio.apply()
    assert failed.value.restored and kerio.held() == before and not KerioRecord().there


def failing(monkeypatch, act):
    """The second of the notes of a change fails; act is done before."""
    real, saved = KerioRecord.save, []

    def save(self, *given):
        saved.append(given)
        if len(saved) > 1:
            act(len(saved))
        real(self, *given)

    monkeypatch.setattr(KerioRecord, 'save', save)


def test_what_is_not_as_before_is_said(host, monkeypatch):
    kerio = host()

    def act(number):
        if number == 2:
            # Somebody else, in the middle of it.
            kerio.double.state.data['antispam'].update(tagScore=77)
            raise HostError('the run was ended by signal 15')

    failing(monkeypatch, act)
    with pytest.raises(SwitchError, match='could not be put back: spam filter: not as before$') as failed:
        kerio.apply()
    assert not failed.value.restored and KerioRecord().there


def test_a_record_that_cannot_be_put_back_is_said(host, monkeypatch):
    kerio = host()
    before = kerio.held()

    def act(number):
        raise KerioError('The record cannot be written: no space left')

    failing(monkeypatch, act)
    with pytest.raises(SwitchError, match='could not be put back: The record cannot be written') as failed:
        kerio.apply()
    assert not failed.value.restored and kerio.held() == before
