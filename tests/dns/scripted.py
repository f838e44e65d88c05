# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A resolver whose answers are given as data and which keeps every question."""

from __future__ import annotations

import asyncio

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.client import DnsClient, absolute_name

SOA = 'ns.test. hostmaster.test. 1 3600 600 86400 60'


class ScriptedDns:
    """zone maps names to lines such as 'MX 10 mail.test.', or to the one word TIMEOUT, SERVFAIL, REFUSED, ...

    'TIMEOUT' as last line of a list holds for the types that the list does not have, 'A TIMEOUT' for one type.
    """

    def __init__(self, zone):
        self.zone = {name.lower().rstrip('.'): lines for name, lines in zone.items()}
        # (name, type) of every question, in order.
        self.asked = []
        self.servers = []

    async def exchange(self, qname, kind, edns, nameserver, port, timeout):
        """Stands in for the network."""
        name, rdtype = b'.'.join(qname.labels[:-1]).decode('ascii'), dns.rdatatype.to_text(kind)
        self.asked.append((name, rdtype))
        self.servers.append(nameserver)
        response = dns.message.make_response(dns.message.make_query(qname, kind), recursion_available=True)
        for _alias in range(20):
            lines = self.zone.get(name.lower())
            if callable(lines):
                lines = lines(nameserver)
            if lines is None:
                has_children = any(other.endswith('.' + name.lower()) for other in self.zone)
                response.set_rcode(dns.rcode.NOERROR if has_children else dns.rcode.NXDOMAIN)
                break
            if isinstance(lines, str):
                return self._fault(lines, response)
            values = [line.partition(' ')[2] for line in lines if line.partition(' ')[0] == rdtype]
            if values == ['TIMEOUT']:
                return self._fault('TIMEOUT', response)
            if values:
                response.answer.append(dns.rrset.from_text(absolute_name(name), 60, 'IN', rdtype, *values))
                break
            if 'TIMEOUT' in lines:
                return self._fault('TIMEOUT', response)
            targets = [line.partition(' ')[2] for line in lines if line.startswith('CNAME ')]
            if not targets:
                break
            response.answer.append(dns.rrset.from_text(absolute_name(name), 60, 'IN', 'CNAME', targets[0]))
            name = targets[0].rstrip('.')
        if not any(rrset.rdtype == kind for rrset in response.answer):
            response.authority.append(dns.rrset.from_text('test.', 60, 'IN', 'SOA', SOA))
        return dns.message.from_wire(response.to_wire())

    @staticmethod
    def _fault(kind, response):
        if kind == 'TIMEOUT':
            raise dns.exception.Timeout
        if kind == 'UNREACHABLE':
            raise OSError('Network is unreachable')
        response.set_rcode(dns.rcode.from_text(kind))
        return response


def ask(script, coroutine_of_client, **options):
    """Run a coroutine function with a DnsClient that asks the script."""

    async def run():
        options.setdefault('nameservers', ['192.0.2.53'])
        return await coroutine_of_client(DnsClient(exchange=script.exchange, **options))

    return asyncio.run(run())
