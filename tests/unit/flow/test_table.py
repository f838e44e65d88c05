# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo prints."""

from __future__ import annotations

from types import SimpleNamespace

from rich.console import Console

from tests.flow import adapters, labs, table


def test_a_double_is_called_one(monkeypatch):
    # Where this runs there need not be containers.
    monkeypatch.setattr(labs.lifecycle, 'containers', lambda name: [])
    chosen = SimpleNamespace(no_apply=False, host=None, reports=None, mta=adapters.names(), lab='none')
    servers = [table._Server(name, chosen, None, None) for name in chosen.mta]
    result = SimpleNamespace(case=SimpleNamespace(group='outbound'), ok=True, expected_failure='')
    console = Console(width=400)
    with console.capture() as said:
        console.print(table._short(servers, 'default', [SimpleNamespace(results=[result])] * len(servers)))
    # Every mail server has a column, which not all adapters say more about.
    doubles = [name for name in chosen.mta if f'{name} (a double)' in said.get()]
    assert {'kerio', 'zimbra'} <= set(doubles) and not {'postfix', 'sendmail'}.intersection(doubles)
    assert all(name in said.get() for name in chosen.mta)
