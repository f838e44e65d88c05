# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in the outbound hop: the entries of its master.cf."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.entries import service
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.senders import user_options
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.client import UNTOUCHED

# What the MTA asks of other servers' TLS is for mail that goes direct, not for the gateway, of which more is asked, and
# not for loopback.
NO_SITE_POLICY = {'smtp_tls_policy_maps': '', 'smtp_tls_CAfile': '', 'smtp_tls_CApath': ''}
BACK_TO_THE_MTA = dict(
    NO_SITE_POLICY,
    **UNTOUCHED,
    smtp_tls_security_level='may',
    smtp_bind_address='',
    smtp_bind_address6='',
    # As all else on this host knows the name, and as it is asked about: the DNS may have another address for it than
    # /etc/hosts, such as the one at which the gateway's mail arrives.
    smtp_host_lookup='native',
)


def version_of(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r'\d+', text)[:2])


def gateway_options(settings: Mapping[str, Any], version: str, lookup_types: Collection[str]) -> dict[str, str]:
    """Return the smtp(8) overrides with which the hop speaks to the gateway: TLS with chain and name verified."""
    options = dict(
        NO_SITE_POLICY,
        smtp_tls_security_level='secure',
        smtp_tls_secure_cert_match=settings['tls_name'],
        smtp_tls_mandatory_protocols='!SSLv2, !SSLv3, !TLSv1, !TLSv1.1',
        smtp_tls_session_cache_database=(
            '%s:$data_directory/gateway_scache' % ('btree' if 'btree' in lookup_types else 'lmdb')
        ),
        tls_append_default_CA='no',
    )
    if version_of(version) >= (3, 4):
        options['smtp_tls_servername'] = settings['tls_name']
    if version_of(version) >= (3, 10):
        # RFC 8689: with "TLS-Required: no" in it, a message would go to whoever answers, in clear text even.
        options['tls_required_enable'] = 'no'
    if settings['tls_ca_file']:
        options['smtp_tls_CAfile'] = settings['tls_ca_file']
    else:
        # Postfix adds the system's authorities to those of a file or directory that is named, and has none when none
        # is.
        options['tls_append_default_CA'] = 'yes'
        options['smtp_tls_CApath'] = '/etc/ssl/certs'
    if settings['tls_client_cert']:
        options['smtp_tls_cert_file'] = settings['tls_client_cert']
        options['smtp_tls_key_file'] = settings['tls_client_key']
    return options


def services(
    settings: Mapping[str, Any],
    listen: str,
    version: str,
    lookup_types: Collection[str],
    wash: tuple[str, str, str] | None = None,
    more: Mapping[str, Mapping[str, str]] | None = None,
    others: Mapping[str, Mapping[str, str]] | None = None,
    further: Iterable[dict[str, Any]] = (),
) -> list[dict[str, Any]]:
    """Return the master.cf entries of the hop.

    Args:
        settings: the normalised settings.
        listen: address and port.
        version: of Postfix.
        lookup_types: its table types.
        wash: where C(X-Conbool-*) headers count for nothing: address and port of the listener on loopback for such
            mail, empty for none, the configuration directory, and the header checks of all other mail; None where they
            count in all mail.
        more: what single services have of the MTA, by service; what the hop asks of them comes first.
        others: listeners for mail servers on other machines, name to options.
        further: entries of what else the hop does.
    """
    entries = [
        service(listen, 'smtpd', kind='inet', private='n'),
        *(
            service(name, 'smtpd', kind='inet', private='n', options=dict(options))
            for name, options in (others or {}).items()
        ),
        # Nothing is handed in here, but postqueue -f takes an instance without pickup for one that is down.
        service('pickup', 'pickup', private='n', wakeup='60', max_processes='1'),
        service('cleanup', 'cleanup', private='n', max_processes='0'),
        service('qmgr', 'qmgr', private='n', wakeup='300', max_processes='1'),
        service('tlsmgr', 'tlsmgr', wakeup='1000?', max_processes='1'),
        service('rewrite', 'trivial-rewrite'),
        service('bounce', 'bounce', max_processes='0'),
        service('defer', 'bounce', max_processes='0'),
        service('trace', 'bounce', max_processes='0'),
        service('flush', 'flush', private='n', wakeup='1000?', max_processes='0'),
        service('showq', 'showq', private='n'),
        service('error', 'error'),
        service('retry', 'error'),
        service('anvil', 'anvil', max_processes='1'),
        service('scache', 'scache', max_processes='1'),
        service('gateway', 'smtp', options=gateway_options(settings, version, lookup_types)),
        service('direct', 'smtp'),
        service('mta', 'smtp', options=dict(BACK_TO_THE_MTA)),
    ]
    if version_of(version) >= (3, 4):
        entries.append(service('postlog', 'postlogd', kind='unix-dgram', private='n', max_processes='1'))
    entries += [*(_washing(settings, *wash) if wash else []), *further]
    for entry in entries:
        entry['options'] = dict((more or {}).get(entry['name'], {}), **entry['options'])
    return entries


def _washing(settings: Mapping[str, Any], listener: str, config_dir: str, checks: str) -> list[dict[str, Any]]:
    """Return the entries for mail in which C(X-Conbool-*) headers count for nothing; arguments as C(wash) of
    services()."""
    options = dict(user_options(settings, config_dir), cleanup_service_name='wash')
    checks = f'regexp:{config_dir}/wash {checks}'
    return [
        *([service(listener, 'smtpd', kind='inet', private='n', options=options)] if listener else []),
        service('wash', 'cleanup', private='n', max_processes='0', options={'header_checks': checks}),
    ]
