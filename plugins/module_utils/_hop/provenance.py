# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the outbound hop has to find out who handed in a message whose headers would count. Private to this collection.

Header checks see one line at a time, and the last FILTER of a message counts. So nothing is decided where the mail
server hands mail in: what has a header of the gateway, a mark, or a calendar part goes on to a second listener, all
else to the gateway at once. There the first line from the top that says who handed in the message decides, since each
server writes above what was there, and nobody can write above the last one: PASS ends the search at a line of a user
who has logged in, and leaves the message the way that it has unless another line came first, which is where a client
takes the headers away. The third listener decides as the hop does elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.calendar import calendar_checks
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.entries import cleanup, passing, table
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import in_brackets
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.client import loopback_client
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import marks
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.marks import TRUSTED, WASH_RULES

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.provenance import Provenance

# The cleanup services of the first and of the second listener, and the tables that they ask.
DOUBTS, JUDGING, CALENDAR = 'doubts', 'judging', 'doubts_calendar'
CLEANUPS = (DOUBTS, JUDGING)
# The ways to the second one, and from there to the third, with the headers and without.
DOUBTFUL, COUNTED, WASHED = 'doubtful', 'counted', 'washed'


class Judge:
    """All of it.

    Args:
        settings: the normalised settings.
        options: as of Arriving, with C(provenance), which is Provenance.
    """

    def __init__(self, settings: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        self._calendar, self._directory = settings['bypass_calendar'], options['config_dir']
        self._address = options['address']
        self._provenance: Provenance = options['provenance']
        inbound = options.get('inbound')
        self._marks: Mapping[str, str] = inbound.marks if inbound else {}

    def _place(self, port: int) -> str:
        return f'{in_brackets(self._address)}:{port}'

    def _next_hop(self, port: int) -> str:
        return f'[{self._address}]:{port}'

    @property
    def first(self) -> dict[str, str]:
        """Return the options of the listener to which the mail server hands mail."""
        return {'cleanup_service_name': DOUBTS}

    @property
    def ways(self) -> list[str]:
        """Return transport and next hop of each way from listener to listener."""
        judged = self._next_hop(self._provenance.judged_port)
        return [
            f'{DOUBTFUL}:{self._next_hop(self._provenance.port)}',
            *(f'{name}:{judged}' for name in (COUNTED, WASHED)),
        ]

    def listeners(self) -> dict[str, dict[str, str]]:
        """Return name in master.cf to options, of the second listener and of the third."""
        return {
            self._place(self._provenance.port): passing(JUDGING, self.ways[2]),
            self._place(self._provenance.judged_port): {'smtpd_client_connection_count_limit': '0'},
        }

    def services(self) -> list[dict[str, Any]]:
        """Return the other entries of master.cf."""
        calendar = f'regexp:{self._directory}/{CALENDAR}' if self._calendar else ''
        wash = {'smtp_header_checks': f'regexp:{self._directory}/{WASHED}'}
        return [
            cleanup(DOUBTS, self._directory, [DOUBTS], mime_header_checks=calendar),
            cleanup(JUDGING, self._directory, [JUDGING]),
            *(loopback_client(name, self._address) for name in (DOUBTFUL, COUNTED)),
            loopback_client(WASHED, self._address, **wash),
        ]

    def tables(self) -> list[dict[str, Any]]:
        """Return the lookup tables."""
        doubtful, counted = (f'FILTER {way}' for way in self.ways[:2])
        counting = marks.counting(self._marks, counted)
        found = [
            table(DOUBTS, 'regexp', f'/^{TRUSTED}/ {doubtful}\n' + marks.counting(self._marks, doubtful), '0640'),
            table(
                JUDGING,
                'regexp',
                # The first of a line counts: what somebody calls himself stands in it, too.
                ''.join(f'/{pattern}/ PASS\n' for pattern in self._provenance.users)
                + counting
                + ''.join(f'/{pattern}/ {counted}\n' for pattern in self._provenance.others),
                '0640',
            ),
            table(WASHED, 'regexp', WASH_RULES),
        ]
        if self._calendar:
            found.append(table(CALENDAR, 'regexp', calendar_checks(self._calendar, doubtful)))
        return found
