# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands for the lab's addresses in a configuration."""
from __future__ import annotations

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.flow.playbook import filled_in


class Lab:
    addresses = {'gateway': ['198.18.0.3', '2001:db8::3'], 'lan': ['198.18.0.6', '2001:db8::6']}


def test_placeholders_become_addresses():
    assert filled_in({'a': ['{gateway}', '10.0.0.0/8', '{{ lab_resolver }}'], 'b': {'c': ['{lan}']}, 'd': '{lan}', 'e': [{'f': 1}]}, Lab) == {
        'a': ['198.18.0.3', '2001:db8::3', '10.0.0.0/8', '{{ lab_resolver }}'], 'b': {'c': ['198.18.0.6', '2001:db8::6']}, 'd': '{lan}', 'e': [{'f': 1}]}


def test_fingerprint_of_the_gateway(tmp_path):
    certificate = trustme.CA().issue_cert('mail.conbool.com')
    folder = tmp_path / 'tls/gateway'
    folder.mkdir(parents=True)
    (folder / 'normal.pem').write_bytes(b''.join(blob.bytes() for blob in certificate.cert_chain_pems))
    lab = Lab()
    lab.path = tmp_path
    wanted = x509.load_pem_x509_certificate(certificate.cert_chain_pems[0].bytes()).fingerprint(hashes.SHA256()).hex(':').upper()
    assert filled_in({'a': ['{gateway_fingerprint}']}, lab) == {'a': [wanted]}
