# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The administration of the Kerio Connect of this host, as the variables of its role say where it is."""

from __future__ import annotations

import glob
import hashlib
import ipaddress
import os
import ssl
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import names
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client, KerioError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.https import Server
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.variables import place_of

BEGIN, END = '-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----'
# Seconds for each call. A change of the list of rules is the longest of them.
TIMEOUT = 30.0


def certificates() -> dict[str, str]:
    """The certificates in Kerio Connect's own directory: SHA-256 in hex -> file. Only root writes there."""
    found = {}
    for path in sorted(glob.glob(os.path.join(names.PREFIX, 'sslcert', '*'))):
        text = decode(read_file(path).data or b'') if os.path.isfile(path) else ''
        # The server's own is the first one; those behind it are its authorities.
        if BEGIN in text and END in text:
            source = text[text.index(BEGIN) : text.index(END) + len(END)]
            try:
                found[hashlib.sha256(ssl.PEM_cert_to_DER_cert(source)).hexdigest()] = path
            except ValueError:
                continue
    return found


def server_of(options: Mapping[str, Any]) -> Server:
    """Where the administration is, and how it is known.

    Without anything said, it is one on loopback that shows a certificate of Kerio Connect's own directory: any user of
    the host could listen there while it does not run.
    """
    host, port = place_of(options['url'])
    said = options['ca_file'] or options['fingerprint']
    known = frozenset() if said or not _loopback(host) else frozenset(certificates())
    return Server(host, port, options['ca_file'] or None, options['fingerprint'] or None, known=known)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost'


def client_of(options: Mapping[str, Any], password: str | None, refused: list[KerioError] | None = None) -> Client:
    """A session that is yet to begin.

    Args:
        options: the variables of the role, without its prefix.
        refused: as of C(Client).

    Raises:
        HostError: there is no password.
    """
    if not password:
        raise HostError(
            f'kerio_smarthost_password is empty: it is that of {options["user"]} in the administration of Kerio Connect'
        )
    return Client(server_of(options), options['user'], password, TIMEOUT, refused)
