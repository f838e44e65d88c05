# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a shipped playbook over hosts with variables of their own, and reads the report that it leaves."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tests.flow.playbook import Outcome, Run


@dataclass
class Report:
    outcome: Outcome
    content: dict

    @property
    def output(self):
        return self.outcome.output

    def host(self, name):
        return self.content['hosts'][name]

    def rows(self, name, part='preflight'):
        return self.host(name)[part]['rows']

    def bad(self, name, part='preflight'):
        """What is not green: id -> status."""
        return {row['id']: row['status'] for row in self.rows(name, part) if row['status'] != 'green'}

    def finding(self, name, identifier, part='preflight'):
        return '; '.join(
            '{target}: {finding}'.format(**row) for row in self.rows(name, part) if row['id'] == identifier
        )


def play(lab, playbook, variables_of, folder, *options, **common):
    """One run over inventory names (name -> variables; `node` says which node of the lab the name stands for).

    Several names may stand for one node, so that a host is asked with different settings in one run.
    """
    hosts = {}
    for name, variables in variables_of.items():
        variables = dict(variables)
        node = variables.pop('node', None)
        hosts[name] = {**({'ansible_host': lab.addresses[node][0]} if node else {}), **variables}
    outcome = Run(
        lab,
        ','.join(hosts),
        playbook,
        {'conbool_report_dir': str(folder), **common},
        options,
        inventory={'conbool': {'hosts': hosts}},
    ).wait()
    assert 'Traceback' not in outcome.output, outcome.output
    report = folder / playbook.replace('.yml', '.json')
    assert report.exists(), outcome.output
    return Report(outcome, json.loads(report.read_text(encoding='utf-8')))
