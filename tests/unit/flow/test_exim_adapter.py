# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of Exim's log and queue. Their words are those of 4.96."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.flow import adapters, agent

GATEWAY = ['198.18.0.3', '2001:db8::3']
ONE, TWO, THREE = 'flow-0000000001', 'flow-0000000002', 'flow-0000000003'
HEAD = '2026-12-01T00:13:35+0000 mx exim[71]: '
TLS = 'X=TLS1.3:ECDHE_SECP256R1__ECDSA_SECP256R1_SHA256__AES_256_GCM:256'
LOG = [HEAD + line for line in f"""\
1xYBV1-0001yH-2O <= alice@example.com U=root P=local S=299 id={ONE}@x for fwd@example.com b@external.test
1xYBV1-0001yH-2O => A@external.test <fwd@example.com> R=conbool_gateway T=conbool_smtp H=mail.conbool.com [198.18.0.3] {TLS} CV=yes
1xYBV1-0001yH-2O -> b@external.test R=conbool_gateway T=conbool_smtp H=mail.conbool.com [198.18.0.3] {TLS} CV=yes C="250 ok"
[1/2] 1xYBV1-0001yH-2O Completed
1xYBV2-0001yM-2V <= alice@example.com H=x [127.0.0.1] P=esmtp S=299 id={TWO}@x for "with blank"@external.test c@external.test
1xYBV2-0001yM-2V => with blank@external.test R=conbool_gateway T=conbool_smtp H=mail.conbool.com [2001:db8::3]* {TLS} CV=no C="250 ok"
1xYBV2-0001yM-2V => c@external.test R=conbool_direct T=remote_smtp H=mx.external.test [198.18.0.4] {TLS} CV=yes C="250 ok"
1xYBV3-00000001yM9-2V <= alice@example.com U=root P=local S=299 id={THREE}@x for nobody@example.com
1xYBV3-00000001yM9-2V ** nobody@example.com: Unrouteable address
1xYBV4-0001yM-2V <= <> R=1xYBV3-00000001yM9-2V U=Debian-exim P=local S=1481 for alice@example.com
1xYBV4-0001yM-2V => alice <alice@example.com> R=local_user T=lab_lmtp
""".splitlines()]
CONTROL = b"""\
1xYBV1-0001yH-2O-H
root 0 0
<alice@example.com>
1796084015 0
-received_time_usec .743667
-aclm _conbool_calendar 1
1
-tls_resumption A
YN b@external.test
NN done@external.test
3
x@external.test
done@external.test
b@external.test

"""
# Each with its letter; a star for one that was taken away.
HEADERS = [
    (b'P', b'Received: from root by mx (Exim 4.96)\n\tid x\n'),
    (b'*', b'X-Conbool-Flag: YES\n'),
    (b'I', b'Message-ID: <flow-0000000001@x>\n'),
]


@pytest.fixture(name='adapter')
def fixture_adapter():
    return adapters.load('exim')()


def test_what_went_to_the_gateway_was_verified_or_what_the_log_says_instead(adapter):
    found = adapter.verification([ONE, TWO, THREE], LOG, GATEWAY)
    assert found[ONE] == {'a@external.test': 'Verified', 'b@external.test': 'Verified'}
    assert list(found[TWO]) == ['"with blank"@external.test'] and 'CV=no' in found[TWO]['"with blank"@external.test']
    assert found[THREE] == {}


def test_the_lines_about_a_message_are_also_those_of_the_report_about_it(adapter):
    assert adapter.lines_about(THREE, LOG) == LOG[-4:]
    assert adapter.lines_about(ONE, LOG) == LOG[:4]


@pytest.mark.parametrize('tries, queue', [('', 'active'), ('t x@external.test defer (-37) H=a [b]: TLS\n', 'deferred')])
def test_what_waits_is_read_from_the_spool(tmp_path, tries, queue):
    texts = dict(vars(agent))
    exec((Path(agent.__file__).parent / 'agents/exim.py').read_text(encoding='utf-8'), texts)
    for name in ('input', 'msglog'):
        (tmp_path / name).mkdir()
    control = CONTROL + b''.join(b'%03d%s %s' % (len(text), letter, text) for letter, text in HEADERS)
    (tmp_path / 'input/1xYBV1-0001yH-2O-H').write_bytes(control)
    (tmp_path / 'input/1xYBV1-0001yH-2O-D').write_bytes(b'1xYBV1-0001yH-2O-D\nbody\n')
    (tmp_path / 'msglog/1xYBV1-0001yH-2O').write_text(f'Received from alice@example.com\n{tries}')
    (entry,) = texts['_exim_queue'](tmp_path, ONE.encode(), set())
    assert (entry['sender'], entry['queue']) == ('alice@example.com', queue)
    assert [one for one, dummy in entry['recipients']] == ['x@external.test']
    content = base64.b64decode(entry['content'])
    assert content.startswith(b'Received: ') and content.endswith(b'\n\nbody\n') and b'X-Conbool-Flag' not in content
    assert list(texts['_exim_queue'](tmp_path, b'another run', set())) == []
