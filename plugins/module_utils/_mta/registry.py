# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail servers that the collection knows: data only. Private to this collection.

A mail server is one entry here, one package C(_<name>) beside this one, the modules C(<name>_info), C(<name>_smarthost)
and C(<name>_verify), and one role C(<name>_smarthost). Nothing else knows it by its name.
"""

from __future__ import annotations

from typing import NamedTuple


class MailServer(NamedTuple):
    """What tells a mail server.

    C(signs) are groups of absolute paths; it is installed where of each group at least one exists. One that is on
    another machine has none; a host has it where the variable C(told_by) says something, and where nothing says so any
    more, the file C(left_by) is left to undo.
    C(command_has) is a text in its program sendmail(1), by which it is told from others; empty where nobody looks.
    C(processes) are the names of its processes, of one that a distribution may have installed unasked: beside another
    mail server it counts while one of them serves other hosts.
    C(units) are the systemd services that it is known by. C(minimum_version) is the oldest that its role takes, None
    while the collection has no role for it.
    """

    title: str
    signs: tuple[tuple[str, ...], ...]
    units: tuple[str, ...] = ()
    minimum_version: str | None = None
    command_has: str = ''
    told_by: str = ''
    left_by: str = ''
    processes: tuple[str, ...] = ()


MAIL_SERVERS = {
    # Sendmail's package has compatible commands, and so has Postfix's: main.cf and postconf are Postfix's alone.
    'postfix': MailServer(
        'Postfix',
        (('/etc/postfix/main.cf',), ('/usr/sbin/postconf', '/usr/local/sbin/postconf')),
        ('postfix.service',),
        '3.1',
        'postdrop',
    ),
    'sendmail': MailServer(
        'Sendmail',
        (
            ('/etc/mail/sendmail.cf',),
            ('/usr/lib/sm.bin/sendmail', '/usr/libexec/sendmail/sendmail', '/usr/sbin/sendmail.sendmail'),
        ),
        ('sendmail.service',),
        '8.15',
        'ADDRESS TEST MODE',
    ),
    'zimbra': MailServer(
        'Zimbra',
        (('/opt/zimbra/conf/localconfig.xml',), ('/opt/zimbra/bin/zmprov',)),
        ('zimbra.service',),
        '8.8.15',
    ),
    'kerio': MailServer(
        'Kerio Connect',
        (('/opt/kerio/mailserver/mailserver.cfg', '/opt/kerio/mailserver/mailserver'),),
        ('kerio-connect.service',),
        '9.2',
    ),
    'exim': MailServer(
        'Exim',
        (
            ('/usr/sbin/exim4', '/usr/sbin/exim'),
            ('/etc/exim4/update-exim4.conf.conf', '/etc/exim4/exim4.conf', '/etc/exim/exim.conf', '/etc/exim.conf'),
        ),
        ('exim4.service',),
        '4.96',
        'Exim version',
        processes=('exim4', 'exim'),
    ),
    # The version is that of the Postfix of which the hop is made.
    'remote': MailServer(
        'Remote mail servers',
        (),
        minimum_version='3.2',
        told_by='outbound_hop_clients',
        left_by='/etc/systemd/system/conbool-hop.service',
    ),
}


def names() -> list[str]:
    """Return the names of all mail servers, in the order in which they are looked for."""
    return list(MAIL_SERVERS)


def with_role() -> list[str]:
    """Return the names of the mail servers for which the collection has a role."""
    return [name for name, entry in MAIL_SERVERS.items() if entry.minimum_version]


def units() -> list[str]:
    """Return the services of the mail servers for which the collection has a role."""
    return [unit for name in with_role() for unit in MAIL_SERVERS[name].units]


def services(name: str) -> tuple[str, ...]:
    """Return the services of one mail server, none of one that is not known."""
    return MAIL_SERVERS[name].units if name in MAIL_SERVERS else ()
