# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate's key and usage, read from its bytes."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.certificate import for_clients, public_key

from tests.unit.fakes.gateway import certificate


@pytest.mark.parametrize('kind', ['ec', 'rsa'])
def test_public_key_is_the_whole_subject_public_key_info(kind):
    made, key = certificate(kind=kind)
    assert public_key(made) == key


@pytest.mark.parametrize(
    'usage, expected', [('none', True), ('server', False), ('both', True), ('client', True), ('any', False)]
)
def test_usage_as_openssl_sees_it(usage, expected):
    assert for_clients(certificate(usage)[0]) is expected


def test_what_is_no_certificate_is_a_value_error():
    made = certificate()[0]
    for data in (b'', b'\x30', b'\x30\x80', b'\x30\x03\x02\x01\x01', made[:-1], made[:200], made + made, b'\xff' * 40):
        with pytest.raises(ValueError, match='certificate'):
            public_key(data)
