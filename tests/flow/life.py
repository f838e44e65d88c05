# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host's life: what the playbooks do to it step by step, from the fresh host back to it.

Each step is done once, when a test first asks for it or for a later one, and what it did is kept: a dozen rows of the
table ask about the same thirty runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.flow import playbook, snapshot
from tests.flow.engine import Engine
from tests.flow.model import Case, Place
from tests.flow.playbook import WHOLE, Outcome
from tests.flow.site import Site

CHECK = ('--check', '--diff')
OUT = 'life@external.test'
BY_FIREWALL, BY_SERVER = '^ConnectionRefusedError', '^554 5\\.7\\.1 .*its gateway only'
INBOX, SPAM = 'mailbox:alice', 'spam:alice'
# The variables that take a part away.
NO_INBOUND = {'conbool_inbound': False}
NO_FIREWALL = {'inbound_firewall_state': 'absent'}
NO_SPAM = {'spam_delivery_state': 'absent'}


@dataclass(frozen=True)
class Step:
    """A run of a playbook; with `foretold`, one in check mode before it; with `mail`, messages after it: who turns an
    outsider away, and where flagged mail of the gateway goes. One that is `full` is left out where its test is."""

    name: str
    configuration: str = WHOLE
    more: dict = field(default_factory=dict)
    playbook: str = 'site.yml'
    foretold: bool = False
    mail: tuple | None = None
    full: bool = False


ALL_WORKS, NO_INBOUND_WORKS, NO_FIREWALL_WORKS, NO_SPAM_WORKS = (
    (BY_FIREWALL, SPAM),
    (None, INBOX),
    (BY_SERVER, SPAM),
    (BY_FIREWALL, INBOX),
)
STEPS = [
    Step('converged', foretold=True),
    Step('again', foretold=True),
    Step('undone', playbook='rollback.yml', foretold=True),
    Step('undone again', playbook='rollback.yml'),
    # Every part comes for the first time, goes, and comes back.
    Step('inbound never there', more=NO_INBOUND),
    Step('firewall never there', more=NO_FIREWALL),
    Step('all parts'),
    Step('firewall away', more=NO_FIREWALL, mail=NO_FIREWALL_WORKS),
    Step('firewall back', mail=ALL_WORKS),
    Step('inbound away', more=NO_INBOUND, mail=NO_INBOUND_WORKS),
    Step('spam never there', more=NO_SPAM),
    Step('inbound back', mail=ALL_WORKS),
    Step('spam away', more=NO_SPAM, mail=NO_SPAM_WORKS),
    Step('spam back', mail=ALL_WORKS),
    Step('spam by header', 'spam_header'),
    Step('spam away after both', more=NO_SPAM),
    # Other settings.
    Step('client certificate', 'client_certificate', foretold=True, full=True),
    Step('scope', 'scope_senders', foretold=True),
    Step('last settings', 'default', foretold=True),
]


@dataclass
class Moment:
    """What a step did, and how the host was after it."""

    host: dict
    outcome: Outcome | None = None
    foretold: Outcome | None = None
    touched: list = field(default_factory=list)  # by check mode
    mail: dict = field(default_factory=dict)  # what is wrong with it
    lines: list = field(default_factory=list)  # of the files in which the order may change


class Life:
    def __init__(self, lab, host, adapter, variables_of, full):
        self.lab, self.host, self.adapter, self.variables_of = lab, host, adapter, variables_of
        self.moments = {'fresh': self._moment()}
        self._todo = [
            step
            for step in STEPS
            if (step.configuration not in adapter.refused or step.configuration == WHOLE) and (full or not step.full)
        ]
        self._failed = None

    def at(self, name):
        """The moment after a step, which is done now if it was not before, with all before it."""
        while name not in self.moments:
            assert self._failed is None, f'the life of the host ended at the step {self._failed!r}'
            step = self._todo.pop(0)
            self._failed = step.name
            self.moments[step.name] = self._do(step)
            self._failed = None
        return self.moments[name]

    def now(self, name):
        """The same, for a test that goes on from there with the host itself."""
        moment = self.at(name)
        assert list(self.moments)[-1] == name, f'the host is further than {name!r}'
        return moment

    def run(self, name='site.yml', configuration=WHOLE, **more):
        return playbook.run(self.lab, self.host, name, dict(self._variables(configuration), **more))

    def apply(self, *arguments, **more):
        outcome = self.run(*arguments, **more)
        assert not outcome.returncode, outcome.output
        return outcome

    def _variables(self, configuration):
        """Of the configuration, or of the one that has as much as there is with this mail server."""
        return self.variables_of(self.adapter.whole if configuration == WHOLE else configuration)

    def snapshot(self):
        return snapshot.take(self.lab, self.host)

    def batch(self, cases):
        return Engine(Site(self.lab, self.host, self.adapter), deadline=self.adapter.deadline).batch(cases)

    def _do(self, step):
        variables = dict(self._variables(step.configuration), **step.more)
        foretold, touched, options = None, [], []
        if step.foretold:
            before = self.snapshot()
            foretold = playbook.run(self.lab, self.host, step.playbook, variables, *CHECK)
            assert not foretold.returncode, foretold.output
            touched, options = snapshot.differences(before, self.snapshot()), ['--diff']
        outcome = playbook.run(self.lab, self.host, step.playbook, variables, *options)
        assert not outcome.returncode, outcome.output
        moment = self._moment(outcome, foretold, touched)
        if step.mail:
            moment.mail = self._mail(*step.mail)
        return moment

    def _moment(self, *what):
        lines = sorted(self.lab.run(self.host, ['cat', '/dev/null', *self.adapter.reordered]).stdout.splitlines())
        return Moment(self.snapshot(), *what, lines=lines)

    def _mail(self, refused, flagged):
        to_alice = {'from': OUT, 'to': ['alice@example.com']}
        batch = self.batch(
            [
                case('out', Place('gateway', (OUT,)), {'via': 'sendmail', 'from': 'alice@example.com', 'to': [OUT]}),
                case('from the gateway', Place(INBOX), {'via': 'gateway', **to_alice}),
                case('flagged', Place(flagged), {'via': 'gateway', 'headers': ['X-Conbool-Flag: YES'], **to_alice}),
                case(
                    'from an outsider', Place('nowhere' if refused else INBOX), {'via': 'internet', **to_alice}, refused
                ),
            ]
        )
        batch.send()
        batch.must_be(lambda case: case.expect)
        return batch.problems


def case(name, place, inject, refused=None):
    return Case(name, name, 'life', WHOLE, inject, (place,), refused=refused)
