# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of C(<name>_smarthost): all that makes a mail server use the gateway, or all of it undone. Private to this
collection."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Mapping

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import converge as firewall
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import limit_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import converge as hop
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import way_back
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.configuration import tls_files as files_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import tls_files
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import file_owners
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.look import Look
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.one_run import run
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.steps import left_changed, merge, showing
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import message
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.writable import obstacles, within
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import handover
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module.handed import SETTINGS, handed
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module.questions import asked, rows_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module.server import server_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Part
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows import listening
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.gateway import (
    asks_for_certificate,
    shown_by_gateway,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.mail_server import facts_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam import converge as spam

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Facts, MailServer, Wanted

# Where files of firewalls, spam engines and units are.
OTHERS = ('/etc/systemd/system', '/etc/firewalld', '/etc/ufw', '/etc/rspamd', '/etc/spamassassin')
# What to do about a question that a preflight gets no answer to.
MEND = 'Mend that first: site.yml has to ask the same.'
OPTIONS = {
    **SETTINGS,
    'stage': {'type': 'str', 'choices': ['preflight', 'change'], 'default': 'change'},
    'timeout': {'type': 'int', 'default': 20},
}


def main(server_class: type[MailServer]) -> None:
    """Run the module for one kind of mail server."""
    module, settings = handed({**OPTIONS, **server_class.OPTIONS})
    server = server_of(server_class, module, settings)
    if module.params['stage'] == 'preflight':
        # What is wrong is a row, not a failure.
        known: dict[str, Any] = {}
        rows = asked('mta', 'mail server', lambda: ready_rows(module, server, known), MEND)
        module.exit_json(changed=False, rows=rows, **known)
    converge = present if settings['state'] == 'present' else absent
    run(module, directories_of(server), lambda module, dummy: converge(module, server))


def directories_of(server: MailServer) -> list[str]:
    """Return the directories in which no other run may be at work."""
    # What is changed beside the mail server's own directory lies below /etc.
    own = [hop.lock_directory(server.settings)]
    return ['/etc', *server.lock_directories(), *filter(os.path.isdir, own)]


def ready_rows(module: AnsibleModule, server: MailServer, known: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows on what has to be so before the mail server is led to the gateway.

    Args:
        known: gets C(deliveries), who delivers the mail of each domain.
    """
    facts = server.facts()
    known['deliveries'] = facts.deliveries
    for warning in facts.warnings:
        module.warn(message(warning))
    rows = facts_rows(server.NAME, facts, server.settings) + server.obstacles(facts)
    # One that does not run has been named.
    if server.settings['inbound'] and facts.running:
        rows += asked('inbound.listens', 'mail server', server.arrivals, MEND)
    return rows + asked('hop', 'mail server', lambda: _listener_rows(module, server, facts), MEND)


def _listener_rows(module: AnsibleModule, server: MailServer, facts: Facts) -> list[dict[str, Any]]:
    """Return the rows on where something of ours will listen, and on what is there already and will take its mail."""
    settings, wanted, rows = server.settings, wanted_of(module, server, facts)[0], []
    if wanted.hop:
        rows += hop.ready_rows(settings, handover.first_hop(wanted))
        rows += [row('hop.foreign', server.NAME, RED, text) for text in handover.problems(settings, wanted)]
        rows += asked('hop.return', 'hop', lambda: way_back.foreseen(settings, wanted.hop), MEND)
    return rows + [each for place in wanted.listeners for each in listening.ready_rows('detour', place)]


def wanted_of(module: AnsibleModule, server: MailServer, facts: Facts) -> tuple[Wanted, dict[str, str]]:
    """Return what makes the mail server use the gateway, and what spam.marked() says."""
    marked = spam.marked(Look(module), server.settings, facts.deliveries)
    return server.wanted(facts, bool(marked)), marked


def present(module: AnsibleModule, server: MailServer) -> tuple[dict[str, Any], list[str]]:
    """Bring the host to the wanted state, or tell in check mode what that takes.

    Nothing is changed before all has been looked at that could stand against it. What was made is verified.

    Returns:
        The module's result and its warnings.

    Raises:
        HostError: it must not be done; naming variable and value where that is so.
        SwitchError: it failed half-way.
    """
    parts, said, shown = wanted_parts(module, server)
    _refuse_half_a_change(module, server, parts)
    result, warnings = _take(module, parts)
    if not module.check_mode:
        # In check mode the host is as it was.
        result['rows'] = rows_of(server, server.settings, shown)
    # Parts say again what was seen before.
    return result, list(dict.fromkeys(said + warnings))


def wanted_parts(
    module: AnsibleModule | Look, server: MailServer, shown: list[Shown] | None = None
) -> tuple[list[Part], list[str], list[Shown]]:
    """Look at all that could stand against the wanted state; nothing is changed.

    Args:
        shown: what the gateway shows; None when it has not been asked yet.

    Returns:
        The parts that bring the host there, in order, warnings, and what the gateway shows.

    Raises:
        HostError: it must not be done; naming variable and value where that is so.
    """
    settings = server.settings
    with ThreadPoolExecutor(1) as pool:
        # Most of the time is spent waiting for the gateway.
        gateway = pool.submit(shown_by_gateway, settings) if shown is None and asks_for_certificate(settings) else None
        facts = server.facts()
        facts.gateway = gateway.result() if gateway else shown or []
    wanted, marked = wanted_of(module, server, facts)
    unusable, said = usable_files(settings, wanted)
    problems = wanted.problems + (hop.problems(settings, handover.first_hop(wanted)) if wanted.hop else []) + unusable
    problems += [*filter(None, map(listening.problem, wanted.listeners)), *handover.problems(settings, wanted)]
    if problems:
        raise HostError(' | '.join(problems))
    limit = limit_of(settings, server.redirect_port, server.redirect_variable)
    # Also what is there and shall go may not be able to.
    asked = limit['state'] == 'present' or limit['redirect_port'] or firewall.limited(module)
    port, kept_out = firewall.look_ahead(module, limit) if asked else ({'settled': True}, [])
    parts = []
    # Where the hop listens by now is left when the mail server leads mail to where it will.
    moving = bool(wanted.hop) and not module.check_mode and hop.moves(settings, wanted.hop)
    if wanted.hop:
        parts.append(Part('hop', lambda module: handover.begin(module, settings, wanted, moving)))
    parts += wanted.parts
    if moving:
        parts.append(Part('hop', lambda module: showing(hop.present(module, settings, handover.first_hop(wanted)))))
    # Nothing to make and nothing to undo needs no look.
    if not wanted.hop and hop.there(settings):
        parts.append(Part('hop', lambda module: hop.absent(module, settings)))
    if settings['inbound'] or any(owner.startswith('spam_') for owner in file_owners()):
        parts.append(Part('spam', lambda module: spam.converge(module, spam.options_of(settings, facts.deliveries))))
    if not port['settled']:
        parts.append(Part('mail_port', lambda module: firewall.converge(module, limit)))
    # Whom the mail server shuts out then, the hop lets in by now: one that cannot take the port leaves nobody outside.
    parts += [*handover.parts(settings, wanted), *wanted.last]
    said = facts.warnings + said + wanted.warnings + spam.notes(settings, marked) + kept_out
    return parts, said, facts.gateway


def usable_files(settings: Mapping[str, Any], wanted: Wanted) -> tuple[list[str], list[str]]:
    """Look at all files with certificates and keys that the configuration will name.

    Returns:
        Why one cannot be used, and what a person should know of them.
    """
    reports = [tls_files.judge(options)[0] for options in [files_of(settings), *wanted.tls_files] if options]
    # Two of them may name the same file.
    problems, warnings = (
        list(dict.fromkeys(text for report in reports for text in report[kind])) for kind in ('problems', 'warnings')
    )
    return problems, warnings


def absent(module: AnsibleModule, server: MailServer) -> tuple[dict[str, Any], list[str]]:
    """Bring the host back to what it was, or tell in check mode what that takes.

    The mail port is given back as soon as the mail server takes its mail from everybody again. As long as it refuses
    strangers, a closed port is better: it makes them try again. The hop goes last, when its mail has been sent; one
    that still has mail for a gateway that is gone keeps nobody out.
    """
    settings, parts_of_it = server.settings, handover.undone(server)
    parts = [Part('spam', lambda module: spam.converge(module, spam.options_of(settings))), *parts_of_it[:1]]
    if firewall.limited(module):
        limit = limit_of(settings, 0)
        # A limit that cannot be taken away is known before anything is.
        firewall.look_ahead(module, limit)
        parts.append(Part('mail_port', lambda module: firewall.converge(module, limit)))
    parts += parts_of_it[1:]
    # One that has to leave a port first is shown as it is before that, as in check mode.
    shown = module._diff and not module.check_mode and server.left_to_hop and hop.there(settings)
    gone = hop.absent(Look(module, True), settings)[0] if shown else None
    parts.append(Part('hop', lambda module: _without_hop(module, server, gone)))
    parts += server.undo_after_hop()
    _refuse_half_a_change(module, server, parts)
    return _take(module, parts)


def _without_hop(
    module: AnsibleModule, server: MailServer, foreseen: dict[str, Any] | None
) -> tuple[dict[str, Any], list[str]]:
    refuse_used_hop(module, server)
    done = hop.absent(module, server.settings) if hop.there(server.settings) else ({'changed': False}, [])
    return showing(done, foreseen) if foreseen else done


def refuse_used_hop(module: AnsibleModule, server: MailServer) -> None:
    """Keep a hop that still gets mail.

    Raises:
        HostError: the mail server leads mail to it. In check mode it does as long as nothing is undone.
    """
    left = [] if module.check_mode else server.leads_to_hop()
    if left:
        raise HostError(
            '{} still leads mail to the hop, which would wait there for good. The hop runs on, nothing of it was'
            ' changed. Undo the change of the mail server first.'.format(', '.join(left))
        )


def _refuse_half_a_change(module: AnsibleModule, server: MailServer, parts: Iterable[Part]) -> None:
    """Keep the first part from being changed where a later one has a file that cannot be written.

    Whether such a file would be changed at all, only its part knows, and asking all of them first takes about as long
    as changing them. So they are asked only where there is such a file.

    Raises:
        HostError: naming the file, and why.
    """
    roles = server.settings['roles']
    places = [
        *server.places(),
        roles['outbound_hop']['config_dir'],
        roles['spam_delivery']['dovecot_directory'],
        *OTHERS,
    ]
    if not module.check_mode and obstacles(within(places)):
        for part in parts:
            part.converge(Look(module))


def _take(module: AnsibleModule, parts: Iterable[Part]) -> tuple[dict[str, Any], list[str]]:
    """Take steps one after the other.

    Returns:
        Their results as one, with C(parts), which of them changed something, and their warnings.

    Raises:
        HostError, SwitchError, OSError: a step failed. What is changed all the same is in C(known) of the exception.
    """
    done: list[tuple[str, tuple[dict[str, Any], list[str]]]] = []
    for part in parts:
        try:
            done.append((part.name, part.converge(module)))
        except (HostError, SwitchError, OSError) as exc:
            # Of one that is not as it was, nobody knows more than that.
            left = [(part.name, ({'changed': True}, []))] if left_changed(exc) else []
            result, warnings = _as_one(done + left)
            exc.known = dict(result, failed_part=part.name, warnings=warnings + getattr(exc, 'warnings', []))
            raise
    return _as_one(done)


def _as_one(done: list[tuple[str, tuple[dict[str, Any], list[str]]]]) -> tuple[dict[str, Any], list[str]]:
    result, warnings = merge([step for dummy, step in done])
    parts = sorted({name for name, (step, dummy) in done if step['changed']})
    return dict(result, parts=parts), warnings
