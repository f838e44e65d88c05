# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against a change, and by which certificate the gateway is known."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import certificates
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.compatibility import (
    complaints,
    unreadable,
    warnings,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.daemon import _renewed
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown, fingerprint

from tests.unit.fakes.exim_facts import FEATURES, SETTINGS, info

SHOWN = Shown(b'certificate', b'key', 'mail.conbool.com', ('mail.conbool.com',), False)
OF_CERTIFICATE, OF_KEY = (fingerprint(part, 'sha256') for part in (b'certificate', b'key'))


def found(changes=None, **about):
    return ' | '.join(complaints(dict(SETTINGS, **(changes or {})), info(**about)))


def test_an_exim_as_debian_makes_it_can_use_the_gateway():
    assert found() == '' and warnings(SETTINGS, info()) == []


@pytest.mark.parametrize(
    'changes, about, words',
    [
        ({}, {'kind': 'satellite'}, 'dc_eximconfig_configtype is satellite'),
        ({}, {'kind': 'none'}, "dc_eximconfig_configtype is 'none'"),
        ({}, {'cutthrough': True}, 'cutthrough_delivery'),
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


def test_authorities_that_exim_cannot_read_keep_all_mail_waiting(tmp_path):
    path = tmp_path / 'ca.pem'
    path.write_text('')
    for place in (tmp_path, *tmp_path.parents[:2]):
        place.chmod(0o755)
    path.chmod(0o644)
    assert unreadable(str(path), 'nobody') == []
    path.chmod(0o640)
    assert str(path) in unreadable(str(path), 'nobody')[0] and unreadable(str(path), 'root') == []
    path.chmod(0o644)
    tmp_path.chmod(0o700)
    assert f'({tmp_path} keeps it out)' in unreadable(str(path), 'nobody')[0]


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


def test_exim_has_started_anew_when_all_its_sockets_are_others():
    before = {('0.0.0.0', 25): 1, ('::', 25): 2}
    assert not _renewed(before, before) and not _renewed(before, {}) and not _renewed(before, {('0.0.0.0', 25): 3})
    assert not _renewed(before, {('0.0.0.0', 25): 3, ('::', 25): 2})
    assert _renewed(before, {('0.0.0.0', 25): 3, ('::', 25): 4})
