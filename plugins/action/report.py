# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

import jinja2
import yaml
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.excerpt import excerpt, quiet
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.exports import csv_text, junit_text
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.observer import seen
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.page import page
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.page_texts import TEXTS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.results import part_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.run_report import (
    run_report,
    run_result,
    run_summary,
    settings_of,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import SETTINGS
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.answers import from_the_shell
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.part import judged, show
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.quiet import without_source

# What is in a report (hosts, addresses, queues, what strangers wrote) is for whoever ran the playbook.
MODE, DIRECTORY_MODE = 0o600, 0o700
OPTIONS = {
    'part': {'type': 'str', 'choices': ['preflight', 'verify']},
    'rows': {'type': 'list', 'elements': 'raw', 'default': []},
    'results': {'type': 'dict', 'default': {}},
    'observer': {'type': 'dict', 'default': {}},
    'enforce': {'type': 'bool', 'default': False},
    'playbook': {'type': 'str'},
    'host': {'type': 'bool', 'default': False},
    'directory': {'type': 'str'},
}
DIRECTORY = 'conbool_report_dir'


TEMPLATE = Path(__file__).resolve().parents[2] / 'playbooks/templates/report.html.j2'


def version():
    """Return the version of this collection: an installed one has a manifest, a clone has what that is made of."""
    root = Path(__file__).resolve().parents[2]
    try:
        return json.loads((root / 'MANIFEST.json').read_text(encoding='utf-8'))['collection_info']['version']
    except FileNotFoundError:
        return yaml.safe_load((root / 'galaxy.yml').read_text(encoding='utf-8'))['version']


def write(path, text):
    """Write a file so that a reader sees the old or the new one, never half; its directory is made."""
    directory = os.path.dirname(path)
    _make(directory)
    handle, temporary = tempfile.mkstemp(dir=directory, prefix='.' + os.path.basename(path))
    try:
        with open(handle, 'w', encoding='utf-8') as file:
            file.write(text)
            os.fchmod(file.fileno(), MODE)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise


def _make(directory):
    """Make a directory, and those above it, where they are missing; os.makedirs() would let others into the latter."""
    if not os.path.isdir(directory):
        _make(os.path.dirname(directory))
        os.makedirs(directory, DIRECTORY_MODE, exist_ok=True)


def rendered(report, language):
    """Return the report as a page. Every value is escaped: strangers can have written records and certificates."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string(TEMPLATE.read_text(encoding='utf-8'))
    return template.render(page=page(report), t=TEXTS[language], language=language)


class ActionModule(ActionBase):
    """Documented in plugins/modules/report.py."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        dummy, args = self.validate_argument_spec(
            argument_spec=OPTIONS, mutually_exclusive=[('part', 'playbook')], required_one_of=[('part', 'playbook')]
        )
        result = super().run(tmp, task_vars)
        result['changed'] = False
        if args['part']:
            results = dict(args['results'])
            if 'outside' in results:
                results['outside'] = seen(args['observer'], results['outside'])
            rows = part_rows(args['part'], args['rows'], results)
            found = judged(self._display, args['part'], task_vars['inventory_hostname'], rows, args['enforce'])
            result.update(found)
        else:
            result.update(self._of_host(args, task_vars) if args['host'] else self._run_of_all(args, task_vars))
        # Its table has been shown, and AWX keeps that already.
        return quiet(without_source(self._task, result), most=0)

    def _of_host(self, args, task_vars):
        """Fail where the host is not done. Ansible takes no artifact of a task that fails: that one is another."""
        done, dummy = run_result(task_vars, args['playbook'])
        return {} if done == 'done' else {'failed': True, 'msg': f'{done.capitalize()}: see the table above.'}

    def _run_of_all(self, args, task_vars):
        path = os.path.join(self._directory(args, task_vars), args['playbook'] + '.json')
        now = time.strftime('%Y-%m-%d %H:%M:%S %z')
        report = run_report(
            task_vars['hostvars'],
            task_vars['ansible_play_hosts_all'],
            args['playbook'],
            version=version(),
            check_mode=self._task.check_mode,
            time=now,
        )
        summary = run_summary(report)
        show(self._display, summary)
        stamped = f'{path[: -len(".json")]}-{now[:19]}'.replace(':', '').replace(' ', '-')
        files = {
            path: json.dumps(report, indent=4) + '\n',
            stamped + '.html': rendered(report, settings_of(task_vars).get('report_language') or 'en'),
            stamped + '.csv': csv_text(report),
            stamped + '.xml': junit_text(report),
        }
        warnings = []
        for name, text in files.items():
            try:
                write(name, text)
            except OSError as error:
                # The artifact has it all the same, and no host is the worse for it.
                warnings.append(f'{name} cannot be written on the controller: {error.strerror}')
                break
        return {
            'msg': [line.text for line in summary],
            'path': None if warnings else path,
            'page': None if warnings else stamped + '.html',
            'warnings': warnings,
            # As ansible.builtin.set_stats does. A later job gets it as a variable; those whose names begin with
            # conbool_ are settings.
            'ansible_stats': {'data': {'smtp_relay_report': excerpt(report)}, 'per_host': False, 'aggregate': True},
        }

    def _directory(self, args, task_vars):
        """Return the directory of the report."""
        directory = args['directory'] or settings_of(task_vars).get('report_dir')
        if not directory:
            # A host whose settings are refused.
            try:
                directory = self._templar.template(task_vars.get(DIRECTORY))
            except AnsibleError:
                directory = None
        return from_the_shell(directory or SETTINGS[DIRECTORY].default)
