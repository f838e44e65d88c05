# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which networks' mail may lose its trust headers, whatever the mail server."""

from __future__ import annotations

import ipaddress

from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import overlap


def read_wash_networks(variable, names, settings):
    """Return the networks that are to be washed, and what is wrong with them.

    Args:
        variable: the name of the variable that lists them, for messages.
        names: its value.
        settings: the normalised settings. Headers of the gateway itself must count, or what it releases and what comes
            back from it goes to it again.

    Returns:
        tuple: networks of ipaddress, problems.
    """
    networks, problems = [], []
    gateway = [ipaddress.ip_network(item) for item in settings['networks']]
    for name in names:
        try:
            network = ipaddress.ip_network(readers.network(name))
        except ValueError as exc:
            problems.append(f'{variable}: {name!r} {exc}')
            continue
        networks.append(network)
        problems += [
            f'{variable}: {network} overlaps {other} of conbool_networks, whose headers are what they are for'
            for other in gateway
            if overlap(network, other)
        ]
    return networks, problems
