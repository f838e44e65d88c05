# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""postfix_config with a main.cf or master.cf that the kernel lets nobody replace: nothing is changed, and it is said why."""

from __future__ import annotations

import pytest

from tests.postfix.machine import CHANGE

# FS_IOC_SETFLAGS; the machines have no chattr.
FLAGS = (
    "python3 -c 'import fcntl, struct; stream = open(\"{path}\"); fcntl.ioctl(stream, 0x40086602, struct.pack(\"i\","
    " {flags}))'"
)
HELD = {
    'bind mount': ('mount --bind {path} {path}', 'umount {path}', 'it is a mount point of its own'),
    'immutable': (FLAGS.replace('{flags}', '0x10'), FLAGS.replace('{flags}', '0'), 'it is immutable (chattr +i)'),
}


@pytest.fixture(name='hold', params=sorted(HELD))
def fixture_hold(request, host):
    hold, release, words = HELD[request.param]
    held = []

    def begin(path):
        host.shell(hold.format(path=path))
        held.append(path)
        return words

    def end():
        while held:
            host.shell(release.format(path=held.pop()))

    begin.end = end
    yield begin
    end()


@pytest.mark.parametrize('name', ['main.cf', 'master.cf'])
def test_nothing_is_changed_and_the_file_is_named(host, hold, name):
    before, reloads = host.fingerprint(), host.reloads()
    words = hold(f'/etc/postfix/{name}')
    for check in (True, False):
        refused = host.config(check=check, **CHANGE)
        assert refused['failed'] and f'/etc/postfix/{name}: {words}' in refused['msg'], refused
        assert host.fingerprint() == before and host.reloads() == reloads
    hold.end()
    assert host.config(**CHANGE)['changed']


def test_what_is_in_place_stays_and_is_undone_when_it_can_be(host, hold):
    host.config(**CHANGE)
    before = host.fingerprint()
    words = hold('/etc/postfix/main.cf')
    # Nothing to write: no reason to complain.
    assert not host.config(**CHANGE)['changed']
    refused = host.config(owner_id='tests', state='absent')
    assert refused['failed'] and words in refused['msg'] and host.fingerprint() == before
    hold.end()
    assert host.config(owner_id='tests', state='absent')['changed'] and host.fingerprint() == host.original
