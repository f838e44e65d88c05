# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of single values: each returns the canonical form or raises ValueError with the reason.

What they let through is written into configuration files of mail servers: everything is an allow list.
"""

from __future__ import annotations

import re
import string
import traceback
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

IMPORT_ERRORS = {}
try:
    import idna
except ImportError:
    IMPORT_ERRORS['idna'] = traceback.format_exc()
try:
    import netaddr
except ImportError:
    IMPORT_ERRORS['netaddr'] = traceback.format_exc()

from ansible.module_utils.parsing.convert_bool import boolean as ansible_boolean
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import UNSEEN
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import DIGESTS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.typed import as_typed

LETTERS_DIGITS = string.ascii_letters + string.digits
PATH_CHARACTERS = LETTERS_DIGITS + '/._+@-'
# No pattern characters (* ? ^ $ | %) and nothing that quotes or comments in a lookup table.
LOCAL_PART_CHARACTERS = LETTERS_DIGITS + "._+=~&'-"
LABEL = re.compile(r'[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?')
SELECTOR_LABEL = re.compile(r'[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?')
PEM_MARK = '-----BEGIN'
LONGEST_TEXT = 1000
LONGEST_SHOWN = 80

# Networks that no gateway and no client on another machine can have.
IMPOSSIBLE_NETWORKS = {
    '0.0.0.0/8': 'unspecified',
    '127.0.0.0/8': 'loopback',
    '169.254.0.0/16': 'link-local',
    '224.0.0.0/4': 'multicast',
    '240.0.0.0/4': 'reserved',
    '::/128': 'unspecified',
    '::1/128': 'loopback',
    'fe80::/10': 'link-local',
    'ff00::/8': 'multicast',
    '::ffff:0:0/96': 'an IPv4 network written as IPv6',
}
SHORTEST_PREFIX = {4: 8, 6: 16}


def shown(value: Any) -> str:
    """The value for an error message: control characters escaped, of a sane length, never a key or a password."""
    text = repr(value)
    if PEM_MARK in text:
        return '(PEM text, not shown)'
    if isinstance(value, Mapping):
        # Values may be passwords of parameters.
        text = 'the dictionary of ' + (', '.join(sorted(map(repr, value))) or 'nothing')
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + f'... ({len(text)} characters)'


def text(value: Any, blanks: bool = False) -> str:
    """The value as a str that fits on one line of a configuration file."""
    value = as_typed(value)
    if not isinstance(value, str):
        raise ValueError('must be text')
    if any(unicodedata.category(character) in UNSEEN for character in value):
        raise ValueError('contains a line break or another control character')
    if not value.strip():
        raise ValueError('is empty')
    if not blanks and any(character.isspace() for character in value):
        raise ValueError('contains a blank')
    if len(value) > LONGEST_TEXT:
        raise ValueError(f'is longer than {LONGEST_TEXT} characters')
    return str(value)


def _only(value: str, allowed: str, description: str) -> None:
    strange = sorted(set(value) - set(allowed))
    if strange:
        raise ValueError(
            'contains {}; allowed are {}'.format(' '.join(repr(character) for character in strange), description)
        )


def is_address(name: str) -> bool:
    """Whether the text is an IPv4 or IPv6 address."""
    return netaddr.valid_ipv4(name) or netaddr.valid_ipv6(name)


def host_name(value: Any) -> str:
    """A fully qualified host or mail domain name as lower case A-labels (RFC 1123, RFC 5891)."""
    name = text(value).lower()
    if '*' in name:
        raise ValueError('wildcards are not possible here, write each name')
    if not name.isascii() or 'xn--' in name:
        try:
            name = idna.encode(name, uts46=True).decode('ascii')
        except idna.IDNAError as exc:
            raise ValueError(f'is not a valid internationalised name: {exc}') from exc
    if name.endswith('.'):
        name = name[:-1]
    if is_address(name.strip('[]')):
        raise ValueError('is an IP address where a name is needed')
    _only(name, string.ascii_lowercase + string.digits + '.-', 'letters, digits, "-" and "."')
    labels = name.split('.')
    if not all(LABEL.fullmatch(label) for label in labels) or len(name) > 253:
        raise ValueError(
            'is not a valid name: a part is empty, longer than 63 characters or has "-" at its edge, or the whole'
            ' exceeds 253'
        )
    if len(labels) < 2:
        raise ValueError('has no dot: write the full name, such as example.com')
    if labels[-1].isdigit():
        raise ValueError('is neither a name nor an IP address: its last part is a number')
    return name


def loop_header(domain: str) -> str:
    """Name of the header that marks mail which the gateway has seen for this hosted domain."""
    return 'X-Conbool-' + host_name(domain).replace('.', '-')


def address(value: Any) -> str:
    """One IP address in its canonical form."""
    name = text(value)
    if not is_address(name):
        raise ValueError('is not an IPv4 or IPv6 address')
    return str(netaddr.IPAddress(name))


def relay_host(value: Any) -> str:
    """A host name or an IP address to connect to."""
    name = text(value)
    if name.startswith('['):
        raise ValueError('must be written without brackets (MX records are never used for it) and without a port')
    if not is_address(name):
        if ':' in name:
            raise ValueError('must be a host name or an IP address; the port belongs into conbool_relay_port')
        return host_name(name)
    host = netaddr.IPAddress(address(name))
    if int(host) == 0 or host.is_multicast():
        raise ValueError('is not the address of one host')
    return str(host)


def network(value: Any) -> str:
    """A network in CIDR notation; a single address counts as network of one."""
    name = text(value)
    _only(name, string.hexdigits + '.:/', 'those of an IPv4 or IPv6 network such as 192.0.2.0/24 or 2001:db8::/32')
    try:
        net = netaddr.IPNetwork(name)
    except (netaddr.AddrFormatError, ValueError) as exc:
        raise ValueError('is not an IPv4 or IPv6 network such as 192.0.2.0/24 or 2001:db8::/32') from exc
    if net.ip != net.network:
        raise ValueError(f'has host bits set: write {net.cidr} for the network or {net.ip} for the one address')
    shortest = SHORTEST_PREFIX[net.version]
    if net.prefixlen < shortest:
        raise ValueError(f'covers far too many addresses: the prefix must be /{shortest} or longer')
    for impossible, kind in IMPOSSIBLE_NETWORKS.items():
        other = netaddr.IPNetwork(impossible)
        if net.version == other.version and (net in other or other in net):
            raise ValueError(f'lies in {impossible}, which is {kind}')
    return str(net.cidr)


def port(value: Any) -> int:
    """A TCP port as int; decimal text is accepted because AWX and INI inventories send it."""
    return whole_number(1, 65535)(value)


def whole_number(low: int | None = None, high: int | None = None) -> Callable[[Any], int]:
    """Reader of an int within bounds, each of which may be None; decimal text is accepted as for a port."""
    bounds = '' if low is None else f' of at least {low}' if high is None else f' from {low} to {high}'

    def read(value: Any) -> int:
        if isinstance(value, str) and re.fullmatch('-?[0-9]{1,15}', value, re.ASCII):
            value = int(value)
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or (low is not None and value < low)
            or (high is not None and value > high)
        ):
            raise ValueError('must be a whole number' + bounds)
        return int(value)

    return read


def boolean(value: Any) -> bool:
    """What Ansible takes for true and false."""
    try:
        return ansible_boolean(value, strict=True)
    except TypeError as exc:
        raise ValueError('must be true or false') from exc


def boolean_or(word: str) -> Callable[[Any], bool | str]:
    """Reader of what Ansible takes for true and false, or of one word beside."""

    def read(value: Any) -> bool | str:
        if isinstance(value, str) and value.strip().lower() == word:
            return word
        try:
            return boolean(value)
        except ValueError as exc:
            raise ValueError(f'must be true, false or {word}') from exc

    return read


def choice(*allowed: str) -> Callable[[Any], str]:
    """Reader of one of the given words."""

    def read(value: Any) -> str:
        if text(value) not in allowed:
            raise ValueError('must be one of: ' + ', '.join(allowed))
        return str(value)

    return read


def _path(path: str) -> str:
    """A path that is the same however it is compared."""
    _only(path, PATH_CHARACTERS, 'ASCII letters, digits and / . _ + @ -')
    if {'.', '..'} & set(path.split('/')):
        raise ValueError('has "." or ".." in it: write the path without them')
    return re.sub('/+', '/', path)


def file_path(value: Any) -> str:
    """Absolute path of a file on the managed host."""
    path = text(value)
    if not path.startswith('/') or path.endswith('/'):
        raise ValueError('must be the absolute path of a file on the managed host')
    return _path(path)


def directory(value: Any) -> str:
    """Absolute path of a directory on the managed host, without a slash at its end."""
    path = text(value)
    if not path.startswith('/'):
        raise ValueError('must be the absolute path of a directory on the managed host')
    return _path(path).rstrip('/') or '/'


def controller_directory(value: Any) -> str:
    """Path of a directory on the controller; a relative one begins where the playbook was started."""
    path = text(value)
    _only(path, PATH_CHARACTERS, 'ASCII letters, digits and / . _ + @ -')
    return path


def fingerprint(value: Any) -> str:
    """A fingerprint in upper case. Which digest it is of, its length says."""
    digits = text(value).upper()
    if not re.fullmatch('[0-9A-F]{2}(:[0-9A-F]{2})*', digits) or len(digits.replace(':', '')) not in DIGESTS:
        raise ValueError(
            'is not a fingerprint: pairs of hexadecimal digits with ":" between them, as of SHA-256 32 of them'
        )
    return digits


def sender(value: Any) -> str:
    """local@domain or @domain; case is ignored, as MTAs do in their lookups."""
    local, at_sign, domain = text(value).rpartition('@')
    if not at_sign:
        raise ValueError('must be an address such as user@example.com, or @example.com for a whole domain')
    _only(local, LOCAL_PART_CHARACTERS, "in front of the @: ASCII letters, digits and . _ + = ~ & ' -")
    if local.startswith('.') or local.endswith('.') or '..' in local or len(local) > 64:
        raise ValueError('is not a valid address in front of the @ (RFC 5321)')
    return local.lower() + '@' + host_name(domain)


def dkim_selector(value: Any) -> str:
    """A DKIM selector (RFC 6376, with the underscore that is common in practice)."""
    name = text(value).lower()
    if not all(SELECTOR_LABEL.fullmatch(label) for label in name.split('.')):
        raise ValueError('is not a DKIM selector such as selector1')
    return name


def txt_value(value: Any) -> str:
    """The content of a TXT record."""
    content = text(value, blanks=True)
    if not content.isascii():
        raise ValueError('must be ASCII text, as it stands in the TXT record')
    return content
