# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outbound hop made, and taken away again. Private to this collection."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import local_users, package, unit, waiting
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.configuration import (
    arriving_of,
    filters,
    hop_configuration,
    next_hop_back,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.listeners import arriving_at, former, listeners
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.local_users import LocalUsers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.programs import find
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import account
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError, read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.look import Look
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.steps import Steps, merge
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.unit import FOLDER
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import allowed, hop_address
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.converge import converge_part
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.journal import owners
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.learnt import learnt
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import line_ends, policy
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.queue import Queue, drained
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows import listening
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.places import OURS, taken

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Hop

OWNER = 'outbound_hop'
# What a mail server has for itself, in Postfix's terms.
DIRECTORIES = ('config_directory', 'queue_directory', 'data_directory')


def options_of(settings: Mapping[str, Any], hop: Hop | None = None) -> dict[str, Any]:
    """Return the variables of role C(outbound_hop), with what the mail server asks of the hop beside them.

    Args:
        settings: what M(conbool.smtp_relay.settings) returned.
        hop: Hop, None where there is nothing to configure.
    """
    own = settings['roles'][OWNER]
    if hop is None:
        return dict(own, wash_port=0)
    return dict(
        own,
        address=hop_address(settings, hop.protocols),
        return_address=own['return_address'] or hop.return_address,
        wash_port=hop.wash_port,
        wash_variable=hop.wash_variable,
        provenance=hop.provenance,
        inbound=hop.inbound,
        arrival=hop.inbound.arrival if hop.inbound else None,
        inbound_places=arriving_at(hop.inbound.arrival) if hop.inbound else [],
        learnt=learnt(own['config_dir'], OWNER, hop.inbound.gateway) if hop.inbound else [],
    )


def problems(settings: Mapping[str, Any], hop: Hop) -> list[str]:
    """Return why the hop could not serve this mail server; nothing is changed then."""
    options = options_of(settings, hop)
    ours = {name: options[name[len(OWNER) + 1 :]] for name in OURS}
    expanded = hop.identity.get('expanded', {})
    theirs = {f'the {name} of the mail server': expanded[name] for name in DIRECTORIES if expanded.get(name)}
    found = taken(ours, theirs, os.path.realpath)
    if options['listen'] and not hop.remote:
        found.append(
            'outbound_hop_listen: {!r} is for mail servers on other machines: name those in outbound_hop_clients, or'
            ' take it out'.format(options['listen'])
        )
    if hop.inbound or not options['clients']:
        try:
            next_hop_back(options, hop.identity)
            arriving = arriving_of(settings, hop.identity, options)
        except HostError as exc:
            found.append(str(exc))
        else:
            found += arriving.problems if arriving else []
    if not allowed(options['address'], hop.protocols):
        return found + [
            'outbound_hop_address: {!r} cannot be used by a mail server with inet_protocols = {}. Take it out: an'
            ' address that can be is chosen then'.format(options['address'], hop.protocols)
        ]
    return found + _held(options)


def _held(options: Mapping[str, Any]) -> list[str]:
    """Return where somebody else listens, as problems."""
    return [problem for problem in map(listening.problem, listeners(options)) if problem]


def ready_rows(settings: Mapping[str, Any], hop: Hop) -> list[dict[str, Any]]:
    """Return the rows of a preflight on the places where the hop will listen."""
    return [row for listener in listeners(options_of(settings, hop)) for row in listening.ready_rows('hop', listener)]


def moves(settings: Mapping[str, Any], hop: Hop) -> bool:
    """Return whether the hop listens where it shall not once nobody leads mail there."""
    return bool(former(options_of(settings, hop), hop.protocols))


def lock_directory(settings: Mapping[str, Any]) -> str:
    """Return the directory in which no other run may be at work."""
    return os.path.dirname(os.path.realpath(settings['roles'][OWNER]['config_dir']))


def there(settings: Mapping[str, Any]) -> bool:
    """Return whether something of the hop is on this host: its configuration, a record of it, its unit, or what it can
    be made of."""
    config_dir = settings['roles'][OWNER]['config_dir']
    places = (os.path.join(config_dir, 'main.cf'), os.path.join(FOLDER, unit.NAME), package.PREFIX)
    return any(map(os.path.exists, places)) or local_users.there() or OWNER in owners(config_dir)


def present(
    module: AnsibleModule, settings: Mapping[str, Any], hop: Hop, moving: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """Have the hop be configured and run, now and after a reboot.

    Args:
        settings: what M(conbool.smtp_relay.settings) returned.
        moving: it goes on listening where it does now.

    Returns:
        The result and its warnings.

    Raises:
        HostError: it cannot be; what was changed is put back.
        SwitchError: it failed half-way.
    """
    options, programs = options_of(settings, hop), None
    with Steps(module) as done:
        if hop.own_programs:
            programs, before, after, packages = find(
                module.run_command,
                package.maker_of(module),
                options['sbin_dir'] or None,
                module.check_mode,
                # Updates are the timer's; until then nothing is amiss.
                update=not isinstance(module, Look),
            )
            # What comes from others has the line ends that they let through.
            said = line_ends.warning(programs['version']) if hop.remote else []
            done.append((_package_result(module, before, after, packages), said))
        wanted = hop_configuration(settings, hop.identity, options, programs)
        wanted['services'] += former(options, hop.protocols) if moving else []
        users = LocalUsers(module)
        asked = any(service['name'] == policy.SERVICE for service in wanted['services'])
        left = not asked and _asks(options)
        done += [account.present(module, policy.USER)] if asked else []
        try:
            done.append(
                _converge(
                    module,
                    options,
                    parameters=wanted['parameters'],
                    services=wanted['services'],
                    tables=wanted['tables'],
                    tls_files=wanted['tls_files'],
                    unit={'name': unit.NAME, 'content': unit.content(options, wanted, users.start_command())},
                    listeners=wanted['listeners'],
                )
            )
        except (HostError, SwitchError) as exc:
            # Somebody may have come in between.
            held = _held(options)
            if held:
                exc.args = ('{}. {}'.format(exc, '. '.join(held)), *exc.args[1:])
            raise
        done += [account.absent(module, policy.USER)] if left else []
        done += [waiting.led(module, options, way) for way in filters(settings, options)]
        done += waiting.arrived(module, settings, hop, options)
        done.append(users.present(*_kept_to(options, hop, wanted)))
    return merge(done)


def _kept_to(options: Mapping[str, Any], hop: Hop, wanted: Mapping[str, Any]) -> tuple[list[int], tuple[str, ...]]:
    """Return the ports on loopback that are kept to some users of this host, and these."""
    # Users of this host are no clients where it listens for others.
    ports = [listener.port for listener in listeners(options) if listener.address == options['address']]
    # The hop hands mail to itself.
    itself = hop.provenance or hop.inbound and hop.inbound.marks
    own = (wanted['parameters'].get('mail_owner', 'postfix'),) if itself else ()
    return [*ports, *hop.beside], (*hop.users, *own)


def _asks(options: Mapping[str, Any]) -> bool:
    """Return whether the hop has the program that compares the name in a certificate."""
    text = decode(read_file(os.path.join(options['config_dir'], 'master.cf')).data or b'')
    return any(line.startswith(policy.SERVICE + ' ') for line in text.splitlines())


def _converge(module: AnsibleModule, options: Mapping[str, Any], **more: Any) -> tuple[dict[str, Any], list[str]]:
    """Bring the hop's instance of Postfix to a state."""
    return converge_part(
        module,
        config_dir=options['config_dir'],
        sbin_dir=options['sbin_dir'] or None,
        owner_id=OWNER,
        create=True,
        # Whatever else somebody wrote into it is a way past the gateway.
        exclusive=True,
        **more,
    )


def absent(module: AnsibleModule, settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Have what waits in the hop be sent, and then everything of it be gone.

    Raises:
        HostError: mail could not be sent in time; nothing is removed then.
        SwitchError: it failed half-way.
    """
    options = options_of(settings)
    with Steps(module) as done:
        if os.path.exists(os.path.join(options['config_dir'], 'main.cf')):
            instance = waiting.instance_of(module, options)
            queue = Queue(module.run_command, instance.binary('postqueue'), options['config_dir'])
            waited = drained(queue, options['config_dir'], options['drain_timeout'], module.check_mode)
            done.append(({'changed': waited > 0}, []))
        asked = _asks(options)
        done.append(_converge(module, options, unit={'name': unit.NAME}, state='absent'))
        done += [account.absent(module, policy.USER)] if asked else []
        done.append(LocalUsers(module).absent())
        maker = package.maker_of(module)
        if os.path.exists(package.PREFIX) and maker.possible():
            try:
                before, packages = maker.absent(module.check_mode)
            except package.PackageError as exc:
                raise HostError(str(exc)) from exc
            done.append((_package_result(module, before, None, packages), []))
    return merge(done)


def _package_result(
    module: AnsibleModule, before: str | None, after: str | None, packages: list[str]
) -> dict[str, Any]:
    result = {'changed': before != after, 'packages': packages}
    if module._diff and before != after:
        result['diff'] = [difference('package', _line(before), _line(after))]
    return result


def _line(version: str | None) -> str:
    return f'{package.PACKAGE} {version}\n' if version else ''
