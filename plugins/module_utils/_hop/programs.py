# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix's programs on a host whose mail server is another one: those that are there, or a package of our own with
them."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import package
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.services import version_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import MAIL_SERVERS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance, PostfixError

# Where the distribution's Postfix has its commands.
HOST_SBIN = '/usr/sbin'
OTHERWISE = (
    'Or name the directory of another Postfix in outbound_hop_sbin_dir; or, with Sendmail, have it decide by itself '
    '(sendmail_smarthost_decision: native)'
)
# What the roles need of a Postfix whose programs cannot be asked yet.
LOOKUP_TYPES = ['btree', 'hash', 'regexp', 'texthash']
# PASS in header checks came with 3.2: older ones let a message on without what it asks for.
OLDEST = MAIL_SERVERS['remote'].minimum_version


def find(
    run: Callable[[list[str]], tuple[int, str, str]],
    maker: package.Maker,
    sbin_dir: str | None = None,
    check_mode: bool = False,
    update: bool = True,
) -> tuple[dict[str, Any], str | None, str | None, list[str]]:
    """Have Postfix's programs be there, and return what they are.

    Args:
        run: takes a list of words; returns exit status, standard output and standard error.
        sbin_dir: where the administrator says that they are.
        check_mode: nothing is made.
        update: whether an older version of our package will not do.

    Returns:
        The programs (C(sbin_dir), C(version), C(lookup_types), C(parameters)); the version of our package before
        and after, None for none; what apt installs for it.

    Raises:
        PostfixError: there are none, and none can be had, or they are too old.
    """
    if sbin_dir or _has_postfix(HOST_SBIN):
        return _asked(run, sbin_dir or HOST_SBIN), None, None, []
    if not maker.possible():
        raise PostfixError(
            'There is no Postfix on this host of which the hop can be made. Install the package postfix beside the'
            f' mail server, with its service switched off. {OTHERWISE}'
        )
    try:
        before = None if update else maker.installed()
        before, after, packages = (before, before, []) if before else maker.present(check_mode)
    except package.PackageError as exc:
        raise PostfixError(
            f'There is no Postfix on this host of which the hop can be made, and none can be had: {exc}. {OTHERWISE}'
        ) from exc
    if check_mode and before is None:
        version = re.sub(r'^\d+:|[-+~].*', '', after)
        return (
            {
                'sbin_dir': package.SBIN,
                'version': version,
                'lookup_types': LOOKUP_TYPES,
                'parameters': package.PARAMETERS,
            },
            before,
            after,
            packages,
        )
    try:
        programs = _asked(run, package.SBIN, package.PARAMETERS)
    except PostfixError as exc:
        # The package stays.
        exc.changed = before != after and not check_mode
        raise
    return programs, before, after, packages


def possible(maker: package.Maker, sbin_dir: str | None = None) -> bool:
    """Return whether find() would find programs, or could have them made. Nothing is downloaded for that."""
    if sbin_dir or _has_postfix(HOST_SBIN) or _has_postfix(package.SBIN):
        return True
    try:
        return maker.possible() and bool(maker.candidate())
    except package.PackageError:
        return False


def _has_postfix(directory: str) -> bool:
    return os.access(os.path.join(directory, 'postconf'), os.X_OK)


def _asked(
    run: Callable[[list[str]], tuple[int, str, str]], sbin_dir: str, parameters: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return what programs say of themselves, without any configuration of a mail server."""
    instance = Instance(run, lambda name: None, '/', sbin_dir)

    def built_in(names: Iterable[str]) -> dict[str, str]:
        lines = instance.text('postconf', '-d', *names)[0].splitlines()
        return {name.strip(): value.strip() for name, dummy, value in (line.partition('=') for line in lines)}

    version = built_in(['mail_version'])['mail_version']
    if version_of(version) < version_of(OLDEST):
        raise PostfixError(f'The Postfix in {sbin_dir} is version {version}; the hop needs {OLDEST}. {OTHERWISE}')
    parameters = parameters or built_in(sorted(package.PARAMETERS))
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, 'main.cf'), 'w', encoding='ascii') as stream:
            stream.write(''.join('{} = {}\n'.format(*pair) for pair in sorted(parameters.items())))
        lookup_types = sorted(instance.text('postconf', '-c', directory, '-m')[0].split())
    return {
        'sbin_dir': sbin_dir,
        'version': version,
        'lookup_types': lookup_types,
        'parameters': parameters,
    }
