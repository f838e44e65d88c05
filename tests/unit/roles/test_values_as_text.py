# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same value from YAML, an INI inventory, -e and an AWX survey is the same, or is refused by its name.

-e name=value is always text. An INI inventory has text, and what is a literal of Python as such. A survey has text, numbers and lists,
and an empty text for what was not answered.
"""

from __future__ import annotations

import ast
import re

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.kinds import has_template
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import PREFIX, SETTINGS, normalise
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.host_settings import ROLES

from tests.unit.fakes.variables import EXAMPLES, GOOD
from tests.unit.roles.test_argument_specs import ROOT, specification

OPTIONS = {name: option for role in ['conbool', *ROLES] for name, option in specification(role)['options'].items()}
FALSE = ['false', 'False', 'FALSE', 'no', 'No', 'off', '0', 'n', 0, False]
TRUE = ['true', 'True', 'yes', 'on', '1', 'y', 1, True]
# Needed beside a variable, so that it can be set alone.
PAIR = {'conbool_tls_client_cert': '/etc/ssl/relay.pem', 'conbool_tls_client_key': '/etc/ssl/relay.key'}
WITH = {
    'conbool_tls_client_cert_source': PAIR,
    'conbool_tls_client_key_source': PAIR,
    'conbool_tls_client_cert': {'conbool_tls_client_key': '/etc/ssl/relay.key'},
    'conbool_tls_client_key': {'conbool_tls_client_cert': '/etc/ssl/relay.pem'},
}


def ini(text):
    """What an INI inventory makes of a value behind a host's name."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


class Unsafe(yaml.SafeDumper):
    """Writes every text as AWX writes the answers of a survey and other extra variables for Ansible."""


Unsafe.add_representer(str, lambda dumper, text: dumper.represent_scalar('!unsafe', text))


def awx(value):
    """What Ansible makes of an answer. Of some texts it makes null, numbers, truth values and dates.

    In a run the answer itself is known (plugin_utils/answers.py), unless its file is gone by then.
    """
    return DataLoader().load(yaml.dump({'answer': value}, Dumper=Unsafe), file_name='/extravars')['answer']


def read(name, value):
    """What becomes of one variable: everything that is known then, and what is wrong."""
    option = {key: OPTIONS[name][key] for key in ('type', 'elements', 'choices', 'default') if key in OPTIONS[name]}
    complaints = ArgumentSpecValidator({name: option}).validate({name: value}).error_messages
    settings, problems, dummy = normalise({**GOOD, **WITH.get(name, {}), name: value}, ROLES)
    return settings, [*complaints, *problems]


def written(value):
    """Ways of writing a value as text."""
    if isinstance(value, bool):
        forms = TRUE if value else FALSE
        return forms + [awx(form) for form in forms]
    if isinstance(value, list):
        items = [str(item) for item in value]
        texts = [', '.join(items), '\n'.join(items), ' '.join(items), items]
        return texts + [ini(','.join(items))] + [awx(text) for text in texts]
    if isinstance(value, dict):
        return [value]
    return [str(value), ini(str(value)), awx(str(value)), value]


@pytest.mark.parametrize('name', sorted(OPTIONS))
def test_a_value_is_the_same_from_everywhere(name):
    value = EXAMPLES[name]
    wanted, problems = read(name, value)
    assert problems == [] and wanted
    for form in written(value):
        assert read(name, form) == (wanted, []), form


@pytest.mark.parametrize('name', [name for name in sorted(OPTIONS) if isinstance(EXAMPLES[name], bool)])
def test_every_truth_value(name):
    for forms, value in ((FALSE, False), (TRUE, True)):
        wanted = read(name, value)
        assert not wanted[1]
        for form in forms:
            assert read(name, form) == wanted, form
    assert read(name, False)[0] != read(name, True)[0]


@pytest.mark.parametrize('name', sorted(set(OPTIONS) - set(GOOD) - set(WITH)))
def test_an_answer_that_was_not_given_is_the_default(name):
    default = OPTIONS[name]['default']
    unset = read(name, '')
    assert unset[0] and unset[1] == []
    assert has_template(default) or unset == read(name, default)
    # "name:" in YAML, which is what Ansible makes of the answer that AWX sends for a question left empty.
    assert awx('') is None and read(name, None) == unset


@pytest.mark.parametrize('name', ['conbool_domains', 'conbool_networks'])
@pytest.mark.parametrize('value', ['', None, [], [''], ' , '], ids=repr)
def test_what_is_needed_is_asked_for(name, value):
    problems = read(name, value)[1]
    assert len(problems) == 1 and problems[0].startswith(f'{name}: ')


@pytest.mark.parametrize('name', sorted(OPTIONS))
@pytest.mark.parametrize('value', [5, -5, 1.5, 'maybe so', '=', True, ['='], {'=': '='}, '{"a": 1}', '[1]'], ids=repr)
def test_what_it_cannot_be_is_refused_by_its_name(name, value):
    settings, problems = read(name, value)
    assert settings or problems
    for problem in problems:
        assert name in problem, problem
        assert 'Conditional' not in problem


@pytest.mark.parametrize(
    ('name', 'value'), [('postfix_smarthost_inbound_services', 10025), ('conbool_dns_dkim_selectors', 20260101)]
)
def test_a_number_can_be_text(name, value):
    wanted = read(name, [str(value)])
    assert wanted[0] and wanted == read(name, value) == read(name, [value]) == read(name, str(value))


@pytest.mark.parametrize(
    ('name', 'text', 'wanted'),
    [
        ('conbool_dns_dkim_selectors', '20230601', ['20230601']),
        ('conbool_dns_dkim_selectors', '2023-06-01', ['2023-06-01']),
        ('conbool_dns_dkim_selectors', '2023-06-01, no', ['2023-06-01', 'no']),
        ('conbool_dns_dkim_selectors', '0123,', ['0123']),
        ('spam_delivery_folder', '2026', '2026'),
        ('verify_outside', '12', '12'),
    ],
)
def test_a_text_that_ansible_takes_for_something_else_is_what_was_typed(name, text, wanted):
    settings, problems = read(name, awx(text))
    assert problems == []
    role = next((role for role in ROLES if name.startswith(role)), 'conbool_dns')
    found = settings['dns'] if role == 'conbool_dns' else settings['roles'][role]
    assert found[name[len(role) + 1 :]] == wanted


@pytest.mark.parametrize('name', sorted(OPTIONS))
@pytest.mark.parametrize('text', ['1.10', '2023-6-1 10:00:00'])
def test_a_text_that_nobody_knows_any_more_is_refused_with_its_name_and_value(name, text):
    settings, problems = read(name, awx(text))
    assert settings is None and problems and all(name in problem for problem in problems)
    if 'choices' not in OPTIONS[name]:
        assert OPTIONS[name].get('no_log') or readers.shown(awx(text)) in problems[0]


@pytest.mark.parametrize('text', ['0123', '1.10', 'no', '2026-01-01'])
def test_a_password_is_text_or_refused_and_never_shown(text):
    for name, value in (
        ('kerio_smarthost_password', awx(text)),
        ('kerio_smarthost_relay_passwords', {'Partner': awx(text)}),
    ):
        settings, (problem,) = read(name, value)
        assert settings is None and 'must be text, in quotes' in problem and repr(awx(text)) not in problem


def test_a_text_of_which_only_yes_or_no_is_left_is_refused_with_the_reason():
    settings, problems = read('conbool_dns_dkim_selectors', awx('no'))
    assert settings is None and problems == [
        'conbool_dns_dkim_selectors: False is a truth value, which Ansible makes of yes, no, on, off, true and false, and'
        ' must be text'
    ]


def test_ownership_is_lines_of_domain_and_text():
    name, value = 'conbool_dns_ownership_txt', 'conbool-verification=a b'
    wanted = read(name, {'example.com': value})
    assert wanted[0]['dns']['ownership_txt'] == {'example.com': value}
    for text in (f'example.com {value}', f'\n  example.com\t{value} \n\n'):
        assert read(name, text) == read(name, awx(text)) == wanted


def test_a_list_in_text_is_no_list_of_characters():
    for name, option in OPTIONS.items():
        if isinstance(option['default'], list):
            problems = read(name, '=$!')[1]
            assert len([problem for problem in problems if problem.startswith(name)]) == 1, problems


def test_tasks_ask_the_settings_and_no_variable():
    """A task that asks a variable itself reads it in a way of its own: 'false' is true there. Secrets are not among the
    settings, and handed to modules as they are."""
    names = re.compile(r'(?<![\w.])({})(?!\w)'.format('|'.join(sorted(OPTIONS, key=len, reverse=True))))
    files = [*ROOT.glob('roles/*/tasks/*.yml'), *ROOT.glob('roles/*/vars/*.yml'), *ROOT.glob('playbooks/**/*.yml')]
    asked = []
    for path in files:
        if 'inventory' not in path.parts:
            for text in strings(yaml.safe_load(path.read_text(encoding='utf-8'))):
                asked += [found.group(1) for found in names.finditer(text)]
    asked = [name for name in asked if not OPTIONS[name].get('no_log')]
    assert [name for name in asked if not name.startswith(PREFIX) or name in SETTINGS] == []


def strings(value):
    """Text that Ansible evaluates; options of modules that are called like a variable are none."""
    if isinstance(value, dict):
        return [text for name, item in value.items() if name != 'names' for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) and ('{{' in value or ' ' in value) else []
