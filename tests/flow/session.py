# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host of the lab, configured and sent mail through: what pytest and the printed table have in common."""

from __future__ import annotations

from dataclasses import replace

from tests.flow.engine import Engine, Report
from tests.flow.model import Result


class NotConfigured(Exception):
    """The playbook failed; the text is its output."""


class Session:
    def __init__(self, lab, host, adapter, table, apply=True, say=lambda text: None, reports=None):
        self.lab = lab
        self.host = host
        self.adapter = adapter
        self.table = table
        self.apply = apply
        self.say = say
        # Where the playbook's reports stay, if they do.
        self.reports = reports
        self._reports = {}
        self._failed = set()

    def report(self, configuration, cases):
        """Configures the host and sends the cases' messages, the first time it is asked for this configuration."""
        if configuration in self._failed:
            raise NotConfigured(
                f'configuration {configuration} could not be applied; the first test that needed it shows why'
            )
        if configuration not in self._reports:
            self._reports[configuration] = self._run(configuration, cases)
        return self._reports[configuration]

    def _run(self, name, cases):
        site = self.adapter.site(self.lab, self.host, self.adapter)
        if self.apply:
            self.say(f'running playbooks/site.yml, configuration {name}')
            more = {'conbool_report_dir': str(self.reports)} if self.reports else {}
            outcome = site.apply(self.table.configurations[name].variables, more)
            refusal = self.adapter.refused.get(name)
            if outcome.returncode and refusal and refusal in outcome.output:
                return _refused(cases, refusal)
            if outcome.returncode or refusal:
                self._failed.add(name)
                wrong = (
                    f'could not be applied:\n{outcome.output}' if outcome.returncode else f'is not refused: {refusal}'
                )
                raise NotConfigured(f'configuration {name} {wrong}')
            self.say('the playbook is done; ' + _changed(outcome))
        report = Engine(site, deadline=self.adapter.deadline, say=self.say).run(
            [_as_far_as_possible(case, self.adapter) for case in cases]
        )
        for case, result in zip(cases, report.results):
            result.case = case
            reason = self.adapter.expected_failures.get(result.case.id)
            if reason is not None and result.case.id not in self.adapter.met_in.get(name, ()):
                result.expect_failure(reason)
        return report


def _refused(cases, refusal):
    """What the role says that it cannot do, no case has to meet."""
    results = [Result(case, '', problems=['not sent']) for case in cases]
    for result in results:
        result.expect_failure(refusal)
    return Report(results, [])


def _changed(outcome):
    parts = [part for entry in outcome.hosts().values() for part in entry['parts']]
    return 'changed: ' + ', '.join(parts) if parts else 'nothing was changed'


def _as_far_as_possible(case, adapter):
    """The case for a mail server that takes no headers away: there a forged one has to be without effect (row O11), and
    stays."""
    prefixes = adapter.keeps_headers

    def place(item):
        return replace(item, absent=tuple(name for name in item.absent if not name.lower().startswith(prefixes)))

    return (
        replace(case, expect=tuple(map(place, case.expect)), meanwhile=tuple(map(place, case.meanwhile)))
        if prefixes
        else case
    )


def explained(result):
    """A failing case in full: what was expected, what was seen, what the logs say."""
    case = result.case
    lines = [
        f'{case.name}: {case.title}  [{case.source}, {result.token}]',
        'sent:      via {} from {} to {}'.format(case.inject['via'], case.inject['from'], ', '.join(case.recipients)),
    ]
    lines += [f'headers:   {header}' for header in case.inject.get('headers', [])]
    lines += [f'expected:  {place}' for place in case.expect]
    lines += [f'seen:      {sighting}' for sighting in result.seen] or ['seen:      nowhere']
    lines += [f'wrong:     {problem}' for problem in result.problems + result.unverified]
    lines += [f'log:       {line}' for line in result.log] or ['log:       no line about it']
    return '\n'.join(lines)
