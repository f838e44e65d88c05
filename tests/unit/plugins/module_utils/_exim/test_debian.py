# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's configuration: where our texts go, and that what they leave is what was there."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import debian
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.includes import without

HEADING = '#####\n### {}\n#####\n'
PLACES = ('### main/02_exim4-config_options', '### router/200_exim4-config_primary')
TEMPLATE = (
    HEADING.format('main/01_exim4-config_listmacrosdefs')
    + 'domainlist local_domains = MAIN_LOCAL_DOMAINS\n'
    + HEADING.format('main/02_exim4-config_options')
    + '.ifndef MAIN_ACL_CHECK_RCPT\n'
    + 'begin acl\n'
    + 'acl_check_rcpt:\n  accept\n'
    + 'begin routers\n'
    + HEADING.format('router/100_exim4-config_domain_literal')
    + 'begin_is_no_section = 1\n'
    + HEADING.format('router/200_exim4-config_primary')
    + '### router/200_exim4-config_primary\n'
    + 'dnslookup:\n'
    + 'begin transports\nremote_smtp:\nbegin retry\n* * F,2h,15m\n'
).encode()


def place(text, name):
    return text.index(f'.include_if_exists /x/{name}\n')


def test_each_text_is_included_once_and_where_it_counts():
    text = debian.with_includes(TEMPLATE, '/x').decode()
    assert [text.count(f'.include_if_exists /x/{name}\n') for name in debian.SPLIT] == [1] * len(debian.SPLIT)
    # The site may define macros in the file of Debian's. We can define one anew; the site would not.
    assert text.index('local_domains') < place(text, 'main') < text.index('#####\n### main/02_')
    assert text.index('begin acl') < place(text, 'acl') < text.index('acl_check_rcpt')
    assert text.index('begin routers') < place(text, 'literals') < text.index('### router/100_')
    assert place(text, 'router') < text.index('#####\n### router/200_') and text.index('### router/100_') < place(
        text, 'router'
    )
    # Behind the macros of Debian's transports, such as REMOTE_SMTP_HEADERS_REWRITE of a hidden mail name.
    assert text.index('\nremote_smtp:') < place(text, 'transport') < text.index('begin retry')
    assert text.index('begin retry') < place(text, 'retry') < text.index('* * F')


def test_what_is_left_is_byte_for_byte_what_was_there():
    changed = debian.with_includes(TEMPLATE, '/x')
    assert without(changed) == TEMPLATE != changed
    assert debian.with_includes(changed, '/x') == changed


@pytest.mark.parametrize('line', ['begin acl', 'begin routers', 'begin retry', *PLACES])
def test_a_template_without_a_place_is_refused(line):
    with pytest.raises(EximError, match=line):
        debian.with_includes(TEMPLATE.replace(line.encode(), b'#'), '/x')


@pytest.fixture(name='etc')
def fixture_etc(tmp_path, monkeypatch):
    monkeypatch.setattr(debian, 'CONFIG_DIR', str(tmp_path))
    monkeypatch.setattr(debian, 'MAKER', '/bin/true')
    return tmp_path


def test_answers_are_read_as_a_shell_has_them(etc):
    (etc / debian.ANSWERS).write_text("# x='y'\ndc_use_split_config='True'\nCFILEMODE=644\ndc_readhost=\"a b\"\n")
    assert debian.answers() == {'dc_use_split_config': 'True', 'CFILEMODE': '644', 'dc_readhost': 'a b'}
    assert debian.is_split()


def test_what_is_not_debian_s_is_refused_by_its_name(etc, monkeypatch):
    answers = "dc_use_split_config='true'\ndc_eximconfig_configtype='{}'\n"
    (etc / debian.ANSWERS).write_text(answers.format('Internet'))
    debian.refuse_others()
    # Nothing is known of its domains then: before anybody asks for them.
    (etc / debian.ANSWERS).write_text(answers.format('none'))
    with pytest.raises(EximError, match="configtype is 'none'.*Make it internet"):
        debian.refuse_others()
    (etc / debian.BY_HAND).write_text('')
    assert debian.is_by_hand()
    debian.refuse_others()
    (etc / debian.BY_HAND).unlink()
    (etc / debian.ANSWERS).unlink()
    with pytest.raises(EximError, match='not known'):
        debian.refuse_others()
    (etc / 'panel').mkdir()
    monkeypatch.setattr(debian, 'OTHERS', ((str(etc / 'panel'), 'a panel'),))
    with pytest.raises(EximError, match='is a panel.*exim_info'):
        debian.refuse_others()


@pytest.mark.parametrize('split', [True, False])
def test_a_stage_has_all_but_keys_and_without_us_none_of_ours(etc, split):
    (etc / debian.ANSWERS).write_text(f"dc_use_split_config='{str(split).lower()}'\n")
    (etc / debian.TEMPLATE).write_bytes(debian.with_includes(TEMPLATE, f'{etc}/conbool'))
    (etc / 'exim.key').write_text('secret')
    (etc / 'conf.d/main').mkdir(parents=True)
    (etc / 'conf.d/main/02_conbool').write_text('ours')
    (etc / 'conf.d/main/00_site').write_text('site')
    # As an editor leaves one beside a file that somebody is changing.
    (etc / 'conf.d/main/.#00_site').symlink_to('root@mx.1234')
    with debian.staged(None) as directory:
        stage = etc.parent / directory
        assert sorted(path.name for path in stage.rglob('*') if path.is_file()) == sorted(
            [debian.ANSWERS, debian.TEMPLATE, '00_site']
        )
        assert split or (stage / debian.TEMPLATE).read_bytes() == TEMPLATE
    assert not stage.exists()
    with debian.staged({'main': 'new'}) as directory:
        stage = etc.parent / directory
        ours = stage / ('conf.d/main/02_conbool' if split else 'conbool/main')
        assert ours.read_text() == 'new'
        # Exim's own user reads what is included.
        assert split or stage.stat().st_mode & 0o777 == 0o711
        assert split or f'.include_if_exists {directory}/conbool/main' in (stage / debian.TEMPLATE).read_text()
