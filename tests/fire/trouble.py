# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to mail server, hop and gateway, and to the playbook that configures them, while the stream flows."""
from __future__ import annotations

import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from lab.engine import environment
from tests.flow import playbook
from tests.flow.playbook import WHOLE

KILLER = Path(__file__).with_name('killer.py').read_text(encoding='utf-8')
DOWN_SECONDS = 3
# Deliveries that Postfix has under way at a time to one destination (default_destination_concurrency_limit).
DELIVERIES_AT_ONCE = 20
PROGRAMS, TIMES = ['smtp', 'lmtp', 'smtpd'], 5
MTA_PORT, HOP_PORT = 25, 10027
GREETS = 'until (exec 3<>/dev/tcp/127.0.0.1/%d && grep -qm1 ^220 <&3) 2>/dev/null; do sleep 0.1; done'


class Trouble:
    def __init__(self, stream, variables_of):
        self.stream = stream
        self.site = stream.site
        self.lab, self.host = self.site.lab, self.site.host
        self.variables_of = variables_of

    # ---- the playbook

    def applied(self, configuration=WHOLE):
        playbook.apply(self.lab, self.host, self.variables_of(configuration))

    def applied_again(self):
        assert playbook.apply(self.lab, self.host, self.variables_of(WHOLE)).changed == []

    def rolled_back(self):
        playbook.apply(self.lab, self.host, self.variables_of(WHOLE), 'rollback.yml')

    def ansible_killed(self, name, task, seconds):
        """SIGKILL to ansible-playbook so many seconds after a task has begun; what it has started on the host goes on."""
        run = self._run_until(name, task)
        time.sleep(seconds)
        assert run.kill().returncode == -signal.SIGKILL

    def module_killed(self, name, task, seconds):
        """SIGKILL to the module on the host so many seconds after its task has begun."""
        killer = subprocess.Popen(
            ['podman', 'exec', '--interactive', self.lab.nodes[self.host].container, 'python3', '-c', KILLER],
            env=environment(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            run = self._run_until(name, task)
            killed, dummy = killer.communicate('%s\n' % seconds, timeout=60)
            outcome = run.wait()
        finally:
            killer.kill()
        assert int(killed) >= 1, outcome.output
        assert outcome.returncode, outcome.output

    def _run_until(self, name, task):
        run = playbook.Run(self.lab, self.host, name, self.variables_of(WHOLE))
        run.wait_until(lambda begun: any(task in each for each in begun), 'task %r' % task)
        return run

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
        """Single programs of both instances, while they are delivering or receiving."""
        with self._window('programs killed'):
            killed = 0
            for dummy in range(TIMES):
                killed += self.site.ask({'do': 'kill_programs', 'names': PROGRAMS})
                time.sleep(0.5)
        assert killed >= TIMES

    def _greets(self, port):
        self.lab.run(self.host, ['timeout', '60', 'bash', '-c', GREETS % port], timeout=70)


# One turn. The host is not configured before the first, and configured after the last.
TURN = [
    Trouble.applied,
    Trouble.applied_again,
    Trouble.gateway_down_for_a_while,
    Trouble.gateway_killed,
    Trouble.mta_restarted,
    Trouble.mta_killed,
    Trouble.hop_restarted,
    Trouble.hop_killed,
    Trouble.programs_killed,
    lambda trouble: trouble.applied('client_certificate'),
    lambda trouble: trouble.applied('scope_senders'),
    Trouble.rolled_back,
    lambda trouble: trouble.ansible_killed('site.yml', 'The hop is configured and runs', 0.5),
    lambda trouble: trouble.module_killed('site.yml', 'Postfix hands outbound mail to the hop', 0.5),
    lambda trouble: trouble.ansible_killed('site.yml', 'Postfix takes mail from the gateway only', 0.3),
    lambda trouble: trouble.module_killed('site.yml', 'Postfix takes mail from the gateway only', 0.8),
    lambda trouble: trouble.module_killed('rollback.yml', 'Postfix takes mail from whom it did before', 0.6),
    lambda trouble: trouble.ansible_killed('rollback.yml', 'Postfix routes outbound mail as it did before', 0.4),
    lambda trouble: trouble.module_killed('site.yml', 'The hop is configured and runs', 0.8),
    lambda trouble: trouble.ansible_killed('rollback.yml', 'Mail that waited in the hop has left it', 0.2),
    lambda trouble: trouble.module_killed('rollback.yml', 'The hop is stopped', 0.4),
    Trouble.rolled_back,
    Trouble.applied,
]
