# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells Postfix whether the client has shown a trusted certificate with the name of the gateway.

A policy service (SMTPD_POLICY_README): requests on standard input, answers on standard output, until Postfix hangs up.
spawn(8) runs this file as it is, copied beside main.cf. So nothing is imported but the standard library.
"""

from __future__ import annotations

import re
import sys
from typing import BinaryIO

# What a known certificate leads to, unless the command line says another action of access(5).
KNOWN, UNKNOWN = 'conbool_known', b'action=DUNNO\n\n'
# Longer lines and requests than Postfix ever sends. Whoever sends such a thing is not answered.
LONGEST_LINE, MOST_LINES = 8192, 200
# Quoted octets of an attribute: xtext (RFC 3461 4).
QUOTED = re.compile(r'\+([0-9A-F]{2})')


def covers(presented: str, name: str) -> bool:
    """Return whether the name in a certificate is that of the gateway.

    Case does not matter, and C(*) may stand for the whole first label of a name with three or more (RFC 6125 6.4.3).
    """
    presented, name = presented.lower(), name.lower()
    if presented.startswith('*.'):
        parent = name.partition('.')[2]
        return '.' in parent and presented[2:] == parent
    return presented == name


def unquoted(text: str) -> str:
    """Return the value of an attribute that Postfix sends as xtext."""
    return QUOTED.sub(lambda found: chr(int(found.group(1), 16)), text)


def serve(requests: BinaryIO, answers: BinaryIO, name: str, known: str = KNOWN) -> None:
    """Answer requests until they end, or one is not what Postfix sends."""
    subject, lines = '', 0
    while True:
        line = requests.readline(LONGEST_LINE)
        lines += 1
        if not line.endswith(b'\n') or lines > MOST_LINES:
            return
        key, _equals, value = line[:-1].decode('ascii', 'replace').partition('=')
        if key == 'ccert_subject':
            subject = unquoted(value)
        elif not line.strip():
            # Postfix gives the subject of a trusted certificate only; without one it is empty.
            answers.write(b'action=' + known.encode() + b'\n\n' if covers(subject, name) else UNKNOWN)
            answers.flush()
            subject, lines = '', 0


if __name__ == '__main__':
    # spawn(8) leads standard error to Postfix as well, which would read a traceback as an answer.
    sys.stderr = None
    serve(sys.stdin.buffer, sys.stdout.buffer, *sys.argv[1:3])
