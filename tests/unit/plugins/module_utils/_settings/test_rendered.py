# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the variables hold: what is accepted is a value in every file that is made of it, and nothing else."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import unit
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import hop_address
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.inbound import inbound_configuration
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import outbound_configuration
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.request import (
    read_parameters,
    read_service,
    read_table,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import policy
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.facts import Paths
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.m4 import render
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.mc import line as include_line
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import SETTINGS, normalise
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam.sieve import SCRIPT
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.host_settings import ROLES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.fakes import hop as hop_fake
from tests.unit.fakes import inbound as inbound_fake
from tests.unit.fakes.gateway import shown
from tests.unit.fakes.sendmail_facts import info as sendmail_info
from tests.unit.fakes.variables import EXAMPLES, GOOD

CLEANUP = inbound_fake.entry('cleanup', 'cleanup', 'unix')
SERVICES = [inbound_fake.entry(), inbound_fake.SUBMISSION, CLEANUP, hop_fake.CLIENT]
CHECKS = dict.fromkeys(('header_checks', 'mime_header_checks', 'nested_header_checks'), '')
MTA = {
    **inbound_fake.PARAMETERS,
    **CHECKS,
    'myhostname': 'mx.example.com',
    'inet_interfaces': 'all',
    'command_directory': '/usr/sbin',
}
INFO = {
    'version': '3.7.11',
    'lookup_types': ['btree', 'texthash', 'regexp'],
    'config_dir': '/etc/postfix',
    'parameters': MTA,
    'expanded': MTA,
    'services': SERVICES,
}
# What a value that gets out of its place is made of.
NOISE = st.text(
    st.sampled_from('\n\r\t\0 \'"`$(){}[]\\;|&<>#%*?!^=,:/.@-~\x85\x1b\u2028\u202e\ufeffa1'), min_size=1, max_size=4
)
TARGET = r'[a-z-]+:(?:\[?[\w.:-]+\]?(?::\w+)?)?'
LINES = {
    'main.cf': r'[A-Za-z0-9_.-]+ = [ -~]*',
    'master.cf': r'[A-Za-z0-9_.:/\[\]-]+ (?:inet|unix|unix-dgram)(?: \S+){5} [ -~]+',
    'regexp': rf'/(?:[^/\\\n]|\\.)*/ (?:IGNORE|DUNNO|FILTER {TARGET}|{TARGET}|\d\d\d [ -~]+|REJECT [ -~]+|[A-Z]+ [ -~]+)',
    'texthash': rf'#[ -~]*|\S+ (?:FILTER {TARGET}|{TARGET}|REJECT [ -~]+|conbool_known)',
    'cidr': r'[0-9a-fA-F.:/]+ [ -~]+',
    'unit': r'#[ -~]*|\[\w+\]|[A-Za-z]+=[ -~]*|',
    'exec': r'/[A-Za-z0-9/._+@-]+/postfix -c /[A-Za-z0-9/._+@-]* (?:start|stop|reload)',
    'literal': r'#[ -~\t]*|[RHSKCO][ -~\t]+|C\{\w+\}[ -~]+|',
    'define': r"define\(`\w+', `(?:/[A-Za-z0-9/._+@-]*|sha256)'\)dnl",
    'include': r"include\(`/[A-Za-z0-9/._+@-]+'\)dnl [ -~]+",
}
LITERAL = re.compile(
    r'changequote\(\[\[\[,\]\]\]\)dnl\n\[\[\[(.*?)\]\]\]dnl\nchangequote\(\[\[\[`\]\]\],\[\[\[\'\]\]\]\)dnl\n', re.S
)
SERVICE = {'private': '-', 'unprivileged': '-', 'chroot': 'n', 'wakeup': '-', 'max_processes': '-', 'options': {}}


def postfix_texts(wanted):
    """What postfix_config would write, as far as it takes it."""
    parameters = read_parameters(wanted['parameters'])
    for name, value in parameters.items():
        yield 'main.cf', f'{name} = {value}'
    for entry in wanted['services']:
        service = read_service({**SERVICE, **entry})
        words = [*service.command, *(f'-o{{{name}={value}}}' for name, value in service.options.items())]
        yield 'master.cf', ' '.join([service.name, service.kind, *service.fields, *words])
    for entry in wanted['tables']:
        table = read_table({'mode': '0644', 'content': None, 'entries': None, **entry}, 'hash')
        yield table.kind, table.content.rstrip('\n')


def texts(wanted):
    """All files that are made of the settings, as (form, text)."""
    roles = wanted['roles']
    postfix, sendmail = roles['postfix_smarthost'], roles['sendmail_smarthost']
    hop = dict(roles['outbound_hop'], address=hop_address(wanted))
    for wash_port in (0, sendmail['wash_port']):
        configuration = hop_fake.hop.hop_configuration(wanted, INFO, dict(hop, wash_port=wash_port))
        yield from postfix_texts(configuration)
    parameters = dict(configuration['parameters'], command_directory='/usr/sbin')
    text = unit.content(hop, dict(configuration, parameters=parameters))
    yield 'unit', text.rstrip('\n')
    for match in re.finditer(r'^Exec\w+=(.*)$', text, re.MULTILINE):
        yield 'exec', match.group(1)
    yield from postfix_texts(
        outbound_configuration(
            wanted,
            INFO,
            dict(postfix, address=hop['address'], port=hop['port']),
        )
    )
    yield from postfix_texts(
        inbound_configuration(
            wanted, INFO, dict(postfix, flag=True, services=postfix['inbound_services'], gateway=[shown()], learnt=[])
        )
    )
    for found in (None, {'address': hop['address'], 'port': hop['port'], 'wash_port': sendmail['wash_port']}):
        text = render(wanted, sendmail_info(), sendmail['system_ca_file'], wanted['wash_networks'], True, found)
        for literal in LITERAL.findall(text):
            yield 'literal', literal.rstrip('\n')
        for found_line in re.findall('^define.*confCA.*$', text, re.MULTILINE):
            yield 'define', found_line
        yield 'skeleton', re.sub('^define.*\n', '', LITERAL.sub('', text), flags=re.MULTILINE)
    yield 'include', include_line(Paths(sendmail['paths']).m4).rstrip('\n')
    # As it is, without quoting.
    yield 'sieve', SCRIPT % defaultdict(str, mailbox=roles['spam_delivery']['folder'])


def shape(wanted):
    """What must not depend on any value: the m4 around our rules, and the Sieve script around its folder."""
    found = [text for form, text in texts(wanted) if form == 'skeleton']
    scripts = [text for form, text in texts(wanted) if form == 'sieve']
    return found + [re.sub(r':create "[^"\\$]*";', ':create "";', text) for text in scripts]


def read(variables):
    return normalise({**GOOD, **variables}, ROLES)[0]


BASE = read({})
INBOUND = shape(BASE), shape(read({'conbool_inbound': False}))


def check(wanted):
    for form, text in texts(wanted):
        # The same for everybody.
        assert form != 'program' or text == policy.program()['content'].rstrip('\n')
        for line in text.split('\n') if form in LINES else ():
            assert re.fullmatch(LINES[form], line), (form, line)
    assert shape(wanted) == INBOUND[0 if wanted['inbound'] else 1]


def test_the_files_of_good_settings_have_their_forms():
    check(BASE)
    assert {form for form, dummy in texts(BASE)} == {*LINES, 'skeleton', 'sieve', 'program'}


def test_every_variable_has_an_example():
    assert set(EXAMPLES) == {*SETTINGS, *(name for options in ROLES.values() for name in options)}


@pytest.mark.parametrize('name', sorted(EXAMPLES))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_value_gets_out_of_its_place(name, data):
    example, noise = EXAMPLES[name], data.draw(NOISE)
    at = data.draw(st.sampled_from([0, 1, 5, -1, 1000]))

    def spoiled(value):
        text = str(value)
        return text[:at] + noise + text[at:]

    if isinstance(example, dict):
        key = next(iter(example))
        value = data.draw(st.sampled_from([{key: spoiled(example[key])}, {spoiled(key): example[key]}]))
    elif isinstance(example, list):
        value = [spoiled(example[0])]
    else:
        value = spoiled(example)
    wanted = read({'conbool_scope': 'senders', name: value} if name == 'conbool_scope_senders' else {name: value})
    if wanted:
        check(wanted)
