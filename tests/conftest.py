# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the collection importable by its full name from a clone; gives every process a lab, and says which tests share
a process."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / 'collections'))
sys.path.insert(0, str(ROOT))

# Directories of which all tests need the same hosts at the same time; elsewhere these are the tests of one file.
TOGETHER = ('dns', 'lab')
# Parameters of which each value has hosts of its own, and need not wait for the one before.
WITH_HOSTS = ('server', 'machine', 'hosts', 'scorer')
# Groups that take longer than a minute, the longest first (docs/testing.md): what begins last must be short.
LONGEST = [
    'molecule/test_scenarios',
    'flow/test_life:postfix-debian12',
    'quality/test_lint',
    'flow/test_flow:zimbra-debian12',
    'quality/test_newest_core',
    'fire/test_fire',
    'flow/test_flow:postfix-debian12',
    'flow/test_ports:postfix-debian12',
    'sendmail/test_site_rules',
    'install/test_site',
    'checks/test_verify',
    'flow/test_flow:sendmail-hop-debian12',
    'flow/test_flow:sendmail-debian12',
    'flow/test_flow:exim-debian12',
    'flow/test_interrupted:postfix-debian12',
    'flow/test_life:sendmail-debian12',
    'spam/test_engines:spam-debian12',
    'firewall/test_inbound_firewall:debian12',
    'checks/test_preflight',
    'postfix/test_postfix_config_real:config12',
    'postfix/test_postfix_config_real:config13',
]
SHOWN_SECONDS = 5


def pytest_configure(config):
    config.addinivalue_line(
        'markers', 'full: only in `scripts/test --full`: the same on another release, at more points, or for longer'
    )


def is_full(config):
    """Whether nothing is left out, as with scripts/test --full."""
    return 'not full' not in config.getoption('markexpr')


def _group(item):
    """The tests that are run by one process, one after the other; None for those that need no company."""
    path = item.path.relative_to(ROOT / 'tests')
    if path.parts[0] == 'unit':
        return None
    name = path.parts[0] if path.parts[0] in TOGETHER else path.with_suffix('').as_posix()
    parameters = getattr(getattr(item, 'callspec', None), 'params', {})
    hosts = next((str(parameters[key]) for key in WITH_HOSTS if key in parameters), None)
    return f'{name}:{hosts}' if hosts else name


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items):
    # By identity: pytest-xdist writes the group into what an item is hashed by.
    groups = {id(item): _group(item) for item in items}
    for item in items:
        if groups[id(item)]:
            item.add_marker(pytest.mark.xdist_group(groups[id(item)]))
    # pytest itself has all tests with the same parameter in a row.
    done = yield
    # Unit tests last: they fill what is left of either process.
    rank = {group: number for number, group in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(groups[id(item)], len(LONGEST) + (groups[id(item)] is None)))
    return done


def pytest_terminal_summary(terminalreporter, config):
    """Where the time went, by groups and by directories; with --durations."""
    if config.getoption('durations') is None:
        return
    seconds = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if hasattr(report, 'duration') and hasattr(report, 'nodeid'):
                name = report.nodeid.partition('::')[0].removeprefix('tests/')
                # As pytest-xdist writes it, behind what may hold such a sign itself.
                dummy, sign, group = report.nodeid.rpartition('@')
                seconds[group if sign and ']' not in group else name] += report.duration
                seconds[name.partition('/')[0] + '/'] += report.duration
    terminalreporter.section('seconds of a process')
    for name, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        if spent >= SHOWN_SECONDS:
            terminalreporter.write_line(f'{spent:7.0f}  {name}')


@pytest.fixture(scope='session', name='borrowed')
def fixture_borrowed(request):
    """The lab of this process; what the tests start of it is taken down at the end, unless --keep."""
    # Only here: unit tests need no lab, and not what it needs.
    from tests.flow import labs

    name = request.config.getoption('--lab', None) or labs.default_name()
    lab = labs.Borrowed(name, keep=request.config.getoption('--keep', False))
    yield lab
    lab.give_back()
