# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail port as it goes from a mail server to the hop, and back: for moments nobody has it, and whoever connects
tries again. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import converge as hop
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import mail_port
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.listeners import arriving_at, master
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import NO_ANSWER, HostError, reason
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.look import Look
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.sockets import holders, listening, not_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.steps import merge, showing
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import in_brackets
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Part

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Hop, MailServer, Wanted

# What a step may fail with.
FAILURES = (*NO_ANSWER, SwitchError)


def first_hop(wanted: Wanted) -> Hop | None:
    """Return the hop as it has to be until the mail server has left the port."""
    return wanted.handover.hop if wanted.handover else wanted.hop


def problems(settings: Mapping[str, Any], wanted: Wanted) -> list[str]:
    """Return who else is where the hop has to be when the mail server has left: nothing is changed for that."""
    handed = wanted.handover
    # Without, the mail server itself would be somebody else.
    if not handed or handed.pid is None:
        return []
    where, pid = wanted.hop.inbound.arrival, master(settings['roles']['outbound_hop'])
    found = [
        (address, holders(not_of(not_of(listening(address, where.port), handed.pid), pid)))
        for address in arriving_at(where)
    ]
    return [
        f'{where.variable}: {address!r}: port {where.port} there is held by {", ".join(held)}. End that, or take the'
        ' address out'
        for address, held in found
        if held
    ]


def begin(
    module: AnsibleModule, settings: Mapping[str, Any], wanted: Wanted, moving: bool
) -> tuple[dict[str, Any], list[str]]:
    """Have the hop be there, for the time being also where it was."""
    first = first_hop(wanted)
    if not moving:
        return hop.present(module, settings, first)
    foreseen = hop.present(Look(module, module._diff), settings, first)[0]
    return showing(hop.present(module, settings, first, True), foreseen)


def parts(settings: Mapping[str, Any], wanted: Wanted) -> list[Part]:
    """Return the part in which the port goes from the mail server to the hop; none where the mail server has it not."""
    if not wanted.handover:
        return []
    return [Part(wanted.handover.give.name, lambda module: _hand_over(module, settings, wanted))]


def _hand_over(module: AnsibleModule, settings: Mapping[str, Any], wanted: Wanted) -> tuple[dict[str, Any], list[str]]:
    handed = wanted.handover
    given = handed.give.converge(module)
    moved: dict[str, Any] = {'changed': True}
    if module._diff:
        moved['diff'] = [difference('the hop, where the gateway arrives', *map(_places, (handed.hop, wanted.hop)))]
    if module.check_mode:
        return merge([given, (moved, [])])
    try:
        problems = hop.problems(settings, wanted.hop)
        if problems:
            raise HostError(' | '.join(problems))
        taken = hop.present(module, settings, wanted.hop)
    except FAILURES as exc:
        back = [lambda: hop.present(module, settings, handed.hop), lambda: handed.back.converge(module)]
        text, restored = _taken_back(back)
        raise SwitchError(f'{reason(exc)}. {text}', restored, given[1]) from exc
    return merge([given, showing(taken, moved)])


def _places(wanted: Hop) -> str:
    where = wanted.inbound.arrival
    return ''.join(f'{in_brackets(address)}:{where.port}\n' for address in arriving_at(where))


def _taken_back(ways: Iterable[Callable[[], Any]]) -> tuple[str, bool]:
    """Take steps back. Returns what is said of it, and whether it could be."""
    failed = []
    for way in ways:
        try:
            way()
        except FAILURES as exc:
            failed.append(reason(exc))
    if failed:
        return f'That the mail server has the mail port could not be put back: {"; ".join(failed)}', False
    return 'The mail server has the mail port again', True


def undone(server: MailServer) -> list[Part]:
    """Return what the mail server does for an undo; before the first of it, the hop gives up the port."""
    first, *others = server.undo() or [None]
    if not server.left_to_hop or not first:
        return [first, *others] if first else []
    return [Part(first.name, lambda module: _give_back(module, server, first)), *others]


def _give_back(module: AnsibleModule, server: MailServer, first: Part) -> tuple[dict[str, Any], list[str]]:
    if module.check_mode:
        return first.converge(module)
    # What the mail server will refuse, it refuses while the hop still has the port.
    first.converge(Look(module))
    again = mail_port.leave(module, server.settings, server.left_to_hop)
    try:
        return first.converge(module)
    except FAILURES as exc:
        text, restored = _taken_back([again])
        if not restored:
            raise SwitchError(f'{reason(exc)}. {text}', False, []) from exc
        raise
