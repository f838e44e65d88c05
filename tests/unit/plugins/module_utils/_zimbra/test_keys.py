# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which keys a Zimbra knows the gateway."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import fingerprint

from tests.unit.fakes.gateway import shown
from tests.unit.fakes.zimbra_runs import apply

FOREIGN = fingerprint(b'foreign', 'sha256')


def test_a_key_that_no_run_has_written_is_taken_out(zimbra):
    apply(zimbra, gateway=[shown(1)])
    # One machine of several: that of the other stays.
    apply(zimbra, gateway=[shown(2)])
    (path,) = zimbra.root.rglob('conbool_certificates')
    table = path.read_text(encoding='ascii')
    assert all(fingerprint(shown(number).public_key, 'sha256') in table for number in (1, 2))
    assert not apply(zimbra, gateway=[shown(1)])[0]['changed']

    path.write_text(f'{table}{FOREIGN} permit\n', encoding='ascii')
    with pytest.raises(HostError, match='cannot be asked for its own now'):
        apply(zimbra)
    assert apply(zimbra, check_mode=True, gateway=[shown(1)])[0]['changed']
    assert apply(zimbra, gateway=[shown(1)])[0]['changed']
    assert FOREIGN not in path.read_text(encoding='ascii')
