# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of a change of which only the order is of interest."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Hop, Wanted


def step(said, name, fails=None):
    """Return a step of a change that notes its name, and fails or not."""

    def take(*dummy):
        said.append(name)
        if fails:
            raise fails
        return {'changed': True}, []

    return take


def with_hop(server):
    return Wanted(warnings=['mind it'], hop=Hop({}), parts=[server.part('one'), server.part('two', changed=False)])
