# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run is spared where the test before has left the host as the inventory says, and nowhere else."""

from __future__ import annotations

import pytest

from tests.flow import playbook


@pytest.fixture(name='runs')
def fixture_runs(monkeypatch):
    """The variables of each run; one without any fails."""
    made = []

    def apply(lab, host, variables, name):
        made.append(variables)
        if not variables:
            raise playbook.PlaybookFailed
        return len(made)

    monkeypatch.setattr(playbook, 'apply', apply)
    return made


def test_what_is_so_already_needs_no_run(runs):
    settled = playbook.Settled('lab', 'host')
    assert [settled({'port': 1}, preflight='enforce'), settled({'port': 1}), settled({'port': 2})] == [1, None, 2]
    assert runs == [{'port': 1, 'preflight': 'enforce'}, {'port': 2}]


def test_what_was_spoilt_or_failed_needs_one(runs):
    settled = playbook.Settled('lab', 'host')
    settled({'port': 1})
    settled.spoil()
    assert settled({'port': 1}) == 2
    with pytest.raises(playbook.PlaybookFailed):
        settled({})
    assert settled({'port': 1}) == 4
