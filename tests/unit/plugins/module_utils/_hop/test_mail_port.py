# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hop gives up the mail port that a mail server has left to it."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import mail_port
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import sockets
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.sockets import Socket

from tests.unit.fakes.mail_server import SETTINGS

STAYING = """\
127.0.0.1:325 inet n - n - - smtpd
192.0.2.30:26 inet n - n - - smtpd
    -o cleanup_service_name=arriving
10.0.0.5:25 inet n - n - - smtpd
arriving unix n - n - 0 cleanup
"""
GOING = """\
192.0.2.30:25 inet n - n - - smtpd
    -o cleanup_service_name=arriving
[2001:db8::1]:25 inet n - n - - smtpd
    -o cleanup_service_name=arriving
"""


class Instance:
    """Reads master.cf when it is told to."""

    def __init__(self, path, runs):
        self.path, self.runs, self.read = path, runs, path.read_text()

    def running(self):
        return self.runs

    def reload(self):
        self.read = self.path.read_text()


@pytest.fixture(name='hop')
def fixture_hop(tmp_path, monkeypatch):
    """hop(text=, runs=, closes=) -> (settings, instance, path)"""

    def begin(text=STAYING + GOING, runs=True, closes=True):
        path = tmp_path / 'master.cf'
        path.write_text(text)
        instance = Instance(path, runs)
        monkeypatch.setattr(mail_port, 'instance_of', lambda module, options: instance)
        own = Socket('192.0.2.30', 25, 0, 1)
        monkeypatch.setattr(sockets, 'for_others', lambda port: [own] if runs else [])
        monkeypatch.setattr(mail_port, 'master', lambda options: 1)
        monkeypatch.setattr(sockets, 'not_of', lambda found, pid: [] if GOING in instance.read or not closes else found)
        monkeypatch.setattr(mail_port, 'PATIENCE', 0)
        hop = dict(SETTINGS['roles']['outbound_hop'], config_dir=str(tmp_path))
        return dict(SETTINGS, roles=dict(SETTINGS['roles'], outbound_hop=hop)), instance, path

    return begin


def test_it_leaves_the_port_at_once_and_can_come_back(hop):
    settings, instance, path = hop()
    again = mail_port.leave(None, settings, 25)
    assert path.read_text() == instance.read == STAYING
    again()
    assert path.read_text() == instance.read == STAYING + GOING


def test_one_that_has_left_is_not_told_again(hop):
    settings, instance, path = hop(STAYING)
    instance.read = 'untouched'
    mail_port.leave(None, settings, 25)()
    assert (path.read_text(), instance.read) == (STAYING, 'untouched')


def test_one_that_does_not_run_has_its_files_changed(hop):
    settings, instance, path = hop(runs=False)
    mail_port.leave(None, settings, 25)
    assert path.read_text() == STAYING and instance.read == STAYING + GOING


def test_one_that_stays_has_its_files_as_before(hop):
    settings, instance, path = hop(closes=False)
    with pytest.raises(HostError, match='was told to leave port 25, and listens there still'):
        mail_port.leave(None, settings, 25)
    assert path.read_text() == instance.read == STAYING + GOING
