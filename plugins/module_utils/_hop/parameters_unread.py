# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of Postfix that no program of the outbound hop reads."""

from __future__ import annotations

GROUPS = (
    (
        'unread',
        'its listener takes mail from the MTA only, without TLS, log-in and rules of the site',
        """
        access_map_defer_code access_map_reject_code allow_untrusted_routing broken_sasl_auth_clients
        default_rbl_reply defer_code disable_vrfy_command invalid_hostname_reject_code maps_rbl_domains
        maps_rbl_reject_code multi_recipient_bounce_reject_code mynetworks_style non_fqdn_reject_code
        permit_mx_backup_networks plaintext_reject_code rbl_reply_maps reject_code reject_tempfail_action
        relay_clientcerts relay_domains_reject_code show_user_unknown_table_name smtpd_authorized_verp_clients
        smtpd_authorized_xclient_hosts smtpd_authorized_xforward_hosts smtpd_banner smtpd_client_auth_rate_limit
        smtpd_client_connection_count_limit smtpd_client_connection_limit_exceptions
        smtpd_client_connection_rate_limit smtpd_client_event_limit_exceptions smtpd_client_ipv4_prefix_length
        smtpd_client_ipv6_prefix_length smtpd_client_message_rate_limit smtpd_client_new_tls_session_rate_limit
        smtpd_client_port_logging smtpd_client_recipient_rate_limit smtpd_command_filter smtpd_data_restrictions
        smtpd_delay_open_until_valid_rcpt smtpd_delay_reject smtpd_discard_ehlo_keyword_address_maps
        smtpd_discard_ehlo_keywords smtpd_dns_reply_filter smtpd_end_of_data_restrictions smtpd_enforce_tls
        smtpd_error_sleep_time smtpd_etrn_restrictions smtpd_expansion_filter smtpd_forbid_unauth_pipelining
        smtpd_forbidden_commands smtpd_hard_error_limit smtpd_helo_required smtpd_helo_restrictions
        smtpd_hide_client_session smtpd_history_flush_threshold smtpd_junk_command_limit
        smtpd_log_access_permit_actions smtpd_min_data_rate smtpd_noop_commands smtpd_per_record_deadline
        smtpd_per_request_deadline smtpd_policy_service_default_action smtpd_policy_service_max_idle
        smtpd_policy_service_max_ttl smtpd_policy_service_policy_context smtpd_policy_service_request_limit
        smtpd_policy_service_retry_delay smtpd_policy_service_timeout smtpd_policy_service_try_limit
        smtpd_proxy_ehlo smtpd_proxy_filter smtpd_proxy_options smtpd_proxy_timeout smtpd_recipient_limit
        smtpd_recipient_overshoot_limit smtpd_reject_footer smtpd_reject_footer_maps smtpd_reject_unlisted_recipient
        smtpd_reject_unlisted_sender smtpd_relay_before_recipient_restrictions smtpd_restriction_classes
        smtpd_sasl_auth_enable smtpd_sasl_authenticated_header smtpd_sasl_exceptions_networks
        smtpd_sasl_local_domain smtpd_sasl_mechanism_filter smtpd_sasl_path smtpd_sasl_response_limit
        smtpd_sasl_security_options smtpd_sasl_service smtpd_sasl_tls_security_options smtpd_sasl_type
        smtpd_sender_login_maps smtpd_soft_error_limit smtpd_starttls_timeout smtpd_timeout smtpd_tls_CAfile
        smtpd_tls_CApath smtpd_tls_always_issue_session_ids smtpd_tls_ask_ccert smtpd_tls_auth_only
        smtpd_tls_ccert_verifydepth smtpd_tls_cert_file smtpd_tls_chain_files smtpd_tls_ciphers smtpd_tls_dcert_file
        smtpd_tls_dh1024_param_file smtpd_tls_dh512_param_file smtpd_tls_dkey_file smtpd_tls_eccert_file
        smtpd_tls_eckey_file smtpd_tls_eecdh_grade smtpd_tls_enable_rpk smtpd_tls_exclude_ciphers
        smtpd_tls_fingerprint_digest smtpd_tls_key_file smtpd_tls_loglevel smtpd_tls_mandatory_ciphers
        smtpd_tls_mandatory_exclude_ciphers smtpd_tls_mandatory_protocols smtpd_tls_protocols
        smtpd_tls_received_header smtpd_tls_req_ccert smtpd_tls_session_cache_database
        smtpd_tls_session_cache_timeout smtpd_tls_wrappermode smtpd_upstream_proxy_protocol
        smtpd_upstream_proxy_timeout smtpd_use_tls tls_server_sni_maps tls_session_ticket_cipher
        unknown_address_reject_code unknown_address_tempfail_action unknown_client_reject_code
        unknown_helo_hostname_tempfail_action unknown_hostname_reject_code unknown_local_recipient_reject_code
        unknown_relay_recipient_reject_code unknown_virtual_alias_reject_code unknown_virtual_mailbox_reject_code
        virtual_maps
        """,
    ),
    (
        'unread',
        'for programs that the hop does not start: local(8), pipe(8), spawn(8), virtual(8)',
        """
        allow_mail_to_commands allow_mail_to_files allow_min_user biff command_execution_directory
        command_expansion_filter command_time_limit default_privs execution_directory_expansion_filter
        expand_owner_alias fallback_transport fallback_transport_maps forward_expansion_filter forward_path
        frozen_delivered_to home_mailbox local_command_shell local_delivery_status_filter luser_relay
        mail_spool_directory mailbox_command mailbox_command_maps mailbox_delivery_lock mailbox_size_limit
        mailbox_transport mailbox_transport_maps owner_request_special pipe_delivery_status_filter
        prepend_delivered_header relay_recipient_maps require_home_directory reset_owner_alias
        strict_mailbox_ownership virtual_delivery_status_filter virtual_gid_maps virtual_mailbox_base
        virtual_mailbox_domains virtual_mailbox_limit virtual_mailbox_lock virtual_mailbox_maps virtual_minimum_uid
        virtual_transport virtual_uid_maps
        """,
    ),
    (
        'unread',
        'for programs that the hop does not start: proxymap(8), dnsblog(8), qmqpd(8), tlsproxy(8)',
        """
        dnsblog_reply_delay proxy_read_maps proxy_write_maps qmqpd_authorized_clients qmqpd_client_port_logging
        qmqpd_error_delay qmqpd_timeout tlsproxy_client_CAfile tlsproxy_client_CApath tlsproxy_client_cert_file
        tlsproxy_client_chain_files tlsproxy_client_dcert_file tlsproxy_client_dkey_file tlsproxy_client_eccert_file
        tlsproxy_client_eckey_file tlsproxy_client_enforce_tls tlsproxy_client_fingerprint_digest
        tlsproxy_client_key_file tlsproxy_client_level tlsproxy_client_loglevel tlsproxy_client_loglevel_parameter
        tlsproxy_client_per_site tlsproxy_client_policy tlsproxy_client_policy_maps
        tlsproxy_client_scert_verifydepth tlsproxy_client_security_level tlsproxy_client_use_tls
        tlsproxy_enforce_tls tlsproxy_tls_CAfile tlsproxy_tls_CApath tlsproxy_tls_always_issue_session_ids
        tlsproxy_tls_ask_ccert tlsproxy_tls_ccert_verifydepth tlsproxy_tls_cert_file tlsproxy_tls_chain_files
        tlsproxy_tls_ciphers tlsproxy_tls_dcert_file tlsproxy_tls_dh1024_param_file tlsproxy_tls_dh512_param_file
        tlsproxy_tls_dkey_file tlsproxy_tls_eccert_file tlsproxy_tls_eckey_file tlsproxy_tls_eecdh_grade
        tlsproxy_tls_enable_rpk tlsproxy_tls_exclude_ciphers tlsproxy_tls_fingerprint_digest tlsproxy_tls_key_file
        tlsproxy_tls_loglevel tlsproxy_tls_mandatory_ciphers tlsproxy_tls_mandatory_exclude_ciphers
        tlsproxy_tls_mandatory_protocols tlsproxy_tls_protocols tlsproxy_tls_req_ccert tlsproxy_tls_security_level
        tlsproxy_use_tls tlsproxy_watchdog_timeout
        """,
    ),
    (
        'unread',
        'for postscreen(8), which the hop does not start',
        """
        postscreen_access_list postscreen_allowlist_interfaces postscreen_bare_newline_action
        postscreen_bare_newline_enable postscreen_bare_newline_ttl postscreen_blacklist_action
        postscreen_cache_cleanup_interval postscreen_cache_map postscreen_cache_retention_time
        postscreen_client_connection_count_limit postscreen_command_count_limit postscreen_command_filter
        postscreen_command_time_limit postscreen_denylist_action postscreen_disable_vrfy_command
        postscreen_discard_ehlo_keyword_address_maps postscreen_discard_ehlo_keywords postscreen_dnsbl_action
        postscreen_dnsbl_allowlist_threshold postscreen_dnsbl_max_ttl postscreen_dnsbl_min_ttl
        postscreen_dnsbl_reply_map postscreen_dnsbl_sites postscreen_dnsbl_threshold postscreen_dnsbl_timeout
        postscreen_dnsbl_ttl postscreen_dnsbl_whitelist_threshold postscreen_enforce_tls postscreen_expansion_filter
        postscreen_forbidden_commands postscreen_greet_action postscreen_greet_banner postscreen_greet_ttl
        postscreen_greet_wait postscreen_helo_required postscreen_non_smtp_command_action
        postscreen_non_smtp_command_enable postscreen_non_smtp_command_ttl postscreen_pipelining_action
        postscreen_pipelining_enable postscreen_pipelining_ttl postscreen_post_queue_limit
        postscreen_pre_queue_limit postscreen_reject_footer postscreen_reject_footer_maps
        postscreen_tls_security_level postscreen_upstream_proxy_protocol postscreen_upstream_proxy_timeout
        postscreen_use_tls postscreen_watchdog_timeout postscreen_whitelist_interfaces
        """,
    ),
    (
        'unread',
        'for lmtp(8), which the hop does not start',
        """
        lmtp_address_preference lmtp_address_verify_target lmtp_assume_final lmtp_balance_inet_protocols
        lmtp_bind_address lmtp_bind_address6 lmtp_bind_address_enforce lmtp_body_checks
        lmtp_cname_overrides_servername lmtp_connect_timeout lmtp_connection_cache_destinations
        lmtp_connection_cache_on_demand lmtp_connection_cache_time_limit lmtp_connection_reuse_count_limit
        lmtp_connection_reuse_time_limit lmtp_data_done_timeout lmtp_data_init_timeout lmtp_data_xfer_timeout
        lmtp_defer_if_no_mx_address_found lmtp_delivery_status_filter lmtp_discard_lhlo_keyword_address_maps
        lmtp_discard_lhlo_keywords lmtp_dns_reply_filter lmtp_dns_resolver_options lmtp_dns_support_level
        lmtp_enforce_tls lmtp_fallback_relay lmtp_generic_maps lmtp_header_checks lmtp_host_lookup lmtp_lhlo_name
        lmtp_lhlo_timeout lmtp_line_length_limit lmtp_mail_timeout lmtp_mime_header_checks lmtp_min_data_rate
        lmtp_mx_address_limit lmtp_mx_session_limit lmtp_nested_header_checks lmtp_per_record_deadline
        lmtp_per_request_deadline lmtp_pix_workaround_delay_time lmtp_pix_workaround_maps
        lmtp_pix_workaround_threshold_time lmtp_pix_workarounds lmtp_quit_timeout lmtp_quote_rfc821_envelope
        lmtp_randomize_addresses lmtp_rcpt_timeout lmtp_reply_filter lmtp_rset_timeout lmtp_sasl_auth_cache_name
        lmtp_sasl_auth_cache_time lmtp_sasl_auth_enable lmtp_sasl_auth_soft_bounce lmtp_sasl_mechanism_filter
        lmtp_sasl_password_maps lmtp_sasl_password_result_delimiter lmtp_sasl_path lmtp_sasl_security_options
        lmtp_sasl_tls_security_options lmtp_sasl_tls_verified_security_options lmtp_sasl_type
        lmtp_send_dummy_mail_auth lmtp_send_xforward_command lmtp_sender_dependent_authentication
        lmtp_skip_5xx_greeting lmtp_skip_quit_response lmtp_starttls_timeout lmtp_tcp_port lmtp_tls_CAfile
        lmtp_tls_CApath lmtp_tls_block_early_mail_reply lmtp_tls_cert_file lmtp_tls_chain_files lmtp_tls_ciphers
        lmtp_tls_connection_reuse lmtp_tls_dcert_file lmtp_tls_dkey_file lmtp_tls_eccert_file lmtp_tls_eckey_file
        lmtp_tls_enable_rpk lmtp_tls_enforce_peername lmtp_tls_enforce_sts_mx_patterns lmtp_tls_exclude_ciphers
        lmtp_tls_fingerprint_cert_match lmtp_tls_fingerprint_digest lmtp_tls_force_insecure_host_tlsa_lookup
        lmtp_tls_key_file lmtp_tls_loglevel lmtp_tls_mandatory_ciphers lmtp_tls_mandatory_exclude_ciphers
        lmtp_tls_mandatory_protocols lmtp_tls_note_starttls_offer lmtp_tls_per_site lmtp_tls_policy_maps
        lmtp_tls_protocols lmtp_tls_scert_verifydepth lmtp_tls_secure_cert_match lmtp_tls_security_level
        lmtp_tls_servername lmtp_tls_session_cache_database lmtp_tls_session_cache_timeout
        lmtp_tls_trust_anchor_file lmtp_tls_verify_cert_match lmtp_tls_wrappermode lmtp_tlsrpt_enable
        lmtp_tlsrpt_skip_reused_handshakes lmtp_tlsrpt_socket_name lmtp_use_tls lmtp_xforward_timeout
        """,
    ),
)
