# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemon knows at a poll: the values of global configuration, server, local configuration and other servers,
and what it derives from them before anything else looks at them."""

from __future__ import annotations

import base64
import contextlib
import re

from .macros import Macros, is_true, text
from .provider import effective

# Attributes whose words are joined by commas, whatever stood between them.
COMMA_LISTS = (
    'zimbraMtaHeaderChecks',
    'zimbraMtaImportEnvironment',
    'zimbraMtaLmtpConnectionCacheDestinations',
    'zimbraMtaLmtpHostLookup',
    'zimbraMtaSmtpSaslMechanismFilter',
    'zimbraMtaNotifyClasses',
    'zimbraMtaPropagateUnmatchedExtensions',
    'zimbraMtaSmtpdSaslSecurityOptions',
    'zimbraMtaSmtpSaslSecurityOptions',
    'zimbraMtaSmtpdSaslTlsSecurityOptions',
)
# Block lists are taken out of zimbraMtaRestriction, in this order.
BLOCK_LISTS = {
    'reject_rbl_client': 'zimbraMtaRestrictionRBLs',
    'reject_rhsbl_client': 'zimbraMtaRestrictionRHSBLCs',
    'reject_rhsbl_sender': 'zimbraMtaRestrictionRHSBLSs',
    'reject_rhsbl_reverse_client': 'zimbraMtaRestrictionRHSBLRCs',
}
SORTED_LISTS = ('zimbraMailboxdSSLProtocols', 'zimbraSSLExcludeCipherSuites', 'zimbraSSLIncludeCipherSuites')
# zimbraIPMode: the loopback address of the mail services, and what else follows from it.
IP_MODES = {
    'ipv4': {
        'zimbraUnboundBindAddress': '127.0.0.1',
        'zimbraLocalBindAddress': '127.0.0.1',
        'zimbraPostconfProtocol': 'ipv4',
        'zimbraAmavisListenSockets': "'10024','10026','10032'",
        'zimbraInetMode': 'inet',
    },
    'ipv6': {
        'zimbraUnboundBindAddress': '::1',
        'zimbraLocalBindAddress': '::1',
        'zimbraPostconfProtocol': 'ipv6',
        'zimbraAmavisListenSockets': "'[::1]:10024','[::1]:10026','[::1]:10032'",
        'zimbraInetMode': 'inet6',
    },
    'both': {
        'zimbraUnboundBindAddress': '127.0.0.1 ::1',
        'zimbraLocalBindAddress': '::1',
        'zimbraPostconfProtocol': 'all',
        'zimbraAmavisListenSockets': "'10024','10026','10032','[::1]:10024','[::1]:10026','[::1]:10032'",
        'zimbraInetMode': 'inet6',
    },
}
MILTER_ADDRESSES = {'ipv4': '127.0.0.1', 'ipv6': '[::1]', 'both': '[::1]'}
# Services that come with another one.
COMPANIONS = {'mailbox': 'mailboxd', 'mta': 'sasl'}
# Attributes that are written to a file of their own: base64 there.
MAPPED_FILES = {'zimbraSSLDHParam': 'conf/dhparam.pem'}
NOTHING = ' '.join('UNKNOWN OUTPUT')


def joined(attributes: dict) -> dict:
    """Return {attribute: text} for {attribute: [values]}: several values are one text; no value, no attribute."""
    return {name: ' '.join(values) for name, values in attributes.items() if values}


class Values:
    """The values of one poll. Keeps between polls what the real daemon keeps: services, once seen, stay enabled."""

    def __init__(self, provider, host):
        self._provider, self._host = provider, host
        self.services: set[str] = set()
        self.local, self.config, self.server, self.others = {}, {}, {}, {}
        self._lists: dict[str, str] = {}

    def load(self) -> None:
        """Read everything again. What one source cannot be brought to, leaves the rest of its derived values out."""
        self._lists = {}
        self.local = _local(self._provider.localconfig())
        self.config = joined(self._provider.config())
        # The threads that load die of a character that is not ASCII, and nobody notices.
        with contextlib.suppress(UnicodeEncodeError):
            _quarantine(self.config)
            _sorted_lists(self.config)
        # Without a name of its own, it goes on with the server that it knows.
        if self.local.get('zimbra_server_hostname'):
            self.server = joined(effective(self._provider.config(), self._provider.server()))
            with contextlib.suppress(UnicodeEncodeError):
                self._derive_server()
        self.others = _other_servers([joined(server) for server in self._provider.servers()])

    def _derive_server(self) -> None:
        server = self.server
        _sorted_lists(server)
        if 'zimbraMtaMyNetworks' in server:
            server['zimbraMtaMyNetworksPerLine'] = '\n'.join(server['zimbraMtaMyNetworks'].split())
        for service in server.get('zimbraServiceEnabled', '').split():
            self.services |= {service, COMPANIONS.get(service, service)}
        _restrictions(server)
        _addresses(server)
        _milters(server)
        for name in COMMA_LISTS:
            if name in server:
                server[name] = ', '.join(text(server[name]).split())

    def look_up(self, kind: str, key: str):
        """Return the value of a key or None; kind is VAR, LOCAL, SERVICE, FILE, MAPFILE or MAPLOCAL. With ! before the
        key: whether it is not set. Raises OSError for a list file that is missing."""
        if key.startswith('!'):
            return self.holds(kind, key)
        if kind == 'VAR':
            found = (source[key] for source in (self.server, self.others, self.config) if key in source)
            return next(found, None)
        if kind == 'LOCAL':
            return self.local.get(key)
        if kind == 'SERVICE':
            return key in self.services
        if kind == 'FILE':
            if key not in self._lists:
                self._lists[key] = Macros(self.look_up).list(self._host.read(f'conf/{key}'))
            return self._lists[key]
        if kind == 'MAPFILE' and key in MAPPED_FILES:
            return self._map(key)
        if kind == 'MAPLOCAL' and key in MAPPED_FILES:
            return self._host.path(MAPPED_FILES[key]) if self._host.exists(MAPPED_FILES[key]) else ''
        return None

    def holds(self, kind: str, key: str) -> bool:
        """Return whether what a condition asks for is set; with ! before the key, whether it is not."""
        return is_true(self.look_up(kind, key.lstrip('!'))) != key.startswith('!')

    def _map(self, key):
        """Bring the file of a mapped attribute to its value; return the file's path, None without a usable value."""
        path, value = MAPPED_FILES[key], self.look_up('VAR', key)
        there = self._host.read(path, 'latin-1') if self._host.exists(path) else None
        if value is None:
            if there is not None:
                self._host.remove(path)
            return None
        try:
            content = base64.b64decode(value).decode('latin-1')
        except ValueError:
            return None
        if content != there:
            self._host.write(path, content, 0o644, 'latin-1')
        return self._host.path(path)


def _local(localconfig):
    local = dict(localconfig)
    local.setdefault('zmconfigd_listen_port', '7171')
    if 'ldap_url' in local:
        urls = text(local['ldap_url']).split()
        signing, key = (
            '/?DKIMSelector?sub?(DKIMIdentity=$d)',
            '/?DKIMDomain,DKIMSelector,DKIMKey,?sub?(DKIMSelector=$d)',
        )
        local['opendkim_signingtable_uri'] = ' '.join(url + signing for url in urls)
        local['opendkim_keytable_uri'] = ' '.join(url + key for url in urls)
    return local


def _quarantine(config):
    warned = config.get('zimbraMtaBlockedExtensionWarnRecipient') == 'TRUE'
    quarantined = warned and 'zimbraAmavisQuarantineAccount' in config
    config['zimbraQuarantineBannedItems'] = 'TRUE' if quarantined else 'FALSE'


def _sorted_lists(source):
    for name in SORTED_LISTS:
        if name in source:
            words = sorted(text(source[name]).split(), key=str.lower)
            source[name] = ' '.join(words)
            source[f'{name}XML'] = '\n'.join(f'<Item>{word}</Item>' for word in words)


def _restrictions(server):
    if 'zimbraMtaRestriction' not in server:
        return
    for word, name in BLOCK_LISTS.items():
        value = server['zimbraMtaRestriction']
        server[name] = ', '.join(re.findall(rf'{word}\s+(\S+)', value))
        # The last one has no blank after it, and stays.
        server['zimbraMtaRestriction'] = re.sub(rf'{word}\s+\S+\s+', '', value)


def _addresses(server):
    if 'zimbraIPMode' not in server:
        return
    mode = text(server['zimbraIPMode']).lower()
    server['zimbraIPv4BindAddress'] = '127.0.0.1'
    server.update(IP_MODES.get(mode, {}))
    if mode in MILTER_ADDRESSES:
        server.setdefault('zimbraMilterBindAddress', MILTER_ADDRESSES[mode])


def _milters(server):
    if server.get('zimbraMilterServerEnabled') != 'TRUE':
        # Milters of the administrator's go with Zimbra's own.
        server['zimbraMtaSmtpdMilters'] = ''
        return
    own = f'inet:{server.get("zimbraMilterBindAddress")}:{server.get("zimbraMilterBindPort")}'
    before = server.get('zimbraMtaSmtpdMilters')
    server['zimbraMtaSmtpdMilters'] = own if before is None else f'{before}, {own}'


def _other_servers(servers):
    """What is collected from all servers; where there is none, the daemon keeps a text of its own making."""
    lookups = [server for server in servers if server.get('zimbraReverseProxyLookupTarget') == 'TRUE']
    clear = ('http', 'mixed', 'both')
    backends = [
        f'{server.get("zimbraServiceHostname", "")}:'
        f'{server.get("zimbraMailPort" if server["zimbraMailMode"] in clear else "zimbraMailSSLPort", "0")}'
        for server in lookups
        if 'zimbraMailMode' in server
    ]
    collected = {
        'getAllMtaAuthURLs': [
            f'https://{server.get("zimbraServiceHostname")}:{server.get("zimbraMtaAuthPort")}/service/admin/soap/'
            for server in servers
            if server.get('zimbraMtaAuthTarget') == 'TRUE'
        ],
        'getAllReverseProxyURLs': [
            f'{server.get("zimbraServiceHostname", "")}:7072/service/extension/nginx-lookup' for server in lookups
        ],
        'getAllReverseProxyBackends': backends or ['    server localhost:8080;'],
        'getAllMemcachedServers': [
            f'{server.get("zimbraServiceHostname", "")}:{server.get("zimbraMemcachedBindPort", "")}'
            for server in servers
            if 'memcached' in server.get('zimbraServiceEnabled', '').split()
        ],
    }
    return {name: ' '.join(values) or NOTHING for name, values in collected.items()}
