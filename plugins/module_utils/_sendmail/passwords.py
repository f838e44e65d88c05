# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules that keep a Sendmail's password for its old smart host (AuthInfo:) from everybody else."""

from __future__ import annotations

# Behind LOCAL_RULE_0, where another ruleset may begin, and before Sendmail's own rules of this one (authinfo in
# cf/m4/proto.m4), which look for the entry of all hosts as well. FEATURE(`authinfo') and access_db are known by then.
# DefaultAuthInfo counts only where there is no such ruleset, and m4 always makes one.
_LOOK = """\
R<no> $*		$: <no> <$(%(map)s AuthInfo:$&{server_name} $: ? $)>
R<no> <?>		$: <no> <$(%(map)s AuthInfo:$&{server_addr} $: ? $)>
R<no> <?>		$@ no
R<no> <$*>		$# $1
"""
_RULES = """\
# To the gateway, the hop and a recipient's MX without a password, unless an entry is for exactly that host.
Sauthinfo
R$*			$: <$&{conbool_auth}> $1
ifdef(`_AUTHINFO_TABLE_', `%(authinfo)s', `ifdef(`_ACCESS_TABLE_', `%(access)s')')dnl
R<no> $*		$@ no
R<$*> $*		$: $2
"""
RULES = _RULES % {name: _LOOK % {'map': name} for name in ('authinfo', 'access')}
