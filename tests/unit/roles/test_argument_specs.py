# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's defaults, its argument_specs and the table in its README say the same."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta import registry
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.kinds import has_template
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.roles import (
    READERS,
    readers_of,
    smarthost_roles,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import SETTINGS
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.host_settings import KNOWN, OWN
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.host_settings import ROLES as READ_BY_THE_PLUGIN

ROOT = Path(__file__).resolve().parents[3]
ROLES = sorted(path.name for path in (ROOT / 'roles').iterdir() if path.is_dir())
DOCSMITH = Path(sys.executable).with_name('ansible-docsmith')


def load(path):
    return yaml.safe_load(path.read_text(encoding='utf-8')) or {}


def specification(role):
    return load(ROOT / 'roles' / role / 'meta' / 'argument_specs.yml')['argument_specs']['main']


def defaults(role):
    path = ROOT / 'roles' / role / 'defaults' / 'main.yml'
    return load(path) if path.exists() else {}


def test_there_are_roles():
    assert 'conbool' in ROLES


@pytest.mark.parametrize('role', ROLES)
def test_defaults_equal_the_specification(role):
    options = specification(role).get('options', {})
    assert defaults(role) == {name: option['default'] for name, option in options.items() if 'default' in option}


@pytest.mark.parametrize('role', ROLES)
def test_variables_without_default_are_required_or_have_none(role):
    for name, option in specification(role).get('options', {}).items():
        assert not (option.get('required') and 'default' in option), f'{name} is required and has a default'
        assert name.startswith(role + '_'), f'{name} does not carry the name of its role'
        assert option.get('description'), f'{name} is not described'


@pytest.mark.parametrize('role', ROLES)
def test_default_is_among_the_choices(role):
    for name, option in specification(role).get('options', {}).items():
        if 'choices' in option and 'default' in option:
            assert option['default'] in option['choices'], name


@pytest.mark.parametrize('role', ROLES)
def test_table_in_the_readme_is_up_to_date(role, tmp_path):
    for part in ('defaults', 'meta'):
        shutil.copytree(ROOT / 'roles' / role / part, tmp_path / role / part)
    shutil.copy(ROOT / 'roles' / role / 'README.md', tmp_path / role / 'README.md')
    run = subprocess.run(
        [DOCSMITH, 'generate', '--check', '--config', ROOT / 'scripts' / 'role_docs.toml', tmp_path / role],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, (
        run.stdout + run.stderr + '\nansible-docsmith generate --config scripts/role_docs.toml .'
    )


def test_role_conbool_declares_what_the_settings_plugin_knows():
    options = specification('conbool')['options']
    assert list(options) == list(SETTINGS)
    for name, setting in SETTINGS.items():
        # YAML has no way to say "none" that AWX could send, so unset text is an empty string there.
        assert options[name]['default'] == ('' if setting.default is None else setting.default), name
        assert isinstance(options[name]['default'], list) == setting.many, name


def test_choices_of_role_conbool_are_those_of_the_settings_plugin():
    for name, option in specification('conbool')['options'].items():
        for choice in option.get('choices', []):
            assert choice == '' or SETTINGS[name].read(choice) == choice
        if 'choices' in option:
            assert '' in option['choices'], f'{name}: AWX sends an empty string'
            with pytest.raises(ValueError) as refused:
                SETTINGS[name].read('something-else')
            assert set(str(refused.value).partition(': ')[2].split(', ')) == set(option['choices']) - {''}


def test_mail_servers_that_can_be_chosen_are_those_that_are_known():
    option = specification('conbool')['options']['conbool_mta']
    # Whoever adds one need not touch role conbool for it to work; its document names all of this release.
    assert 'choices' not in option
    assert re.findall(r'V\((\w+)\)', option['description']) == [*registry.names(), 'auto']


def test_the_settings_plugin_reads_the_specification_of_every_other_role():
    assert {role: specification(role)['options'] for role in ROLES if role != 'conbool'} == READ_BY_THE_PLUGIN


@pytest.mark.parametrize('role', ROLES)
def test_a_role_does_not_take_the_place_of_a_variable(role):
    """Two underscores and the name of a variable are a playbook's own word, which stands above every other."""
    path = ROOT / 'roles' / role / 'vars' / 'main.yml'
    taken = {OWN + name for name in KNOWN}.intersection(load(path) if path.exists() else ())
    assert not taken, f'{role} would say itself what the user says: {taken}'


def test_nothing_that_is_registered_takes_the_place_of_a_variable():
    """Once a role has run, its result would be read as a variable that a playbook sets itself."""
    files = [*ROOT.glob('roles/*/tasks/*.yml'), *ROOT.glob('playbooks/**/*.yml')]
    names = [name for path in files for name in re.findall(r'register: *(\w+)', path.read_text(encoding='utf-8'))]
    assert '__verify_looked' in names and not {OWN + name for name in KNOWN}.intersection(names)


def test_there_is_a_role_for_each_mail_server_that_has_one():
    assert set(smarthost_roles().values()) == {role for role in ROLES if role.endswith('_smarthost')}


@pytest.mark.parametrize('role', sorted({*READERS, *smarthost_roles().values()}))
def test_what_is_read_strictly_is_in_the_specification(role):
    assert {f'{role}_{option}' for option in readers_of(role)} <= set(specification(role)['options'])


def refused_by_ansible(name, option, value):
    """What the validation of a role's arguments, which runs before its first task, has against a value."""
    wanted = {key: option[key] for key in ('type', 'elements', 'choices', 'default') if key in option}
    return ArgumentSpecValidator({name: wanted}).validate({name: value}).error_messages


@pytest.mark.parametrize('role', ROLES)
def test_ansible_lets_pass_what_the_settings_plugin_takes(role):
    for name, option in specification(role)['options'].items():
        values = [''] if has_template(option['default']) else ['', option['default']]
        if option['type'] == 'list':
            values += ['a, b\nc d', ['', None]]
        for value in values:
            assert not refused_by_ansible(name, option, value), (name, value)


@pytest.mark.parametrize('role', ROLES)
def test_types_are_not_looser_than_they_have_to_be(role):
    kinds = {bool: 'bool', int: 'int', float: 'float', dict: 'dict', list: 'list'}
    for name, option in specification(role)['options'].items():
        if option['type'] == 'raw':
            strict = dict(option, type=kinds[type(option['default'])])
            # What Ansible makes of an answer in AWX that was not given.
            assert refused_by_ansible(name, strict, '') or refused_by_ansible(name, strict, None), name
        if 'choices' in option:
            strict = [choice for choice in option['choices'] if choice != '']
            assert refused_by_ansible(name, dict(option, choices=strict), ''), name
