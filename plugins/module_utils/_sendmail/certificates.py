# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which certificate a Sendmail knows the gateway.

C(${cert_fp}) is the fingerprint of the whole certificate, of one that is not trusted as well. There is none of its key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible.module_utils.compat.version import LooseVersion
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import (
    DIGESTS,
    fingerprint,
    kept,
    remembered,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.gateway import asks_for_certificate

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown

# The first with confCERT_FINGERPRINT_ALGORITHM (RELEASE_NOTES).
SINCE = '8.16'
ALGORITHM = 'sha256'
NAMED, LEARNT = 'ConboolNamed', 'ConboolLearnt'

CLASS = """\
# Fingerprints of certificates of the gateway.
%s"""

KEY = """\
R<tls $*> $*		$: <certificate $&{cert_fp}> $2
R<certificate $={%s}> $*	$: <recipient> $2
"""
# Those in the settings are the only ones that count.
NOTHING_ELSE = """\
R<certificate $*> $*	$#error $@ 4.7.1 $: "450 another certificate is required of the gateway"
"""
OR_BY_NAME = """\
R<certificate $*> $*	$: <verify $&{verify}> $2
"""
BY_NAME = """\
R<tls $*> $*		$: <verify $&{verify}> $2
"""
NO_CERTIFICATE = """\
R<tls $*> $*		$: <recipient> $2
"""


def algorithm(info: Mapping[str, Any]) -> str:
    """Return of which digest the fingerprints are, empty when this Sendmail has none."""
    if LooseVersion(info['version']) < LooseVersion(SINCE):
        return ''
    return info['options'].get('certfingerprintalgorithm') or ALGORITHM


def defines(settings: Mapping[str, Any], info: Mapping[str, Any]) -> dict[str, str]:
    """Return what has to be defined so that fingerprints are known: m4 name to value."""
    wanted = asks_for_certificate(settings) and algorithm(info)
    if not wanted or info['options'].get('certfingerprintalgorithm'):
        return {}
    return {'confCERT_FINGERPRINT_ALGORITHM': ALGORITHM}


def learnt(info: Mapping[str, Any], present: str, gateway: Sequence[Shown], intact: bool = True) -> list[str]:
    """Return the fingerprints of the gateway's certificates that count from now on.

    Args:
        info: what C(sendmail_info) returned.
        present: the m4 file as it is.
        gateway: what the gateway shows as a server.
        intact: whether the m4 file is as the last run left it.
    """
    digest = algorithm(info)
    known = [item for item in members(present, LEARNT) if DIGESTS.get(len(item.replace(':', ''))) == digest]
    known = kept(known, intact, gateway)
    return remembered(known, [fingerprint(shown.certificate, digest) for shown in gateway]) if digest else []


def members(text: str, name: str) -> list[str]:
    """Return the fingerprints of a class in the m4 file or in sendmail.cf."""
    return re.findall(rf'^C{{{name}}}([0-9A-F:]+)$', text, re.MULTILINE)


def config_lines(settings: Mapping[str, Any], known: Sequence[str]) -> str:
    """Return the lines for LOCAL_CONFIG.

    Args:
        settings: the normalised settings.
        known: of learnt().
    """
    name, items = _class(settings, known)
    return CLASS % ''.join(f'C{{{name}}}{item}\n' for item in items) if items else ''


def rules(settings: Mapping[str, Any], known: Sequence[str]) -> str:
    """Return the rules that lead from a session with TLS to the certificate's name, or past it."""
    if not settings['inbound_require_certificate']:
        return NO_CERTIFICATE
    name, items = _class(settings, known)
    if not items:
        return BY_NAME
    return KEY % name + (NOTHING_ELSE if name == NAMED else OR_BY_NAME)


def _class(settings: Mapping[str, Any], known: Sequence[str]) -> tuple[str, Sequence[str]]:
    if not settings['inbound_require_certificate']:
        return NAMED, []
    explicit = settings['inbound_certificate_fingerprints']
    return (NAMED, explicit) if explicit else (LEARNT, known)


def complaints(settings: Mapping[str, Any], info: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the fingerprints in the settings."""
    explicit, digest = settings['inbound_certificate_fingerprints'], algorithm(info)
    if not explicit or not settings['inbound_require_certificate']:
        return []
    if not digest:
        return [
            'conbool_inbound_certificate_fingerprints: Sendmail {} knows no fingerprints, {} does; leave the variable'
            ' unset'.format(info['version'], SINCE)
        ]
    return [
        f'conbool_inbound_certificate_fingerprints: {item!r} is not a fingerprint as this Sendmail compares them'
        f' (confCERT_FINGERPRINT_ALGORITHM is {digest})'
        for item in explicit
        if DIGESTS[len(item.replace(':', ''))] != digest
    ]


def of_keys(settings: Mapping[str, Any], info: Mapping[str, Any], gateway: Iterable[Shown]) -> list[str]:
    """Return which fingerprints in the settings are those of the gateway's key: Sendmail knows only certificates by
    theirs.

    Args:
        gateway: what the gateway shows as a server.
    """
    digest = algorithm(info)
    if not digest or not settings['inbound_require_certificate']:
        return []
    return [
        f'conbool_inbound_certificate_fingerprints: {item!r} is the fingerprint of the key of the gateway, and Sendmail'
        f' compares that of the certificate: name {fingerprint(shown.certificate, digest)} instead'
        for item in settings['inbound_certificate_fingerprints']
        for shown in gateway
        if item == fingerprint(shown.public_key, digest)
    ]


def warnings(settings: Mapping[str, Any], info: Mapping[str, Any], known: Sequence[str]) -> list[str]:
    """Return what a person should know of the way in which the gateway is told from others."""
    if not asks_for_certificate(settings) or settings['inbound_certificate_fingerprints'] or known:
        return []
    reason = (
        'since it showed no verified certificate. Run site.yml again once it can be asked'
        if algorithm(info)
        else f'since Sendmail {SINCE} is the first that knows fingerprints'
    )
    return [
        'The gateway is known by the name in its certificate only, which has to be for clients (clientAuth), ' + reason
    ]


def by_name(shown: Shown, name: str, cf: str) -> bool:
    """Return whether the certificate passes by its name, for which it has to be a client's.

    Args:
        shown: the gateway's.
        name: the name that is asked for.
        cf: sendmail.cf.
    """
    names = {item.lower() for item in shown.dns_names} if 'O SetCertAltnames=true' in cf else set()
    wanted = {name, '*.' + name.partition('.')[2]}
    return shown.for_clients and (shown.common_name.lower() == name or bool(names & wanted))
