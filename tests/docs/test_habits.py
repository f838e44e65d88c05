# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Habits of the files at the top: hooks and workflows run the project's own scripts, pin nothing twice and have no more
rights than they need; what only a clone needs is not in the tarball."""

from __future__ import annotations

import re

import pytest
import yaml

from .markdown import ROOT, documents, read

WORKFLOWS = documents('.github/workflows/*.yml')
PINNED = re.compile(r'[\w-]+/[\w./-]+@(v\d+|[0-9a-f]{40})')
# Galaxy's importer runs ansible-lint by the collection's own settings.
SHIPPED = {'.ansible-lint'}


def steps(workflow):
    return [step for job in workflow['jobs'].values() for step in job['steps']]


def test_there_are_workflows():
    assert WORKFLOWS


@pytest.mark.parametrize('name', WORKFLOWS)
def test_workflow_has_no_more_rights_than_it_needs(name):
    workflow = yaml.safe_load(read(name))
    assert workflow['permissions'] == {}
    assert all(job['permissions'] == {'contents': 'read'} for job in workflow['jobs'].values())
    assert 'pull_request_target' not in workflow['on']
    assert '${{ secrets.' not in read(name)


@pytest.mark.parametrize('name', WORKFLOWS)
def test_workflow_runs_what_people_run(name):
    found = steps(yaml.safe_load(read(name)))
    assert all(PINNED.fullmatch(step['uses']) for step in found if 'uses' in step)
    tests = [step['run'].split() for step in found if step.get('run', '').startswith('scripts/')]
    assert [words[0] for words in tests] == ['scripts/test']
    assert all((ROOT / word).exists() for words in tests for word in words)


def test_hooks_are_local_and_run_the_tools_of_the_environment():
    repos = yaml.safe_load(read('.pre-commit-config.yaml'))['repos']
    assert [repo['repo'] for repo in repos] == ['local']
    hooks = repos[0]['hooks']
    assert all(hook['language'] == 'system' and hook['entry'].startswith('.venv/bin/') for hook in hooks)
    assert not any('additional_dependencies' in hook for hook in hooks)
    for hook in hooks:
        assert all((ROOT / word).exists() for word in hook['entry'].split() if word.startswith(('tests/', 'scripts/')))


def test_what_only_a_clone_needs_is_not_in_the_tarball():
    ignored = yaml.safe_load(read('galaxy.yml'))['build_ignore']
    hidden = {name.split('/')[0] for name in documents('.*')}
    assert hidden - set(ignored) == SHIPPED
