# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of outbound_hop: the hop alone. Private to this collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import converge as hop
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.one_run import run
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module.handed import handed
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module.server import server_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module.smarthost import (
    OPTIONS,
    refuse_used_hop,
    usable_files,
    wanted_of,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.detect import signs_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import MAIL_SERVERS

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import MailServer


def main(*server_classes: type[MailServer]) -> None:
    """Run the module for the mail server whose identity the hop takes over.

    Args:
        server_classes: which there are, the last one for a host of which nobody has said which it is.
    """
    module, settings = handed({name: OPTIONS[name] for name in ('settings', 'timeout')})
    server_class = next((each for each in server_classes if settings['mta'] == each.NAME), server_classes[-1])
    server = server_of(server_class, module, settings)
    converge = present if settings['state'] == 'present' else absent
    run(module, [hop.lock_directory(settings)], lambda module, dummy: converge(module, server))


def present(module: AnsibleModule, server: MailServer) -> tuple[dict[str, Any], list[str]]:
    """Have the hop run, or tell in check mode what that takes."""
    settings, whole = server.settings, wanted_of(module, server, server.facts())[0]
    wanted = whole.hop
    problems = (hop.problems(settings, wanted) + usable_files(settings, whole)[0]) if wanted else whole.problems
    if problems:
        raise HostError(' | '.join(problems))
    # Where mail is led to by now, the hop goes on listening until the mail server's own role leads it elsewhere.
    return hop.present(module, settings, wanted, bool(server.leads_to_hop()))


def absent(module: AnsibleModule, server: MailServer) -> tuple[dict[str, Any], list[str]]:
    """Have the hop be gone when it has sent its mail, or tell in check mode what that takes."""
    if server.here and not signs_of(server.NAME):
        # Only its own role knows whether another mail server leads mail there.
        raise HostError(
            f'The mail server of this host is no {MAIL_SERVERS[server.NAME].title}. Nothing was changed. Undo its own'
            ' role, which removes the hop, too'
        )
    refuse_used_hop(module, server)
    return hop.absent(module, server.settings)
