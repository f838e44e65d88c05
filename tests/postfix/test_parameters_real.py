# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every parameter of Debian's Postfix has a place in the list of what the hop takes over."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.parameters import known


def test_no_parameter_of_this_postfix_is_left_out(machine):
    names = [line.partition('=')[0].strip() for line in machine.postconf('-d').splitlines()]
    assert len(names) > 800
    assert [name for name in names if not known(name)] == []
    # And what it makes of the entries in master.cf, and main.cf adds.
    own = [line.partition('=')[0].strip() for line in machine.postconf().splitlines()]
    assert [name for name in own if not known(name)] == []
