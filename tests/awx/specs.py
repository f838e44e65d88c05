# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of awx/, and the options that the modules of awx.awx have for them."""

from __future__ import annotations

import ast
from pathlib import Path

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader

ROOT = Path(__file__).resolve().parents[2]
AWX = ROOT / 'awx'
MODULES = ROOT / '.cache/awx/ansible_collections/awx/awx/plugins'
# As infra.aap_configuration names the lists, and the module that each item is for.
KINDS = {
    'controller_credential_types': 'credential_type',
    'controller_execution_environments': 'execution_environment',
    'controller_inventories': 'inventory',
    'controller_inventory_sources': 'inventory_source',
    'controller_notifications': 'notification_template',
    'controller_projects': 'project',
    'controller_schedules': 'schedule',
    'controller_templates': 'job_template',
    'controller_workflows': 'workflow_job_template',
}


def objects():
    """Return the items of all files, by the name of their list."""
    found = {}
    for path in sorted((AWX / 'objects').glob('*.yml')):
        for name, items in DataLoader().load_from_file(str(path)).items():
            assert name not in found, f'{name} is in two files'
            found[name] = items
    return found


def documentation(path):
    """Return what a plugin says of its options."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    for node in tree.body:
        names = getattr(node, 'targets', [])
        if names and getattr(names[0], 'id', '') == 'DOCUMENTATION':
            return yaml.safe_load(ast.literal_eval(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '') == 'DOCUMENTATION':
            return yaml.safe_load(ast.literal_eval(node.value))
    raise LookupError(f'{path} has no documentation')


def _specification(options):
    spec = {}
    for name, option in options.items():
        spec[name] = {
            key: option[key] for key in ('type', 'elements', 'choices', 'aliases', 'required') if key in option
        }
        if 'suboptions' in option:
            spec[name]['options'] = _specification(option['suboptions'])
    return spec


def problems(module, item):
    """Return what a module of awx.awx has against the options of an item."""
    path = MODULES / 'modules' / f'{module}.py'
    assert path.exists(), f'{path} is missing: scripts/bootstrap takes it out of the package ansible'
    options = {**documentation(MODULES / 'doc_fragments/auth.py')['options'], **documentation(path)['options']}
    return ArgumentSpecValidator(_specification(options)).validate(item).error_messages
