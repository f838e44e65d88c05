# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mailbox server of the double of Zimbra (not Zimbra): Dovecot, which takes mail by LMTP on port 7025.

Where it files is what verdict.py says, in mailboxd's order and with its reading of headers. Dovecot runs as user
zimbra; this program writes what both read, again whenever the directory has changed, and ends with Dovecot.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from .localconfig import LocalConfig
from .store import Store, effective

HOME = Path('/opt/zimbra')
STATE = HOME / 'double'
RUN = STATE / 'run' / 'mailboxd'
PID_FILE = HOME / 'log' / 'mailboxd.pid'
LOOK_EVERY = 0.3  # seconds
STOP_SECONDS = 10

# In the order in which they are run.
SCRIPTS = ('zimbraAdminSieveScriptBefore', 'zimbraMailSieveScript', 'zimbraAdminSieveScriptAfter')
SPAM = ('zimbraSpamHeader', 'zimbraSpamHeaderValue', 'zimbraSpamWhitelistHeader', 'zimbraSpamWhitelistHeaderValue')


def files_of(data: dict, host: str) -> dict[str, str]:
    """What is read for the mailboxes of a host: name -> text.

    data: as the store's read().
    """
    values = {address: effective(data, 'accounts', address) for address in sorted(data['accounts'])}
    here = {address: said for address, said in values.items() if said.get('zimbraMailHost') == [host]}
    filters = {
        'spam': {name: (data['config'].get(name) or [''])[0] for name in SPAM},
        'accounts': {address: _filters(said) for address, said in here.items()},
    }
    users = ''.join(f'{address}:x::::{HOME}/store/{address}\n' for address in here)
    return {'users': users, 'filters.json': json.dumps(filters, indent=1)}


def _filters(values: dict[str, list[str]]) -> dict:
    return {
        'scripts': [values[name][0] for name in SCRIPTS if values.get(name)],
        'filters_spam': values.get('zimbraSpamApplyUserFilters') == ['TRUE'],
        'antispam': values.get('zimbraFeatureAntispamEnabled') != ['FALSE'],
    }


def write(files: dict[str, str], folder: Path) -> None:
    """Bring the folder's files to these; only what differs is written, and at once."""
    for name, text in files.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding='utf-8') != text:
            new = folder / f'{name}.new'
            new.write_text(text, encoding='utf-8')
            new.replace(path)


def main() -> int:
    host = LocalConfig(STATE / 'localconfig.json').get('zimbra_server_hostname') or ''
    store = Store()
    RUN.mkdir(parents=True, exist_ok=True)
    write(files_of(store.as_mailboxd_sees(host), host), RUN)
    dovecot = subprocess.Popen(['/usr/sbin/dovecot', '-F', '-c', str(STATE / 'dovecot.conf')])
    signal.signal(signal.SIGTERM, lambda *dummy: sys.exit(0))
    PID_FILE.write_text(f'{os.getpid()}\n')
    try:
        while dovecot.poll() is None:
            time.sleep(LOOK_EVERY)
            write(files_of(store.as_mailboxd_sees(host), host), RUN)
    finally:
        dovecot.terminate()
        dovecot.wait(STOP_SECONDS)
        PID_FILE.unlink(missing_ok=True)
    return dovecot.returncode


if __name__ == '__main__':
    sys.exit(main())
