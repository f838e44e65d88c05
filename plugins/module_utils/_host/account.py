# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A system user of our own, who owns nothing and cannot log in."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import printable

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# By its comment a user is known as ours: that is the record of who made it.
COMMENT = 'conbool.smtp_relay'
NO_LOGIN = ('/usr/sbin/nologin', '/sbin/nologin')


def present(module: AnsibleModule, name: str) -> tuple[dict[str, Any], list[str]]:
    """Have the user be there, or tell in check mode whether it has to be made.

    Raises:
        HostError: it cannot be made, or the name is somebody else's.
    """
    found = _entry(name)
    if found is None:
        group = ['--gid', name] if _group(name) else ['--user-group']
        shell = next(filter(os.path.exists, NO_LOGIN), '/bin/false')
        options = ['--system', '--no-create-home', '--home-dir', '/nonexistent', '--shell', shell, '--comment', COMMENT]
        _change(module, ['useradd', *options, *group, name])
    elif found.pw_gecos != COMMENT:
        raise HostError(
            f'There is a user {name} (uid {found.pw_uid}) that was not made here, and a program is to run as a user of'
            ' its own by that name. Rename or remove it'
        )
    return _result(module, name, found is None, None, name + '\n')


def absent(module: AnsibleModule, name: str) -> tuple[dict[str, Any], list[str]]:
    """Have the user be gone if it was made here, or tell in check mode whether it has to go."""
    ours = there(name)
    if ours:
        # A process of a session that has not ended yet is no reason to keep it: nothing is there that it could use.
        _change(module, ['userdel', '--force', name])
        if not module.check_mode and _group(name):
            _change(module, ['groupdel', name])
    return _result(module, name, ours, name + '\n', None)


def there(name: str) -> bool:
    """Return whether there is such a user, made here."""
    found = _entry(name)
    return found is not None and found.pw_gecos == COMMENT


def _entry(name: str) -> pwd.struct_passwd | None:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name)
    return None


def _group(name: str) -> bool:
    with contextlib.suppress(KeyError):
        return bool(grp.getgrnam(name))
    return False


def _change(module: AnsibleModule, command: list[str]) -> None:
    program = module.get_bin_path(command[0], opt_dirs=['/usr/sbin', '/sbin'])
    if not program:
        raise HostError(f'There is no {command[0]}, which comes with the package passwd or shadow-utils')
    if module.check_mode:
        return
    status, out, err = module.run_command([program, *command[1:]])
    if status:
        raise HostError('{} failed: {}'.format(' '.join(command), printable(err or out).strip()))


def _result(
    module: AnsibleModule, name: str, changed: bool, before: str | None, after: str | None
) -> tuple[dict[str, Any], list[str]]:
    result: dict[str, Any] = {'changed': changed}
    if changed and module._diff:
        result['diff'] = [difference(f'user {name}', before, after)]
    return result, []
