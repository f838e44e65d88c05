# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The company of the lab on a double of Zimbra (not Zimbra): what its installer and its administrator have put into the
directory. `python3 -m lab.zimbra.site FQDN ADDRESS...` writes it when the host boots for the first time."""

from __future__ import annotations

import os
import sys
import uuid

from . import schema
from .localconfig import LocalConfig
from .store import Store, locked, write_json

STATE = '/opt/zimbra/double'
LOCALCONFIG_XML = '/opt/zimbra/conf/localconfig.xml'
DOMAIN, SECOND_DOMAIN = 'example.com', 'sub.example.co.uk'
PASSWORD = 'lab-password'
SERVICES = [
    *(
        'amavis',
        'antispam',
        'antivirus',
        'mta',
        'opendkim',
        'stats',
        'logger',
        'mailbox',
        'memcached',
        'proxy',
        'service',
    ),
    *('snmp', 'spell', 'zimbra', 'zimbraAdmin', 'zimlet', 'ldap'),
]
# What the administrator had the mailbox servers do before the gateway came.
SITE_SIEVE = """require ["fileinto"];
if header :is "X-Site-Spam" "yes" {
    fileinto "Junk";
    stop;
}
"""


def new_store() -> dict:
    """A directory without servers and accounts."""
    return {
        'config': {
            **schema.config_defaults(),
            'zimbraDefaultDomainName': [DOMAIN],
            'zimbraMtaMyOrigin': [DOMAIN],
            'zimbraMtaRecipientDelimiter': ['+'],
            # A machine with two processors: two amavis processes, not ten.
            'zimbraAmavisMaxServers': ['2'],
            # Any value; that there is one makes the file with it be named.
            'zimbraSSLDHParam': ['conf/dhparam.pem'],
        },
        'cos': {'default': {**schema.cos_defaults(), 'zimbraId': [_id('default')]}},
        'domains': {
            DOMAIN: {**_domain(DOMAIN), 'zimbraAdminSieveScriptBefore': [SITE_SIEVE]},
            SECOND_DOMAIN: _domain(SECOND_DOMAIN),
        },
        'servers': {},
        'accounts': {},
        'lists': {
            f'fwd@{DOMAIN}': _list(f'fwd@{DOMAIN}', 'fwd@external.test'),
            f'mixed@{DOMAIN}': _list(f'mixed@{DOMAIN}', f'alice@{DOMAIN}', 'mixed@external.test'),
        },
    }


def _id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def _domain(name: str) -> dict[str, list[str]]:
    return {
        'zimbraId': [_id(name)],
        'zimbraDomainName': [name],
        'zimbraDomainType': ['local'],
        'zimbraDomainStatus': ['active'],
        'zimbraMailStatus': ['enabled'],
    }


def _list(address: str, *members: str) -> dict[str, list[str]]:
    return {
        'zimbraId': [_id(address)],
        'zimbraMailAlias': [address],
        'zimbraMailForwardingAddress': list(members),
        'zimbraMailStatus': ['enabled'],
    }


def server(fqdn: str, addresses: list[str]) -> dict[str, list[str]]:
    """addresses: of the host itself. Webmail hands in from there, and nobody else may."""
    own = [f'[{address}]/128' if ':' in address else f'{address}/32' for address in addresses]
    return {
        'zimbraId': [_id(fqdn)],
        'zimbraServiceHostname': [fqdn],
        'zimbraIPMode': ['both'],
        'zimbraServiceEnabled': list(SERVICES),
        'zimbraServiceInstalled': list(SERVICES),
        'zimbraMtaAuthTarget': ['TRUE'],
        'zimbraReverseProxyLookupTarget': ['TRUE'],
        'zimbraMtaMyNetworks': [' '.join(['127.0.0.0/8', '[::1]/128', *own])],
    }


def account(user: str, fqdn: str, **more: list[str]) -> dict[str, list[str]]:
    return {
        'zimbraId': [_id(user)],
        'zimbraMailDeliveryAddress': [f'{user}@{DOMAIN}'],
        'zimbraMailStatus': ['enabled'],
        'zimbraAccountStatus': ['active'],
        'zimbraMailHost': [fqdn],
        'zimbraMailTransport': [f'lmtp:{fqdn}:7025'],
        'userPassword': [PASSWORD],
        **more,
    }


def accounts(fqdn: str) -> dict[str, dict[str, list[str]]]:
    aliases = [f'alice@{SECOND_DOMAIN}', *(f'{user}@{DOMAIN}' for user in ('postmaster', 'root', 'admin'))]
    return {
        f'alice@{DOMAIN}': account('alice', fqdn, zimbraMailAlias=aliases),
        f'bob@{DOMAIN}': account(
            'bob',
            fqdn,
            zimbraMailAlias=[f'bob@{SECOND_DOMAIN}'],
            zimbraPrefMailForwardingAddress=['bob@external.test'],
        ),
    }


def local_configuration(fqdn: str) -> dict[str, str]:
    return {
        'zimbra_server_hostname': fqdn,
        'ldap_host': fqdn,
        'ldap_port': '389',
        'ldap_url': f'ldap://{fqdn}:389',
        'ldap_master_url': f'ldap://{fqdn}:389',
        'ldap_starttls_supported': '0',
        'av_notify_user': f'admin@{DOMAIN}',
        'av_notify_domain': DOMAIN,
        'postfix_mail_owner': 'postfix',
        'postfix_setgid_group': 'postdrop',
        'zmconfigd_interval': '60',
    }


def main(fqdn: str, *addresses: str) -> int:
    store = Store()
    with locked(store.beside('.lock')):
        if not store.path.exists():
            write_json(store.path, new_store())
    with store.change() as data:
        data['servers'].setdefault(fqdn, server(fqdn, list(addresses)))
        # On several servers with one directory, the first has the mailboxes.
        data['accounts'] = data['accounts'] or accounts(fqdn)
    switches = store.beside('.switches')
    if not switches.exists():
        # The fixed waits of Zimbra's scripts, left out.
        write_json(switches, {'pauses': 0})
    local = LocalConfig(os.path.join(STATE, 'localconfig.json'), LOCALCONFIG_XML)
    local.configured.update(local_configuration(fqdn))
    local.save()
    return 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
