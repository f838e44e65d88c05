# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The change of an Exim's configuration, from its wanted texts to what runs."""

from __future__ import annotations

import grp
import os
import stat
import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.acl import not_asked
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError, Program
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.daemon import Daemon, make
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.debian import (
    CONFIG_DIR,
    MADE,
    STAGING,
    UNSPLIT,
    built,
    hand_path,
    is_by_hand,
    is_split,
    own_paths,
    places,
    refuse_others,
    significant,
    template_path,
    with_includes,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.includes import OWNER, without
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.layout import by_hand, configuration
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.texts import TRANSPORT
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import clear_staging, read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_change import FileChange
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import ChangeError, FileRecord
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import encode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import OUTSIDE

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.hand import Hand

PID_FILE = 'pid_file_path'
KEY_MODE = 0o640
TIMEOUT = 30


@dataclass
class Wish:
    """What is wanted: our texts by place, none for an undo; C(files), the certificate and the key that Exim shows to
    the gateway, by path; C(group), which reads the key; C(senders), whose mail goes to the gateway; and by hand the
    C(plan), where the texts belong."""

    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    group: str = ''
    senders: list[str] = field(default_factory=list)
    plan: dict[str, Any] = field(default_factory=dict)


def converge(module: AnsibleModule, wish: Wish) -> tuple[dict[str, Any], list[str]]:
    """Bring an Exim to the wanted state, or tell in check mode what that takes.

    Returns:
        The module's result and its warnings.
    """
    if not module.check_mode:
        clear_staging(CONFIG_DIR, STAGING)
    record = FileRecord(OWNER)
    if not wish.texts and not record.entries and not record.pending:
        _refuse_without_record(record)
        record.sweep()
        return {'changed': False, 'files': []}, []
    if wish.texts:
        refuse_others()
    hand = by_hand(module.run_command)
    change = _change(wish, hand, record)
    # Somebody may have written another one since.
    behind = bool(wish.texts) and not change.changed and made_differs(module)
    result: dict[str, Any] = {'changed': change.changed or behind, 'files': change.paths() + [MADE] * behind}
    if change.unrecorded:
        result['unrecorded'] = change.unrecorded
    if module._diff:
        result['diff'] = change.diff()
    if change.changed or behind:
        # Its old lists would go on to turn away, or take, whom the new ones do not.
        _daemon(module, hand).check()
    if change.changed:
        _validate(module, wish, hand)
    if not module.check_mode:
        change.switch(lambda: None, lambda: _activate(module, hand))
        if behind:
            _activate(module, hand)
    return result, change.warnings + change.unrecorded


def _change(wish: Wish, hand: Hand | None, record: FileRecord) -> FileChange:
    wanted: dict[str, Any] = dict(wish.files)
    if wish.texts and hand:
        wanted.update(hand.wanted(wish.texts, wish.plan))
    elif wish.texts:
        split = is_split()
        for name, text in places(wish.texts, split).items():
            wanted[os.path.join(CONFIG_DIR, name)] = encode(text)
        if not split:
            wanted[template_path()] = lambda data: with_includes(data, f'{CONFIG_DIR}/{UNSPLIT}')
    # What holds nothing of the site's is ours as a whole.
    own = own_paths()
    shared = [path for path in [*wanted, *(entry['path'] for entry in record.entries)] if path not in own]
    # A text may repeat what is in a file that not everybody may read, such as a key.
    private = [*wish.files]
    if wish.texts and hand and not os.stat(hand.main).st_mode & stat.S_IROTH:
        private += [path for path in wanted if path in own and path not in private]
    group = grp.getgrnam(wish.group).gr_gid if private else 0
    return FileChange(
        OWNER,
        wanted,
        dict.fromkeys(shared, without),
        modes=dict.fromkeys(private, KEY_MODE),
        groups=dict.fromkeys(private, group),
    )


def _daemon(module: AnsibleModule, hand: Hand | None) -> Daemon:
    """Return the daemon. By hand, Exim names its pid file; the configuration in force it may not be able to read, where
    a person has set beside ours what ours sets: then a run mends that."""
    if hand is None:
        return Daemon()
    with configuration(module.run_command, hand) as base:
        return Daemon(base.options(PID_FILE)[PID_FILE])


def _activate(module: AnsibleModule, hand: Hand | None) -> None:
    try:
        if hand is None:
            make(module.run_command)
        _daemon(module, hand).reload(TIMEOUT)
    except HostError as exc:
        raise ChangeError(str(exc)) from exc


def _refuse_without_record(record: FileRecord) -> None:
    """Without its record nothing can be undone; that is no reason to call it done.

    Raises:
        EximError: Exim has our texts.
    """
    found = [path for path in own_paths() if os.path.exists(path)]
    for path in (template_path(), hand_path()):
        data = read_file(path).data or b''
        if without(data) != data:
            found.append(path)
    if found:
        raise EximError(
            'There is no record {} of what was changed here, but something of it is there: {}. Nothing was changed.'
            ' Bring the record back from a backup; or remove these files, take our lines out of exim4.conf.template'
            ' or exim4.conf, call update-exim4.conf, reload Exim, and run this again'.format(
                record.path, ', '.join(found)
            )
        )


def _validate(module: AnsibleModule, wish: Wish, hand: Hand | None) -> None:
    """Have Exim judge the new configuration.

    C(-bV) sees unknown options and double names. An unknown condition, or a transport that is not there, is seen when
    it is used only: so it is asked for ways, and what it makes of marks. A macro that nothing names is no fault either.

    Raises:
        EximError: it must not be brought in force.
    """
    with configuration(module.run_command, hand, wish.texts, wish.plan) as program:
        program.check()
        if hand and wish.texts:
            hand.check(program, wish.plan, wish.texts)
        ignored = not_asked(program, wish.texts.get('main', ''))
        if ignored:
            raise EximError(' | '.join(ignored))
        for sender in wish.senders:
            way = program.way(sender, 'someone@' + OUTSIDE)
            # That DNS does not answer now is no fault of the configuration.
            away = 'lookup' in way.said and 'cannot be resolved' in way.said
            if way.transport != TRANSPORT and not away:
                if not way.router:
                    raise EximError(f'Exim says of mail of <{sender}>, with the new configuration: {way.said}')
                raise EximError(
                    f'Mail of <{sender}> to other hosts would not use the transport {TRANSPORT} with the new'
                    f' configuration: {way.said}. A router of yours in front of ours leads it there'
                )
        if wish.texts:
            marks(program, ['X-Conbool-Released: yes'], os.path.dirname(program.config or ''))


def marks(program: Program, lines: list[str], directory: str | None = None) -> list[bool]:
    """Return of each header line whether a message that has it goes direct.

    Args:
        directory: where a message can be written for a moment.
    """
    found = []
    for line in lines:
        with tempfile.NamedTemporaryFile(prefix='conbool-', dir=directory) as message:
            message.write(encode(f'{line}\n\ntext\n'))
            message.flush()
            found.append(program.expand(['=${if CONBOOL_MARKED{direct}{gateway}}'], message.name) == ['=direct'])
    return found


def made_differs(module: Any) -> bool:
    """Return whether Exim reads something else than what update-exim4.conf would make now. By hand, that makes none."""
    if is_by_hand():
        return False
    with tempfile.TemporaryDirectory(prefix='conbool-') as directory:
        wanted = read_file(built(module.run_command, directory, CONFIG_DIR)).data or b''
    return significant(wanted) != significant(read_file(MADE).data or b'')
