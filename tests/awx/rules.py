# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX refuses in surveys, credential types, messages and workflows, as far as these objects use it.

Source: the validation of AWX 24.6 (JobTemplateSurveySpec, CredentialTypeInputField, CredentialTypeInjectorField,
NotificationTemplateSerializer), in words of our own.
"""

from __future__ import annotations

import re

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

TYPES = {
    'text': str,
    'textarea': str,
    'password': str,
    'multiplechoice': str,
    'multiselect': str,
    'integer': int,
    'float': (int, float),
}
CHOOSING = ('multiplechoice', 'multiselect')
FIELD = {'id', 'label', 'type', 'format', 'choices', 'help_text', 'multiline', 'secret', 'ask_at_runtime', 'default'}
NAME = re.compile('[a-zA-Z_][a-zA-Z0-9_]*')
FILE = re.compile(r'template(\.[a-zA-Z_][a-zA-Z0-9_]*)?')
EVENTS = ('started', 'success', 'error', 'workflow_approval')
APPROVALS = ('running', 'approved', 'timed_out', 'denied')


def survey(spec):
    """Return what is wrong with the specification of a survey, a text for each."""
    problems = [
        f'{name} is missing or is no {kind.__name__}'
        for name, kind in (('name', str), ('description', str), ('spec', list))
        if not isinstance(spec.get(name), kind)
    ]
    if problems or not spec['spec']:
        return problems or ['there is no question']
    seen = set()
    for question in spec['spec']:
        problems += [f'{question.get("variable")}: {said}' for said in _question(question, seen)]
        seen.add(question.get('variable'))
    return problems


def _question(question, seen):
    for name, kind in (('type', str), ('question_name', str), ('variable', str), ('required', bool)):
        if not isinstance(question.get(name), kind):
            yield f'{name} is missing or is no {kind.__name__}'
            return
    if question['variable'] in seen:
        yield 'is asked for twice'
    if question['type'] not in TYPES:
        yield f'{question["type"]} is no type of a question'
        return
    default = question.get('default', '')
    if default != '' and (not isinstance(default, TYPES[question['type']]) or isinstance(default, bool)):
        yield f'the default is no {question["type"]}'
    for bound in ('min', 'max'):
        if not isinstance(question.get(bound), (int, type(None))):
            yield f'{bound} is no whole number'
    if question['type'] in CHOOSING:
        choices = [line for line in str(question.get('choices', '')).splitlines() if line.strip()]
        defaults = str(default).splitlines()
        if not choices:
            yield 'there is no choice'
        elif set(defaults) - set(choices):
            yield 'the default is none of the choices'
        elif question['type'] == 'multiplechoice' and len(defaults) > 1:
            yield 'there is more than one default'
    if str(default).startswith('$encrypted$'):
        yield '$encrypted$ is reserved'


def credential_type(item):
    """Return what is wrong with a credential type."""
    problems, fields = [], item.get('inputs', {}).get('fields', [])
    names = [field.get('id') for field in fields]
    for field in fields:
        problems += [f'{field.get("id")}: {said}' for said in _field(field)]
    problems += [
        f'{name} is there twice' for name in sorted(set(map(str, names))) if list(map(str, names)).count(name) > 1
    ]
    problems += [
        f'{name} is required, and there is no such field'
        for name in item.get('inputs', {}).get('required', [])
        if name not in names
    ]
    return problems + list(_injectors(item.get('injectors', {}), [name for name in names if isinstance(name, str)]))


def _field(field):
    if set(field) - FIELD:
        yield f'{sorted(set(field) - FIELD)} is nothing of a field'
    if not NAME.fullmatch(str(field.get('id', ''))) or field.get('id') == 'tower':
        yield 'is no name for a field'
    if not isinstance(field.get('label'), str):
        yield 'has no label'
    kind = field.get('type', 'string')
    if kind not in ('string', 'boolean'):
        yield f'{kind} is no type of a field'
    elif kind == 'boolean' and {'choices', 'multiline', 'format', 'secret'} & set(field):
        yield 'a truth value has neither choices nor lines, format or secrets'
    if 'default' in field and not isinstance(field['default'], bool if kind == 'boolean' else str):
        yield f'the default is no {kind}'


def _injectors(injectors, names):
    files = list(injectors.get('file', {}))
    yield from (f'file: {name} is no template' for name in files if not FILE.fullmatch(name))
    if 'template' in files and len(files) > 1:
        yield 'file: there is one file without a name, or several with one'
    yield from (
        f'{kind} is nothing that can be injected into' for kind in set(injectors) - {'file', 'env', 'extra_vars'}
    )
    for name in injectors.get('env', {}):
        if not NAME.fullmatch(name) or name.startswith('ANSIBLE_'):
            yield f'env: {name} may not be set'
    known = dict.fromkeys(names, 'x')
    known['tower'] = {'filename': 'x' if files == ['template'] else {name.partition('.')[2]: 'x' for name in files}}
    for kind, templates in injectors.items():
        for name, text in templates.items():
            said = unrendered(text, known)
            if said:
                yield f'{kind} {name}: {said}'


def unrendered(text, known):
    """Return why a template cannot be rendered, an empty text when it can."""
    try:
        ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined).from_string(text).render(known)
    except jinja2.TemplateError as exc:
        return str(exc)
    return ''


def messages(item, job):
    """Return what is wrong with the messages of a notification template.

    Args:
        item: the template.
        job: what there is to know of a job.
    """
    problems = []
    known = {
        'job': job,
        'job_friendly_name': 'Job',
        'url': 'https://awx.example.com/1',
        'job_metadata': '{}',
        'approval_status': 'approved',
        'approval_node_name': 'Approve me',
        'workflow_url': 'https://awx.example.com/2',
    }
    for event, found in (item.get('messages') or {}).items():
        if event not in EVENTS:
            problems.append(f'{event} is no event')
        elif event == 'workflow_approval' and found:
            problems += [f'{name} is no event of an approval' for name in found if name not in APPROVALS]
            for each in filter(None, found.values()):
                problems += _message(each, known)
        elif found:
            problems += _message(found, known)
    return problems


def _message(found, known):
    for name, text in found.items():
        if name not in ('message', 'body') or not isinstance(text, str):
            yield f'{name} is no text of a message'
        elif name == 'message' and '\n' in text:
            yield 'a message is one line'
        elif unrendered(text, known):
            yield unrendered(text, known)
