# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the daemon of the double has its values from: the store of the double, or what a replay says."""

from __future__ import annotations


class Stored:
    """The store of attributes and the local configuration of a host, read anew at each question.

    store -- has `read()`; read_localconfig -- returns what has `values()`"""

    def __init__(self, store, read_localconfig):
        self._store, self._read_localconfig = store, read_localconfig

    def localconfig(self) -> dict:
        return self._read_localconfig().values()

    def config(self) -> dict:
        return self._store.read()['config']

    def server(self) -> dict:
        """Return the own values of this host's server; none if the store does not have it."""
        return self._store.read()['servers'].get(self.localconfig().get('zimbra_server_hostname'), {})

    def servers(self) -> list:
        return [effective(self.config(), own) for own in self._store.read()['servers'].values()]


class Given:
    """What a replay says. `attributes`: {'global': ..., 'server': ...} of lists of values, `local` {key: text}."""

    def __init__(self, attributes: dict, local: dict):
        self.attributes, self.local = attributes, local

    def localconfig(self) -> dict:
        return self.local

    def config(self) -> dict:
        return self.attributes['global']

    def server(self) -> dict:
        return self.attributes['server']

    def servers(self) -> list:
        return [effective(self.config(), self.server())]


def effective(config: dict, own: dict) -> dict:
    """Return a server's values: its own ones, else the global ones. Those that servers do not inherit do no harm: the
    daemon looks at both."""
    return {**config, **{name: values for name, values in own.items() if values}}
