# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By what a Postfix knows the gateway."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import fingerprint
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import certificates_table

from tests.unit.fakes.gateway import shown


@pytest.mark.parametrize(
    'certificate, settings, table, known',
    [
        (shown(), {}, None, ''),
        (shown(for_clients=True), {}, None, 'name'),
        (shown(common_name='*.conbool.com', for_clients=True), {}, None, 'name'),
        # Postfix looks at the common name only.
        (shown(common_name='', for_clients=True), {}, None, ''),
        (shown(common_name='other.conbool.com', for_clients=True), {}, None, ''),
        (shown(), {}, shown().public_key, 'key'),
        (shown(2), {}, shown().public_key, ''),
        (shown(for_clients=True), {'inbound_certificate_fingerprints': ['AB']}, None, ''),
        (shown(), {'inbound_certificate_fingerprints': ['AB']}, shown().certificate, 'key'),
    ],
)
def test_by_what_the_gateway_is_known(server, tmp_path, certificate, settings, table, known):
    if table:
        content = certificates_table([], [fingerprint(table, 'sha256')])
        (tmp_path / 'conbool_certificates').write_text(content, encoding='utf-8')
    assert server(**settings).knows(certificate) == known
