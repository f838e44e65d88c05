# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the double's mailboxd files a message; what must be so was read in Zimbra's source."""

from __future__ import annotations

import email
import json

import pytest

from lab.zimbra import mailboxd, sieve, verdict

SPAM = {
    'zimbraSpamHeader': 'X-Spam-Flag',
    'zimbraSpamHeaderValue': 'YES',
    'zimbraSpamWhitelistHeader': 'X-Conbool-Released',
    'zimbraSpamWhitelistHeaderValue': r'(?i)yes',
}
FLAGGED = 'require ["fileinto"];\nif header :is "X-Conbool-Flag" "YES" { fileinto "Junk"; stop; }\n'


def filed(headers, *scripts, filters_spam=False, antispam=True, spam=None):
    account = {'scripts': list(scripts), 'filters_spam': filters_spam, 'antispam': antispam}
    return verdict.folders(email.message_from_string(headers + '\n\ntext\n'), spam or SPAM, account)


@pytest.mark.parametrize(
    ('headers', 'where'),
    [
        ('Subject: x', ['INBOX']),
        ('X-Spam-Flag: YES', ['Junk']),
        ('X-Spam-Flag: yes', ['INBOX']),  # the pattern minds case
        ('X-Spam-Flag: NO\nX-Spam-Flag: YES', ['Junk']),  # one of several will do
        ('X-Spam-Flag: YES\nX-Conbool-Released: yes', ['INBOX']),
        ('X-Spam-Flag: YES\nX-Conbool-Released: yes\nX-Conbool-Released: no', ['Junk']),  # not for the release
        ('X-Spam-Flag: YES\nX-Conbool-Released:\n yes', ['INBOX']),  # line breaks in front are not seen
        ('X-Spam-Flag: YES\nX-Conbool-Released: yes ', ['Junk']),  # a blank behind is
    ],
)
def test_the_verdict_goes_by_headers(headers, where):
    assert filed(headers) == where


def test_spam_is_seen_by_no_script_unless_the_account_wants_that():
    everything_out = 'discard;'
    assert filed('X-Spam-Flag: YES', everything_out) == ['Junk']
    assert filed('X-Spam-Flag: YES', everything_out, filters_spam=True) == []
    assert filed('X-Spam-Flag: YES', 'keep;', filters_spam=True) == ['INBOX']
    assert filed('X-Spam-Flag: YES', '', filters_spam=True) == ['Junk']
    assert filed('X-Spam-Flag: YES', antispam=False) == ['INBOX']


def test_the_first_script_may_stop_the_others():
    second = 'require "fileinto"; fileinto "Second";'
    assert filed('X-Conbool-Flag: YES', FLAGGED, second) == ['Junk']
    assert filed('Subject: x', FLAGGED, second) == ['Second']


def test_a_script_that_fails_is_left_out_and_the_next_is_run():
    second = 'require "fileinto"; fileinto "Second";'
    assert filed('Subject: x', 'fileinto "Junk";', second) == ['Second']


@pytest.mark.parametrize(
    ('script', 'said'),
    [
        ('fileinto "Junk";', 'fileinto is not required'),
        ('keep; require "fileinto";', 'require must come first'),
        ('require "regex";', 'no capability regex'),
        ('if header :regex "A" "b" { stop; }', 'header: :regex is not known'),
        ('if header :is "A" { stop; }', 'header takes names and keys'),
        ('redirect "a@example.com";', 'no command redirect'),
        ('else { stop; }', 'else without if'),
        ('keep', "';' is missing"),
        ('if true { keep;', 'a command or a test is missing'),
        ('keep; ^', 'not understood'),
    ],
)
def test_what_is_not_known_is_an_error(script, said):
    with pytest.raises(sieve.SieveError, match=said):
        sieve.run(script, email.message_from_string('A: b\n\n'))


@pytest.mark.parametrize(
    ('test', 'holds'),
    [
        ('header :is "A" "VALUE"', True),
        ('header "a" ["x", "value"]', True),
        ('header :comparator "i;ascii-casemap" :contains ["Z", "A"] "ALU"', True),
        ('header :matches "A" "v?l*"', True),
        ('header :matches "A" "v\\\\?l*"', False),
        ('header :is "A" "valu"', False),
        ('header :is "B" "blank"', False),  # what is behind a value belongs to it
        ('header :is "B" "blank "', True),
        ('header :is "C" "folded"', True),
        ('exists ["A", "B"]', True),
        ('exists ["A", "Z"]', False),
        ('not header :is "A" "value"', False),
        ('allof (true, not false, anyof (false, header :is "A" "value"))', True),
    ],
)
def test_tests(test, holds):
    message = email.message_from_string('A: value\nB: blank \nC:\n\tfolded\n\n')
    branches = 'fileinto "yes"; } /* more */ else { fileinto text:\nno\n.\n;'
    script = f'require "fileinto"; # comment\nif {test} {{ {branches} }}'
    assert sieve.run(script, message).folders == (['yes'] if holds else ['no\n'])


def test_only_one_branch_is_taken():
    script = (
        'if true { keep; } elsif true { discard; } else { discard; }'
        'if false { discard; } elsif true { stop; } discard;'
    )
    outcome = sieve.run(script, email.message_from_string('A: b\n\n'))
    assert outcome == sieve.Outcome(folders=['INBOX'], stopped=True)


def test_the_filters_of_an_account_come_from_account_class_and_domain():
    data = {
        'config': {'zimbraSpamHeader': ['X-Spam-Flag'], 'zimbraSpamHeaderValue': ['YES']},
        'cos': {
            'default': {'zimbraId': ['1']},
            'own': {'zimbraId': ['2'], 'zimbraAdminSieveScriptBefore': ['# class']},
        },
        'domains': {'example.com': {'zimbraAdminSieveScriptBefore': ['# domain']}},
        'servers': {},
        'accounts': {
            'a@example.com': {'zimbraMailHost': ['here']},
            'b@example.com': {'zimbraMailHost': ['here'], 'zimbraCOSId': ['2'], 'zimbraMailSieveScript': ['# user']},
            'c@example.com': {'zimbraMailHost': ['elsewhere']},
        },
    }
    files = mailboxd.files_of(data, 'here')
    filters = json.loads(files['filters.json'])
    assert {name: said['scripts'] for name, said in filters['accounts'].items()} == {
        'a@example.com': ['# domain'],
        'b@example.com': ['# class', '# user'],
    }
    assert filters['spam']['zimbraSpamWhitelistHeader'] == ''
    assert files['users'].splitlines() == [
        'a@example.com:x::::/opt/zimbra/store/a@example.com',
        'b@example.com:x::::/opt/zimbra/store/b@example.com',
    ]
