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
MISSING = 'There is no program %s, which comes with the package passwd (Debian) or shadow-utils (RPM systems)'
NO_LOGIN = ('/usr/sbin/nologin', '/sbin/nologin')


def problems(module: AnsibleModule, name: str) -> list[str]:
    """Return why there can be no such user of ours."""
    found = _entry(name)
    if found is None:
        return [] if _program(module, 'useradd') else [MISSING % 'useradd']
    if found.pw_gecos == COMMENT:
        return []
    return [
        f'There is a user {name} (uid {found.pw_uid}) that was not made here, and a program is to run as a user of its'
        ' own by that name. Rename or remove it'
    ]


def present(module: AnsibleModule, name: str) -> tuple[dict[str, Any], list[str]]:
    """Have the user be there, or tell in check mode whether it has to be made.

    Raises:
        HostError: it cannot be made, or the name is somebody else's.
    """
    found = problems(module, name)
    if found:
        raise HostError('. '.join(found))
    missing = not there(name)
    if missing:
        group = ['--gid', name] if _group(name) else ['--user-group']
        shell = next(filter(os.path.exists, NO_LOGIN), '/bin/false')
        options = ['--system', '--no-create-home', '--home-dir', '/nonexistent', '--shell', shell, '--comment', COMMENT]
        _change(module, ['useradd', *options, *group, name])
    return _result(module, name, missing, None, name + '\n')


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


def _program(module: AnsibleModule, name: str) -> str | None:
    return module.get_bin_path(name, opt_dirs=['/usr/sbin', '/sbin'])


def _change(module: AnsibleModule, command: list[str]) -> None:
    program = _program(module, command[0])
    if not program:
        raise HostError(MISSING % command[0])
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
