# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Sendmail in the lab, and what its administrator does with it."""

from __future__ import annotations

import re

from tests.flow import playbook

HOST = 'sendmail-debian12'
SETTINGS = {
    'conbool_domains': ['example.com', 'sub.example.co.uk'],
    'conbool_tls_ca_file': '/etc/ssl/lab/ca.pem',
    'conbool_inbound': False,
    'conbool_preflight': 'skip',
    'verify_queue_seconds': 1,
}


class Host:
    def __init__(self, lab, name=HOST):
        self.lab, self.name = lab, name

    def sh(self, command, check=True):
        return self.lab.run(self.name, ['sh', '-c', command], check=check).stdout

    def configure(self, lines):
        """The administrator's lines, in front of MAILER_DEFINITIONS; built and read."""
        self.lab.run(
            self.name,
            ['sh', '-c', 'cat >/tmp/lines && sed -i "/^MAILER_DEFINITIONS/e cat /tmp/lines" /etc/mail/sendmail.mc'],
            input=lines,
        )
        self.sh('touch /etc/mail/mailertable && make -s -C /etc/mail')

    def play(self, variables=None, name='site.yml'):
        return playbook.run(self.lab, self.name, name, dict(SETTINGS, **(variables or {})))

    def test_mode(self, *commands):
        return self.lab.run(self.name, ['sendmail', '-bt'], input=''.join(line + '\n' for line in commands)).stdout

    def route(self, address):
        return re.search(r'mailer (\S+), host (\S+), user', self.test_mode('/parse ' + address)).groups()

    def next_hop(self, sender):
        """Host, empty for the recipient's MX, and port of mail of this sender."""
        out = self.test_mode('3,ConboolRoute ' + sender, '${conbool_to}', '${conbool_port}')
        return tuple(
            '' if value == 'Undefined' else value for value in re.findall(r'^> (.*)$', out, re.MULTILINE)[-3:-1]
        )
