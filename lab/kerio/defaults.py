# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server holds when its first-run assistant has ended.

Values are those of manuals where there are any; the others are assumed.
"""

from __future__ import annotations

import uuid

from .schema import STRANGE_VALUE

PORTS = {
    'SMTP': 25,
    'Secure SMTP': 465,
    'SMTP Submission': 587,
    'POP3': 110,
    'Secure POP3': 995,
    'IMAP': 143,
    'Secure IMAP': 993,
    'NNTP': 119,
    'Secure NNTP': 563,
    'LDAP': 389,
    'Secure LDAP': 636,
    'HTTP': 80,
    'Secure HTTP': 443,
    'XMPP': 5222,
    'Secure XMPP': 5223,
}
ALL_ADDRESSES = {'en': 'All addresses', 'de': 'Alle Adressen'}


def identity(kind: str, rest: str = '') -> str:
    return f'keriodb://{kind}/{rest or uuid.uuid4()}'


def entity() -> dict:
    return {'enabled': False, 'id': '', 'name': ''}


def smtp() -> dict:
    def count(limit):
        return {'isActive': False, 'limit': limit}

    return {
        'relayControl': {
            'isRestricted': True,
            'ipAddressGroupId': '',
            'authenticateOutgoing': True,
            'forwardPop3authentication': count(30),
            'hideLocalIpInRcv': False,
        },
        'ipBasedLimit': {
            'maximumFromIp': count(1000),
            'maximumConnections': count(50),
            'maximumUnknowns': count(10),
            'ipAddressGroupId': '',
        },
        'blockUnknownDns': False,
        'verifyClientRDnsEntry': False,
        'requireLocalDomainSenderAuth': False,
        'maximumRecipients': count(100),
        'maximumSmtpFailures': count(10),
        'messageSize': {'isActive': True, 'limit': {'value': 20, 'units': 'MegaBytes'}},
        'readerHops': 30,
        'useSSL': True,
        'maximumThreads': 32,
        'retryInterval': {'value': 30, 'units': 'Minutes'},
        'bounceInterval': {'value': 3, 'units': 'Days'},
        'warningInterval': {'value': 4, 'units': 'Hours'},
        'reportLanguage': 'en',
        'smtpOptions': {
            'isUsedRelay': False,
            'hostName': '',
            'port': 25,
            'authentication': {'isRequired': False, 'userName': '', 'password': '', 'authType': 'Auth'},
        },
    }


def antispam(scale: int) -> dict:
    scored = {'enabled': False, 'action': 'ScoreAction', 'score': 2 * scale, 'exceptionIpGroup': entity()}
    return {
        'isRatingEnabled': True,
        'isRatingRelayEnabled': False,
        'tagScore': 5 * scale,
        'blockScore': 10 * scale,
        'subjectPrefix': {'enabled': False, 'value': '**SPAM**'},
        'sendBounce': False,
        'quarantineAddress': {'enabled': False, 'value': ''},
        'customWhiteList': entity(),
        'customBlackList': {**entity(), 'action': 'BlockMessage', 'score': 0},
        'sendBounceCustom': False,
        'quarantineAddressCustom': {'enabled': False, 'value': ''},
        'useSurbl': False,
        'filterStatus': 'Learning',
        'isCustomSigningKey': False,
        'isDkimEnabled': False,
        'callerSetting': {**scored, 'applyOnTesting': False},
        'spfSetting': dict(scored),
        'repellentSetting': {
            'enabled': False,
            'delay': 25,
            'customWhiteList': entity(),
            'reportToSecurity': False,
        },
        'greylistingStatus': {
            'enabled': False,
            'customWhiteList': entity(),
            'status': 'GreylistingOff',
            'state': 'GreylistingOff',
            'messagesAccepted': '0',
            'messagesDelayed': '0',
            'messagesSkipped': '0',
        },
        'useCustomRulesInSmtp': True,
        'integratedAntiSpamSetting': {
            'enabled': False,
            'score': 5 * scale,
            'negativeScore': 0,
            'submitSpam': False,
            'submitLegit': False,
            'status': 'AntiSpamDisabled',
            'isLicensed': True,
        },
    }


def services(language: str) -> list[dict]:
    return [
        {
            'id': identity('service'),
            'name': name,
            'howToStart': 'Automatic',
            'defaultPort': port,
            'isRunning': True,
            'listeners': [{'type': 'AllAddresses', 'address': ALL_ADDRESSES[language], 'port': port}],
            'connectionLimit': {'isSet': True, 'value': 1000},
            'group': {'isUsed': False, 'ipGroup': {'id': '', 'name': ''}},
            'anonymousAccess': False,
        }
        for name, port in PORTS.items()
    ]


def security() -> dict:
    return {
        'mode': 'SPNoRestrictions',
        'authenticationExceptionGroup': entity(),
        'encryptionExceptionGroup': entity(),
        'authenticationMethods': [],
        'enableLockout': True,
        'failedLoginsToLock': 5,
        'minutesToUnlock': 5,
        'antiHammering': {
            'isEnabled': True,
            'failedLoginsToBlock': 5,
            'minutesToBlock': 5,
            'exceptionIpGroup': entity(),
        },
    }


def advanced() -> dict:
    return {
        'miscellaneous': {
            'logHostNames': False,
            'showProgramNameAndVersion': True,
            'insertXEnvelopeTo': False,
            'enableTNEFDecoding': True,
            'enableUUEncodedConversion': True,
        },
        'webMail': {
            'messageSizeLimit': 20,
            'sessionExpireTimeout': {'value': 30, 'units': 'Minutes'},
            'maximumSessionDuration': {'value': 12, 'units': 'Hours'},
            'forceLogout': False,
        },
    }


def fresh(profile) -> dict:
    """The whole state of a server without domains."""
    data = {
        'hostname': 'localhost',
        'firstRun': False,
        'remote': {
            'isEnabled': True,
            'isLimited': False,
            'groupId': '',
            'builtInAdminEnabled': True,
            'builtInAdminUsername': 'Admin',
            'builtInAdminPassword': '',
        },
        'smtp': smtp(),
        'relay_rules': [],
        'incoming_rules': [],
        'outgoing_rules': [],
        'ip_entries': [],
        'services': services(profile.language),
        'security': security(),
        'sender_policy': {'authenticationRequired': False, 'antiSpoofingEnabled': False, 'IPWhiteList': entity()},
        'antispam': antispam(profile.score_scale),
        'custom_rules': [],
        'blacklists': [],
        'domains': [],
        'users': [],
        'aliases': [],
        'lists': [],
        'advanced': advanced(),
        'certificates': [],
    }
    if profile.round_trip:
        with_strange_values(data)
    return data


def with_strange_values(data: dict) -> None:
    """Values of a later version, in what a module reads and writes back."""
    data['smtp']['warningInterval']['units'] = STRANGE_VALUE
    data['antispam']['callerSetting']['action'] = STRANGE_VALUE
    next(service for service in data['services'] if service['name'] == 'XMPP')['howToStart'] = STRANGE_VALUE
