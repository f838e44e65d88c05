# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of the double of Zimbra; none of them is Zimbra's. Run as `python3 -m lab.zimbra.cli NAME ARGUMENTS`."""

from __future__ import annotations

# Command -> module of this package, which has main(world, arguments) -> exit code.
BIN = {
    'zmprov': 'zmprov',
    'zmlocalconfig': 'zmlocalconfig',
    'zmhostname': 'zmlocalconfig',
    'zmcontrol': 'zmcontrol',
    'zmconfigdctl': 'configd',
    'zmmtactl': 'mta',
    'postfix': 'mta',
    'postconf': 'mta',
    'zmamavisdctl': 'amavis',
    'zmsaslauthdctl': 'filters',
    'zmopendkimctl': 'filters',
    'zmantispamctl': 'filters',
    'zmantivirusctl': 'filters',
    'zmstorectl': 'store',
    **dict.fromkeys(
        [
            'ldap',
            'zmarchivectl',
            'zmcbpolicydctl',
            'zmclamdctl',
            'zmdnscachectl',
            'zmfreshclamctl',
            'zmloggerctl',
            'zmmailboxdctl',
            'zmmemcachedctl',
            'zmmilterctl',
            'zmproxyctl',
            'zmspellctl',
            'zmstatctl',
            'zmswatchctl',
        ],
        'daemons',
    ),
    'double': 'double',
}
LIBEXEC = {
    'configrewrite': 'configd',
    'zmconfigd': 'configd',
    'zmfixperms': 'fixperms',
    'zmmtainit': 'mtainit',
    'zmmtastatus': 'mta',
}
