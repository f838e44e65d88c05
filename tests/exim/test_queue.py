# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which queues a real Exim tells of."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.queue import messages

from tests.exim.host import SPOOL


def test_a_queue_with_a_name_is_listed_by_its_name_only(exim, tmp_path):
    assert exim.made(files={'conf.d/main/000_site': f'SPOOLDIR = {SPOOL}\n'}).returncode == 0
    exim.empty()
    program = exim.program()
    # As an access list with queue = bulk has it.
    program.run('-MCG', 'bulk', '-odq', '-f', 'alice@example.com', 'x@external.test', data='Subject: x\n\ntext\n')
    assert program.run('-bp')[1].strip() == ''
    # The spool is on that host, and its directories are looked at on this one.
    assert exim.sh(f'ls {SPOOL}/bulk').stdout.split()[0] == 'input'
    (tmp_path / 'bulk/input').mkdir(parents=True)
    found = messages(program, str(tmp_path))
    assert len(found) == 1 and 'x@external.test' in next(iter(found.values())).text
