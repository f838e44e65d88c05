# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of Postfix that the outbound hop has of the MTA, or sets itself."""

from __future__ import annotations

GROUPS = (
    (
        'mta',
        'how long a message is tried, and who is told of it when',
        """
        bounce_queue_lifetime confirm_delay_cleared delay_warning_time maximal_backoff_time maximal_queue_lifetime
        minimal_backoff_time queue_run_delay soft_bounce transport_retry_time
        """,
    ),
    (
        'mta',
        'what a bounce looks like, and who else gets one',
        """
        2bounce_notice_recipient bounce_notice_recipient bounce_size_limit bounce_template_file
        delay_notice_recipient enable_original_recipient enable_threaded_bounces error_notice_recipient
        header_from_format notify_classes
        """,
    ),
    (
        'mta',
        'who it says that it is',
        """
        enable_long_queue_ids mail_name mydomain myorigin
        """,
    ),
    (
        'mta',
        'what it takes of a message, and leaves in it: what it let through must get through the hop, unchanged',
        """
        cleanup_replace_stray_cr_lf detect_8bit_encoding_header header_address_token_limit header_size_limit
        message_drop_headers mime_boundary_length_limit mime_nesting_limit smtputf8_enable tls_required_enable
        """,
    ),
    (
        'mta',
        'how it reads an address',
        """
        allow_percent_hack enable_idna2003_compatibility resolve_dequoted_address resolve_null_domain
        resolve_numeric_domain swap_bangpath
        """,
    ),
    (
        'mta',
        'the programs and the network of this host',
        """
        command_directory daemon_directory default_process_limit inet_protocols lmdb_map_size mail_owner
        meta_directory setgid_group shlib_directory socketmap_max_reply_size tcp_windowsize
        """,
    ),
    (
        'mta',
        'where and in which words it logs',
        """
        delay_logging_resolution_limit info_log_address_format respectful_logging syslog_facility
        """,
    ),
    (
        'client',
        'who its client says that it is, and from which address',
        """
        smtp_bind_address smtp_bind_address6 smtp_bind_address_enforce smtp_helo_name
        """,
    ),
    (
        'client',
        'how it reaches a host',
        """
        smtp_address_preference smtp_balance_inet_protocols smtp_dns_reply_filter smtp_mx_address_limit
        smtp_mx_session_limit smtp_randomize_addresses
        """,
    ),
    (
        'client',
        'how long it waits for a host',
        """
        smtp_connect_timeout smtp_data_done_timeout smtp_data_init_timeout smtp_data_xfer_timeout smtp_helo_timeout
        smtp_mail_timeout smtp_min_data_rate smtp_per_record_deadline smtp_per_request_deadline smtp_quit_timeout
        smtp_rcpt_timeout smtp_rset_timeout smtp_starttls_timeout
        """,
    ),
    (
        'client',
        'what it makes of a message on its last step, which the client that hands it to the hop leaves undone',
        """
        disable_mime_output_conversion smtp_body_checks smtp_generic_maps smtp_header_checks smtp_line_length_limit
        smtp_mime_header_checks smtp_nested_header_checks smtp_quote_rfc821_envelope
        """,
    ),
    (
        'client',
        'what the host asks of TLS libraries',
        """
        tls_config_file tls_config_name
        """,
    ),
    (
        'direct',
        'what it asks of TLS, and of whom; of the gateway more is asked',
        """
        dnssec_probe smtp_tls_CAfile smtp_tls_CApath smtp_tls_block_early_mail_reply smtp_tls_ciphers
        smtp_tls_dane_insecure_mx_policy smtp_tls_enable_rpk smtp_tls_enforce_sts_mx_patterns
        smtp_tls_exclude_ciphers smtp_tls_fingerprint_cert_match smtp_tls_fingerprint_digest
        smtp_tls_force_insecure_host_tlsa_lookup smtp_tls_mandatory_ciphers smtp_tls_mandatory_exclude_ciphers
        smtp_tls_mandatory_protocols smtp_tls_note_starttls_offer smtp_tls_per_site smtp_tls_policy_maps
        smtp_tls_protocols smtp_tls_scert_verifydepth smtp_tls_secure_cert_match smtp_tls_trust_anchor_file
        smtp_tls_verify_cert_match smtp_tlsrpt_enable smtp_tlsrpt_skip_reused_handshakes smtp_tlsrpt_socket_name
        tls_append_default_CA tls_dane_digest_agility tls_dane_digests tls_dane_trust_anchor_digest_enable
        tls_disable_workarounds tls_eecdh_auto_curves tls_eecdh_strong_curve tls_eecdh_ultra_curve
        tls_export_cipherlist tls_fast_shutdown_enable tls_ffdhe_auto_groups tls_high_cipherlist
        tls_legacy_public_key_fingerprints tls_low_cipherlist tls_medium_cipherlist tls_null_cipherlist
        tls_ssl_options tls_wildcard_matches_multiple_labels
        """,
    ),
    (
        'mx',
        "what it shows to and how it talks with recipients' servers; with a relay host, that was between the two",
        """
        ignore_mx_lookup_error smtp_always_send_ehlo smtp_cname_overrides_servername
        smtp_connection_cache_destinations smtp_connection_cache_on_demand smtp_connection_cache_time_limit
        smtp_connection_reuse_count_limit smtp_connection_reuse_time_limit smtp_defer_if_no_mx_address_found
        smtp_delivery_status_filter smtp_discard_ehlo_keyword_address_maps smtp_discard_ehlo_keywords
        smtp_dns_resolver_options smtp_never_send_ehlo smtp_pix_workaround_delay_time smtp_pix_workaround_maps
        smtp_pix_workaround_threshold_time smtp_pix_workarounds smtp_reply_filter smtp_skip_5xx_greeting
        smtp_skip_quit_response smtp_tls_cert_file smtp_tls_chain_files smtp_tls_dcert_file smtp_tls_dkey_file
        smtp_tls_eccert_file smtp_tls_eckey_file smtp_tls_key_file smtp_tls_servername
        """,
    ),
    (
        'hop',
        'made of what the MTA has',
        """
        hopcount_limit inet_interfaces message_size_limit myhostname proxy_interfaces smtp_dns_support_level
        smtp_enforce_tls smtp_host_lookup smtp_tls_enforce_peername smtp_tls_security_level smtp_use_tls
        """,
    ),
    (
        'hop',
        'the decision of the hop',
        """
        default_transport header_checks local_transport mime_header_checks mydestination nested_header_checks
        parent_domain_matches_subdomains sender_dependent_default_transport_maps smtpd_client_restrictions
        smtpd_recipient_restrictions smtpd_relay_restrictions smtpd_sender_restrictions
        """,
    ),
    (
        'hop',
        'what no second message hides in (SMTP smuggling)',
        """
        smtpd_forbid_bare_newline smtpd_forbid_bare_newline_exclusions smtpd_forbid_bare_newline_reject_code
        """,
    ),
    (
        'hop',
        'an instance of its own, in which no address is changed a second time',
        """
        alias_database alias_maps append_dot_mydomain compatibility_level data_directory
        local_header_rewrite_clients local_recipient_maps mynetworks queue_directory receive_override_options
        smtp_tls_loglevel smtpd_peername_lookup smtpd_tls_security_level syslog_name
        """,
    ),
)
