# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of C(<name>_smarthost): all that makes a mail server use the gateway, or all of it undone. Private to this
collection."""

from __future__ import annotations

from functools import partial

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import converge as hop
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.package import maker_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import packages
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import file_owners
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.look import Look
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.one_run import run
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.steps import merge
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Part
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam import converge as spam

OPTIONS = {
    'settings': {'type': 'dict', 'required': True},
    'timeout': {'type': 'int', 'default': 20},
}


def main(server_class):
    """Run the module for one kind of mail server."""
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    settings = module.params['settings']
    server = server_class(module, settings)
    converge = present if settings['state'] == 'present' else absent
    # What is changed beside the mail server's own directory lies below /etc.
    directories = ['/etc', hop.lock_directory(settings), *server.lock_directories()]
    run(module, directories, lambda module, dummy: converge(module, server))


def present(module, server):
    """Bring the host to the wanted state, or tell in check mode what that takes.

    Nothing is changed before all has been looked at that could stand against it.

    Returns:
        tuple: the module's result and its warnings.

    Raises:
        HostError: it must not be done; naming variable and value where that is so.
        SwitchError: it failed half-way.
    """
    settings, facts = server.settings, server.facts()
    marked = spam.marked(Look(module), settings, facts.deliveries)
    wanted = server.wanted(facts, bool(marked))
    problems = wanted.problems + (hop.problems(settings, wanted.hop) if wanted.hop else [])
    if problems:
        raise HostError(' | '.join(problems))
    parts = [Part('programs', partial(_programs, wanted=wanted))] if wanted.programs else []
    if wanted.hop:
        parts.append(Part('hop', lambda module: hop.present(module, settings, wanted.hop)))
    parts += wanted.parts
    if not wanted.hop and hop.there(settings):
        parts.append(Part('hop', lambda module: hop.absent(module, settings)))
    if settings['inbound'] or any(owner.startswith('spam_') for owner in file_owners()):
        # Nothing to make and nothing to undo needs no look.
        parts.append(Part('spam', lambda module: spam.converge(module, spam.options_of(settings, facts.deliveries))))
    result, warnings = _take(module, parts)
    return result, facts.warnings + wanted.warnings + spam.notes(settings, marked) + warnings


def _programs(module, wanted):
    """Have the programs be there that the configuration needs."""
    try:
        found = [
            name
            for path, package in wanted.programs
            for name in packages.present(maker_of(module), path, package, module.check_mode)
        ]
    except HostError as exc:
        raise HostError(f'{exc}. {wanted.programs_advice}') from exc
    result = {'changed': bool(found), 'packages': found}
    if module._diff and found:
        after = ''.join(name + '\n' for name in found)
        result['diff'] = [{'before_header': 'packages', 'after_header': 'packages', 'before': '', 'after': after}]
    return result, []


def absent(module, server):
    """Bring the host back to what it was, or tell in check mode what that takes.

    The hop goes last, when its mail has been sent. When that fails, C(undone) of the error says whether the mail
    server itself is as it was.
    """
    settings = server.settings
    spam_gone = Part('spam', lambda module: spam.converge(module, spam.options_of(settings)))
    result, warnings = _take(module, [spam_gone, *server.undo()])
    try:
        refuse_used_hop(module, server)
        more = _take(module, [Part('hop', lambda module: hop.absent(module, settings))])
    except (HostError, OSError, SwitchError) as exc:
        exc.known = {'undone': True}
        raise
    result, warnings = merge([(result, warnings), more])
    return dict(result, undone=True), warnings


def refuse_used_hop(module, server):
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


def _take(module, parts):
    """Take steps one after the other.

    Returns:
        tuple: their results as one, with C(parts), which of them changed something, and their warnings.
    """
    done = [(part.name, part.converge(module)) for part in parts]
    result, warnings = merge([step for dummy, step in done])
    changed = sorted({name for name, (step, dummy) in done if step['changed']})
    return dict(result, parts=changed), warnings
