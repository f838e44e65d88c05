# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The double's schema against what was recorded of Zimbra's, and the marks of the tests."""

from __future__ import annotations

import ast
import json
import re
import threading
from pathlib import Path

import pytest

from lab.zimbra import schema
from lab.zimbra.errors import ServiceError
from lab.zimbra.store import Store

# Zimbra's own default of it, written by the installer, is one that zmprov refuses.
UNCHECKED = 'zimbraMtaSmtpSaslSecurityOptions'
HERE = Path(__file__).parent
BASE = json.loads((HERE / 'vectors' / 'base.json').read_text(encoding='utf-8'))


def test_recorded_defaults_are_the_schema_s():
    """[run] A fresh global configuration, as every vector begins with."""
    ours = {name: values for name, values in schema.config_defaults().items() if name in BASE['global']}
    assert ours == BASE['global']
    families = ('zimbraMta', 'zimbraMilter', 'zimbraAmavis')
    assert {name for name in schema.config_defaults() if name.startswith(families)} <= set(BASE['global'])


def test_what_a_server_does_not_inherit():
    """[run] vectors/base.json"""
    known = [schema.attributes()[name] for name in {*BASE['global'], 'zimbraSSLDHParam'}]
    alone = sorted(attribute.name for attribute in known if 'server' not in attribute.inherited)
    assert alone == sorted(BASE['global_not_inherited_by_server'])


def test_recorded_values_pass_the_schema():
    """[run] Global and of the server."""
    for kind, values in (('config', BASE['global']), ('servers', BASE['server'])):
        for name, said in values.items():
            attribute = schema.find(name)
            assert attribute.allowed(kind) and (attribute.multi or len(said) == 1), name
            for value in said if name != UNCHECKED else ():
                attribute.check(value)


def test_a_default_that_zmprov_refuses():
    """[run] vectors/base.json has the value, which is none of the list that [src] gives: it cannot be put back."""
    assert BASE['global'][UNCHECKED] == ['noplaintext,noanonymous']
    with pytest.raises(ServiceError):
        schema.find(UNCHECKED).check(BASE['global'][UNCHECKED][0])


def test_defaults_pass_their_own_checks():
    """[double] No slip in the data."""
    for attribute in schema.attributes().values():
        for value in (*attribute.default, *attribute.cos_default):
            if attribute.name != UNCHECKED:
                attribute.check(value)
            assert attribute.valid_syntax(value) or value == '', attribute.name
        assert attribute.multi or len(attribute.default) <= 1, attribute.name
        assert not attribute.default or attribute.allowed('config'), attribute.name
        assert not attribute.cos_default or attribute.allowed('cos'), attribute.name
        assert bool(attribute.values) == (attribute.type == 'enum'), attribute.name


@pytest.mark.parametrize(
    'name',
    [
        'zimbraMtaSmtpMandatoryTlsProtocols',
        'zimbraPostconfProtocol',
        'zimbraMtaSmtpTlsPolicyMaps',
        'zimbraMtaSenderDependentRelayhostMaps',
        'zimbraMtaRelayClientcerts',
    ],
)
def test_what_zimbra_has_no_attribute_for(name):
    """[src] zimbra.md, section 1"""
    assert schema.find(name) is None


def test_deprecated_names_of_the_mta():
    """[src] zimbra-cli.md, section 4"""
    old = {name for name, each in schema.attributes().items() if each.deprecated and name.startswith('zimbraMta')}
    assert old == {
        *('zimbraMtaAuthEnabled', 'zimbraMtaAuthHost', 'zimbraMtaAuthURL', 'zimbraMtaDnsLookupsEnabled'),
        'zimbraMtaStpdSoftErrorLimit',
    }


@pytest.mark.parametrize(('value', 'good'), [('5m', True), ('10', True), ('3ms', True), ('5 m', False), ('x', False)])
def test_durations(value, good):
    """[src] AttributeInfo:checkValue"""
    attribute = next(each for each in schema.attributes().values() if each.type == 'duration')
    if good:
        attribute.check(value)
    else:
        with pytest.raises(ServiceError):
            attribute.check(value)


def test_a_change_that_fails_is_not_written(tmp_path):
    """[double] The store is as it was, and free again; unknown top-level keys are kept."""
    path = tmp_path / 'store.json'
    path.write_text('{"config": {"a": ["1"]}, "lists": {"x": {}}}')
    store = Store(path)
    with pytest.raises(ZeroDivisionError), store.change() as data:
        data['config']['a'] = []
        raise ZeroDivisionError
    with store.change() as data:
        assert data['config'] == {'a': ['1']} and data['lists'] == {'x': {}}
    assert store.read()['lists'] == {'x': {}}
    assert list(tmp_path.glob('.store*')) == []


def test_changes_at_once_are_made_one_after_the_other(tmp_path):
    """[double] None is lost."""
    path = tmp_path / 'store.json'
    path.write_text('{"config": {"a": []}}')

    def change():
        for dummy in range(20):
            with Store(path).change() as data:
                data['config']['a'].append('1')

    threads = [threading.Thread(target=change) for dummy in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Store(path).read()['config']['a']) == 80


@pytest.mark.parametrize('path', sorted(HERE.glob('test_cli*.py')), ids=lambda path: path.stem)
def test_every_test_says_how_sure_its_fact_is(path):
    """[double] [run] executed, [src] read in the sources, [?] not settled; [double] is none of Zimbra's."""
    for node in ast.parse(path.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith('test_'):
            assert re.match(r'\[(run|src|\?|double)\]', ast.get_docstring(node) or ''), node.name
