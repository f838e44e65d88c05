# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mailbox server of the double of Zimbra (not Zimbra): Dovecot, which takes mail by LMTP on port 7025, made to filter
in the order of Zimbra's mailboxd.

That order: the verdict (is it spam, by zimbraSpamWhitelistHeader and zimbraSpamHeader) comes before every script; a message
that is spam goes to Junk, and no script sees it unless zimbraSpamApplyUserFilters says so. Then the administrator's
script before the user's, the user's, and the administrator's script after it. Dovecot runs as user zimbra; this program
writes what it reads, again whenever the directory has changed, and ends with it.
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

VERDICT = """require ["vnd.dovecot.execute", "fileinto"];
if execute :pipe "spam-verdict" {
    fileinto "Junk";
    stop;
}
"""
# Folder of scripts -> attribute; in the order in which they are run.
SCRIPTS = {
    'before/2-admin': 'zimbraAdminSieveScriptBefore',
    'user': 'zimbraMailSieveScript',
    'after/1-admin': 'zimbraAdminSieveScriptAfter',
}
SPAM = ('zimbraSpamHeader', 'zimbraSpamHeaderValue', 'zimbraSpamWhitelistHeader', 'zimbraSpamWhitelistHeaderValue')


def files_of(data: dict, host: str) -> dict[str, str]:
    """What Dovecot reads, for the mailboxes of a host: path below RUN -> text.

    data: as the store's read().
    """
    config = data['config']
    files = {'spam.json': json.dumps({name: (config.get(name) or [''])[0] for name in SPAM})}
    users = []
    for address in sorted(data['accounts']):
        values = effective(data, 'accounts', address)
        if values.get('zimbraMailHost') != [host]:
            continue
        users.append(f'{address}::::::{HOME}/store/{address}::\n')
        files.update(_scripts(f'sieve/{address}', values))
    files['users'] = ''.join(users)
    return files


def _scripts(folder: str, values: dict[str, list[str]]) -> dict[str, str]:
    chosen = {f'{folder}/{name}.sieve': values[attribute][0] for name, attribute in SCRIPTS.items() if values.get(attribute)}
    filters_spam = values.get('zimbraSpamApplyUserFilters') == ['TRUE']
    if values.get('zimbraFeatureAntispamEnabled') != ['FALSE']:
        # With its filters asked for spam too, the verdict is about what these leave to be kept.
        chosen[f'{folder}/after/2-verdict.sieve' if filters_spam else f'{folder}/before/1-verdict.sieve'] = VERDICT
    return chosen


def write(files: dict[str, str], root: Path) -> None:
    """Bring the folder to these files; only what differs is written. A script that does not compile stays: Dovecot says so
    in the log for every message, and keeps it, as Zimbra does."""
    for path in [path for path in root.rglob('*') if path.is_file()]:
        if path.suffix == '.svbin':
            path.unlink() if not path.with_suffix('.sieve').exists() else None
        elif str(path.relative_to(root)) not in files:
            path.unlink()
    for name, text in files.items():
        path = root / name
        if path.exists() and path.read_text(encoding='utf-8') == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f'{path.name}.new')
        new.write_text(text, encoding='utf-8')
        new.replace(path)


def main() -> int:
    host = LocalConfig(STATE / 'localconfig.json').get('zimbra_server_hostname') or ''
    store = Store()
    (RUN / 'sieve').mkdir(parents=True, exist_ok=True)
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
