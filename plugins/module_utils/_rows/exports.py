# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report for programs that collect such things: JUnit XML and CSV (runs on the controller)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.run_report import rows_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED

COLUMNS = ('host', 'part', 'status', 'severity', 'id', 'target', 'finding', 'hint')
# A spreadsheet takes what begins so for a formula, and strangers can have written it.
FORMULA = ('=', '+', '-', '@')


def csv_text(report: Mapping[str, Any]) -> str:
    """Return a line for each row, with a heading."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    for host, entry in report['hosts'].items():
        for part, row in rows_of(entry):
            cells = [host, part] + [str(row[name]) for name in COLUMNS[2:]]
            writer.writerow(["'" + cell if cell.startswith(FORMULA) else cell for cell in cells])
    return stream.getvalue()


def junit_text(report: Mapping[str, Any]) -> str:
    """Return a test suite for each host: a case for each row, and one for what became of the host."""
    suites = ElementTree.Element('testsuites', name='conbool ' + report['playbook'])
    for host, entry in report['hosts'].items():
        cases = rows_of(entry)
        failed = sum(row['status'] == RED for dummy, row in cases) + (entry['result'] != 'done')
        unknown = sum(row['status'] not in (RED, GREEN) for dummy, row in cases)
        suite = ElementTree.SubElement(
            suites, 'testsuite', name=host, tests=str(len(cases) + 1), failures=str(failed), errors=str(unknown)
        )
        case = ElementTree.SubElement(suite, 'testcase', classname=host, name=report['playbook'])
        if entry['result'] != 'done':
            ElementTree.SubElement(case, 'failure', message=entry['reason'])
        for part, row in cases:
            case = ElementTree.SubElement(
                suite, 'testcase', classname=f'{host}.{part}', name=f'{row["id"]} {row["target"]}'
            )
            if row['status'] != GREEN:
                kind = 'failure' if row['status'] == RED else 'error'
                ElementTree.SubElement(case, kind, message=row['finding']).text = row['hint']
    return ElementTree.tostring(suites, encoding='unicode') + '\n'
