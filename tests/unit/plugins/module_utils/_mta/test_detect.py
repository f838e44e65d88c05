# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mail server a host has."""

from __future__ import annotations

import os

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import unit
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import sockets
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.process import Process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.unit import FOLDER
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.detect import (
    MtaError,
    find,
    free_space,
    refuse_unsupported,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import MAIL_SERVERS, with_role


@pytest.fixture
def install(tmp_path):
    def install(mta, signs=None):
        for choices in MAIL_SERVERS[mta].signs[:signs]:
            path = tmp_path / choices[0].lstrip('/')
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return str(tmp_path)

    return install


@pytest.mark.parametrize('mta', sorted(name for name, entry in MAIL_SERVERS.items() if entry.signs))
def test_each_is_found(install, mta):
    assert find(root=install(mta))[0] == mta


@pytest.mark.parametrize('mta', sorted(name for name, entry in MAIL_SERVERS.items() if not entry.signs))
def test_one_on_another_machine_is_taken_where_it_is_named_and_found_nowhere(install, mta):
    assert MAIL_SERVERS[mta].told_by
    assert find(mta, root=install('postfix'))[0] == mta
    assert find(root=install('postfix'))[0] == 'postfix'


def test_configuration_that_a_removed_package_left_is_no_server(install):
    with pytest.raises(MtaError, match='no mail server found'):
        find(root=install('postfix', signs=1))


def test_a_hop_of_which_nobody_tells_any_more_is_found_to_be_undone(install, tmp_path):
    unit = tmp_path / MAIL_SERVERS['remote'].left_by.lstrip('/')
    with pytest.raises(MtaError, match='no mail server found'):
        find(root=str(tmp_path), undo=True)
    unit.parent.mkdir(parents=True)
    unit.touch()
    with pytest.raises(MtaError, match='no mail server found'):
        find(root=str(tmp_path))
    assert find(root=str(tmp_path), undo=True)[0] == 'remote'
    # Whoever is here has the hop, and undoes it.
    assert find(root=install('postfix'), undo=True)[0] == 'postfix'


def test_the_hop_is_known_by_its_unit():
    assert MAIL_SERVERS['remote'].left_by == os.path.join(FOLDER, unit.NAME)


def test_two_are_refused_and_named(install):
    install('postfix')
    with pytest.raises(MtaError, match=r'postfix \(/etc/postfix/main.cf\), sendmail .*Set conbool_mta'):
        find(root=install('sendmail'))


@pytest.mark.parametrize(
    'address, name, chosen',
    [
        ('0.0.0.0', 'exim4', ''),
        ('127.0.0.1', 'exim4', 'kerio'),
        ('::1', 'exim4', 'kerio'),
        ('::', 'mailserver', 'kerio'),
    ],
)
def test_one_that_the_distribution_installed_counts_beside_another_while_it_serves_others(
    install, monkeypatch, address, name, chosen
):
    """Debian's Exim is on hosts whose mail server is another one, and sends their reports."""
    monkeypatch.setattr(sockets, 'all_listening', lambda: [sockets.Socket(address, 25, 0, 11)])
    monkeypatch.setattr(sockets, 'inodes_of', lambda pid: {11})
    monkeypatch.setattr(sockets.process, 'processes', lambda: [Process(7, name, 1, 0)])
    assert find(root=install('exim'))[0] == 'exim'
    if chosen:
        found = find(root=install('kerio'))
        assert found[0] == chosen and sorted(found[1]) == ['exim', 'kerio']
    else:
        with pytest.raises(MtaError, match='exim .*kerio .*Set conbool_mta'):
            find(root=install('kerio'))
    assert find('exim', root=install('kerio'))[0] == 'exim'


@pytest.mark.parametrize('held, serves', [({11}, True), ({12}, False), (set(), False), (None, True)])
def test_whether_it_serves_others_is_seen_by_its_sockets_and_taken_for_so_where_nobody_can_see(
    monkeypatch, held, serves
):
    everywhere, loopback = sockets.Socket('::', 587, 0, 11), sockets.Socket('::ffff:127.0.0.1', 25, 0, 12)
    monkeypatch.setattr(sockets, 'all_listening', lambda: [everywhere, loopback])
    monkeypatch.setattr(sockets, 'inodes_of', lambda pid: held)
    monkeypatch.setattr(sockets.process, 'processes', lambda: [Process(7, 'exim4', 1, 0), Process(8, 'x', 1, 0)])
    assert sockets.serve_others(('exim4', 'exim')) is serves and not sockets.serve_others(('exim',))


def test_inventory_decides_between_two(install):
    install('postfix')
    assert find('sendmail', root=install('sendmail'))[0] == 'sendmail'


def test_inventory_names_one_that_is_not_there(install):
    with pytest.raises(MtaError, match='conbool_mta is zimbra, but there is no zimbra here .found: postfix.'):
        find('zimbra', root=install('postfix'))


def test_space_of_a_directory_that_is_not_there_yet_is_that_of_its_parent(tmp_path):
    there, missing = free_space('/', root=str(tmp_path)), free_space('/var/spool/conbool-hop', root=str(tmp_path))
    assert there['bytes'] > 0 and there['inodes'] is None or there['inodes'] > 0
    assert set(missing) == {'bytes', 'inodes'} and missing['bytes'] > 0


@pytest.mark.parametrize('mta', sorted(MAIL_SERVERS))
def test_mail_server_without_a_role_is_refused(mta):
    if mta in with_role():
        refuse_unsupported(mta)
        return
    message = f'the mail server is {mta}, and this version of the collection has no role {mta}_smarthost'
    with pytest.raises(MtaError, match=message):
        refuse_unsupported(mta)
