# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow table: one test per case. The first test of a configuration applies it and sends the messages of all its
cases."""

from __future__ import annotations

import pytest

from tests.flow.session import NotConfigured, explained


def _report(flow, collected, configuration):
    try:
        return flow.report(configuration, [case for case in collected if case.configuration == configuration])
    except NotConfigured as error:
        pytest.fail(str(error), pytrace=False)


def test_message_arrives_where_it_must(case, flow, collected):
    result = next(result for result in _report(flow, collected, case.configuration).results if result.case == case)
    if result.expected_failure:
        pytest.xfail(result.expected_failure)
    if not result.ok:
        pytest.fail(explained(result), pytrace=False)


def test_the_gateway_was_told_nothing_in_clear(configuration, flow, collected):
    assert not _report(flow, collected, configuration).in_clear
