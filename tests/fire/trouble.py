# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to mail server, hop and gateway, and to the playbook that configures them, while the stream flows."""

from __future__ import annotations

import re
import signal
import time
from collections import Counter
from contextlib import contextmanager

from tests.flow import playbook
from tests.flow.killed import ABSENT, PRESENT, ModuleKiller, run_until
from tests.flow.playbook import WHOLE

# What is shown of the host's log when a run of the playbook fails that should not.
LOG_SECONDS, LAST_LINES, COMPLAINT = 180, 300, re.compile(r'warning:|error:|fatal:|panic:|throttling|/master\[')
DOWN_SECONDS = 3
# Deliveries that Postfix has under way at a time to one destination (default_destination_concurrency_limit).
DELIVERIES_AT_ONCE = 20
# Those that deliver. One that serves a port may be killed before its first client, and master(8) then keeps that port
# waiting for a minute.
PROGRAMS, TIMES = ['smtp', 'lmtp'], 5
MTA_PORT, HOP_PORT = 25, 325
GREETS = 'until (exec 3<>/dev/tcp/127.0.0.1/%d && grep -qm1 ^220 <&3) 2>/dev/null; do sleep 0.1; done'


class Trouble:
    def __init__(self, stream, variables_of):
        self.stream = stream
        self.site = stream.site
        self.lab, self.host = self.site.lab, self.site.host
        self.variables_of = variables_of
        # By playbook.
        self.modules_killed = Counter()
        # Of any playbook, killed or not.
        self.runs = 0
        self._killer = ModuleKiller(self.lab, self.host)

    def turn(self, steps):
        hop = self.site.adapter.sends == HOP
        for name, *arguments in [step for step in steps if hop or step[0] not in OF_THE_HOP]:
            self.runs += name in RUNS
            # Shown when the test fails.
            print('{} {} {}'.format(time.strftime('%H:%M:%S'), name, arguments), flush=True)
            try:
                getattr(self, name)(*arguments)
            except (AssertionError, playbook.PlaybookFailed):
                lines = self.lab.log(self.host, since=time.time() - LOG_SECONDS).splitlines()
                print(
                    '\n'.join(
                        [line for line in lines if COMPLAINT.search(line)]
                        + ['last of all:']
                        + [line[:160] for line in lines[-LAST_LINES:]]
                    )
                )
                raise

    # ---- the playbook

    def applied(self, configuration):
        playbook.apply(self.lab, self.host, self.variables_of(configuration))

    def applied_again(self):
        assert playbook.apply(self.lab, self.host, self.variables_of(WHOLE)).changed == []

    def rolled_back(self):
        playbook.apply(self.lab, self.host, self.variables_of(WHOLE), 'rollback.yml')

    def ansible_killed(self, name, seconds):
        """SIGKILL to ansible-playbook so many seconds after the change has begun; what it has started on the host goes
        on."""
        run = run_until(self.lab, self.host, name, self.variables_of(WHOLE), CHANGE[name])
        time.sleep(seconds)
        assert run.kill().returncode == -signal.SIGKILL

    def measured(self, name):
        """A run that nobody kills, and what its module takes of the processor: machines differ."""
        self._killer.measure(name, self.variables_of(WHOLE), CHANGE[name])

    def module_killed(self, name, share):
        """SIGKILL to the module on the host, unless it has ended before."""
        dummy, felled = self._killer.kill(name, self.variables_of(WHOLE), CHANGE[name], share)
        self.modules_killed[name] += felled

    # ---- servers

    @contextmanager
    def _window(self, what):
        with self.stream.window(what):
            yield
        # Postfix leaves a destination that was down alone for minutes; here it is to be used again at once.
        self.site.flush()

    def gateway_down_for_a_while(self):
        with self._window('gateway down'):
            self.lab.gateway.set('down')
            time.sleep(DOWN_SECONDS)
            self.lab.gateway.set()

    def gateway_killed(self):
        with self._window('gateway killed'):
            self.lab.kill('gateway')
            self.stream.gateway.gone()
            self.stream.gateway.start()

    def mta_restarted(self):
        with self._window('mail server restarted'):
            self.lab.run(self.host, ['systemctl', 'restart', self.site.adapter.service])
            self._greets(MTA_PORT)

    def mta_killed(self):
        with self._window('mail server killed'):
            self.site.ask(self.site.adapter.kill_request())
            time.sleep(1)
            self.lab.run(self.host, ['systemctl', 'restart', self.site.adapter.service])
            self._greets(MTA_PORT)

    def hop_restarted(self):
        with self._window('hop restarted'):
            self.lab.run(self.host, ['systemctl', 'restart', 'conbool-hop'])
            self._greets(HOP_PORT)

    def hop_killed(self):
        """It comes back by itself."""
        with self._window('hop killed'):
            self.lab.run(self.host, ['systemctl', 'kill', '--signal=KILL', 'conbool-hop'])
            time.sleep(1)
            self._greets(HOP_PORT)

    def programs_killed(self):
        """The programs of both instances that are delivering."""
        with self._window('programs killed'):
            killed = 0
            for dummy in range(TIMES):
                killed += self.site.ask({'do': 'kill_programs', 'names': PROGRAMS})
                time.sleep(0.5)
            # master(8) leaves a service alone for a minute when its program was killed, and an undo would wait for that.
            self.lab.run(self.host, ['systemctl', 'restart', 'conbool-hop'])
            self._greets(HOP_PORT)
        assert killed >= TIMES

    def _greets(self, port):
        self.lab.run(self.host, ['timeout', '60', 'bash', '-c', GREETS % port], timeout=70)


HOP = 'conbool-hop'
# Exim has one program: to kill those that deliver is to kill the mail server.
OF_THE_HOP = ('hop_restarted', 'hop_killed', 'programs_killed')
RUNS = ('applied', 'applied_again', 'rolled_back', 'measured', 'ansible_killed', 'module_killed')
# The one task of each playbook that changes the mail server, its hop and what belongs to them.
CHANGE = {'site.yml': PRESENT, 'rollback.yml': ABSENT}


SERVERS = [
    ('gateway_down_for_a_while',),
    ('gateway_killed',),
    ('mta_restarted',),
    ('mta_killed',),
    ('hop_restarted',),
    ('hop_killed',),
    ('programs_killed',),
]
# Turns: methods with their arguments. The host is configured before the first and after the last. The short one has every
# trouble with servers, and a kill of each kind; settings that change under fire are in tests/flow/test_arriving.py too.
SHORT_TURN = [
    *SERVERS,
    ('measured', 'rollback.yml'),
    ('measured', 'site.yml'),
    ('module_killed', 'rollback.yml', 0.5),
    ('ansible_killed', 'rollback.yml', 0.4),
    ('rolled_back',),
    ('module_killed', 'site.yml', 0.4),
    ('module_killed', 'site.yml', 0.6),
    ('ansible_killed', 'site.yml', 0.5),
    ('applied', WHOLE),
]
TURN = [
    ('measured', 'rollback.yml'),
    ('measured', 'site.yml'),
    ('applied_again',),
    *SERVERS,
    ('applied', 'client_certificate'),
    ('applied', 'scope_senders'),
    ('rolled_back',),
    ('module_killed', 'site.yml', 0.3),
    ('ansible_killed', 'site.yml', 0.5),
    ('module_killed', 'site.yml', 0.45),
    ('module_killed', 'site.yml', 0.6),
    ('ansible_killed', 'site.yml', 0.9),
    # So that there is something to undo, whatever the runs that were killed have left.
    ('applied', WHOLE),
    ('module_killed', 'rollback.yml', 0.4),
    ('ansible_killed', 'rollback.yml', 0.4),
    ('module_killed', 'site.yml', 0.5),
    ('ansible_killed', 'rollback.yml', 0.8),
    ('module_killed', 'rollback.yml', 0.6),
    ('rolled_back',),
    ('applied', WHOLE),
]
