# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verify says of the mail port, and whether it is so: rules in front of ours, and others that keep the gateway
out."""

from __future__ import annotations

from tests.firewall.hosts import backend, of_all

REFUSED = ['ConnectionRefusedError'] * 2
# What somebody does, by what manages the firewall: the row that is there then, and what it names.
IN_FRONT = {
    'nftables': (
        'nft insert rule inet conbool_inbound newcomer accept',
        'firewall.open',
        'newcomer of the table inet conbool_inbound',
    ),
    'ufw': ('iptables -I ufw-before-input -p tcp --dport 25 -j ACCEPT', 'firewall.open', '--dport 25 -j ACCEPT'),
    # Ours are asked first.
    'firewalld': (
        'cp -a /etc/firewalld /root/kept && firewall-cmd -q --permanent --new-policy site'
        ' && firewall-cmd -q --permanent --policy site --set-priority -200'
        ' && firewall-cmd -q --permanent --policy site --add-ingress-zone ANY'
        ' && firewall-cmd -q --permanent --policy site --add-egress-zone HOST'
        ' && firewall-cmd -q --permanent --policy site --add-service smtp'
        ' && firewall-cmd -q --permanent --zone trusted --change-interface eth0 && firewall-cmd -q --reload',
        'firewall.ok',
        'to no stranger',
    ),
}
OTHERS = {
    'nftables': (
        'nft add table inet own && nft add chain inet own in "{ type filter hook input priority 0; policy drop; }"'
    ),
    'ufw': 'ufw insert 1 deny 25/tcp',
    'firewalld': 'firewall-cmd -q --add-rich-rule "rule priority=-1 port port=25 protocol=tcp reject"',
}
UNDONE = {
    'nftables': 'nft delete table inet own',
    'ufw': 'ufw delete deny 25/tcp',
    'firewalld': 'firewall-cmd -q --remove-rich-rule "rule priority=-1 port port=25 protocol=tcp reject"',
}
LEFT = {
    'nftables': 'true',
    'ufw': 'iptables -D ufw-before-input -p tcp --dport 25 -j ACCEPT',
    'firewalld': (
        'find /etc/firewalld -mindepth 1 -delete && cp -a /root/kept/. /etc/firewalld && rm -r /root/kept'
        ' && firewall-cmd -q --reload'
    ),
}


def brief(found):
    return {host: [row[:2] for row in rows] for host, rows in found.items()}


def test_verify_says_who_gets_in(limited):
    gateway = limited.lab.addresses['gateway']
    green = limited.every([['firewall.ok', 'green']])
    assert brief(limited.rows(networks=gateway)) == green
    limited.each(lambda host: limited.shell(host, IN_FRONT[backend(host)][0]))
    try:
        found = limited.rows(networks=gateway)
        reached = limited.reached('internet')
        for host, ((identifier, dummy, finding),) in found.items():
            assert (identifier, IN_FRONT[backend(host)][2] in finding) == (IN_FRONT[backend(host)][1], True), finding
            # What is said is so.
            assert ('open' in reached[host]) == (identifier == 'firewall.open'), (host, reached)
        limited.module(networks=gateway)
        assert limited.reached('internet') == limited.every(REFUSED)
        assert brief(limited.rows(networks=gateway)) == green
    finally:
        limited.each(lambda host: limited.shell(host, LEFT[backend(host)]))


def test_verify_says_that_the_gateway_is_kept_out(limited):
    gateway = limited.lab.addresses['gateway']
    limited.each(lambda host: limited.shell(host, OTHERS[backend(host)]))
    try:
        assert brief(limited.rows(networks=gateway)) == limited.every([['firewall.shut', 'red']])
        assert all('open' not in each for each in limited.reached('gateway').values())
        said = of_all(limited.module(networks=gateway, check=True), 'warnings')
        assert all('Another filter of this host closes port 25' in str(text) for text in said.values()), said
    finally:
        limited.each(lambda host: limited.shell(host, UNDONE[backend(host)]))
    assert brief(limited.rows(networks=gateway)) == limited.every([['firewall.ok', 'green']])
