# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

import pytest

from tests.flow import loader, playbook
from tests.flow.labs import Borrowed
from tests.spam.server import SendmailServer, Server

KINDS = ('spam-debian12', 'spam-debian13')
SENDMAIL = 'spam-sendmail-debian12'


@pytest.fixture(scope='package', name='lab')
def fixture_lab():
    borrowed = Borrowed(os.environ.get('CONBOOL_LAB', 'spam'))
    try:
        yield borrowed
    finally:
        borrowed.give_back()


@pytest.fixture(scope='package', name='server', params=KINDS)
def fixture_server(request, lab):
    return _behind_the_gateway(lab, request.param, Server)


@pytest.fixture(scope='package', name='sendmail')
def fixture_sendmail(lab):
    return _behind_the_gateway(lab, SENDMAIL, SendmailServer)


def _behind_the_gateway(lab, kind, server):
    """A mail server like that of the flow table, whose spam engines know nothing of the gateway."""
    lab.up(kind, fresh=True)
    variables = loader.Table().configurations['default'].variables
    server = server(lab.lab, kind, dict(variables, conbool_preflight='skip'))
    playbook.apply(lab.lab, kind, dict(server.variables, spam_delivery_state='absent'))
    return server
