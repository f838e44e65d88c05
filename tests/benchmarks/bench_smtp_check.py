# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""smtp_check against openssl s_client -starttls smtp on one server, in turns; then 200 servers in one task.

    python -m tests.benchmarks.bench_smtp_check [--turns 30] [--servers 200] [--forks 20]

Comparable is what happens on the wire: a process of openssl starts in a few milliseconds, one of Python takes more, and
Ansible adds its own. So the server measures how long each connection lasts, from accept to close, without and with a
delay in front of each of its replies, which stands for the network. openssl is made to hold the same conversation (EHLO
and QUIT over TLS). Whole processes are given as well. Exits with 1 when the goal is missed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.smtp.hostile import Certificates, HostileServer

ROOT = Path(__file__).resolve().parents[2]
GOAL = 1.2
NAME = 'mail.conbool.com'
DELAYS = (0, 0.02)
# The check alone, in a process of its own as openssl is.
CHECK = '''
import sys
sys.path[:0] = [{!r}, {!r}]
from tests.smtp.check import check_all
result = check_all(port=int(sys.argv[1]), ca_file=sys.argv[2], timeout=10)[0]
sys.exit(0 if result['healthy'] else result['status'])
'''.format(str(ROOT), str(ROOT / 'collections'))


class TimedServer(HostileServer):
    """Puts the seconds that each connection lasts into a queue."""

    def __init__(self, durations, *arguments):
        self.durations = durations
        super().__init__(*arguments)

    def _serve(self, sock):
        started = time.perf_counter()
        super()._serve(sock)
        self.durations.put(time.perf_counter() - started)


def serve(ports, durations, stop, directory, delay, addresses):
    """Run a server until told to stop, in a process of its own."""
    certificates = Certificates(Path(directory))

    def late(answer):
        return lambda peer: (time.sleep(delay), peer.send(answer))

    at = {
        'banner': late(b'220 mail.conbool.com ESMTP\r\n'),
        'EHLO': late(b'250-mail.conbool.com\r\n250 STARTTLS\r\n'),
        'STARTTLS': late(b'220 go ahead\r\n'),
        'EHLO over TLS': late(b'250 mail.conbool.com\r\n'),
        'tls': lambda peer: (time.sleep(delay), peer.start_tls()),
        # openssl calls an end without close_notify an error.
        'QUIT': lambda peer: (time.sleep(delay), peer.send(b'221 bye\r\n'), peer.sock.unwrap()),
    }
    with TimedServer(durations, certificates.context(NAME), at, addresses) as server:
        ports.put((server.port, certificates.ca_file))
        stop.wait()


class Server:
    """The server's process."""

    def __init__(self, directory, delay=0, addresses=('127.0.0.1',)):
        ports, self.durations, self.stop = multiprocessing.Queue(), multiprocessing.Queue(), multiprocessing.Event()
        self.process = multiprocessing.Process(
            target=serve, args=(ports, self.durations, self.stop, directory, delay, addresses)
        )
        self.process.start()
        self.port, self.ca_file = ports.get(timeout=30)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.stop.set()
        self.process.join(30)


def timed(server, argv, text=None):
    """Seconds of the whole process, and of its connection as the server saw it."""
    started = time.perf_counter()
    subprocess.run(argv, input=text, check=True, capture_output=True, timeout=60)
    whole = time.perf_counter() - started
    return whole, server.durations.get(timeout=10)


def one_server(directory, turns, delay):
    """Medians over the turns: ratio of the connections, and milliseconds of connection and process for both."""
    with Server(directory, delay) as server:
        commands = {
            'openssl': (
                [
                    'openssl',
                    's_client',
                    '-starttls',
                    'smtp',
                    '-connect',
                    f'127.0.0.1:{server.port}',
                    '-servername',
                    NAME,
                    '-CAfile',
                    server.ca_file,
                    '-verify_hostname',
                    NAME,
                    '-verify_return_error',
                    '-name',
                    'client.example.com',
                    '-quiet',
                    '-ign_eof',
                    '-crlf',
                ],
                b'EHLO client.example.com\nQUIT\n',
            ),
            'smtp_check': ([sys.executable, '-c', CHECK, str(server.port), server.ca_file], None),
        }
        seconds = {name: [] for name in commands}
        for _turn in range(turns):
            for name, command in commands.items():
                seconds[name].append(timed(server, *command))
    ratio = statistics.median(ours[1] / theirs[1] for ours, theirs in zip(seconds['smtp_check'], seconds['openssl']))
    medians = {name: [1000 * statistics.median(column) for column in zip(*rows)] for name, rows in seconds.items()}
    return ratio, medians


def play(directory, hosts, tasks, forks):
    """Seconds of a playbook over the hosts, all of them this machine, and the results that it wrote."""
    inventory, book, results = (Path(directory) / name for name in ('inventory.json', 'play.json', 'results.json'))
    local = {'ansible_connection': 'local', 'ansible_python_interpreter': sys.executable}
    inventory.write_text(json.dumps({'all': {'hosts': dict.fromkeys(hosts, local)}}))
    book.write_text(json.dumps([{'hosts': 'all', 'gather_facts': False, 'tasks': tasks(results)}]))
    started = time.perf_counter()
    subprocess.run(
        ['ansible-playbook', '-i', str(inventory), '--forks', str(forks), str(book)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        timeout=600,
        env=dict(os.environ, PATH='{}:{}'.format(Path(sys.executable).parent, os.environ['PATH'])),
    )
    return time.perf_counter() - started, json.loads(results.read_text()) if results.exists() else None


def fleet(directory, servers, forks):
    """Seconds for many servers in one task; and, of fewer, with one host of the inventory each."""
    addresses = [f'127.0.{2 + number // 250}.{1 + number % 250}' for number in range(servers)]
    with Server(directory, 0.02, addresses) as server:
        options = {'port': server.port, 'ca_file': server.ca_file, 'tls_name': NAME, 'expect': {}}

        def together(results):
            return [
                {
                    'conbool.smtp_relay.smtp_check': dict(options, hosts=addresses, concurrency=min(servers, 500)),
                    'register': 'checked',
                },
                {
                    'ansible.builtin.copy': {
                        'content': '{{ checked.servers | to_json }}',
                        'dest': str(results),
                        'mode': '0600',
                    }
                },
            ]

        def apart(_results):
            return [{'conbool.smtp_relay.smtp_check': dict(options, host='{{ inventory_hostname }}')}]

        nothing, _results = play(
            directory,
            ['localhost'],
            lambda results: [{'ansible.builtin.copy': {'content': '[]', 'dest': str(results), 'mode': '0600'}}],
            1,
        )
        seconds, results = play(directory, ['localhost'], together, 1)
        apart_seconds, _results = play(directory, addresses[:forks], apart, forks)
    slowest = max(result['timings']['total'] for result in results)
    healthy = sum(result['healthy'] for result in results)
    return nothing, seconds, slowest, healthy, apart_seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--turns', type=int, default=30)
    parser.add_argument('--servers', type=int, default=200)
    parser.add_argument('--forks', type=int, default=20)
    arguments = parser.parse_args()
    missed = False
    with tempfile.TemporaryDirectory() as directory:
        for delay in DELAYS:
            ratio, medians = one_server(directory, arguments.turns, delay)
            missed |= ratio > GOAL
            print(
                'one server, {:g} ms per reply: connection {:.1f} ms, openssl {:.1f} ms, ratio {:.2f}; process {:.0f}'
                ' ms, openssl {:.0f} ms'.format(
                    1000 * delay,
                    medians['smtp_check'][1],
                    medians['openssl'][1],
                    ratio,
                    medians['smtp_check'][0],
                    medians['openssl'][0],
                ),
                flush=True,
            )
        nothing, seconds, slowest, healthy, apart = fleet(directory, arguments.servers, arguments.forks)
        missed |= healthy != arguments.servers
        print(
            f'{arguments.servers} servers, 20 ms per reply, one task: {seconds:.1f} s (of them {nothing:.1f} s for'
            f' Ansible itself), slowest server {slowest:.2f} s, healthy {healthy}'
        )
        print(f'{arguments.forks} servers, one host of the inventory each, {arguments.forks} forks: {apart:.1f} s')
    print('goal: connection at most {:.1f} times that of openssl: {}'.format(GOAL, 'missed' if missed else 'met'))
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
