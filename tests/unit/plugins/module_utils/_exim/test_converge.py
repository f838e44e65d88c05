# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of Exim's configuration, there and back, and what keeps it from being made."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import daemon
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.converge import Wish, converge, made_differs
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.debian import SPLIT
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError

from tests.unit.fakes.exim import FakeExim

TEXTS = {name: f'ours: {name}\n' for name in SPLIT}
WISH = Wish(TEXTS, senders=['alice@example.com'])


@pytest.fixture(name='exim', params=[True, False], ids=['split', 'template'])
def fixture_exim(request, tmp_path, monkeypatch):
    return FakeExim(tmp_path, monkeypatch, request.param)


@pytest.fixture(name='split')
def fixture_split(tmp_path, monkeypatch):
    return FakeExim(tmp_path, monkeypatch)


def test_there_and_back_byte_for_byte(exim):
    before, made = exim.files(), exim.made.read_bytes()
    foreseen = converge(exim.module(check=True, diff=True), WISH)[0]
    assert foreseen['changed'] and exim.files() == before and exim.made.read_bytes() == made
    done = converge(exim.module(diff=True), WISH)[0]
    assert done == foreseen and exim.files() != before and exim.made.read_bytes() != made
    assert converge(exim.module(), WISH)[0]['changed'] is False
    assert converge(exim.module(), Wish())[0]['changed']
    assert exim.files() == before and exim.made.read_bytes() == made
    assert converge(exim.module(), Wish()) == ({'changed': False, 'files': []}, [])
    assert exim.staging() == []


def test_what_the_site_changes_meanwhile_stays(exim):
    converge(exim.module(), WISH)
    (exim.etc / 'conf.d/main/50_site').write_text('newer\n')
    template = exim.etc / 'exim4.conf.template'
    template.write_text(template.read_text() + '# newer\n')
    converge(exim.module(), Wish())
    assert (exim.etc / 'conf.d/main/50_site').read_text() == 'newer\n'
    assert template.read_text().endswith('# newer\n') and 'conbool' not in template.read_text()


def test_a_new_configuration_that_exim_does_not_take_is_not_written(exim):
    before = exim.files()
    exim.refuses = 'include_if_exists' if "'false'" in before['update-exim4.conf.conf'].decode() else 'ours'
    with pytest.raises(EximError, match='update-exim4.conf: Invalid'):
        converge(exim.module(), WISH)
    assert exim.files() == before and exim.staging() == []


@pytest.mark.parametrize(
    'way, words',
    [
        ('  router = site, transport = remote_smtp\n  host mx [192.0.2.7]\n', 'A router of yours'),
        ('LOG: PANIC regular expression error\n', 'Exim says of mail of <alice@example.com>'),
        (
            'x cannot be resolved at this time: transport "no" not found in conbool_gateway router\n',
            'Exim says of mail',
        ),
        ('failed to expand condition "x" for conbool_direct router: unknown condition "x"\n', 'unknown condition'),
    ],
)
def test_a_way_past_the_gateway_keeps_it_from_being_made(split, way, words):
    before, split.way = split.files(), way
    with pytest.raises(EximError, match=words):
        converge(split.module(), WISH)
    assert split.files() == before


def test_dns_that_is_away_is_no_reason(split):
    split.way = 'x cannot be resolved at this time: host lookup for mail.conbool.com did not complete\n'
    assert converge(split.module(), WISH)[0]['changed']


def test_what_exim_reads_is_made_anew_when_somebody_edited_it(split):
    converge(split.module(), WISH)
    made = split.made.read_bytes()
    assert not made_differs(split.module())
    split.made.write_bytes(made.replace(b'ours: acl', b'theirs'))
    assert made_differs(split.module())
    assert converge(split.module(check=True), WISH)[0]['files'] == [str(split.made)]
    assert converge(split.module(), WISH)[0]['changed'] and split.made.read_bytes() == made


def test_what_goes_wrong_at_the_switch_is_put_back(split, monkeypatch):
    before, made = split.files(), split.made.read_bytes()
    real = split.run_command

    def failing(words, **options):
        # Only what is in force, and only as long as ours is in it.
        ours = (split.etc / SPLIT['acl']).exists()
        return (1, '', 'no space left') if words == ['/bin/true'] and ours else real(words, **options)

    module = split.module()
    module.run_command = failing
    with pytest.raises(SwitchError, match='no space left'):
        converge(module, WISH)
    assert split.files() == before and split.made.read_bytes() == made


def test_without_its_record_nothing_is_called_undone(exim):
    converge(exim.module(), WISH)
    (exim.etc.parent / 'files/exim.json').unlink()
    files = exim.files()
    with pytest.raises(EximError, match='There is no record'):
        converge(exim.module(), Wish())
    assert exim.files() == files


def test_what_nothing_can_reload_is_neither_changed_nor_undone(split, monkeypatch):
    """Its old lists would turn away everybody but the gateway, behind an undo that says that it is done."""

    def lost(how):
        monkeypatch.setattr(daemon.Daemon, 'lost', lambda self: how)

    for wish in (WISH, Wish()):
        before = split.files()
        lost('it runs (process 7)')
        for check in (True, False):
            with pytest.raises(EximError, match=r'cannot be reloaded: it runs .process 7.*systemctl restart exim4'):
                converge(split.module(check=check), wish)
        assert split.files() == before
        lost('')
        converge(split.module(), wish)
        lost('it runs (process 7)')
        # Nothing is to be read.
        assert not converge(split.module(), wish)[0]['changed']
