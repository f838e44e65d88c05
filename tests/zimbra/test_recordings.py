# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What recordings may hold that the shared ones do not: errors, refused calls, one-shot runs, other services. Their
README names the fields; in which form they come is not shown, so every likely one is understood."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from lab.zimbra.replay import master, small_files
from lab.zimbra.replay.__main__ import judge
from lab.zimbra.replay.play import play
from lab.zimbra.replay.recording import Recording

RECORDING = Recording(Path(__file__).parent / 'vectors' / 'vectors-shared.json')
VECTORS = {vector['name']: vector for vector in RECORDING.vectors}
ASCII = "'ascii' codec can't encode character u'\\xe4' in position 2: ordinal not in range(128)"
MISSING = "postconf: fatal: missing '=' after attribute name: \"c d\""


def vector(name, **changes):
    """Return the first event of a shared vector with changes."""
    return {key: value for key, value in copy.deepcopy(VECTORS[name]).items() if key != 'followed_by'} | changes


def failing(error):
    changed = {'server': {'zimbraMtaRelayHost': ['[häss.example.net]']}}
    return vector('poll-nothing-changed', event='poll-after-change', changed=changed, daemon_error=error)


@pytest.mark.parametrize(
    'error',
    [
        True,
        'Configuration inconsistency detected',
        f'Sleeping...Configuration inconsistency detected ({ASCII})',
        f'UnicodeEncodeError: {ASCII}',
        {'type': 'UnicodeEncodeError', 'message': ASCII},
    ],
)
def test_an_error_of_the_daemon_is_equal(error):
    assert judge(failing(error), RECORDING) == []


@pytest.mark.parametrize(
    'error', [None, False, 'KeyError', ASCII.replace('position 2', 'position 3'), {'type': 'KeyError'}]
)
def test_another_error_of_the_daemon_is_not(error):
    assert judge(failing(error), RECORDING) != []


def test_an_error_that_does_not_happen_is_not_equal():
    assert judge(vector('poll-nothing-changed', daemon_error=True), RECORDING) != []


def refused(calls):
    relay = vector('poll-relayhost-only')
    return relay | {
        'changed': {'server': {'zimbraMtaSmtpdBanner': ["a 'b c' d"]}},
        'main_cf': relay['main_cf'] | {'relayhost': '', 'smtpd_banner': 'a b'},
        'main_cf_diff': {'smtpd_banner': 'a b'},
        'main_cf_after': {'smtpd_banner': '$myhostname ESMTP $mail_name'},
        'postconf_calls_with_errors': calls,
    }


@pytest.mark.parametrize(
    'calls',
    [
        1,
        True,
        ['smtpd_banner'],
        [MISSING],
        [{'args': ['smtpd_banner=a b', 'c d'], 'rc': 1, 'error': MISSING}],
        {'smtpd_banner': MISSING},
    ],
)
def test_a_refused_call_is_equal(calls):
    assert judge(refused(calls), RECORDING) == []


@pytest.mark.parametrize(
    'calls',
    [
        0,
        2,
        [],
        ['relayhost'],
        ['smtpd_banner', 'smtpd_banner'],
        [{'args': ['smtpd_banner=a b', 'c e'], 'error': MISSING}],
        {'relayhost': MISSING},
    ],
)
def test_another_refused_call_is_not(calls):
    assert judge(refused(calls), RECORDING) != []


def test_a_one_shot_run_is_played():
    alone = vector('rewrite-mta-after-change', event='configrewrite mta (daemon down, one-shot)')
    assert 'listener_reply' in ''.join(judge(alone, RECORDING))
    del alone['listener_reply']
    assert judge(alone, RECORDING) == []
    assert judge(alone | {'event': 'configrewrite amavis (daemon down, one-shot)'}, RECORDING) != []


def other_services():
    """Return a vector with another IP mode, and its services as the double has them: a recording would say these."""
    begun = vector('defaults', server={'zimbraIPMode': ['both'], 'zimbraAmavisMaxServers': ['20']})
    observed = play(begun, RECORDING)[0]
    ours = master.parse(observed.files['common/conf/master.cf'])
    files = {path: read(observed.files[path]) for path, read in small_files.READERS.items()}
    begun['main_cf'] = observed.passed
    begun['main_cf_diff'] = {name: value for name, value in observed.passed.items() if RECORDING.main_cf[name] != value}
    begun['file_content'] = {path: content for path, content in files.items() if RECORDING.small_files[path] != content}
    return begun, ours


def recorded_services(ours, added):
    default = {master.name_of(entry): entry for entry in RECORDING.master_cf}
    scan = 'scan:[::1]:10030'
    return {
        'added': added,
        'dropped': sorted(set(default) - set(ours)),
        'columns': {'smtp-amavis/unix': {'maxproc': '20'}},
        'options': {name: {'content_filter': scan} for name in ('smtpd/pass', '465/inet', 'submission/inet')},
    }


def test_other_services_are_equal_in_any_form():
    begun, ours = other_services()
    names = sorted(set(ours) - {master.name_of(entry) for entry in RECORDING.master_cf})
    assert names == [f'[::1]:{port}/inet' for port in (10025, 10027, 10028, 10029, 10030)]
    entries = [ours[name] for name in names]
    columns = [{key: value for key, value in entry.items() if key not in ('service', 'type')} for entry in entries]
    for added in (names, entries, dict(zip(names, entries)), dict(zip(names, columns))):
        begun['master_cf'] = json.loads(json.dumps(recorded_services(ours, added)))
        assert judge(begun, RECORDING) == []
    for field, value in [
        ('added', entries[1:]),
        ('added', [*entries[1:], entries[0] | {'command': 'smtp'}]),
        ('dropped', ['[127.0.0.1]:10025/inet']),
        ('columns', {}),
        ('columns', {'smtp-amavis/unix': {'maxproc': '21'}}),
        ('options', {}),
        ('options', {'nobody/unix': {'content_filter': 'x'}}),
    ]:
        begun['master_cf'] = {**recorded_services(ours, entries), field: value}
        assert judge(begun, RECORDING) != [], field


@pytest.mark.parametrize(
    ('content', 'problem'),
    [('smtp inet n - n - 1\n', 'few'), ('a unix - - n - - smtp\na unix - - n - - smtp\n', 'twice')],
)
def test_a_master_cf_that_is_none_is_told(content, problem):
    with pytest.raises(ValueError, match=problem):
        master.parse(content)
