# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a configuration by hand says: its router for all other mail, its lists, and what is in the way of ours."""

from __future__ import annotations

import os
import pwd

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import compatibility, hand_obstacles
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError, Program
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.hand import Hand, Line
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.hand_site import chosen, hand_site, routed
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.routers import first_remote
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import OUTSIDE

from tests.unit.fakes.exim_facts import SETTINGS, hand, info

LOCAL = {'name': 'local', 'driver': 'accept', 'domains': '+local_domains', 'transport': 'files'}
REST = {'name': 'rest', 'driver': 'dnslookup', 'domains': '! +local_domains', 'transport': 'smtp_out'}
TRANSPORTS = {
    'files': {'driver': 'appendfile'},
    'smtp_out': {'driver': 'smtp', 'helo_data': 'x', 'message_linelength_limit': '998', 'dkim_hash': 'sha256'},
}


class Asked:
    """An Exim with these routers, in whose lists are all domains of those with a +remote, or without anything but
    exclusions."""

    def __init__(self, *routers, **options):
        self._routers, self._options = routers, options

    def listed(self, *asked):
        return Program.listed(self, *asked)

    def routers(self):
        return self._routers

    @staticmethod
    def transport(name):
        return TRANSPORTS.get(name, {})

    def options(self, *names):
        return {name: self._options.get(name, '') for name in names}

    @staticmethod
    def named_list(name):
        return {'lan': '192.0.2.0/24 : 10.0.0.1'}.get(name, '')

    @staticmethod
    def expand(texts):
        said = []
        for text in texts:
            if 'forced' in text:
                raise EximError('exim4 -be: > Failed: "if" failed and "fail" requested')
            if 'broken' in text:
                raise EximError('exim4 -be: > Failed: missing }')
            if text.startswith('='):
                # A list, which it makes of what the router says.
                said.append(text.replace(f'${{lookup{{{OUTSIDE}}}dbm{{/all}}}}', '+remote'))
                continue
            everything = 'remote' in text or r'{\N! +local_domains\N}' in text
            said.append('yes' if f'{{{OUTSIDE}}}' in text and everything else 'no')
        return said


def others(**options):
    return dict({'name': 'first', 'driver': 'manualroute', 'route_list': 'a.test 192.0.2.7'}, **options)


@pytest.mark.parametrize(
    'first, found',
    [
        (others(), 'rest'),
        (others(domains='a.test', route_list='* 192.0.2.7'), 'rest'),
        (others(domains='forced', route_list='* 192.0.2.7'), 'rest'),
        (others(route_list='a.test x ; * 192.0.2.7'), 'first'),
        (others(route_list='', route_data='smart.test::587'), 'first'),
        (others(domains='+remote', route_list='* x'), 'first'),
        # Braces of a list would end the question about it.
        (others(domains='${lookup{$domain}dbm{/all}}', route_list='* x'), 'first'),
        (others(domains='${lookup{${domain}}dbm{/some}}', route_list='* x'), 'rest'),
        ({'name': 'first', 'driver': 'accept', 'transport': '${if eq{1}{1}{a}{b}}'}, 'first'),
        (others(route_list='* x', verify_only='true'), 'rest'),
        (others(route_list='* x', unseen='true'), 'rest'),
        ({'name': 'first', 'driver': 'accept', 'transport': 'smtp_out'}, 'first'),
        ({'name': 'first', 'driver': 'accept', 'transport': 'files'}, 'rest'),
        ({'name': 'first', 'driver': 'redirect'}, 'rest'),
        (others(route_list='* x', local_part_suffix='-*', local_part_suffix_optional='true'), 'first'),
    ],
)
def test_ours_belong_in_front_of_the_first_router_for_all(first, found):
    assert first_remote(Asked(LOCAL, first, REST)).router['name'] == found


@pytest.mark.parametrize(
    'first, words',
    [
        (others(route_list='* x', senders='*@a.test'), 'router first.*not clear: senders = .*@a.test. Whether'),
        (others(route_list='* x', condition='${if eq{1}{1}}'), 'condition = '),
        (others(route_list='* x', check_local_user='true'), 'not clear: check_local_user. '),
        (others(route_list='* x', local_part_prefix='a-'), 'local_part_prefix = a-'),
        (others(route_list='', route_data='${lookup{$domain}lsearch{/x}}'), 'route_data = '),
        (others(driver='queryprogram'), 'driver = queryprogram'),
        (others(route_list='* x', unseen='${if eq{1}{1}}'), r'unseen = \$\{if eq'),
        (others(domains='${if def:authenticated_id{*}}', route_list='* x'), r'domains = \$\{if def:auth'),
        (others(domains='${if eq{$sender_host_address}{}{*}}', route_list='* x'), r'domains = \$\{if eq'),
        (others(domains='broken'), 'cannot say which domains'),
        (LOCAL, 'no router sends mail to any domain'),
    ],
)
def test_what_is_not_clear_is_named(first, words):
    found = first_remote(Asked(LOCAL, first))
    assert found.router == {}
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(found.unclear)


@pytest.mark.parametrize(
    'value, found',
    [
        ('a', ['a']),
        (' a ', ['a']),
        ('', []),
        ('${if eq{$received_port}{587}{a}{b}}', ['a', 'b']),
        ('${if ={$received_port}{587} {a} {${if def:tls_in_cipher {b}{a}}}}', ['a', 'b']),
        ('${if and{{eq{1}{1}}{eq{2}{2}}}{a}}', ['a']),
        (r'${if match{$sender_helo_name}{a\}b}{a}{b}}', ['a', 'b']),
        ('${if !match{$sender_host_address}{\\N^10\\.\\N}{b}{}}', ['b']),
        # None that has a name, another file, or what only a message decides.
        ('accept', None),
        ('/etc/exim4/list', None),
        ('acl_$received_port', None),
        ('${if eq{$received_port}{587}{a}{accept}}', None),
        ('${if eq{$received_port}{587}{a}{$acl_c_x}}', None),
        ('${if eq{$received_port}{587}{a}fail}', None),
        ('${if eq{a}{b}}', None),
        ('${if new_condition{a}{b}}', None),
        ('${if bool{a}{b}{a}{b}}', None),
        ('${lookup{a}lsearch{b}}', None),
    ],
)
def test_lists_are_those_that_an_option_can_name(value, found):
    assert chosen(value, ['a', 'b']) == found


def read(*lines):
    found = Hand.__new__(Hand)
    found.lines = [Line('/x', section, text) for section, text in lines]
    return found


def known(base, *lines, **options):
    values = {'acl_smtp_rcpt': 'acl_r', 'acl_smtp_data': '', 'tls_try_verify_hosts': '+lan', **options}
    return hand_site(base, read(*lines), {'tls_verify_certificates': '/ca', **values})


def test_what_is_set_already_and_what_of_the_site_ours_share():
    lines = [
        ('', 'no_prdr_enable'),
        ('', 'hide mysql_servers = x'),
        ('', 'domainlist local_domains = @'),
        ('', 'NAME = y'),
        ('', 'acl_smtp_rcpt = acl_r'),
        ('', 'acl_smtp_mail = ${if eq{1}{1}{acl_r}{acl_m}}'),
        ('acls', 'begin acl'),
        ('acls', 'acl_r:'),
        ('acls', 'acl_m:'),
        ('routers', 'conbool_gateway:'),
    ]
    found = known(Asked(LOCAL, dict(REST, headers_add='a', errors_to='$address_data', self='send')), *lines)
    assert {'prdr_enable', 'mysql_servers', 'acl_smtp_rcpt'} <= set(found['options']) and 'NAME' not in found['options']
    assert (found['router'], found['rcpt'], found['data']) == ('rest', ['acl_r'], [])
    assert found['stages']['acl_r'] == ['acl_smtp_rcpt', 'acl_smtp_mail'] and found['ours'] == ['conbool_gateway']
    assert found['lists'] == ['local_domains'] and found['sections'] == ['acls']
    assert found['direct'] == {'transport': 'smtp_out', 'headers_add': 'a', 'self': 'send'}
    # Without a signature, what it would be made by says nothing; and the usual length of lines is no wish.
    assert (found['gateway'], found['transport'], found['left_out']) == ({'headers_add': 'a'}, {'helo_data': 'x'}, [])
    assert found['tls_hosts'] == ['192.0.2.0/24', '10.0.0.1'] and found['authorities'] == '/ca'


def test_ways_of_recipients_are_copied_where_the_site_s_router_does_that():
    copying = known(Asked(dict(REST, same_domain_copy_routing='true')))
    assert (
        copying['gateway'] == {'same_domain_copy_routing': 'true'}
        and copying['gateway'].items() <= copying['direct'].items()
    )
    each = known(Asked(dict(REST, no_same_domain_copy_routing='true')))
    assert 'same_domain_copy_routing' not in {**each['gateway'], **each['direct']}


@pytest.mark.parametrize(
    'domains, found',
    [
        ('', '! +local_domains : ! +relay_to_domains'),
        ('! +local_domains', '! +relay_to_domains : ! +local_domains'),
        ('!+relay_to_domains:*', '! +local_domains : !+relay_to_domains:*'),
        ('<; ! a:b ; ! +remote', '! +local_domains : ! +relay_to_domains : ! a::b : ! +remote'),
    ],
)
def test_mail_that_leaves_is_what_the_site_s_router_takes_less_its_own(domains, found):
    assert routed(domains, ['local_domains', 'relay_to_domains']) == found


def test_direct_mail_has_a_transport_of_the_site_s_or_there_is_none():
    smart = others(route_list='* smart.test', transport='smtp_out', name='smart')
    assert known(Asked(smart))['direct'] == {}
    TRANSPORTS['remote_smtp'] = {'driver': 'smtp'}
    try:
        assert known(Asked(smart))['direct'] == {'transport': 'remote_smtp'}
        assert known(Asked(dict(REST, transport='files')))['direct']['transport'] == 'remote_smtp'
    finally:
        del TRANSPORTS['remote_smtp']
    chosen_for_each = known(Asked(dict(REST, transport='${if eq{1}{1}{a}{b}}')))
    assert chosen_for_each['direct']['transport'].startswith('${if') and chosen_for_each['transport'] == {}
    assert 'chosen for each message: transport = ${if' in hand_obstacles.warnings(chosen_for_each)[0]


def complaints(changes=None, site=None, **about):
    native = info(hand=hand(**about), **(site or {}))
    return hand_obstacles.complaints(dict(SETTINGS, **(changes or {})), {**native['site'], 'built': native['features']})


def test_nothing_is_in_the_way_of_an_ordinary_one():
    assert complaints() == []


@pytest.mark.parametrize(
    'about, words',
    [
        ({'ours': ['conbool_gateway']}, 'texts of ours in it.*conbool_gateway'),
        ({'unclear': 'router x is not clear'}, '^Router x is not clear'),
        ({'direct': {}}, 'remote_smtp:, and below it driver = smtp'),
        ({'lists': ['relay_from_hosts']}, 'no list local_domains.*domainlist local_domains = @'),
        ({'lists': ['local_domains']}, 'no list relay_from_hosts.*hostlist relay_from_hosts'),
        ({'rcpt': []}, "acl_smtp_rcpt is 'acl_check_rcpt'"),
        ({'data': []}, "acl_smtp_data is 'acl_check_data'"),
        (
            {'stages': {'acl_check_rcpt': ['acl_smtp_rcpt', 'acl_smtp_mail'], 'acl_check_data': []}},
            'and for acl_smtp_mail',
        ),
        (
            {
                'options': ['tls_try_verify_hosts'],
                'tls_hosts': ['192.0.2.0/24'],
                'site': {'tls_try_verify_hosts': 'a::b'},
            },
            r'Make it: tls_try_verify_hosts = <; 192.0.2.0/24 ; 2001:db8:7::/48 ; a:b$',
        ),
        (
            {'options': ['tls_verify_certificates'], 'authorities': '/ca', 'site': {'tls_verify_certificates': '/ca'}},
            r'Make it: tls_verify_certificates = \$\{if match_ip.*\{<; 192.0.2.0/24 ; 2001.*\}\{system\}\{/ca\}\}$',
        ),
        ({'options': ['message_body_newlines'], 'site': {'mime': 'acl_mime'}}, 'message_body_newlines is off'),
    ],
)
def test_what_is_in_the_way_is_said_with_what_to_write(about, words):
    found = complaints(site=about.pop('site', {}), **about)
    assert len(found) == 1
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(found[0])


def test_what_is_pasted_is_no_obstacle_any_more():
    pasted = '${if match_ip{$sender_host_address}{<; 192.0.2.0/24 ; 2001:db8:7::/48}{/ours}{/ca}}'
    about = {'options': ['tls_verify_certificates'], 'authorities': pasted, 'site': {'tls_verify_certificates': pasted}}
    assert complaints({'tls_ca_file': '/ours'}, **about) == [] != complaints({'tls_ca_file': '/other'}, **about)
    about['site'] = {'tls_verify_certificates': pasted.replace(' ; 2001:db8:7::/48', '')}
    assert complaints({'tls_ca_file': '/ours'}, **about) != []
    # A fingerprint needs nobody who judges.
    assert complaints({'tls_ca_file': '/other', 'inbound_certificate_fingerprints': ['00']}, **about) == []
    hosts = ['192.0.0.0/16', '2001:db8::/32']
    assert complaints(options=['tls_try_verify_hosts'], tls_hosts=hosts) == []


def test_without_inbound_only_mail_that_leaves_counts():
    about = {'lists': ['local_domains'], 'rcpt': [], 'options': ['acl_smtp_rcpt', 'tls_try_verify_hosts']}
    assert complaints({'inbound': False}, **about) == []


@pytest.mark.parametrize('layout', [{'hand': hand()}, {'split': False}], ids=['hand', 'template'])
def test_a_directory_that_exim_s_user_cannot_enter_is_named(monkeypatch, tmp_path, layout):
    """There our texts are included, of Debian's template as well."""
    monkeypatch.setattr(compatibility, 'CONFIG_DIR', str(tmp_path))
    about = info(exim_user=pwd.getpwuid(os.getuid()).pw_name, **layout)
    assert compatibility.complaints(SETTINGS, about) == []
    tmp_path.chmod(0o600)
    found = compatibility.complaints(SETTINGS, about)
    in_files = compatibility.complaints(SETTINGS, info(exim_user=about['site']['exim_user']))
    tmp_path.chmod(0o700)
    assert 'chmod o+x' in found[0] and in_files == []
