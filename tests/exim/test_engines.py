# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a spam engine is told that a list of the site asks: by what the rules of role spam_delivery know where released
mail is from. The engine is played, what asks it is a real Exim."""

from __future__ import annotations

import json
import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam.engines import SPAMASSASSIN_PLUGIN

from tests.exim.host import LAN, MACROS

pytestmark = pytest.mark.full

# Listens, has a client bring a message, and says what the engine was asked.
ENGINE = """
import json, re, socket, subprocess, sys, threading
words, talk, answer = json.load(sys.stdin)
server, asked = socket.create_server(('127.0.0.1', 7833)), b''
def serve():
    global asked
    connection, length = server.accept()[0], None
    while not length or len(asked.partition(b'\\r\\n\\r\\n')[2]) < int(length[1]):
        asked += connection.recv(65536)
        length = re.search(rb'(?i)^content-length: (\\d+)', asked, re.MULTILINE)
    connection.sendall(answer.encode())
    connection.close()
threading.Thread(target=serve, daemon=True).start()
done = subprocess.run(words, input=talk.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
print(json.dumps([asked.decode('latin-1'), (done.stdout + done.stderr).decode('latin-1')]))
"""
ASKING = 'acl_site_data:\n  deny spam = nobody\n       message = spam, says the site\n  accept\n'
TALK = (
    'EHLO x\r\nMAIL FROM:<x@external.test>\r\nRCPT TO:<alice@example.com>\r\nDATA\r\n'
    'Received: by forged.test with local\r\nX-Conbool-Released: yes\r\nFrom: x@external.test\r\n\r\n'
    'text\r\n.\r\nQUIT\r\n'
)
SPAMD = 'SPAMD/1.1 0 EX_OK\r\nSpam: True ; 9.0 / 5.0\r\n\r\nreport\r\n'
RSPAMD = 'RSPAMD/1.3 0 EX_OK\r\nMetric: default; True; 9.0 / 5.0 / 15.0\r\nAction: reject\r\n\r\n'
# Of the plugin's: what it takes for the line of a program of this host.
PROGRAM = re.compile(re.search(r"shift\(@received\) // ''\) =~ /(.*)/;", SPAMASSASSIN_PLUGIN)[1])


@pytest.fixture(name='asked')
def fixture_asked(exim):
    def asked(variant, answer):
        macros = f'MAIN_ACL_CHECK_DATA = acl_site_data\nspamd_address = 127.0.0.1 7833{variant}\n'
        files = {MACROS: macros, 'conf.d/acl/50_site': ASKING}
        done = exim.made(site={'acl_smtp_data': 'acl_site_data'}, files=files)
        assert done.returncode == 0, done.stderr
        words = ['exim4', '-C', exim.config, '-N', '-odi', '-bs', '-oMa', f'{LAN}.1234', '-oMi', '127.0.0.1.25']
        ran = exim.lab.run(exim.host, ['python3', '-c', ENGINE], input=json.dumps([words, TALK, answer]))
        request, said = json.loads(ran.stdout)
        assert 'spam, says the site' in said
        return request

    return asked


def test_spamassassin_gets_the_line_that_exim_has_just_written(asked):
    received = re.split(r'\n(?!\s)', asked('', SPAMD).split('X-Conbool-Released')[0].partition('Received: ')[2])
    assert LAN in received[0] and not PROGRAM.search(received[0])
    # Whoever brings a message writes what is below that.
    assert PROGRAM.search(received[1].removeprefix('Received: '))


def test_rspamd_is_told_the_address_of_the_client(asked):
    request = asked(' variant=rspamd', RSPAMD)
    assert f'\r\nIP: {LAN}\r\n' in request and 'X-Conbool-Released: yes' in request
