# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which certificate a Sendmail knows the gateway. What the rules do is in tests/flow and tests/sendmail."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import fingerprint
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import certificates
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.compatibility import complaints
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.m4 import render

from tests.unit.fakes.gateway import shown
from tests.unit.fakes.mail_server import SETTINGS
from tests.unit.fakes.sendmail_facts import info

INBOUND = dict(SETTINGS, inbound=True)
SHA256 = ':'.join(['AB'] * 32)
TLS = {'servercertfile': '/c', 'serverkeyfile': '/k'}
NAME = 'R<tls $*> $*\t\t$: <verify $&{verify}> $2\n'
OR_NAME = 'R<certificate $*> $*\t$: <verify $&{verify}> $2\n'


def text(known=(), about=None, **settings):
    return render(dict(INBOUND, **settings), about or info(), '/ca.pem', known=known)


def learnt(present, gateway, **about):
    return certificates.learnt(info(**about), present, gateway)


def test_a_certificate_is_known_by_its_fingerprint_or_by_its_name():
    out = text([SHA256])
    assert f'C{{ConboolLearnt}}{SHA256}\n' in out
    assert 'R<tls $*> $*\t\t$: <certificate $&{cert_fp}> $2\n' in out
    assert 'R<certificate $={ConboolLearnt}> $*\t$: <recipient> $2\n' + OR_NAME + 'R<verify OK> $*' in out
    assert "define(`confCERT_FINGERPRINT_ALGORITHM', `sha256')dnl\n" in out


def test_nothing_learnt_leaves_the_name():
    out = text()
    assert NAME in out and 'cert_fp' not in out and 'ConboolLearnt' not in out
    off = text([SHA256], inbound_require_certificate=False)
    assert 'R<tls $*> $*\t\t$: <recipient> $2\n' in off and SHA256 not in off
    assert 'FINGERPRINT' not in off


def test_fingerprints_in_the_settings_are_the_only_ones_that_count():
    out = text(inbound_certificate_fingerprints=[SHA256])
    assert f'C{{ConboolNamed}}{SHA256}\n' in out and 'ConboolLearnt' not in out
    assert NAME not in out and OR_NAME not in out and 'another certificate is required' in out
    # Nor are they taken for learnt ones when they are gone from the settings.
    assert learnt(out, []) == []


def test_certificates_are_kept_from_run_to_run():
    first = learnt('', [shown()])
    assert first == [fingerprint(shown().certificate, 'sha256')]
    assert learnt(text(first), []) == first
    # One that somebody has written into it is none that was learnt.
    added = text([SHA256, *first])
    assert certificates.learnt(info(), added, [shown()], intact=False) == first
    assert certificates.learnt(info(), added, [shown()]) == [SHA256, *first]
    assert learnt(text(first), [shown(2)]) == [fingerprint(shown(2).certificate, 'sha256'), *first]


def test_the_site_s_own_algorithm_stays():
    own = info(options={'certfingerprintalgorithm': 'sha1'})
    assert 'FINGERPRINT' not in text([SHA256], own)
    assert certificates.learnt(own, text([SHA256]), [shown()]) == [fingerprint(shown().certificate, 'sha1')]
    (found,) = complaints(
        dict(INBOUND, inbound_certificate_fingerprints=[SHA256]),
        dict(own, options={**own['options'], **TLS}, features=['MAP_REGEX']),
    )
    assert found.startswith(f'conbool_inbound_certificate_fingerprints: {SHA256!r}') and 'sha1' in found


def test_a_sendmail_without_fingerprints_goes_by_the_name():
    old = info(version='8.15.2')
    assert certificates.learnt(old, '', [shown()]) == [] and 'FINGERPRINT' not in text([], old)
    (said,) = certificates.warnings(INBOUND, old, [])
    assert 'clientAuth' in said and '8.16' in said
    (found,) = certificates.complaints(dict(INBOUND, inbound_certificate_fingerprints=[SHA256]), old)
    assert '8.15.2' in found


def test_whoever_is_known_by_name_only_is_told():
    (said,) = certificates.warnings(INBOUND, info(), [])
    assert 'clientAuth' in said and 'site.yml' in said
    assert certificates.warnings(INBOUND, info(), [SHA256]) == certificates.warnings(SETTINGS, info(), []) == []
    assert certificates.warnings(dict(INBOUND, inbound_certificate_fingerprints=[SHA256]), info(), []) == []


ALTERNATIVES = 'O SetCertAltnames=true\n'


@pytest.mark.parametrize(
    'certificate, cf, passes',
    [
        (shown(for_clients=True), '', True),
        (shown(), ALTERNATIVES, False),
        (shown(common_name='', for_clients=True), ALTERNATIVES, True),
        (shown(common_name='', for_clients=True), '', False),
        (shown(common_name='x', dns_names=('*.CONBOOL.com',), for_clients=True), ALTERNATIVES, True),
        (shown(common_name='*.conbool.com', dns_names=(), for_clients=True), ALTERNATIVES, False),
    ],
)
def test_names_as_the_rules_compare_them(certificate, cf, passes):
    assert certificates.by_name(certificate, 'mail.conbool.com', cf) is passes


def test_a_fingerprint_of_the_key_is_refused_with_that_of_the_certificate():
    key, whole = (fingerprint(part, 'sha256') for part in (shown().public_key, shown().certificate))
    settings = dict(INBOUND, inbound_certificate_fingerprints=[SHA256, key])
    (problem,) = certificates.of_keys(settings, info(), [shown(2), shown()])
    assert problem.startswith(f"conbool_inbound_certificate_fingerprints: '{key}'") and whole in problem
    assert certificates.of_keys(dict(settings, inbound_certificate_fingerprints=[whole]), info(), [shown()]) == []
    assert certificates.of_keys(dict(settings, inbound_require_certificate=False), info(), [shown()]) == []
