# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of Postfix that the outbound hop leaves to the MTA, and why."""

from __future__ import annotations

GROUPS = (
    (
        'not',
        'direct mail has its value, as smtp_delivery_status_filter; what goes to the gateway and the MTA waits',
        """
        default_delivery_status_filter
        """,
    ),
    (
        'not',
        'a password or name for the relay host: the gateway asks for none, and strangers must not get it',
        """
        cyrus_sasl_config_path send_cyrus_sasl_authzid smtp_sasl_auth_cache_name smtp_sasl_auth_cache_time
        smtp_sasl_auth_enable smtp_sasl_auth_soft_bounce smtp_sasl_mechanism_filter smtp_sasl_password_maps
        smtp_sasl_password_result_delimiter smtp_sasl_path smtp_sasl_security_options smtp_sasl_tls_security_options
        smtp_sasl_tls_verified_security_options smtp_sasl_type smtp_send_dummy_mail_auth
        smtp_sender_dependent_authentication
        """,
    ),
    (
        'not',
        "another way for mail than the hop's",
        """
        allow_srv_lookup_fallback best_mx_transport content_filter default_filter_nexthop defer_transports
        disable_dns_lookups empty_address_default_transport_maps_lookup_key empty_address_relayhost_maps_lookup_key
        fallback_relay fast_flush_domains ignore_srv_lookup_error relay_domains relay_transport relayhost
        sender_dependent_relayhost_maps smtp_fallback_relay smtp_tcp_port transport_maps use_srv_lookup
        """,
    ),
    (
        'not',
        "TLS that only a relay host asked for, a process or a cache that the hop has not, or the MTA's own cache",
        """
        smtp_tls_connection_reuse smtp_tls_session_cache_database smtp_tls_session_cache_timeout
        smtp_tls_wrappermode
        """,
    ),
    (
        'not',
        'the MTA has done it when the message comes to the hop, and once is enough',
        """
        always_add_missing_headers always_bcc append_at_myorigin body_checks body_checks_size_limit
        canonical_classes canonical_maps default_verp_delimiters disable_mime_input_processing disable_verp_bounces
        duplicate_filter_limit force_mime_input_conversion internal_mail_filter_classes masquerade_classes
        masquerade_domains masquerade_exceptions message_reject_characters message_strip_characters
        non_smtpd_milters propagate_unmatched_extensions recipient_bcc_maps recipient_canonical_classes
        recipient_canonical_maps recipient_delimiter relocated_maps remote_header_rewrite_domain sender_bcc_maps
        sender_canonical_classes sender_canonical_maps smtp_send_xforward_command smtp_xforward_timeout
        smtpd_milter_maps smtpd_milters smtputf8_autodetect_classes strict_7bit_headers strict_8bitmime
        strict_8bitmime_body strict_mime_encoding_domain strict_rfc821_envelopes strict_smtputf8
        undisclosed_recipients_header verp_delimiter_filter virtual_alias_address_length_limit virtual_alias_domains
        virtual_alias_expansion_limit virtual_alias_maps virtual_alias_recursion_limit
        """,
    ),
    (
        'not',
        "the hop's tables say it as it is by default",
        """
        double_bounce_sender smtpd_null_access_lookup_key
        """,
    ),
    (
        'not',
        'postfix logrotate of the MTA does not reach the hop, which logs to syslog',
        """
        maillog_file maillog_file_compressor maillog_file_permissions maillog_file_prefixes
        maillog_file_rotate_suffix postlogd_watchdog_timeout
        """,
    ),
    (
        'not',
        'the pace of the MTA; that of its clients is taken over for theirs (see TRANSPORT)',
        """
        default_delivery_slot_cost default_delivery_slot_discount default_delivery_slot_loan
        default_destination_concurrency_failed_cohort_limit default_destination_concurrency_limit
        default_destination_concurrency_negative_feedback default_destination_concurrency_positive_feedback
        default_destination_rate_delay default_destination_recipient_limit default_extra_recipient_limit
        default_minimum_delivery_slots default_recipient_limit default_recipient_refill_delay
        default_recipient_refill_limit default_transport_rate_delay destination_concurrency_feedback_debug
        in_flow_delay initial_destination_concurrency local_destination_concurrency_limit
        local_destination_recipient_limit qmgr_clog_warn_time qmgr_daemon_timeout qmgr_fudge_factor qmgr_ipc_timeout
        qmgr_message_active_limit qmgr_message_recipient_limit qmgr_message_recipient_minimum
        """,
    ),
    (
        'not',
        'how processes work and talk with each other',
        """
        address_verify_service_name anvil_rate_time_unit anvil_status_update_time application_event_drain_time
        berkeley_db_create_buffer_size berkeley_db_read_buffer_size bounce_service_name cleanup_service_name
        connection_cache_protocol_timeout connection_cache_service_name connection_cache_status_update_time
        connection_cache_ttl_limit daemon_table_open_error_is_fatal daemon_timeout defer_service_name
        deliver_lock_attempts deliver_lock_delay dns_ncache_ttl_fix_enable dnsblog_service_name dont_remove
        error_service_name fault_injection_code flush_service_name fork_attempts fork_delay hash_queue_depth
        hash_queue_names ipc_idle ipc_timeout ipc_ttl known_tcp_ports line_length_limit max_idle max_use
        pickup_service_name postlog_service_name proxymap_service_name proxywrite_service_name
        queue_file_attribute_count_limit queue_minfree queue_service_name rewrite_service_name service_throttle_time
        showq_service_name smtpd_service_name stale_lock_time stress tls_daemon_random_bytes tls_preempt_cipherlist
        tls_random_bytes tls_random_exchange_name tls_random_prng_update_period tls_random_reseed_period
        tls_random_source tlsmgr_service_name tlsproxy_service_name trace_service_name trigger_timeout
        """,
    ),
    (
        'not',
        "it is the MTA's instance, or would have the hop read the MTA's configuration",
        """
        alternate_config_directories config_directory default_database_type export_environment import_environment
        master_service_disable multi_instance_directories multi_instance_enable multi_instance_group
        multi_instance_name multi_instance_wrapper postmulti_control_commands postmulti_start_commands
        postmulti_stop_commands process_id_directory
        """,
    ),
    (
        'not',
        'for a search of errors in the MTA',
        """
        debug_peer_level debug_peer_list debugger_command
        """,
    ),
    (
        'unread',
        'Postfix sets or knows it itself',
        """
        mail_release_date mail_version process_id process_name service_name
        """,
    ),
    (
        'unread',
        'for commands that nobody runs in the hop',
        """
        authorized_flush_users authorized_mailq_users authorized_submit_users authorized_verp_clients
        backwards_bounce_logfile_compatibility empty_address_local_login_sender_maps_lookup_key
        empty_address_recipient fast_flush_purge_time fast_flush_refresh_time full_name_encoding_charset
        helpful_warnings html_directory local_login_sender_maps mailq_path manpage_directory newaliases_path
        openssl_path readme_directory sample_directory sendmail_fix_line_endings sendmail_path
        smtp_address_verify_target sun_mailtool_compatibility
        """,
    ),
    (
        'unread',
        'for probes, of which the hop makes none',
        """
        address_verify_cache_cleanup_interval address_verify_default_transport address_verify_local_transport
        address_verify_map address_verify_negative_cache address_verify_negative_expire_time
        address_verify_negative_refresh_time address_verify_pending_request_limit address_verify_poll_count
        address_verify_poll_delay address_verify_positive_expire_time address_verify_positive_refresh_time
        address_verify_relay_transport address_verify_relayhost address_verify_sender
        address_verify_sender_dependent_default_transport_maps address_verify_sender_dependent_relayhost_maps
        address_verify_sender_ttl address_verify_transport_maps address_verify_virtual_transport
        unverified_recipient_defer_code unverified_recipient_reject_code unverified_recipient_reject_reason
        unverified_recipient_tempfail_action unverified_sender_defer_code unverified_sender_reject_code
        unverified_sender_reject_reason unverified_sender_tempfail_action
        """,
    ),
    (
        'unread',
        'for milters, of which the hop has none',
        """
        milter_command_timeout milter_connect_macros milter_connect_timeout milter_content_timeout
        milter_data_macros milter_default_action milter_end_of_data_macros milter_end_of_header_macros
        milter_header_checks milter_helo_macros milter_macro_daemon_name milter_macro_defaults milter_macro_v
        milter_mail_macros milter_protocol milter_rcpt_macros milter_unknown_command_macros
        """,
    ),
)
