# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""zmmtainit of the double of Zimbra (not Zimbra): writes Postfix's LDAP tables anew, whatever was in them."""

from __future__ import annotations

from .world import World

ADDRESS = 'zimbraMailDeliveryAddress'
ANY_ADDRESS = f'(|({ADDRESS}=%s)(zimbraMailAlias=%s)(zimbraMailCatchAllAddress=%s))'
FORWARDED = f'{ADDRESS},zimbraMailForwardingAddress,zimbraPrefMailForwardingAddress'
# Table -> what is asked besides zimbraMailStatus=enabled, the attributes of the result, and lines of its own.
TABLES = {
    'vmm': (f'({ADDRESS}=%s)', ADDRESS, {}),
    'vmd': ('(zimbraDomainName=%s)(zimbraDomainType=local)', 'zimbraDomainName', {}),
    'vam': (
        f'(|({ADDRESS}=%s)(zimbraMailAlias=%s)(zimbraOldMailAddress=%s)(zimbraMailCatchAllAddress=%s))',
        f'{FORWARDED},zimbraMailCatchAllForwardingAddress',
        {'special_result_attribute': 'member'},
    ),
    'vad': ('(zimbraDomainName=%s)(zimbraDomainType=alias)', 'zimbraDomainName', {}),
    'canonical': (ANY_ADDRESS, 'zimbraMailCanonicalAddress,zimbraMailCatchAllCanonicalAddress', {}),
    'transport': (f'(|({ADDRESS}=%s)(zimbraDomainName=%s))', 'zimbraMailTransport', {}),
    'slm': (
        f'(|(uid=%s)({ADDRESS}=%s)(zimbraMailAlias=%s)(zimbraMailCatchAllAddress=%s)(zimbraAllowFromAddress=%s))',
        f'uid,{FORWARDED},zimbraMailCatchAllForwardingAddress,zimbraMailAlias,zimbraAllowFromAddress',
        {'result_format': '%u, %s'},
    ),
    'splitdomain': (ANY_ADDRESS, FORWARDED, {'result_filter': 'OK'}),
}


def main(world: World, arguments: list[str]) -> int:
    variables = world.setvars()
    if len(arguments) > 2:
        world.out.write('Usage: zmmtainit ldap_host [ ldap_port ]\n')
        return 0
    url, port = variables['ldap_url'], variables['ldap_port']
    if arguments:
        host, port = (*arguments, '389')[:2]
        url = f'{"ldaps" if port == "636" else "ldap"}://{host}:{port}'
    for name, (asked, result, more) in TABLES.items():
        said = {
            'server_host': url,
            'server_port': port,
            'search_base': '',
            'query_filter': f'(&{asked}(zimbraMailStatus=enabled))',
            'result_attribute': result,
            **more,
            'version': '3',
            'start_tls': 'yes' if variables['ldap_starttls_supported'] == '1' else 'no',
            'tls_ca_cert_dir': '/opt/zimbra/conf/ca',
            'bind': 'yes',
            'bind_dn': 'uid=zmpostfix,cn=appaccts,cn=zimbra',
            'bind_pw': variables['ldap_postfix_password'],
            'timeout': '30',
        }
        path = world.home / 'conf' / f'ldap-{name}.cf'
        path.write_text(''.join(f'{key} = {value}\n' for key, value in said.items()))
        world.chown(path, None, 'postfix')
    return 0
