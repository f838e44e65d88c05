# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How released mail escapes the spam engines of a host."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import ChangeError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.steps import Steps
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam.engines import Host, Rspamd, SpamAssassin

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# Debian's, and that of RPM distributions, which was not exercised.
SPAMASSASSIN_DIRECTORIES = ('/etc/spamassassin', '/etc/mail/spamassassin')
RSPAMD_DIRECTORY = '/etc/rspamd'


def read_networks(names: Iterable[str]) -> list[str]:
    """Return the networks in their canonical form.

    Raises:
        ChangeError: one of them is none.
    """
    found = []
    for name in names:
        try:
            found.append(str(ipaddress.ip_network(name)))
        except ValueError as exc:
            raise ChangeError(f'conbool_networks (option networks): {exc}') from exc
    return found


def engines(host: Host, networks: Sequence[str]) -> list[SpamAssassin | Rspamd]:
    """Return the spam engines, also those that are not here: something of ours may be left of one."""
    spamassassin = (
        [directory for directory in SPAMASSASSIN_DIRECTORIES if os.path.isdir(directory)][:1]
        if host.has('spamassassin')
        else []
    )
    rspamd = (
        [RSPAMD_DIRECTORY]
        if host.has('rspamadm') and os.path.isfile(os.path.join(RSPAMD_DIRECTORY, 'rspamd.conf'))
        else []
    )
    return [SpamAssassin(host, (spamassassin or [''])[0], networks), Rspamd(host, (rspamd or [''])[0], networks)]


def _undone(engine: SpamAssassin | Rspamd, ahead: bool) -> list[str]:
    """Return what of the host undoes what is there and wanted.

    Args:
        ahead: nothing is changed yet, so that it can be refused. Later, what comes next has to be done all the same.

    Raises:
        ChangeError: something does, and it is time to refuse.
    """
    try:
        engine.check()
    except ChangeError as exc:
        if ahead or engine.files.changed:
            raise
        return [str(exc)]
    return []


def converge(module: AnsibleModule, params: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Bring the host to the wanted state, or tell in check mode what that takes.

    Returns:
        The module's result and its warnings.
    """
    present = params['state'] == 'present'
    if present and not params['networks']:
        raise ChangeError('conbool_networks (option networks) is empty')
    host = Host(
        lambda argv: module.run_command(argv, environ_update={'LC_ALL': 'C', 'LANGUAGE': 'C'}),
        lambda name: module.get_bin_path(name, opt_dirs=['/usr/sbin', '/sbin', '/usr/local/sbin']),
    )
    found = engines(host, read_networks(params['networks']) if present else [])
    result = {
        'changed': any(engine.files.changed for engine in found),
        'engines': [engine.name for engine in found if engine.there],
    }
    if module._diff:
        result['diff'] = [difference for engine in found for difference in engine.files.diff()]
    for engine in found:
        if engine.there and engine.files.changed:
            engine.validate()
    undone = [text for engine in found if engine.there for text in _undone(engine, module.check_mode)]
    unrecorded = [text for engine in found for text in engine.files.unrecorded]
    if unrecorded:
        result['unrecorded'] = unrecorded
    warnings = [warning for engine in found for warning in engine.files.warnings] + unrecorded + undone
    warnings += [text for engine in found if engine.there for text in engine.notes()]
    if not module.check_mode:
        with Steps(module) as done:
            for engine in found:
                try:
                    engine.carry_out()
                except SwitchError as exc:
                    raise SwitchError(f'{engine.name}: {exc}', exc.restored, exc.warnings) from exc
                done.append(({'changed': engine.files.changed}, []))
    return result, warnings
