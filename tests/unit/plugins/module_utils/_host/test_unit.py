# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be said to systemd, against a systemctl that answers from a script."""

from __future__ import annotations

import time

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import unit as systemd_unit
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.unit import Unit, UnitChange, UnitError

NAME = 'hop.service'


def unit(active, enabled, reload='no'):
    shown = f'LoadState=loaded\nActiveState={active}\nUnitFileState={enabled}\nNeedDaemonReload={reload}\n'
    return Unit(lambda argv: (0, shown, ''), NAME)


@pytest.mark.parametrize(
    'state, differs, commands',
    [
        (('active', 'enabled'), False, []),
        (('inactive', ''), True, [['daemon-reload'], ['enable', NAME], ['start', NAME]]),
        (('active', 'enabled'), True, [['daemon-reload'], ['restart', NAME]]),
        (('active', 'disabled'), False, [['enable', NAME]]),
        (('failed', 'enabled'), False, [['start', NAME]]),
        (('active', 'enabled', 'yes'), False, [['daemon-reload']]),
    ],
)
def test_commands_for_a_service_that_is_wanted(state, differs, commands):
    assert unit(*state).needed(differs) == commands


def test_a_running_service_is_restarted_for_another_reason_than_its_file():
    for state, command in (('active', 'restart'), ('inactive', 'start'), ('activating', 'restart')):
        assert unit(state, 'enabled').needed(False, state != 'activating') == [[command, NAME]]


@pytest.mark.parametrize(
    'state, there, commands',
    [
        (('inactive', ''), False, []),
        (('active', 'enabled'), True, [['stop', NAME], ['disable', NAME], ['daemon-reload']]),
        (('failed', 'disabled'), True, [['stop', NAME], ['daemon-reload']]),
        # A run was killed when the file was gone, but systemd did not know yet.
        (('inactive', '', 'yes'), False, [['daemon-reload']]),
    ],
)
def test_commands_for_a_service_that_has_to_go(state, there, commands):
    assert unit(*state).needed_to_leave(there) == commands


def test_failure_carries_the_journal():
    def run(argv):
        return (
            (0, 'fatal: bad string length\n', '')
            if argv[0] == 'journalctl'
            else (1, '', 'Job for hop.service failed.\n')
        )

    with pytest.raises(
        UnitError, match='(?s)systemctl start hop.service: Job for hop.service failed.*fatal: bad string length'
    ):
        Unit(run, NAME).carry_out([['start', NAME]])


class Systemctl:
    """Answers what there is, and notes each command with whether the unit's file was there by then."""

    def __init__(self, path, active='inactive', enabled=''):
        self.path, self.active, self.enabled, self.given = path, active, enabled, []

    def __call__(self, argv):
        if argv[1] == 'show':
            return 0, f'ActiveState={self.active}\nUnitFileState={self.enabled}\nNeedDaemonReload=no\n', ''
        self.given.append((argv[1], self.path.exists()))
        return 0, '', ''


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(systemd_unit, 'FOLDER', str(tmp_path))
    return tmp_path / NAME


def test_a_unit_is_written_before_systemd_is_told(path):
    systemctl = Systemctl(path)
    change = UnitChange(systemctl, NAME, '[Unit]\n')
    assert change.changed and change.starts and not change.restarts
    assert change.words() == ['daemon-reload', 'enable hop.service', 'start hop.service']
    assert change.diff() == [
        {'before_header': str(path), 'after_header': str(path), 'before': '', 'after': '[Unit]\n'},
        {
            'before_header': 'systemctl',
            'after_header': 'systemctl',
            'before': '',
            'after': 'daemon-reload\nenable hop.service\nstart hop.service\n',
        },
    ]
    assert not path.exists()
    before = time.time_ns()
    change.arrive()
    assert path.read_text() == '[Unit]\n' and path.stat().st_mode & 0o777 == 0o644
    # systemd's clock for files ticks every few milliseconds.
    assert path.stat().st_mtime_ns > before - 10**8
    assert systemctl.given == [('daemon-reload', True), ('enable', True), ('start', True)]


def test_a_unit_as_wanted_is_left_as_it_is(path):
    path.write_text('[Unit]\n')
    systemctl = Systemctl(path, 'active', 'enabled')
    change = UnitChange(systemctl, NAME, '[Unit]\n')
    assert not change.changed and change.diff() == []
    inode = path.stat().st_ino
    change.arrive()
    assert systemctl.given == [] and path.stat().st_ino == inode


def test_a_unit_that_its_owner_has_written_is_not_written_again(path):
    change = UnitChange(Systemctl(path), NAME, '[Unit]\n')
    path.write_text('[Unit]\n')
    inode = path.stat().st_ino
    change.arrive()
    assert path.stat().st_ino == inode


def test_a_unit_is_stopped_disabled_removed_and_forgotten_in_this_order(path):
    path.write_text('[Unit]\n')
    systemctl = Systemctl(path, 'active', 'enabled')
    change = UnitChange(systemctl, NAME, None)
    assert change.diff()[0] == {
        'before_header': str(path),
        'after_header': str(path),
        'before': '[Unit]\n',
        'after': '',
    }
    change.stop()
    change.leave()
    assert systemctl.given == [('stop', True), ('disable', True), ('daemon-reload', False)]
    assert not UnitChange(Systemctl(path), NAME, None).changed


def test_what_was_stopped_can_be_started_again_and_nothing_else(path):
    path.write_text('[Unit]\n')
    for active, given in (('active', [('start', True)]), ('inactive', [])):
        systemctl = Systemctl(path, active, 'enabled')
        UnitChange(systemctl, NAME, None).start_again()
        assert systemctl.given == given


@pytest.mark.parametrize('active, there', [('active', 'old'), ('inactive', 'new')])
def test_a_service_that_ran_runs_on_by_its_former_file_when_the_new_one_is_too_much(
    monkeypatch, tmp_path, active, there
):
    monkeypatch.setattr(systemd_unit, 'FOLDER', str(tmp_path))
    path = tmp_path / NAME
    path.write_text('old', encoding='ascii')

    class Refuses(Systemctl):
        def __call__(self, argv):
            status = super().__call__(argv)
            bad = argv[1] in ('start', 'restart') and self.path.read_text(encoding='ascii') == 'new'
            return (1, '', 'Failed to set up mount namespacing') if bad else status

    systemctl = Refuses(path, active, 'enabled')
    change = UnitChange(systemctl, NAME, 'new')
    with pytest.raises(UnitError, match='mount namespacing'):
        change.arrive()
    assert path.read_text(encoding='ascii') == there
    assert [verb for verb, dummy in systemctl.given][-2:] == (
        ['daemon-reload', 'restart'] if active == 'active' else ['start', '--no-pager']
    )


def shadows(folder, own=NAME, control='', **drop_ins):
    """What is said of drop-ins, given as file to text, that systemd shows for the unit."""
    paths = []
    for name, text in drop_ins.items():
        path = folder / name.replace('__', '/')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        paths.append(str(path))
    fragment = control or f'{systemd_unit.FOLDER}/{own}'
    shown = f'FragmentPath={fragment}\nDropInPaths={" ".join(paths)}\n'
    found = Unit(lambda argv: (0, shown, ''), own).shadows()
    return [(shadow.path.rpartition('/')[2], shadow.settings, shadow.decisive) for shadow in found]


@pytest.mark.parametrize(
    'text, settings, decisive',
    [
        ('[Service]\nExecStart=\nExecStart=/bin/true\n', ['ExecStart'], True),
        ('[Service]\nExecStop=\n', ['ExecStop'], True),
        ('[Unit]\nConditionPathExists=/nowhere\n', ['ConditionPathExists'], True),
        ('[Unit]\nAssertFileNotEmpty = /x\n', ['AssertFileNotEmpty'], True),
        ('[Service]\nUser=nobody\n', ['User'], True),
        ('[Service]\nRootDirectory=/srv\nNice=3\n', ['RootDirectory', 'Nice'], True),
        ('[Service]\nPrivateNetwork=yes\n', ['PrivateNetwork'], True),
        ('[Service]\nExecStartPre=\n', ['ExecStartPre'], True),
        ('[Service]\nReadWritePaths=\n', ['ReadWritePaths'], True),
        ('[Service]\nCapabilityBoundingSet=\n', ['CapabilityBoundingSet'], True),
        ('[Service]\nPIDFile=\n', ['PIDFile'], True),
        # As LXC and Incus have it for all services of a container.
        ('[Service]\nPrivateNetwork=no\nLoadCredential=\n', ['PrivateNetwork', 'LoadCredential'], False),
        ('[Service]\nPrivateUsers = Off\nDynamicUser=0\nUser=\n', ['PrivateUsers', 'DynamicUser', 'User'], False),
        ('[Service]\nRemainAfterExit=no\n', ['RemainAfterExit'], True),
        ('[Service]\nUser=no\n', ['User'], True),
        ('[Unit]\nConditionPathExists=\nAssertHost=\n', ['ConditionPathExists', 'AssertHost'], False),
        ('[Service]\nInaccessiblePaths=\nIPAddressDeny=\n', ['InaccessiblePaths', 'IPAddressDeny'], False),
        ('[Service]\nExecStartPre=-/usr/bin/logger starts\n', ['ExecStartPre'], False),
        ('[Service]\nTimeoutStopSec=90\nMemoryMax=1G\n', ['TimeoutStopSec', 'MemoryMax'], False),
        ('[Unit]\nAfter=nss-lookup.target\n#ExecStart=\n; User=x\n', ['After'], False),
        ('[Service]\nExecStartPost=/bin/sh -c \\\n  ExecStart=\n', ['ExecStartPost'], False),
        ('', [], False),
    ],
)
def test_a_drop_in_that_decides_what_a_unit_does(tmp_path, text, settings, decisive):
    # For this unit, and for all that begin like it.
    for folder in (f'{NAME}.d', 'hop-.service.d'):
        assert shadows(tmp_path, **{f'{folder}__x.conf': text}) == [('x.conf', settings, decisive)]
    general = shadows(tmp_path, **{'service.d__x.conf': text})
    assert general == ([('x.conf', settings, True)] if decisive else [])


def test_files_in_place_of_ours_and_those_that_are_gone(tmp_path):
    assert shadows(tmp_path) == []
    assert shadows(tmp_path, control=f'/etc/systemd/system.control/{NAME}') == [(NAME, [], True)]
    gone = Unit(lambda argv: (0, f'DropInPaths=/run/systemd/system/{NAME}.d/x.conf\n', ''), NAME).shadows()
    assert [(shadow.path, shadow.decisive) for shadow in gone] == [(f'/run/systemd/system/{NAME}.d/x.conf', True)]
    none = 'FragmentPath=\nDropInPaths=/usr/lib/systemd/system/service.d/x.conf\n'
    assert Unit(lambda argv: (0, none, ''), NAME).shadows() == []


def test_of_a_property_that_is_shown_several_times_all_is_told():
    shown = 'ExecReload={ path=/a }\nLoadState=loaded\nExecReload={ path=/b ; argv[]=/b -x=y }\n'
    found = Unit(lambda argv: (0, shown, ''), NAME).show('ExecReload', 'LoadState')
    assert found == {'ExecReload': '{ path=/a } { path=/b ; argv[]=/b -x=y }', 'LoadState': 'loaded'}


def test_a_masked_unit_is_not_written_to_the_device(tmp_path, monkeypatch):
    device = tmp_path / 'null'
    device.write_bytes(b'')
    monkeypatch.setattr(systemd_unit, 'FOLDER', str(tmp_path))
    monkeypatch.setattr(systemd_unit.os, 'devnull', str(device))
    (tmp_path / NAME).symlink_to(device)
    UnitChange(lambda argv: (0, 'ActiveState=active\nUnitFileState=enabled\n', ''), NAME, '[Service]\n').arrive()
    assert device.read_bytes() == b'' and not (tmp_path / NAME).is_symlink()
    assert (tmp_path / NAME).read_text() == '[Service]\n'


class Systemd:
    """One unit: whether it runs and is enabled."""

    def __init__(self, active='inactive', enabled=''):
        self.active, self.enabled, self.said = active, enabled, []

    def __call__(self, argv):
        verb = argv[1]
        if verb == 'show':
            return 0, f'LoadState=loaded\nActiveState={self.active}\nUnitFileState={self.enabled}\n', ''
        self.said.append(verb)
        self.active = {'start': 'active', 'restart': 'active', 'stop': 'inactive'}.get(verb, self.active)
        self.enabled = {'enable': 'enabled', 'disable': 'disabled'}.get(verb, self.enabled)
        return 0, '', ''


def test_a_unit_that_came_goes_back(tmp_path, monkeypatch):
    monkeypatch.setattr(systemd_unit, 'FOLDER', str(tmp_path))
    systemd = Systemd()
    change = UnitChange(systemd, NAME, '[Service]\n')
    change.arrive()
    assert (tmp_path / NAME).exists() and systemd.active == 'active'
    change.back()
    assert not (tmp_path / NAME).exists() and (systemd.active, systemd.enabled) == ('inactive', 'disabled')


@pytest.mark.parametrize('content', [None, '[Service]\nNice=1\n'])
def test_a_unit_that_went_or_changed_comes_back(tmp_path, monkeypatch, content):
    monkeypatch.setattr(systemd_unit, 'FOLDER', str(tmp_path))
    (tmp_path / NAME).write_text('[Service]\n', encoding='ascii')
    systemd = Systemd('active', 'enabled')
    change = UnitChange(systemd, NAME, content)
    if content:
        change.arrive()
    else:
        change.stop()
        change.leave()
    change.back()
    assert (tmp_path / NAME).read_text(encoding='ascii') == '[Service]\n'
    assert (systemd.active, systemd.enabled, systemd.said[-1]) == (
        'active',
        'enabled',
        'restart' if content else 'start',
    )
    systemd.said.clear()
    UnitChange(systemd, NAME, '[Service]\n').back()
    assert systemd.said == []
