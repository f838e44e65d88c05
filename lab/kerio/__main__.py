# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python3 -m kerio FOLDER JSON: a double on the real ports of this machine until SIGTERM, which has it write its file.

JSON: profile (differences, "version" among them), world (members of World), settings (forbid_strangers: true).
FOLDER/ports.json is there when it answers, FOLDER/control.json says how it shall misbehave, FOLDER/complaints.json what
clients have done wrong, after it has ended.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path

from . import company
from .double import Double
from .profiles import profile
from .state import World


def main():
    folder, wanted = Path(sys.argv[1]), json.loads(sys.argv[2])
    world = World(**{'address': '0.0.0.0', 'real_ports': True, 'dns': True, **wanted.get('world', {})})
    double = Double(folder, profile(**wanted.get('profile', {})), world)
    if not double.state.data['domains']:
        company.found(double.state)
        company.settle(double.state)
        if wanted.get('settings', {}).get('forbid_strangers'):
            company.forbid_strangers(double.state)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *dummy: ended.set())
    with double:
        # Written when everything answers.
        ports = {'administration': double.web.port, **{name: port for (name, dummy), port in double.mail.ports.items()}}
        (folder / 'ports.json').write_text(json.dumps(ports), encoding='utf-8')
        ended.wait()
        (folder / 'complaints.json').write_text(json.dumps(double.complaints()), encoding='utf-8')


if __name__ == '__main__':
    main()
