# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against a change, and by which certificate the gateway is known."""

from __future__ import annotations

import os
import struct
import tempfile
from pathlib import Path

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import certificates, compatibility
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.compatibility import (
    clashes,
    complaints,
    unreadable,
    warnings,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.texts import render
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown, fingerprint

from tests.unit.fakes.exim_facts import FEATURES, SETTINGS, hand, info, site

SHOWN = Shown(b'certificate', b'key', 'mail.conbool.com', ('mail.conbool.com',), False)
OF_CERTIFICATE, OF_KEY = (fingerprint(part, 'sha256') for part in (b'certificate', b'key'))


@pytest.fixture(name='exim_dir', autouse=True)
def fixture_exim_dir(monkeypatch):
    """No Exim has to be on this host."""
    monkeypatch.setattr(compatibility, 'CONFIG_DIR', '/')


def found(changes=None, **about):
    return ' | '.join(complaints(dict(SETTINGS, **(changes or {})), info(**about)))


def test_an_exim_as_debian_makes_it_can_use_the_gateway():
    assert found() == '' and warnings(SETTINGS, info()) == []


@pytest.mark.parametrize(
    'changes, about, words',
    [
        ({}, {'kind': 'satellite'}, 'dc_eximconfig_configtype is satellite'),
        ({}, {'cutthrough': True}, 'cutthrough_delivery'),
        ({}, {'for_all': ['site_users']}, 'goes past the gateway: site_users'),
        ({}, {'past': ['a (redirect_router = b)']}, 'goes past the gateway: a (redirect_router = b)'),
        ({}, {'remote_smtp': False}, 'no transport remote_smtp'),
        ({'relay_host': '2001:db8::1', 'tls_name': '2001:db8::1'}, {}, "conbool_relay_host: '2001:db8::1'"),
        ({'tls_name': 'x.test'}, {'features': ['GnuTLS', 'Content_Scanning']}, "conbool_tls_name: 'x.test'"),
        ({}, {'acl_smtp_data': '${if x{a}{b}}'}, 'acl_smtp_data is'),
        ({}, {'acl_smtp_rcpt': ''}, 'acl_smtp_rcpt is'),
        ({'inbound_trust': True}, {}, 'conbool_inbound_trust'),
        ({}, {'tls_advertise_hosts': ''}, 'offers no STARTTLS'),
        ({}, {'tls_try_verify_hosts': '<; 192.0.2.1'}, 'tls_try_verify_hosts is'),
    ],
)
def test_what_cannot_be_is_named_with_what_to_do(changes, about, words):
    assert words in found(changes, **about)


def test_what_is_about_mail_from_the_gateway_counts_with_it_only():
    about = {'acl_smtp_rcpt': '', 'tls_advertise_hosts': '', 'tls_try_verify_hosts': '<; 192.0.2.1'}
    assert found({'inbound': False, 'inbound_trust': True}, **about) == ''


@pytest.mark.parametrize(
    'about, words', [({'mime': 'acl_check_mime'}, 'acl_smtp_mime is'), ({'features': ['GnuTLS']}, 'content scanning')]
)
def test_where_parts_are_seen_less_well_is_said(about, words):
    assert words in warnings(SETTINGS, info(**about))[0]
    assert warnings(dict(SETTINGS, bypass_calendar=False), info(**about)) == []


@pytest.mark.parametrize('macro, where', [('YES', 'YES'), ('DIRECT', 'CONBOOL_DIRECT'), ('Spam', 'Spam')])
def test_a_macro_of_the_site_that_is_in_a_text_of_ours_is_named(macro, where):
    """Exim replaces it wherever it stands: X-Spam-Flag became what YES was, and -bV was content."""
    texts = render(SETTINGS, site(), True).values()
    assert clashes(texts, ['MAIN_ACL_CHECK_RCPT', 'REMOTE_SMTP_HELO_DATA', 'DOMAIN', 'DCsmarthost']) == []
    assert f'{macro} (in {where})' in clashes(texts, ['LOCAL', macro])[0]


def test_a_signature_that_would_be_missing_is_said():
    assert (
        'sets dkim_domain, dkim_selector itself'
        in warnings(SETTINGS, info(set_itself=['dkim_domain', 'dkim_selector']))[0]
    )


RELAYED = {'domain': 'example.com', 'router': 'r', 'driver': 'dnslookup', 'host': 'mx.test', 'address': '198.51.100.9'}


LAYOUTS = pytest.mark.parametrize(
    'layout, instead',
    [({}, 'hubbed_hosts'), ({'hand': hand()}, 'domains = example.com, route_list = example.com SERVER')],
)


@LAYOUTS
@pytest.mark.parametrize('way', [{'host': 'Mail.Conbool.com', 'address': ''}, {'address': '192.0.2.7'}])
def test_a_domain_that_is_relayed_to_the_gateway_would_go_round(layout, instead, way):
    """A site that was a second MX goes by the domain's MX, which is the gateway from now on."""
    said = found(relayed=[{**RELAYED, **way}], **layout)
    assert 'mail for example.com would go round: the router r' in said and instead in said
    assert found({'inbound': False}, relayed=[{**RELAYED, **way}], **layout) == ''


@LAYOUTS
def test_a_domain_that_goes_by_its_mx_is_a_warning_until_that_is_the_gateway(layout, instead):
    assert found(relayed=[RELAYED], **layout) == ''
    said = warnings(SETTINGS, info(relayed=[RELAYED], **layout))[0]
    assert 'goes round' in said and instead in said
    assert warnings(dict(SETTINGS, inbound=False), info(relayed=[RELAYED])) == []
    assert warnings(SETTINGS, info(relayed=[{**RELAYED, 'driver': 'manualroute'}])) == []


@pytest.fixture(name='open_folder')
def fixture_open_folder():
    """A folder that everybody can get to. Above tmp_path is one that pytest keeps to itself: it takes its mode back
    whenever some run begins, and with pytest-xdist it is a level higher."""
    with tempfile.TemporaryDirectory(dir='/tmp') as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def test_files_that_exim_cannot_read_are_known(open_folder):
    path = open_folder / 'ca.pem'
    path.write_text('')
    path.chmod(0o644)
    assert unreadable([str(path)], 'nobody') == unreadable([], 'nobody') == []
    path.chmod(0o640)
    assert str(path) in unreadable([str(path)], 'nobody')[0] and unreadable([str(path)], 'root') == []
    path.chmod(0o644)
    open_folder.chmod(0o700)
    assert f'({open_folder} keeps it out)' in unreadable([str(path)], 'nobody')[0]
    assert '(it is not there)' in unreadable([str(path) + '.old'], 'root')[0]


def test_rights_beside_the_mode_are_nobody_s_fault(open_folder):
    """As keys are given to several servers."""
    path = open_folder / 'exim.key'
    path.write_text('')
    path.chmod(0o600)
    assert unreadable([str(path)], 'nobody')
    # Version 2: the owner and one more user read, the mask lets them, others have nothing.
    entries = (
        (0x01, 6, 0xFFFFFFFF),
        (0x02, 4, 65534),
        (0x04, 0, 0xFFFFFFFF),
        (0x10, 4, 0xFFFFFFFF),
        (0x20, 0, 0xFFFFFFFF),
    )
    try:
        os.setxattr(
            path,
            'system.posix_acl_access',
            struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *entry) for entry in entries),
        )
    except OSError as exc:
        pytest.skip(f'no such rights here: {exc}')
    assert unreadable([str(path)], 'nobody') == []


@pytest.mark.parametrize('layout', [{}, {'hand': hand()}], ids=['debian', 'hand'])
def test_authorities_or_a_key_that_exim_cannot_read_keep_mail_waiting(open_folder, layout):
    """Seen: an Exim that cannot read its key offers STARTTLS, and answers 454; only a new start showed it."""
    path = open_folder / 'exim.key'
    path.write_text('')
    path.chmod(0o600)
    about = {'exim_user': 'nobody', **layout}
    assert 'conbool_tls_ca_file: ' in found({'tls_ca_file': str(path)}, **about)
    assert f'conbool_inbound: {path} cannot be read' in found(shown=[str(path)], **about)
    assert found({'inbound': False}, shown=[str(path)], **about) == ''
    # That authorities are missing is said by who looks at all files of the settings.
    assert found({'tls_ca_file': str(path) + '.old'}, **about) == ''
    assert 'it is not there' in found(shown=[str(path) + '.old'], **about)


def test_a_run_learns_the_certificate_and_the_next_one_knows_it():
    known = certificates.learnt('', [SHOWN])
    assert known == [OF_CERTIFICATE]
    text = certificates.remark(known)
    assert certificates.learnt(text, []) == known
    assert certificates.knows(SHOWN, SETTINGS, text, []) == 'certificate'
    assert OF_CERTIFICATE.replace(':', '') in certificates.condition(SETTINGS, known)


def test_by_name_a_certificate_passes_where_its_purpose_is_not_asked_for():
    """Seen with GnuTLS: a trusted certificate with the right name passes, whatever it is for."""
    assert certificates.knows(SHOWN, SETTINGS, '', FEATURES) == 'name'
    assert certificates.knows(SHOWN, SETTINGS, '', ['OpenSSL']) == ''
    assert certificates.knows(SHOWN._replace(dns_names=('other.test',)), SETTINGS, '', FEATURES) == ''
    assert certificates.knows(SHOWN._replace(dns_names=()), SETTINGS, '', FEATURES) == 'name'


@pytest.mark.parametrize(
    'item, words', [(OF_KEY, 'fingerprint of the key'), (fingerprint(b'x', 'sha512'), 'by sha512')]
)
def test_a_fingerprint_that_exim_does_not_compare_is_refused(item, words):
    settings = dict(SETTINGS, inbound_certificate_fingerprints=[item])
    assert words in certificates.complaints(settings, [SHOWN])[0]


def test_named_fingerprints_are_the_only_ones_that_count():
    settings = dict(SETTINGS, inbound_certificate_fingerprints=[OF_CERTIFICATE])
    assert certificates.complaints(settings, [SHOWN]) == []
    assert 'certextract' not in certificates.condition(settings, ['11:22'])
    assert certificates.knows(SHOWN, settings, '', FEATURES) == 'certificate'
    assert certificates.knows(SHOWN._replace(certificate=b'other'), settings, '', FEATURES) == ''
