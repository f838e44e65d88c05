# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which parameter of Postfix an attribute becomes, as recorded from Zimbra's configuration daemon. Private to this
collection.

The daemon writes all of these whenever it writes one, also those of which the attribute is unset. Those that it makes
out of several attributes, or writes under a condition only, are not among them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# The sections of the daemon's configuration that are written together, lest a change in one of them be forgotten.
# Of the MTA, and of what main.cf has parts of: a change of a section that is not asked for would be forgotten.
SECTIONS = ('amavis', 'antispam', 'antivirus', 'archiving', 'cbpolicyd', 'opendkim', 'mta', 'sasl')

TABLE = """
    zimbraMtaAddressVerifyNegativeRefreshTime:address_verify_negative_refresh_time
    zimbraMtaAddressVerifyPollCount:address_verify_poll_count
    zimbraMtaAddressVerifyPollDelay:address_verify_poll_delay
    zimbraMtaAddressVerifyPositiveRefreshTime:address_verify_positive_refresh_time zimbraMtaAliasMaps:alias_maps
    zimbraMtaAlwaysAddMissingHeaders:always_add_missing_headers
    zimbraMtaBounceNoticeRecipient:bounce_notice_recipient zimbraMtaBounceQueueLifetime:bounce_queue_lifetime
    zimbraMtaBrokenSaslAuthClients:broken_sasl_auth_clients zimbraMtaCanonicalMaps:canonical_maps
    zimbraMtaCommandDirectory:command_directory zimbraMtaDaemonDirectory:daemon_directory
    zimbraMtaDefaultProcessLimit:default_process_limit zimbraMtaDelayWarningTime:delay_warning_time
    zimbraMtaFallbackRelayHost:smtp_fallback_relay zimbraMtaHopcountLimit:hopcount_limit
    zimbraMtaImportEnvironment:import_environment zimbraMtaInFlowDelay:in_flow_delay
    zimbraMtaLmdbMapSize:lmdb_map_size zimbraMtaLmtpConnectionCacheDestinations:lmtp_connection_cache_destinations
    zimbraMtaLmtpConnectionCacheTimeLimit:lmtp_connection_cache_time_limit
    zimbraMtaLmtpHostLookup:lmtp_host_lookup zimbraMtaLmtpTlsCAfile:lmtp_tls_CAfile
    zimbraMtaLmtpTlsCApath:lmtp_tls_CApath zimbraMtaLmtpTlsCiphers:lmtp_tls_ciphers
    zimbraMtaLmtpTlsExcludeCiphers:lmtp_tls_exclude_ciphers zimbraMtaLmtpTlsLoglevel:lmtp_tls_loglevel
    zimbraMtaLmtpTlsMandatoryCiphers:lmtp_tls_mandatory_ciphers
    zimbraMtaLmtpTlsMandatoryProtocols:lmtp_tls_mandatory_protocols zimbraMtaLmtpTlsProtocols:lmtp_tls_protocols
    zimbraMtaLmtpTlsSecurityLevel:lmtp_tls_security_level zimbraMtaMailqPath:mailq_path
    zimbraMtaManpageDirectory:manpage_directory zimbraMtaMaxMessageSize:message_size_limit zimbraMtaMaxUse:max_use
    zimbraMtaMaximalBackoffTime:maximal_backoff_time zimbraMtaMaximalQueueLifetime:maximal_queue_lifetime
    zimbraMtaMilterCommandTimeout:milter_command_timeout zimbraMtaMilterConnectTimeout:milter_connect_timeout
    zimbraMtaMilterContentTimeout:milter_content_timeout zimbraMtaMilterDefaultAction:milter_default_action
    zimbraMtaMinimalBackoffTime:minimal_backoff_time zimbraMtaNewaliasesPath:newaliases_path
    zimbraMtaNotifyClasses:notify_classes zimbraMtaPostscreenAccessList:postscreen_access_list
    zimbraMtaPostscreenBareNewlineAction:postscreen_bare_newline_action
    zimbraMtaPostscreenBareNewlineEnable:postscreen_bare_newline_enable
    zimbraMtaPostscreenBareNewlineTTL:postscreen_bare_newline_ttl
    zimbraMtaPostscreenBlacklistAction:postscreen_blacklist_action
    zimbraMtaPostscreenCacheCleanupInterval:postscreen_cache_cleanup_interval
    zimbraMtaPostscreenCacheRetentionTime:postscreen_cache_retention_time
    zimbraMtaPostscreenCommandCountLimit:postscreen_command_count_limit
    zimbraMtaPostscreenDnsblAction:postscreen_dnsbl_action zimbraMtaPostscreenDnsblMaxTTL:postscreen_dnsbl_max_ttl
    zimbraMtaPostscreenDnsblMinTTL:postscreen_dnsbl_min_ttl
    zimbraMtaPostscreenDnsblReplyMap:postscreen_dnsbl_reply_map
    zimbraMtaPostscreenDnsblSites:postscreen_dnsbl_sites zimbraMtaPostscreenDnsblTTL:postscreen_dnsbl_ttl
    zimbraMtaPostscreenDnsblThreshold:postscreen_dnsbl_threshold
    zimbraMtaPostscreenDnsblWhitelistThreshold:postscreen_dnsbl_whitelist_threshold
    zimbraMtaPostscreenGreetAction:postscreen_greet_action zimbraMtaPostscreenGreetTTL:postscreen_greet_ttl
    zimbraMtaPostscreenNonSmtpCommandAction:postscreen_non_smtp_command_action
    zimbraMtaPostscreenNonSmtpCommandEnable:postscreen_non_smtp_command_enable
    zimbraMtaPostscreenNonSmtpCommandTTL:postscreen_non_smtp_command_ttl
    zimbraMtaPostscreenPipeliningAction:postscreen_pipelining_action
    zimbraMtaPostscreenPipeliningEnable:postscreen_pipelining_enable
    zimbraMtaPostscreenPipeliningTTL:postscreen_pipelining_ttl
    zimbraMtaPostscreenUpstreamProxyProtocol:postscreen_upstream_proxy_protocol
    zimbraMtaPostscreenWatchdogTimeout:postscreen_watchdog_timeout
    zimbraMtaPostscreenWhitelistInterfaces:postscreen_whitelist_interfaces
    zimbraMtaPropagateUnmatchedExtensions:propagate_unmatched_extensions zimbraMtaQueueDirectory:queue_directory
    zimbraMtaQueueRunDelay:queue_run_delay zimbraMtaRecipientDelimiter:recipient_delimiter
    zimbraMtaRelayHost:relayhost zimbraMtaSaslAuthEnable:smtpd_sasl_auth_enable
    zimbraMtaSenderCanonicalMaps:sender_canonical_maps zimbraMtaSendmailPath:sendmail_path
    zimbraMtaSmtpCnameOverridesServername:smtp_cname_overrides_servername
    zimbraMtaSmtpDnsSupportLevel:smtp_dns_support_level zimbraMtaSmtpGenericMaps:smtp_generic_maps
    zimbraMtaSmtpHeloName:smtp_helo_name zimbraMtaSmtpSaslAuthEnable:smtp_sasl_auth_enable
    zimbraMtaSmtpSaslMechanismFilter:smtp_sasl_mechanism_filter
    zimbraMtaSmtpSaslPasswordMaps:smtp_sasl_password_maps
    zimbraMtaSmtpSaslSecurityOptions:smtp_sasl_security_options zimbraMtaSmtpTlsCAfile:smtp_tls_CAfile
    zimbraMtaSmtpTlsCApath:smtp_tls_CApath zimbraMtaSmtpTlsCiphers:smtp_tls_ciphers
    zimbraMtaSmtpTlsDaneInsecureMXPolicy:smtp_tls_dane_insecure_mx_policy
    zimbraMtaSmtpTlsLoglevel:smtp_tls_loglevel zimbraMtaSmtpTlsMandatoryCiphers:smtp_tls_mandatory_ciphers
    zimbraMtaSmtpTlsProtocols:smtp_tls_protocols zimbraMtaSmtpTlsSecurityLevel:smtp_tls_security_level
    zimbraMtaSmtpTransportRateDelay:smtp_transport_rate_delay zimbraMtaSmtpdBanner:smtpd_banner
    zimbraMtaSmtpdClientAuthRateLimit:smtpd_client_auth_rate_limit
    zimbraMtaSmtpdClientPortLogging:smtpd_client_port_logging
    zimbraMtaSmtpdClientRestrictions:smtpd_client_restrictions
    zimbraMtaSmtpdDataRestrictions:smtpd_data_restrictions zimbraMtaSmtpdErrorSleepTime:smtpd_error_sleep_time
    zimbraMtaSmtpdHardErrorLimit:smtpd_hard_error_limit zimbraMtaSmtpdHeloRequired:smtpd_helo_required
    zimbraMtaSmtpdProxyTimeout:smtpd_proxy_timeout
    zimbraMtaSmtpdRejectUnlistedRecipient:smtpd_reject_unlisted_recipient
    zimbraMtaSmtpdRejectUnlistedSender:smtpd_reject_unlisted_sender
    zimbraMtaSmtpdSaslAuthenticatedHeader:smtpd_sasl_authenticated_header
    zimbraMtaSmtpdSaslSecurityOptions:smtpd_sasl_security_options
    zimbraMtaSmtpdSaslTlsSecurityOptions:smtpd_sasl_tls_security_options
    zimbraMtaSmtpdSoftErrorLimit:smtpd_soft_error_limit zimbraMtaSmtpdTlsAskCcert:smtpd_tls_ask_ccert
    zimbraMtaSmtpdTlsCAfile:smtpd_tls_CAfile zimbraMtaSmtpdTlsCApath:smtpd_tls_CApath
    zimbraMtaSmtpdTlsCcertVerifydepth:smtpd_tls_ccert_verifydepth zimbraMtaSmtpdTlsCiphers:smtpd_tls_ciphers
    zimbraMtaSmtpdTlsExcludeCiphers:smtpd_tls_exclude_ciphers zimbraMtaSmtpdTlsLoglevel:smtpd_tls_loglevel
    zimbraMtaSmtpdTlsMandatoryCiphers:smtpd_tls_mandatory_ciphers
    zimbraMtaSmtpdTlsMandatoryProtocols:smtpd_tls_mandatory_protocols
    zimbraMtaSmtpdTlsProtocols:smtpd_tls_protocols zimbraMtaSmtpdTlsReceivedHeader:smtpd_tls_received_header
    zimbraMtaSmtpdVirtualTransport:virtual_transport zimbraMtaTlsAppendDefaultCA:tls_append_default_CA
    zimbraMtaTlsAuthOnly:smtpd_tls_auth_only zimbraMtaTlsSecurityLevel:smtpd_tls_security_level
    zimbraMtaTransportMaps:transport_maps zimbraMtaUnverifiedRecipientDeferCode:unverified_recipient_defer_code
    zimbraMtaVirtualAliasDomains:virtual_alias_domains
    zimbraMtaVirtualAliasExpansionLimit:virtual_alias_expansion_limit zimbraMtaVirtualAliasMaps:virtual_alias_maps
    zimbraMtaVirtualMailboxDomains:virtual_mailbox_domains zimbraMtaVirtualMailboxMaps:virtual_mailbox_maps
"""
# Those of which an attribute may have several values. The order of any other list counts.
UNORDERED = (
    'import_environment',
    'lmtp_connection_cache_destinations',
    'lmtp_host_lookup',
    'notify_classes',
    'postscreen_dnsbl_sites',
    'propagate_unmatched_extensions',
    'recipient_delimiter',
    'smtp_sasl_mechanism_filter',
    'smtp_sasl_security_options',
    'smtpd_sasl_security_options',
    'smtpd_sasl_tls_security_options',
)
PARAMETERS = dict(pair.split(':') for pair in TABLE.split())


def expected(values: Sequence[str]) -> str:
    """Return what main.cf says once the daemon has written an attribute, but for blanks and commas."""
    words = {'true': 'yes', 'false': 'no'}
    return ' '.join(words.get(value.lower(), value) for value in values)


def same(name: str, first: str, second: str) -> bool:
    """Return whether two values of a parameter are equal but for what stands between their words, and for the order of
    several values, which the directory does not promise."""
    both = _words(first), _words(second)
    return both[0] == both[1] or (name in UNORDERED and sorted(both[0]) == sorted(both[1]))


def _words(value: str) -> list[str]:
    return [word for word in re.split(r'[\s,]+', value) if word]
