# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who listens on a port, seen with real sockets."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import sockets

HEADER = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
REST = ' 00000000:00000000 00:00000000 00000000 '


def line(address, port, state='0A', uid=0, inode=7):
    return f'   0: {address}:{port:04X} {"0" * len(address)}:0000 {state}{REST} {uid}        0 {inode} 1 0 100 0\n'


@contextlib.contextmanager
def listener(address, v6only=True, listens=True):
    with socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET) as found:
        if ':' in address:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(v6only))
        found.bind((address, 0))
        if listens:
            found.listen()
        yield found.getsockname()[1]


def of_this_process(entries):
    """Those of the sockets that are ours: at the same port of another address, somebody else's may be."""
    mine = sockets.inodes_of(os.getpid())
    return [entry for entry in entries if entry.inode in mine]


@pytest.mark.skipif(sys.byteorder != 'little', reason='the lines are those of such a machine')
def test_lines_of_proc():
    text = HEADER + line('0100007F', 325, uid=1000, inode=99) + line('0100007F', 326, state='01')
    assert sockets.parse(text, socket.AF_INET) == [sockets.Socket('127.0.0.1', 325, 1000, 99)]
    text = HEADER + line('00000000000000000000000001000000', 325) + line('0' * 32, 25) + 'what is this\n'
    assert [entry[:2] for entry in sockets.parse(text, socket.AF_INET6)] == [('::1', 325), ('::', 25)]


def test_our_own_listener_is_ours_and_anybody_elses_is_not():
    with listener('127.0.0.1') as port:
        assert sockets.strangers('127.0.0.1', port, os.getpid()) == []
        found = sockets.strangers('127.0.0.1', port, None)
        assert len(found) == 1 and found[0].startswith(f'pid {os.getpid()} (') and ', user ' in found[0]
    # Nobody else can have a port that is bound.
    with listener('127.0.0.1', listens=False) as port:
        assert sockets.strangers('127.0.0.1', port, None) == [] == sockets.listening('127.0.0.1', port)


def test_a_child_of_the_process_shares_its_socket_and_is_no_stranger():
    with listener('127.0.0.1') as port, contextlib.ExitStack() as stack:
        number = next(entry.inode for entry in sockets.listening('127.0.0.1', port))
        handles = [
            int(name)
            for name in os.listdir('/proc/self/fd')
            if os.path.exists(f'/proc/self/fd/{name}') and os.readlink(f'/proc/self/fd/{name}') == f'socket:[{number}]'
        ]
        child = stack.enter_context(
            subprocess.Popen([sys.executable, '-c', 'input()'], pass_fds=handles, stdin=subprocess.PIPE)
        )
        stack.callback(child.kill)
        other = stack.enter_context(subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE))
        stack.callback(other.kill)
        assert sockets.strangers('127.0.0.1', port, os.getpid()) == []
        # To a process without that socket, both are.
        assert len(sockets.strangers('127.0.0.1', port, other.pid)) == 2


@pytest.mark.parametrize(
    'address, v6only, target, taken',
    [
        ('0.0.0.0', True, '127.0.0.1', True),
        ('0.0.0.0', True, '::1', False),
        ('::', False, '127.0.0.1', True),
        ('::', True, '127.0.0.1', False),
        ('::', True, '::1', True),
        ('127.0.0.2', True, '127.0.0.1', False),
    ],
)
def test_a_listener_at_all_addresses_takes_what_nobody_else_does(address, v6only, target, taken):
    with listener(address, v6only) as port:
        assert bool(of_this_process(sockets.listening(target, port))) == taken


def test_one_at_this_address_counts_before_one_at_all(monkeypatch):
    entries = [sockets.Socket('::', 325, 0, 1), sockets.Socket('127.0.0.1', 325, 0, 2)]
    monkeypatch.setattr(sockets, 'parse', lambda text, family: entries if family == socket.AF_INET else [])
    assert sockets.listening('127.0.0.1', 325) == entries[1:]


def test_the_name_of_a_program_reaches_no_terminal_as_it_is(tmp_path):
    program = tmp_path / 'a\x1b[2Jb'
    program.symlink_to(sys.executable)
    script = "import socket; s=socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    with subprocess.Popen(
        [str(program), '-c', script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={'PYTHONHOME': sys.base_prefix}
    ) as child:
        found = sockets.strangers('127.0.0.1', int(child.stdout.readline()), None)
        child.kill()
    assert len(found) == 1 and f'pid {child.pid} (a?[2Jb)' in found[0]


@pytest.mark.parametrize('uid, strange', [(0, False), (1000, True)])
def test_where_a_process_cannot_be_looked_into_its_user_tells(monkeypatch, uid, strange):
    def refuse(path):
        if path.endswith('/fd'):
            raise PermissionError(path)
        return ['1']

    monkeypatch.setattr(sockets, 'listening', lambda address, port: [sockets.Socket(address, port, uid, 7)])
    monkeypatch.setattr(os, 'listdir', refuse)
    assert bool(sockets.strangers('127.0.0.1', 325, 1)) == strange
    assert sockets.strangers('127.0.0.1', 325, None) != []


def test_a_socket_whose_process_cannot_be_seen_has_a_user_all_the_same():
    assert sockets.holders([sockets.Socket('127.0.0.1', 325, 0, 2**40)]) == ['a process of user root']


def test_which_ports_any_user_may_take(monkeypatch, tmp_path):
    monkeypatch.setattr(sockets, 'FIRST_UNPRIVILEGED', str(tmp_path / 'start'))
    assert [sockets.for_anybody(port) for port in (325, 1023, 1024, 10027)] == [False, False, True, True]
    (tmp_path / 'start').write_text('80\n', encoding='ascii')
    assert [sockets.for_anybody(port) for port in (25, 325)] == [False, True]


@pytest.mark.parametrize('address', ['127.0.0.1', '::1'])
def test_what_is_sent_to_a_port_and_arrives_at_another_is_diverted(monkeypatch, address):
    with listener(address) as port, listener(address) as other:
        assert not sockets.diverted(address, port)
        connect = socket.create_connection
        # As a rule does that redirects.
        monkeypatch.setattr(socket, 'create_connection', lambda place, patience: connect((address, other), patience))
        assert sockets.diverted(address, port)
        monkeypatch.undo()

        def refuse(*dummy):
            raise ConnectionRefusedError

        monkeypatch.setattr(socket, 'create_connection', refuse)
        assert sockets.diverted(address, port), 'to where nobody is'
    monkeypatch.undo()
    with listener(address, listens=False) as port:
        assert not sockets.diverted(address, port), 'nobody listens'


@pytest.mark.parametrize(
    'address, reached', [('127.0.0.1', False), ('127.0.0.9', False), ('0.0.0.0', True), ('::1', False), ('::', True)]
)
def test_who_listens_for_other_hosts(address, reached):
    with listener(address) as port:
        assert [entry.port for entry in of_this_process(sockets.for_others(port))] == [port] * reached
    with listener(address, listens=False) as port:
        assert of_this_process(sockets.for_others(port)) == []


def test_a_loopback_address_of_ipv4_in_one_of_ipv6_is_one():
    with listener('::ffff:127.0.0.1', v6only=False) as port:
        assert of_this_process(sockets.for_others(port)) == []
