# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.flow import loader, playbook
from tests.spam.server import SendmailServer, Server

KINDS = ('spam-debian12', pytest.param('spam-debian13', marks=pytest.mark.full))
SENDMAIL = 'spam-sendmail-debian12'


@pytest.fixture(scope='module', name='scorer', params=KINDS)
def fixture_scorer(request, borrowed):
    with borrowed.hosts(request.param) as lab:
        yield _behind_the_gateway(lab, request.param, Server)


@pytest.fixture(scope='module', name='sendmail')
def fixture_sendmail(borrowed):
    with borrowed.hosts(SENDMAIL) as lab:
        yield _behind_the_gateway(lab, SENDMAIL, SendmailServer)


def _behind_the_gateway(lab, kind, server):
    """A mail server like that of the flow table, whose spam engines know nothing of the gateway."""
    variables = loader.Table().configurations['default'].variables
    server = server(lab, kind, dict(variables, conbool_preflight='skip'))
    playbook.apply(lab, kind, dict(server.variables, spam_delivery_state='absent'))
    return server
