# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs beside a Zimbra: the program that puts main.cf right is run, on a main.cf of its own."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import beside

POSTCONF = """#!/bin/sh
# postconf -c DIR -h NAME | -e "NAME = VALUE"
conf=$2/main.cf
case $3 in
-h) sed -n "s|^$4 = ||p" "$conf" ;;
-e) name=${4%% = *}; grep -v "^$name = " "$conf" >"$conf.new" || :; echo "$4" >>"$conf.new"; mv "$conf.new" "$conf" ;;
esac
"""
POSTFIX = """#!/bin/sh
echo "$3" >>"$2/calls"
[ "$3" != status ] || [ ! -e "$2/stopped" ]
"""
CONF = '/opt/zimbra/common/conf'
SENDERS, TLS = f'regexp:{CONF}/conbool_senders', f'texthash:{CONF}/conbool_tls'
VALUES = {'sender_dependent_relayhost_maps': f"{SENDERS}, inline:{{ a=y's }}", 'smtp_tls_policy_maps': TLS}


@pytest.fixture(name='host')
def fixture_host(tmp_path):
    for name, text in (('postconf', POSTCONF), ('postfix', POSTFIX)):
        (tmp_path / name).write_text(text, encoding='ascii')
        (tmp_path / name).chmod(0o755)
    (tmp_path / 'main.cf').write_text('relayhost = [x]\n', encoding='ascii')
    return tmp_path


def run(host):
    texts = beside.reassert_files('zimbra_smarthost', VALUES, str(host), str(host))
    done = subprocess.run(['/bin/sh', '-c', texts[beside.REASSERT]], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, '')
    calls = host / 'calls'
    return calls.read_text(encoding='ascii').split() if calls.exists() else []


def test_what_an_upgrade_took_away_is_put_back_and_postfix_reloaded(host):
    assert run(host) == ['status', 'reload']
    lines = (host / 'main.cf').read_text(encoding='ascii').splitlines()
    assert lines == ['relayhost = [x]', *(f'{name} = {value}' for name, value in sorted(VALUES.items()))]


def test_nothing_is_done_when_nothing_is_missing(host):
    run(host)
    (host / 'calls').unlink()
    assert run(host) == []


def test_a_postfix_that_does_not_run_is_not_reloaded(host):
    (host / 'stopped').touch()
    assert run(host) == ['status']
    assert 'smtp_tls_policy_maps' in (host / 'main.cf').read_text(encoding='ascii')


@pytest.mark.parametrize(
    'now, then',
    [
        (f'lmdb:/mine, {TLS}', f'lmdb:/mine, {TLS}'),
        (f'{TLS} lmdb:/mine', f'{TLS} lmdb:/mine'),
        ('lmdb:/mine', f'{TLS}, lmdb:/mine'),
        (f'{TLS}.old', f'{TLS}, {TLS}.old'),
    ],
)
def test_what_a_person_has_put_beside_ours_stays(host, now, then):
    with open(host / 'main.cf', 'a', encoding='ascii') as stream:
        stream.write(f'smtp_tls_policy_maps = {now}\n')
    run(host)
    assert f'smtp_tls_policy_maps = {then}\n' in (host / 'main.cf').read_text(encoding='ascii')


@pytest.mark.parametrize('missing', ['postconf', 'main.cf'])
def test_in_the_middle_of_an_upgrade_it_waits_for_the_next_change(host, missing):
    (host / missing).unlink()
    assert run(host) == []


def test_the_units_name_what_they_start():
    files = beside.reassert_files('zimbra_smarthost', VALUES, '/conf', '/sbin')
    (service,) = (text for path, text in files.items() if path.endswith(beside.ASSERT))
    assert f'ExecStart={beside.REASSERT}\n' in service and 'StartLimitIntervalSec=0' in service
    assert 'PathChanged=/conf/main.cf\n' in beside.watch_unit('zimbra_smarthost', '/conf')
    # A path unit starts the service of its own name.
    assert beside.WATCH.partition('.')[0] == beside.ASSERT.partition('.')[0]
    assert beside.DOOR.partition('.')[0] == beside.DOORMAN.partition('@')[0]


def test_a_socket_that_is_stopped_leaves_no_path():
    unit = beside.door_unit('test', '/run/some.sock')
    section = unit.partition('[Socket]\n')[2].partition('\n[')[0].splitlines()
    assert {'ListenStream=/run/some.sock', 'RemoveOnStop=yes'} <= set(section)
