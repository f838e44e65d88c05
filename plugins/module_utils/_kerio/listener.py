# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""At which addresses port 25 of a Kerio Connect is: at all, or on loopback alone, while the hop has the others. Private
to this collection."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.process import comes_to_be
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.sockets import (
    for_others,
    not_of,
    takes_from_others,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import service
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client, KerioError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.hop import pid
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.names import SMTP
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.record import Remembered
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import Site
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.step import Step

Listeners = list[dict[str, Any]]
LOCAL, LOCAL_ADDRESS, REAL, EVERYWHERE = 'Localhost', '127.0.0.1', 'RealIpAddress', 'AllAddresses'
# Seconds that Kerio Connect has to open or close a port.
PATIENCE = 10
# Seconds that sessions of the hop have to end: until then their processes hold a port that it has left.
ENDING = 30


def _strange(listeners: Listeners, port: int) -> Listeners:
    return [each for each in listeners if each['port'] == port and each['type'] != LOCAL]


def for_strangers(site: Site, port: int) -> Listeners:
    """The listeners at a port that other hosts get to."""
    return _strange(site.service(SMTP)['listeners'], port)


def _key(listener: dict[str, Any]) -> tuple[Any, ...]:
    # The address is a text in the language of the server, unless it is one.
    return listener['type'], listener['port'], listener['address'] if listener['type'] == REAL else ''


def _keys(listeners: Iterable[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [_key(each) for each in listeners]


def left(site: Site, port: int, listeners: Listeners | None = None) -> Listeners:
    """The listeners with those of a port on loopback alone.

    Args:
        listeners: those that there would be; None for those that there are.
    """
    present = site.service(SMTP)['listeners'] if listeners is None else listeners
    known = [each['address'] for one in site.services for each in one['listeners'] if each['type'] == LOCAL]
    local = {'type': LOCAL, 'address': known[0] if known else LOCAL_ADDRESS, 'port': port}
    staying = [each for each in present if each not in _strange(present, port)]
    return staying if _key(local) in _keys(staying) else [local, *staying]


def _back(present: Listeners, remembered: dict[str, Any]) -> Listeners:
    """The listeners of before, with what others have changed since."""
    before, after = remembered['before'], remembered['after']
    if _keys(present) == _keys(after):
        return before
    made = [key for key in _keys(after) if key not in _keys(before)]
    staying = [each for each in present if _key(each) not in made]
    gone = [each for each in before if _key(each) not in _keys(after)]
    # One at all addresses has those of single ones, and cannot be beside them.
    everywhere = {each['port'] for each in gone if each['type'] == EVERYWHERE}
    staying = [each for each in staying if each['type'] != REAL or each['port'] not in everywhere]
    return staying + [each for each in gone if _key(each) not in _keys(staying)]


def steps(site: Site, remembered: Remembered, port: int, kept: Remembered) -> list[Step]:
    """The step that leaves a port to the hop, or with 0 takes back the one that was left to it.

    Args:
        kept: gets what has to be remembered of it.
    """
    present, earlier = site.service(SMTP)['listeners'], remembered.listeners
    # Of what an earlier run has left, somebody may have taken some back; or it was another port.
    before = _back(present, earlier) if earlier else present
    leaves = bool(port and _strange(before, port))
    after = left(site, port, before) if leaves else before
    kept.listeners = {'port': port, 'before': copy.deepcopy(before), 'after': after} if leaves else {}
    if sorted(_keys(after)) == sorted(_keys(present)):
        kept.listeners = earlier if leaves and earlier.get('port') == port else kept.listeners
        return []
    moved = port if leaves else earlier['port']
    return [Step(f'listeners of {SMTP}', _shown(present), _shown(after), _put(after, moved), _put(present, moved))]


def _shown(listeners: Listeners) -> str:
    places = (each['address'] if each['type'] == REAL else each['type'] for each in listeners)
    return ''.join(f'{place}:{each["port"]}\n' for place, each in zip(places, listeners))


def _put(listeners: Listeners, port: int) -> Callable[[Client, Site], None]:
    def put(client: Client, site: Site) -> None:
        present, wanted = service.read(client, SMTP), bool(_strange(listeners, port))
        if wanted:
            # Kerio Connect tries once, and may stop the whole service.
            comes_to_be(lambda: not not_of(for_others(port), pid()), ENDING)
        if _keys(present['listeners']) != _keys(listeners):
            service.listen(client, SMTP, listeners)
        # Whether it goes by a change at once, nobody says; and where the hop was at the port, it may have stopped.
        if not service.read(client, SMTP)['isRunning'] or not _so(port, wanted):
            client.call('Services.restart', service=present['id'])
            if not _so(port, wanted):
                what = 'does not listen' if wanted else 'listens still'
                raise KerioError(
                    f'Kerio Connect has taken the listeners of {SMTP}, and {what} for others at port {port}'
                )

    return put


def _so(port: int, wanted: bool) -> bool:
    """Whether Kerio Connect comes to listen at a port for others, or not to."""
    return comes_to_be(lambda: _listens(port) == wanted, PATIENCE)


def _listens(port: int) -> bool:
    return takes_from_others(pid(), port)
