# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of Kerio Connect (not Kerio Connect) with the outbound hop, behind a Postfix that takes all mail from outside
(mode front)."""

from __future__ import annotations

from tests.flow import fronted
from tests.flow.adapters import kerio_direct, postfix

MARKED = 'the host in front marks it by X-Spam-Flag, and Kerio Connect files by its own verdict'
SCRIPTS = kerio_direct.OUTBOUND['I3.site']


class Adapter(kerio_direct.Adapter):
    site = fronted.Fronted
    # All that tells it from the configuration of the host in front: who comes from outside comes there.
    variables = {
        **kerio_direct.Adapter.variables,
        'kerio_smarthost_inbound': 'front',
        'conbool_networks': [f"{{{{ hostvars['{fronted.FRONT}'].ansible_host }}}}"],
        'conbool_dns_spf_addresses': '{{ lab_gateway }}',
        **dict.fromkeys(('conbool_smtp_allowed_networks', 'conbool_wash_networks'), []),
        'conbool_inbound_certificate_fingerprints': [],
    }
    expected_failures = {
        **postfix.Adapter.expected_failures,
        **kerio_direct.OUTBOUND,
        **dict.fromkeys(('I2', 'I2.several', 'I2.case', 'I2.space', 'I2.folded', 'I2.twice'), MARKED),
        **dict.fromkeys(('I2.header', 'I2.header-denied', 'I2.header-case', 'I2.header-space'), MARKED),
        **dict.fromkeys(('I2.header-folded', 'I2.header-twice'), MARKED),
        **dict.fromkeys(('I3.no', 'I3.attached', 'I3.header-attached'), MARKED),
        **dict.fromkeys(('I3.header-lan', 'F4.encoded-released'), SCRIPTS),
        # A user hands in at Kerio Connect.
        **dict.fromkeys(('F3.released', 'F3.flag', 'F3.encoded', 'F3.odd'), kerio_direct.KEPT),
        **dict.fromkeys(('F3.encoded-released', 'I3.header-user'), kerio_direct.KEPT),
        **dict.fromkeys(('F5.envelope', 'I3.header-envelope'), kerio_direct.OUTBOUND['T1']),
    }
    # What is for the host in front is none of its business.
    refused = {'narrow_bypass': kerio_direct.Adapter.refused['narrow_bypass']}
