# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mail servers a test is run with, and on which hosts."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.flow import adapters


@dataclass(frozen=True)
class Server:
    """One mail server on one kind of host."""

    mta: str
    kind: str

    def __str__(self):
        return self.kind


def everywhere(named=()):
    """Each mail server, by default on one release, and on the others in a full run. Those that are named, on one release,
    whatever is run."""
    for name in named or adapters.names():
        adapter = adapters.load(name)
        yield Server(name, adapter.default_host), not named and getattr(adapter, 'full', False)
        for kind in () if named else adapter.other_hosts:
            yield Server(name, kind), True


def chosen(mtas, host, marker):
    """Parameters for pytest. The marker `servers` names the mail servers of a test; those that it calls `full`, and further
    releases, are for a full run. Who names mail servers or a host gets those and no others.

    In place of a server that the test is not run with stands None: tests with the same parameter are run in a row, and
    pytest tells parameters by their numbers, which have to be the same for all tests.
    """
    known = [(Server(mta, host), False) for mta in mtas or ['postfix']] if host is not None else everywhere(mtas)
    return [
        (
            pytest.param(
                server, id=server.kind, marks=[pytest.mark.full] if full or _only_full(marker, server.mta) else []
            )
            if _wants(marker, server.mta)
            else pytest.param(None, id=f'not {server.mta} on {server.kind}')
        )
        for server, full in known
    ]


def _wants(marker, mta):
    return marker is None or mta in marker.args or _only_full(marker, mta)


def _only_full(marker, mta):
    return marker is not None and mta in marker.kwargs.get('full', ())
