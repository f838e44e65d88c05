# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration by hand: where in it our texts go, and that what they leave is what was there."""

from __future__ import annotations

import grp
import os
from pathlib import Path

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError, Program
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.converge import Wish, converge
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.debian import TEMPLATE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.hand import Hand
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.hand_text import (
    Place,
    label_of,
    logical,
    places_of,
    section_of,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.includes import included, without
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError

from tests.unit.fakes.exim import FakeExim

NAMES = ('acl', 'transport', 'retry', 'main', 'rcpt', 'router')
TEXTS = {name: f'ours_{name}\n' for name in NAMES}
PLAN = {'router': 'others', 'rcpt': ['acl_check'], 'data': []}
WISH = Wish(TEXTS, group=grp.getgrgid(os.getgid()).gr_name, senders=['alice@example.com'], plan=PLAN)
SITE = """\
# remark
option = x \\
  begin acl
NAME = y
begin acl
.include acls
begin routers
local:
  driver = accept
# The rest.
others:
  driver = dnslookup
begin transports
remote_smtp:
  driver = smtp
begin retry
* * F,2h,15m
"""
ACLS = 'acl_check:\n  accept\n  \tacl_other :\n  deny\n'


@pytest.fixture(name='exim')
def fixture_exim(tmp_path, monkeypatch):
    fake = FakeExim(tmp_path, monkeypatch)
    (fake.etc / 'exim4.conf').write_text(SITE)
    (fake.etc / 'acls').write_text(ACLS)
    return fake


def hand(exim):
    return Hand(Program(exim.run_command))


def test_a_line_is_what_exim_takes_for_one():
    text = 'a = b \\\n  # remark \\\n  c\n\n.ifdef X\n  d:\\\n\ne'
    assert [words for dummy, dummy, words in logical(text)] == ['a = b c', 'd:', 'e']
    assert [text[start:end] for start, end, dummy in logical(text)][0] == 'a = b \\\n  # remark \\\n  c\n'
    assert [section_of(words) for words in ('BEGIN  Acl', 'begin routers', 'beginning', 'begin = 1')] == [
        'acls',
        'routers',
        '',
        '',
    ]
    assert label_of('acl_check : ') == 'acl_check' and label_of('accept hosts = :') == ''


@pytest.mark.parametrize(
    'place, before',
    [
        (Place('main'), '# remark'),
        (Place('retry', new=True), 'begin acl\n.include'),
        (Place('retry', 'retrys'), '* * F'),
        (Place('router', 'routers', 'others'), '# The rest.'),
        (Place('rcpt', 'routers', 'others'), '  driver = dnslookup'),
    ],
)
def test_each_text_has_its_place(place, before):
    assert [SITE[offset:].startswith(before) for offset in places_of(SITE, '', place)] == [True]


def test_a_name_that_two_sections_have_is_looked_for_in_its_own():
    text = 'begin acl\nothers:\n  accept\nbegin routers\nothers:\n'
    place = Place('router', 'routers', 'others')
    assert places_of(text, '', place) == [text.rindex('others')]
    # Where one begins in a file that is included, nobody can say: both, of which Exim takes one or says no.
    assert len(places_of(text.replace('begin routers\n', ''), '', place)) == 2


def test_lines_are_put_in_and_taken_out_byte_for_byte():
    data = b'a\r\n\xff\nlast'
    changed = included(data, [(0, 'main'), (5, 'acl'), (0, 'retry')], '/x')
    assert without(changed) == data and changed.index(b'/x/main') < changed.index(b'/x/retry') < changed.index(
        b'/x/acl'
    )
    with pytest.raises(EximError, match="no end .'last'"):
        included(data, [(9, 'acl')], '/x')


def test_what_is_read_is_told_by_file_and_section(exim):
    found = hand(exim)
    assert found.files == [str(exim.etc / name) for name in ('exim4.conf', 'acls')]
    assert found.entered[str(exim.etc / 'acls')] == 'acls' and found.labels('acls') == ['acl_check', 'acl_other']
    assert found.sections() == ['acls', 'routers', 'transports', 'retrys'] and found.macros() == {'NAME': 'y'}


def test_there_and_back_byte_for_byte(exim):
    (exim.etc / 'exim4.conf').chmod(0o640)
    before = exim.files()
    foreseen = converge(exim.module(check=True, diff=True), WISH)[0]
    assert foreseen['changed'] and exim.files() == before
    assert converge(exim.module(diff=True), WISH)[0] == foreseen
    # First what includes, then what is included, in an order in which none needs a later one.
    own = [str(exim.etc / 'conbool' / name) for name in NAMES]
    assert foreseen['files'] == [str(exim.etc / 'exim4.conf'), str(exim.etc / 'acls'), *own]
    text = exim.files()['acls'].decode()
    assert text.startswith('acl_check:\n# Added') and text.count('.include_if_exists') == 1
    assert (exim.etc / 'exim4.conf').stat().st_mode & 0o777 == 0o640
    assert converge(exim.module(), WISH)[0]['changed'] is False and hand(exim).labels('acls') == [
        'acl_check',
        'acl_other',
    ]
    undone = converge(exim.module(), Wish())[0]
    assert undone['files'] == [*own[::-1], str(exim.etc / 'acls'), str(exim.etc / 'exim4.conf')]
    assert exim.files() == before and exim.staging() == []


def test_what_is_asked_about_without_us_has_nothing_of_ours(exim):
    (exim.etc / 'acls').chmod(0o640)
    before = hand(exim).lines
    converge(exim.module(), WISH)
    found = hand(exim)
    assert found.lines == before
    with found.staged() as path:
        assert not any('conbool' in copy.read_text() for copy in Path(path).parent.glob('included-*'))
        assert 'conbool/' not in Path(path).read_text()
        # What is included, Exim reads as its own user when it is asked, and passes over what it cannot reach.
        assert [other.stat().st_mode & 0o777 for other in (Path(path).parent, Path(path).parent / 'included-1')] == [
            0o711,
            0o640,
        ]


@pytest.mark.parametrize('mode, ours', [(0o640, 0o640), (0o644, 0o644)])
def test_what_is_not_for_everybody_is_not_in_our_texts_either(exim, mode, ours):
    """Of the site's transport, a key may be in ours."""
    (exim.etc / 'exim4.conf').chmod(mode)
    converge(exim.module(), WISH)
    assert {path.stat().st_mode & 0o777 for path in (exim.etc / 'conbool').iterdir()} == {ours}
    assert converge(exim.module(), WISH)[0]['changed'] is False


def test_nothing_is_made_of_debian_s_files(exim):
    made, calls = exim.made.read_bytes(), len(exim.calls)
    converge(exim.module(), WISH)
    assert converge(exim.module(), WISH)[0]['changed'] is False
    assert exim.made.read_bytes() == made and not [words for words in exim.calls[calls:] if words[0] == '/bin/true']
    assert 'conbool' not in (exim.etc / TEMPLATE).read_text()


def test_what_a_person_writes_meanwhile_stays_and_places_go_with_it(exim):
    converge(exim.module(), WISH)
    path = exim.etc / 'exim4.conf'
    text = path.read_text()
    path.write_text(text.replace('  driver = accept\n', '  driver = accept\n  domains = a.test\n'))
    assert converge(exim.module(), WISH)[0]['changed'] is False
    # A router of theirs comes first now.
    path.write_text(path.read_text().replace('begin routers\n', 'begin routers\nfirst:\n  driver = dnslookup\n'))
    moved = Wish(TEXTS, senders=WISH.senders, plan=dict(PLAN, router='first'))
    assert converge(exim.module(), moved)[0]['files'] == [str(path)]
    converge(exim.module(), Wish())
    newer = SITE.replace('  driver = accept\n', '  driver = accept\n  domains = a.test\n')
    assert path.read_text() == newer.replace('begin routers\n', 'begin routers\nfirst:\n  driver = dnslookup\n')


def test_a_link_stays_one(exim, tmp_path):
    path = exim.etc / 'exim4.conf'
    (tmp_path / 'site').write_text(SITE)
    path.unlink()
    path.symlink_to('../site')
    converge(exim.module(), WISH)
    assert path.is_symlink() and 'conbool' in (tmp_path / 'site').read_text()
    converge(exim.module(), Wish())
    assert path.is_symlink() and (tmp_path / 'site').read_text() == SITE


def test_a_file_that_is_not_named_any_more_gets_its_own_back(exim):
    converge(exim.module(), WISH)
    path = exim.etc / 'exim4.conf'
    path.write_text(path.read_text().replace('.include acls\n', 'acl_check:\n  accept\n'))
    converge(exim.module(), WISH)
    assert (exim.etc / 'acls').read_text() == ACLS
    assert 'conbool/rcpt' in path.read_text()


def test_a_line_that_only_a_macro_writes_is_no_place(exim):
    place = Place('router', 'routers', 'others')
    with pytest.raises(EximError, match="no line 'others:'.*text router.*not by a macro"):
        hand(exim).with_includes(SITE.replace('others', 'NAME').encode(), '/x', [place], '/y')


@pytest.mark.parametrize(
    'edit, words',
    [
        (('exim4.conf', '.include_if_exists {}/main', '#'), 'text main: its place'),
        (('included-1', '.include_if_exists {}/rcpt', 'warn'), 'text rcpt in the list acl_check'),
        (('exim4.conf', 'others:', 'last:\nothers:'), 'right in front of others, but of last'),
    ],
)
def test_a_copy_in_which_a_text_does_not_count_is_refused(exim, edit, words):
    found, (name, old, new) = hand(exim), edit
    with found.staged(TEXTS, PLAN) as path:
        program = Program(exim.run_command, path)
        found.check(program, PLAN, TEXTS)
        copy = Path(path).parent / name
        text = copy.read_text()
        if name != 'exim4.conf':
            # Elsewhere in that file it is read, too.
            text += '.include_if_exists {}/rcpt\n'.format(copy.parent / 'conbool')
        changed = text.replace(old.format(copy.parent / 'conbool'), new, 1)
        assert changed != text
        copy.write_text(changed)
        with pytest.raises(EximError, match=words):
            found.check(program, PLAN, TEXTS)


def test_what_goes_wrong_at_the_switch_is_put_back(exim, monkeypatch):
    before, module = exim.files(), exim.module()

    def failing(words, **options):
        ours = (exim.etc / 'conbool/router').exists() and words[-1] == 'pid_file_path'
        return (1, b'', b'no space left') if ours else exim.run_command(words, **options)

    module.run_command = failing
    with pytest.raises(SwitchError, match='no space left'):
        converge(module, WISH)
    assert exim.files() == before


@pytest.mark.parametrize('wish', [WISH, Wish()], ids=['present', 'absent'])
def test_a_configuration_in_force_that_exim_cannot_read_is_mended(exim, wish):
    """Beside ours, a person has set an option that ours sets."""
    converge(exim.module(), WISH)
    exim.unreadable = '"tls_try_verify_hosts" option set for the second time'
    assert converge(exim.module(), Wish({**TEXTS, 'main': 'less\n'}, plan=PLAN) if wish.texts else wish)[0]['changed']
    assert (exim.etc / 'conbool/main').exists() is bool(wish.texts)


def test_without_its_record_nothing_is_called_undone(exim):
    converge(exim.module(), WISH)
    (exim.etc.parent / 'files/exim.json').unlink()
    for path in (exim.etc / 'conbool').iterdir():
        path.unlink()
    with pytest.raises(EximError, match='There is no record.*exim4.conf'):
        converge(exim.module(), Wish())


def test_debian_s_files_are_left_when_somebody_writes_his_own(tmp_path, monkeypatch):
    fake = FakeExim(tmp_path, monkeypatch)
    before = fake.files()
    converge(fake.module(), Wish({name: name for name in ('acl', 'router')}, senders=WISH.senders))
    assert fake.files() != before
    (fake.etc / 'exim4.conf').write_text(SITE)
    (fake.etc / 'acls').write_text(ACLS)
    converge(fake.module(), WISH)
    assert not [name for name in fake.files() if 'conf.d' in name and 'conbool' in name]
    (fake.etc / 'exim4.conf').unlink()
    converge(fake.module(), Wish())
    (fake.etc / 'acls').unlink()
    assert fake.files() == before
