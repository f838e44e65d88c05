# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose first line the SpamAssassin plugin takes for that of a program on the host, which may have written all below."""

from __future__ import annotations

import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam.engines import SPAMASSASSIN_PLUGIN

PROGRAM = re.compile(re.search(r"shift\(@received\) // ''\) =~ /(.*)/;", SPAMASSASSIN_PLUGIN)[1])


@pytest.mark.parametrize(
    'line, program',
    [
        ('by mx.example.com (Postfix, from userid 1000) id 4Xy; Mon, 30 Nov 2026', True),
        ('(from alice@localhost) by mx.example.com (8.17/Submit) id 5AU; Mon, 30 Nov 2026', True),
        ('from alice by mx.example.com with local (Exim 4.96)\n\t(envelope-from <a@b.c>)\n\tid 1xY-0001-1v', True),
        ('by mx.example.com with local (Exim 4.96) id 1xY-0001-1v', True),
        ('from alice (helo=x)\n\tby mx.example.com with local-esmtp (Exim 4.98) id 1xY-0001-1v', True),
        ('from mail.conbool.com ([192.0.2.1])\n\tby mx.example.com with esmtps (TLS1.3) (Exim 4.96) id 1xY', False),
        ('from [192.0.2.1] (helo=local)\n\tby mx.example.com with esmtps (Exim 4.96) id 1xY', False),
        ('from mail.conbool.com (mail.conbool.com [192.0.2.1]) by mx.example.com (Postfix) with ESMTPS', False),
    ],
)
def test_a_program_on_the_host_is_known_by_the_line_of_its_mail_server(line, program):
    assert bool(PROGRAM.search(line)) is program
