# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a queue says that cannot be read is a row, and does not end the change that was made."""

from __future__ import annotations

import json

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module.questions import Watched
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.queue import PostfixQueueLook, Queue


class Owner:
    """A Postfix whose postqueue -j writes something else."""

    def __init__(self, said):
        self.said = said

    def queue(self):
        return PostfixQueueLook(Queue(lambda words: (0, self.said, ''), '/usr/sbin/postqueue', '/etc/postfix'))


def test_what_postqueue_says_in_another_form_is_a_row():
    watched = Watched('hop', Owner('{"queue_name": "deferred"}\n'))
    watched.begin()
    found = watched.row()
    assert (found['id'], found['status']) == ('queue.failed', 'red') and 'KeyError' in found['finding']


def test_what_postqueue_says_that_is_no_json_is_a_row():
    watched = Watched('hop', Owner('{"queue_name": "deferred", \n'))
    try:
        watched.begin()
    except json.JSONDecodeError:
        pytest.fail('the module that has just changed the host ends in a traceback')
    assert watched.row()['id'] == 'queue.failed'
