# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the mail server under test: one call hands in a whole batch, one call tells where everything is.

Standard library only, no import of ours: the text of this file is given to python3 there, which stays (remote.py).
Requests and answers are lines of JSON.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import smtplib
import ssl
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TIMEOUT = 30
SENDERS_AT_ONCE = 4
# Neither a Postfix that only the hop is made of nor Zimbra's is on the path.
os.environ['PATH'] += ':/usr/lib/conbool-hop/usr/sbin:/opt/zimbra/common/sbin'
FOLDERS = {'INBOX': '', 'Junk E-mail': 'junk'}
SHOWN = 200000  # of a message: enough for all headers and every body but a filler


def inject(request):
    with ThreadPoolExecutor(SENDERS_AT_ONCE) as pool:
        return list(pool.map(_inject_one, request['messages']))


def _inject_one(message):
    send = _sendmail if message['via'] == 'sendmail' else _smtp
    try:
        return dict(send(message, base64.b64decode(message['content'])), token=message['token'])
    except (OSError, smtplib.SMTPException, subprocess.SubprocessError) as error:
        return {'token': message['token'], 'accepted': False, 'text': f'{type(error).__name__}: {error}'}


def _sendmail(message, content):
    command = ['/usr/sbin/sendmail', '-i', '-f', message['from']]
    for option in message['mail_options']:
        name, dummy, value = option.partition('=')
        command += {'RET': ['-R', value], 'ENVID': ['-V', value]}.get(name, [])
    for option in message['rcpt_options']:
        name, dummy, value = option.partition('=')
        command += {'NOTIFY': ['-N', value.lower()]}.get(name, [])
    done = subprocess.run(
        command + ['--'] + message['to'],
        input=content.replace(b'\r\n', b'\n'),
        timeout=TIMEOUT,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    # Sendmail's own command delivers as well: this status is about a message that it has taken, and of which a report
    # goes back.
    return {'accepted': done.returncode in (0, os.EX_NOUSER), 'text': done.stdout.decode(errors='replace').strip()}


def _connection(via):
    # Who answers is not the question here. No default context: loading all of the system's CAs takes longer than
    # sending.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if via == 'submissions':
        return smtplib.SMTP_SSL('127.0.0.1', 465, timeout=TIMEOUT, context=context)
    server = smtplib.SMTP('127.0.0.1', {'smtp25': 25, 'submission': 587}[via], timeout=TIMEOUT)
    if via == 'submission':
        server.starttls(context=context)
    return server


def _smtp(message, content):
    with _connection(message['via']) as server:
        server.ehlo()
        if message['user']:
            server.login(message['user'], message['password'])
        if 'SMTPUTF8' in message['mail_options']:
            server.command_encoding = 'utf-8'
        answers = [server.mail(message['from'] if message['from'] != '<>' else '', message['mail_options'])]
        answers += [server.rcpt(recipient, message['rcpt_options']) for recipient in message['to']]
        if all(code < 300 for code, dummy in answers):
            answers.append(server.data(content))
        refusals = [answer for answer in answers if answer[0] >= 300]
        code, text = (refusals or answers)[-1]
        return {'accepted': not refusals, 'text': '{} {}'.format(code, text.decode(errors='replace'))}


def look(request):
    """Everything of one run: what lies in the mailboxes and what waits in the queues.

    Queues first: a message on its way from a queue to a mailbox is then seen twice rather than not at all.
    """
    run = request['run'].encode()
    known = set(request['known'])
    queues = [
        entry
        for directory in request.get('postfix_queues', [])
        if os.path.isdir(directory)
        for entry in _postfix_queue(directory, run, known)
    ]
    for kind, (read, dummy) in QUEUES.items():
        queues += [entry for path in request.get(kind, []) for entry in read(Path(path), run, known)]
    mailboxes = [entry for user, path in request['mailboxes'].items() for entry in _maildir(user, Path(path), run)]
    return {'queues': queues, 'mailboxes': mailboxes}


def _maildir(user, path, run):
    for found in [*sorted(path.glob('**/new/*')), *sorted(path.glob('**/cur/*')), *sorted(path.glob('*/#msgs/*.eml'))]:
        content = found.read_bytes()
        if found.suffix == '.eml':
            # As it came over the network.
            content = content.replace(b'\r\n', b'\n')
        if run in content:
            folder = found.parent.parent
            yield {
                'user': user,
                'folder': '' if folder == path else FOLDERS.get(folder.name, folder.name.lstrip('.')),
                'time': found.stat().st_mtime,
                'content': base64.b64encode(content[:SHOWN]).decode(),
            }


def waiting(request):
    """How many messages are in the queues, whoever sent them."""
    queues = [path for path in request.get('postfix_queues', []) if os.path.isdir(path)]
    count = sum(len(_listing(path).splitlines()) for path in queues)
    return count + sum(
        len(list(Path(path).glob(files))) for kind, (dummy, files) in QUEUES.items() for path in request.get(kind, [])
    )


def _listing(directory):
    done = subprocess.run(
        ['postqueue', '-c', directory, '-j'],
        timeout=TIMEOUT,
        check=False,
        capture_output=True,
    )
    if done.returncode and not _never_started(directory):
        raise RuntimeError('postqueue -c {} -j: {}'.format(directory, done.stderr.decode(errors='replace')))
    return done.stdout.decode(errors='replace')


def _postfix_queue(directory, run, known):
    """Entries of the run; `postqueue -j` alone does not know the message, so what is not known yet is read as well."""
    for line in _listing(directory).splitlines():
        entry = json.loads(line)
        # A site may have such a queue on each of its hosts.
        key = '{}:{}/{}'.format(os.uname().nodename, directory, entry['queue_id'])
        content = b''
        if key not in known:
            shown = subprocess.run(
                ['postcat', '-c', directory, '-bhq', entry['queue_id']],
                timeout=TIMEOUT,
                check=False,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            content = shown.stdout[:SHOWN]
            # Gone in the meantime: whoever holds it now shows it, or the next look does.
            if shown.returncode or run not in content:
                continue
        yield {
            'key': key,
            'queue': entry['queue_name'],
            'sender': entry['sender'],
            'content': base64.b64encode(content).decode(),
            'recipients': [[item['address'], item.get('delay_reason', '')] for item in entry['recipients']],
        }


def _never_started(directory):
    """An instance makes the folders of its queue when it starts for the first time; before that nobody can list
    them."""
    shown = subprocess.run(
        ['postconf', '-c', directory, '-hx', 'queue_directory'], timeout=TIMEOUT, check=True, stdout=subprocess.PIPE
    )
    return not os.path.isdir(os.path.join(shown.stdout.decode().strip(), 'incoming'))


def _sendmail_queue(directory, run, known):
    """Entries of the run: a control file (qf) each, with headers, sender and recipients, and a data file (df) with the
    body."""
    for control in sorted(directory.glob('qf*')):
        try:
            fields, headers = _control_file(control.read_text(encoding='utf-8', errors='replace'))
            body = control.with_name('df' + control.name[2:]).read_bytes() if str(control) not in known else b''
        except FileNotFoundError:
            continue  # delivered in this moment
        content = headers.encode() + b'\n' + body
        if str(control) in known or run in content:
            tried = fields.get('N', ['0'])[0] != '0'
            yield {
                'key': str(control),
                'queue': 'deferred' if tried else 'active',
                'sender': fields.get('S', [''])[0].strip('<>'),
                'content': base64.b64encode(content[:SHOWN]).decode(),
                'recipients': [
                    [recipient.rpartition(':')[2].strip('<>'), fields.get('M', [''])[0]]
                    for recipient in fields.get('R', [])
                ],
            }


def _control_file(text):
    """The lines by their first letter, and the headers."""
    fields, headers = {}, []
    for line in text.split('\n'):
        if line[:1] in (' ', '\t') and headers:
            headers.append(line)
        elif line.startswith('H'):
            # H?flags?Name: value
            headers.append(line.split('?', 2)[-1] if line.startswith('H?') else line[1:])
        elif line:
            fields.setdefault(line[0], []).append(line[1:])
    return fields, ''.join(line + '\n' for line in headers)


def sendmail_flush(request):
    for queue in ('-Ac', '-Am'):
        done = subprocess.run(
            ['/usr/sbin/sendmail', queue, '-qf'],
            timeout=TIMEOUT * 2,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        # Otherwise the status is that of the last delivery.
        if done.returncode in (os.EX_USAGE, os.EX_OSERR, os.EX_NOPERM, os.EX_CONFIG):
            raise RuntimeError('sendmail {} -qf: {}'.format(queue, done.stdout.decode(errors='replace')))
    return postfix_flush({'postfix_queues': request.get('postfix_queues', [])})


def postfix_flush(request):
    for directory in request['postfix_queues']:
        if os.path.isdir(directory):
            done = subprocess.run(['postqueue', '-c', directory, '-f'], timeout=TIMEOUT, check=False)
            # An instance that is stopped flushes its queue when it starts.
            if done.returncode not in (0, os.EX_UNAVAILABLE):
                raise RuntimeError(f'postqueue -c {directory} -f: exit status {done.returncode}')
    return {}


def postfix_kill(request):
    """SIGKILL to an instance: master(8) and every program that it has started."""
    with open(os.path.join(request['queue_directory'], 'pid/master.pid'), encoding='ascii') as file:
        os.killpg(int(file.read()), signal.SIGKILL)
    return {}


def kill_programs(request):
    """SIGKILL to all programs of these names; how many there were."""
    killed = 0
    for directory in Path('/proc').glob('[0-9]*'):
        try:
            if (directory / 'comm').read_text().strip() in request['names']:
                os.kill(int(directory.name), signal.SIGKILL)
                killed += 1
        except (FileNotFoundError, ProcessLookupError):
            continue
    return killed


# What reads a queue, and the files of which each is one message.
QUEUES = {'sendmail_queues': (_sendmail_queue, 'qf*')}


def serve():
    """Answers each line of standard input with one of its own."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            said = {'answer': globals()[asked['do']](asked)}
        except Exception:
            said = {'error': traceback.format_exc()}
        print(json.dumps(said), flush=True)


if __name__ == '__main__':
    for more in sys.argv[1:]:
        exec(more)
    serve()
