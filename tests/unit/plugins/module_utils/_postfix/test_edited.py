# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person edits what postfix_config has set: undo takes ours out of it, or changes nothing; it never leaves a name
without the thing."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import journal as postfix_journal
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.references import without
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.main_cf import MainCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_cf import MasterCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_entry import render_option

from tests.unit.fakes.postfix_run import LIST, ROUTES, edit, limited, option, run, service, table


def by_sender(fake, *others):
    return {
        'parameters': {ROUTES: ', '.join((f'texthash:{fake.config_dir}/senders',) + others)},
        'services': [service('hop')],
        'tables': [table('senders', 'a hop:\n', 'texthash')],
    }


def rewrite_like_postconf(fake):
    """What "postconf -F smtp/inet/chroot=n" and the like make of every entry."""
    path, lines = fake.config_dir / 'master.cf', []
    for entry in MasterCf(path.read_text()).entries():
        lines += [
            '%-10s %-5s %s'
            % (entry.tokens[0].value, entry.tokens[1].value, '       '.join(token.value for token in entry.tokens[2:8]))
        ]
        lines += ['    ' + render_option(name, value).strip() for name, value, dummy, dummy in entry.overrides]
    path.write_text(''.join(line + '\n' for line in lines))


def services(fake):
    return {
        key: entry.meaning() for key, entry in MasterCf((fake.config_dir / 'master.cf').read_text()).services().items()
    }


def main(fake, name):
    return MainCf((fake.config_dir / 'main.cf').read_text()).get(name)


# -- entries that Postfix's own tool has written anew


def test_options_written_anew_by_postconf_are_undone(fake):
    before = services(fake)
    run(fake, **limited(fake))
    rewrite_like_postconf(fake)
    assert run(fake, state='absent')['warnings'] == []
    assert services(fake) == before
    assert fake.dangling() == [] and not (fake.config_dir / 'clients').exists()


def test_options_written_anew_are_as_wanted_and_can_be_changed(fake):
    before = services(fake)
    run(fake, **limited(fake))
    rewrite_like_postconf(fake)
    assert not run(fake, **limited(fake))['changed']
    run(fake, service_options=[option('submission', 'inet', cleanup_service_name='cleanup')])
    assert MasterCf((fake.config_dir / 'master.cf').read_text()).option('587/inet', 'cleanup_service_name') == 'cleanup'
    run(fake, state='absent')
    assert services(fake) == before


@pytest.mark.parametrize(
    'line, left',
    [
        ('smtp inet n - y - - smtpd -o a=1 -o milter=x -o b=2\n', 'smtp inet n - y - - smtpd -o a=1 -o b=2\n'),
        ('smtp inet n - y - - smtpd\n  -o milter=x -o b=2\n', 'smtp inet n - y - - smtpd\n -o b=2\n'),
        ('smtp inet n - y - - smtpd\n\t-o\tmilter=x\n# b\n', 'smtp inet n - y - - smtpd\n# b\n'),
        ('smtp inet n - y - - smtpd\n -o {\n milter = x\n }\n', 'smtp inet n - y - - smtpd\n'),
    ],
)
def test_an_option_is_taken_out_however_it_is_written(line, left):
    master = MasterCf(line + 'x unix - - n - - smtp\n')
    assert not master.unset_option('25/inet', 'milter', 'y')
    assert master.unset_option('25/inet', 'milter', 'x')
    assert master.text() == left + 'x unix - - n - - smtp\n'


def test_the_original_option_is_not_taken_for_ours(fake):
    """A run that was killed before it wrote a value like the original has both in its record."""
    edit(fake, 'master.cf', '  -o syslog_name=postfix/submission', '  -o syslog_name=a')
    original = (fake.config_dir / 'master.cf').read_text()
    run(fake, service_options=[option('submission', 'inet', syslog_name='b')])
    journal = postfix_journal.Journal(str(fake.config_dir), 'us')
    journal.records['service_options']['587/inet']['syslog_name']['written'].append('a')
    journal.save(journal.records, True)
    (fake.config_dir / 'master.cf').write_text(original)
    run(fake, state='absent')
    assert (fake.config_dir / 'master.cf').read_text() == original


# -- lists to which a person has added something


@pytest.mark.parametrize('kept', [None, 'reject_theirs'])
@pytest.mark.parametrize('before', [None, 'permit_old, reject'])
def test_a_check_added_to_our_restrictions_stays_without_them(fake, kept, before):
    if before:
        edit(
            fake,
            'master.cf',
            'smtp inet n - y - - smtpd\n',
            f'smtp inet n - y - - smtpd\n  -o {{ {LIST} = {before} }}\n',
        )
    if kept:
        (fake.config_dir / 'main.cf').write_text((fake.config_dir / 'main.cf').read_text() + f'\n{LIST} = {kept}\n')
    run(fake, **limited(fake))
    edit(fake, 'master.cf', '/clients, $our_main }', '/clients, $our_main, reject_rbl_client list.example }')
    warnings = run(fake, state='absent')['warnings']
    left = ', '.join(filter(None, (before or kept, 'reject_rbl_client list.example')))
    assert MasterCf((fake.config_dir / 'master.cf').read_text()).option('25/inet', LIST) == left
    assert len(warnings) == 1 and 'what was set here is taken out of it, and the rest stays: ' + left in warnings[0]
    assert fake.dangling() == [] and 'our_' not in (fake.config_dir / 'master.cf').read_text()
    assert not run(fake, state='absent')['changed']


@pytest.mark.parametrize('own', [None, 'static:own'])
@pytest.mark.parametrize('again', [0, 1, 2])
def test_a_map_added_to_ours_stays_without_it(fake, own, again):
    """However often the role has run in between: it puts its own map in front of what it finds."""
    if own:
        (fake.config_dir / 'main.cf').write_text((fake.config_dir / 'main.cf').read_text() + f'\n{ROUTES} = {own}\n')
    first = [own] if own else []
    run(fake, **by_sender(fake, *first))
    edit(fake, 'main.cf', main(fake, ROUTES), main(fake, ROUTES) + ', regexp:/dev/null')
    for dummy in range(again):
        run(fake, **by_sender(fake, *first + ['regexp:/dev/null']))
    warnings = run(fake, state='absent')['warnings']
    assert main(fake, ROUTES) == ', '.join(first + ['regexp:/dev/null'])
    assert len(warnings) == (0 if again else 1)
    assert fake.dangling() == []


def test_a_map_added_to_ours_stays_when_ours_is_no_longer_wanted(fake):
    run(fake, **by_sender(fake))
    edit(fake, 'main.cf', main(fake, ROUTES), main(fake, ROUTES) + ', regexp:/dev/null')
    run(fake, **by_sender(fake, 'regexp:/dev/null'))
    run(fake, parameters={'default_transport': 'hop:'}, services=[service('hop')])
    assert main(fake, ROUTES) == 'regexp:/dev/null'
    run(fake, state='absent')
    assert main(fake, ROUTES) == 'regexp:/dev/null' and main(fake, 'default_transport') is None


def test_a_map_in_front_of_ours_is_brought_back_behind_it_and_stays(fake):
    run(fake, **by_sender(fake))
    edit(fake, 'main.cf', main(fake, ROUTES), 'regexp:/dev/null ' + main(fake, ROUTES))
    run(fake, **by_sender(fake))
    run(fake, state='absent')
    assert main(fake, ROUTES) == 'regexp:/dev/null'


def test_a_list_only_written_otherwise_is_put_back_without_a_word(fake):
    before = fake.tree()
    run(fake, **by_sender(fake, 'regexp:/dev/null'))
    edit(fake, 'main.cf', ', regexp', ',regexp')
    assert run(fake, state='absent')['warnings'] == []
    assert fake.tree() == before


@pytest.mark.parametrize(
    'current, ours, original, left',
    [
        ('a, b', 'a', '', 'b'),
        ('b a', 'a', '', 'b'),
        ('b, a ,c', 'a', '', 'b, c'),
        ('a x, o, n', 'a x, o', 'o', 'o, n'),
        ('a, n', 'a, o', 'o', 'n'),
        ('a, $o, n', 'a, $o', 'p q', 'p q, n'),
        ('{ a, b } n', '{ a, b }', '', 'n'),
        ('ab', 'a', '', None),
        ('a, n, $o', 'a, $o', 'p', None),
        ('n', '', '', None),
        ('a', 'a', 'a', None),
    ],
)
def test_ours_is_taken_out_of_a_value(current, ours, original, left):
    assert without(current, ours, original) == left
