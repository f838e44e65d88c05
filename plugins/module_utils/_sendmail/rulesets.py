# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts of the m4 file: Sendmail's rules, as they are written to it."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.marks import IGNORED

HEAD = """\
divert(-1)dnl
dnl Managed by Ansible (conbool.smtp_relay, role sendmail_smarthost). What is changed here is lost at the next run.
dnl It is included at the end of sendmail.mc. The role's README explains it line by line.
"""

CONFIG = """\
# Sets a macro from within a rule.
Kconboolset macro
# The first is 1 when the headers of a message say that it goes direct, the second when they must not count; kept with it in the queue.
C{persistentMacros}{conbool_direct} {conbool_void}
"""

ALTERNATIVE_NAMES = """\
# Class cert_altnames has the alternative names of the other side's certificate.
O SetCertAltnames=true
"""

# Address literals are sent off in Parse1 before LOCAL_NET_CONFIG; nothing that is local is left in brackets here.
LITERALS = 'R$* < @ [ $+ ] > $*\t$#conbool $@ [$2] $: $1 < @ [$2] > $3\n'

# The rest of the world, after mailertable and the administrator's own rules. Domains in class R (relay-domains) keep
# their way.
OTHERS = """\
R$* < @ $* > $*		$: $>ConboolOthers $1 < @ $2 > $3
"""

ROUTE = """\
SConboolOthers
R$* < @ $* $=R . > $*	$@ $1 < @ $2 $3 . > $4
R$* < @ $* $=R > $*	$@ $1 < @ $2 $3 > $4
R$* < @ $* > $*		$#conbool $@ $2 $: $1 < @ $2 > $3

# When a message is delivered: the next hop, in {conbool_to}, empty for the recipient's MX, and {conbool_port}. {conbool_check} is 1 when that is the
# gateway, {conbool_auth} is "no" when the other side gets no password. All are set each time: a bounce of our own would have those of the message that
# it returns, another mailer those of the delivery before.
SConboolEnvFrom
R$*			$: $1 $| $>EnvFromSMTP $1
R$* $| $*		$: $2 $| $>ConboolRoute $1
R$* $| $*		$@ $1

SEnvFromSMTP
R$*			$: $(conboolset {conbool_check} $@ $) $(conboolset {conbool_auth} $@ $) $1
SEnvFromL
R$*			$: $(conboolset {conbool_check} $@ $) $(conboolset {conbool_auth} $@ $) $1

SConboolRoute
R$*			$: <> $1
%(null_sender)s# A bounce of our own (its sender is $n); the headers of the message that it returns do not count.
R<> $&n			$: <%(bounce)s> $&n
R<> $*			$: <$&{conbool_direct}> $1
%(scope)sR<> $*			$: <gateway> $1
R$*			$: $(conboolset {conbool_to} $@ $) $(conboolset {conbool_port} $@ 25 $) $(conboolset {conbool_check} $@ $) $1
R$*			$: $(conboolset {conbool_auth} $@ no $) $1
R<gateway> $*		$: $(conboolset {conbool_to} $@ %(gateway)s $) $(conboolset {conbool_port} $@ %(port)d $) <check> $1
%(check)s%(before)sR<$*> $*		$@ $2
"""

CHECK = 'R<check> $*\t\t$: $(conboolset {conbool_check} $@ 1 $) $1\n'

NULL_SENDER = 'R<> < @ >\t\t$: <1> < @ >\n'
# Not of a user, who has logged in.
SERVERS_NULL_SENDER = """\
R<> < @ >		$: <auth $&{conbool_user}> < @ >
R<auth> < @ >		$: <1> < @ >
R<auth $*> < @ >	$: <gateway> < @ >
"""

USER_CONFIG = """\
# By which means the client has logged in that handed a message in; kept with it in the queue.
C{persistentMacros}{conbool_user}
"""

# {auth_type} itself would be that of a connection to another server by the time of the delivery. At RCPT: with
# FEATURE(delay_checks), nobody asks check_mail about a client that has logged in.
USER = 'R$*\t\t\t$: $(conboolset {conbool_user} $@ $&{auth_type} $) $1\n'

SCOPE = """\
# The sender as others see it, after masquerading.
R<> $*			$: <> $1 $| $>EnvFromSMTP $1
R<> $* $| $+ < @ $+ . >	$: <> $1 $| $2 < @ $3 >
R<> $* $| $+ < @ $={ConboolDomains} >	$: <gateway> $1
R<> $* $| $+ < @ $+ >	$: <> $1 $| $2 @ $3
R<> $* $| $={ConboolSenders}	$: <gateway> $1
R<> $* $| $+ + $* @ $+	$: <> $1 $| $2 @ $4
R<> $* $| $={ConboolSenders}	$: <gateway> $1
R<> $* $| $*		$: <before> $1
"""

BEFORE = """\
R<before> $*		$: <before> $(conboolset {conbool_auth} $@ $) $1
R<before> $*		$@ $(conboolset {conbool_to} $@ %s $) $(conboolset {conbool_port} $@ %s $) $1
"""

# Sendmail cannot take headers away, but it can say, where nobody else writes, that they are not the gateway's.
RECEIVED = f"""\
define(`confRECEIVED_HEADER', defn(`confRECEIVED_HEADER')`$?{{conbool_void}} {IGNORED}$.')dnl
"""

TRUSTED = """\
# Whoever has logged in is a user, and the headers that a user writes count for nothing: what they say is "no", and {conbool_void} is 1.
SConboolTrusted
R$*			$: $1 $| $&{auth_type}
R$* $| $+		$@ $(conboolset {conbool_void} $@ 1 $) no
%sR$* $| $*		$@ $1
"""

MARK = """\

SConboolMark
R$*			$: $>ConboolTrusted yes
Ryes			$: $(conboolset {conbool_direct} $@ 1 $)
"""

WASHED = """\
R$* $| $*		$: $1 $| $(conboolwashed $&{client_addr} $: no $)
R$* $| WASHED		$@ $(conboolset {conbool_void} $@ 1 $) no	devices whose headers count as little
"""

# Whoever has looked at a header so far is asked first, and a refusal stands.
AS_BEFORE = """\
R$*			$: $1 $| $>%s $1
R$* $| $#$*		$#$2
R$* $| $*		$: $1
"""

FLAG_CONFIG = """\
# Is 1 for mail that the gateway flagged and nobody released; kept with it in the queue, and shown by a header.
C{persistentMacros}{conbool_spam}
H?${conbool_spam}?X-Spam-Flag: YES
"""

# Whichever of the two headers comes first.
RELEASE = """\

SConboolRelease
R$*			$@ $(conboolset {conbool_released} $@ 1 $) $(conboolset {conbool_spam} $) $1
"""

# The hop may read a value more generously.
TRUSTED_MARK = 'R$*\t\t\t$: $>ConboolTrusted yes\n'
TRUSTED_FLAG = 'Ryes\t\t\t$: $>ConboolTrusted yes\n'
RELEASED = 'Ryes\t\t\t$: $>ConboolRelease yes\n'

FLAG = """\
Ryes			$: <$(conboolgateway $&{client_addr} $: other $)> $&{conbool_released}
R<GATEWAY>		$: $(conboolset {conbool_spam} $@ 1 $)
"""

CALENDAR_CONFIG = """\
# What a Content-Type is that of a calendar message.
Kconbooltype regex -aCALENDAR ^"?%s
"""

# {currHeader} is the value with its comments, in quotes. Of several types, the first is that of the message.
CALENDAR = """\
R$*			$: <$&{conbool_type}> $(conbooltype $&{currHeader} $: other $)
R$*			$: $(conboolset {conbool_type} $@ 1 $) $1
R<> CALENDAR		$: $(conboolset {conbool_direct} $@ 1 $)
"""

CERTIFICATE = """\
# The gateway's certificate has to be from a trusted authority and for the right name, or the message waits. What counts is where the message is to
# go, and where the connection leads, since other messages can use that later. No other server is looked at.
SLocal_tls_server
%(canonical)sR$*			$: $1 $| $&{server_name}
R$* $| %(host)s	$: <chain> $1
R$* $| %(relay)s	$: <chain> $1
R$* $| $&{conbool_name}	$: <chain> $1
R$* $| $*		$: $1 $| $&{conbool_check}
R$* $| 1		$: <chain> $1
R$* $| $*		$@ $1
R<chain> OK		$: <name> $&{cn_subject}
R<chain> $*		$#error $@ 4.7.0 $: "454 the certificate of the gateway is not verified (" $1 ")"
R<name> %(name)s	$@ OK
%(alternatives)sR<$-> $*		$#error $@ 4.7.0 $: "454 the certificate of the gateway is for another name (" $&{cn_subject} ")"
"""

# Sendmail knows a host by the name that it is an alias (CNAME) of.
CANONICAL = """\
R$*			$: $1 $| $[ %(relay)s $]
R$* $| $+ .		$: $1 $| $2
R$* $| $*		$: $(conboolset {conbool_name} $@ $2 $) $1
"""

ALTERNATIVES = """\
R<name> $*		$: <alternative> %(name)s
R<alternative> $={cert_altnames}	$@ OK
R<alternative> $- . $+	$: <wildcard> *.$2
R<wildcard> $={cert_altnames}	$@ OK
"""

CLIENT_CERTIFICATE = """\
# Our certificate is shown to the gateway, and no other to anybody than before.
Stls_clt_features
R$* $| $*		$: $1 $| $&{conbool_check}
R$* $| 1		$@ "CertFile=%(cert)s; KeyFile=%(key)s"
R%(host)s $| $*		$@ "CertFile=%(cert)s; KeyFile=%(key)s"
R%(relay)s $| $*	$@ "CertFile=%(cert)s; KeyFile=%(key)s"
R$*			$@ ""
"""

# Like esmtp in cf/mailer/smtp.m4, with what the administrator has set for that.
MAILERS = r"""
Mconbool,	P=[IPC], F=_MODMF_(CONCAT(_DEF_SMTP_MAILER_FLAGS, `a', SMTP_MAILER_FLAGS), `ESMTP'), S=ConboolEnvFrom/HdrFromSMTP, dnl
R=ifdef(`_ALL_MASQUERADE_', `EnvToSMTP/HdrFromSMTP', `EnvToSMTP'), E=\r\n, L=SMTP_MAILER_LL,
        _OPTINS(`SMTP_MAILER_MAX', `M=', `, ')_OPTINS(`SMTP_MAILER_MAXMSGS', `m=', `, ')dnl
_OPTINS(`SMTP_MAILER_MAXRCPTS', `r=', `, ')_OPTINS(`SMTP_MAILER_CHARSET', `C=', `, ')T=DNS/RFC822/SMTP,
        A=TCP $?{conbool_to}${conbool_to}$|$h$. ${conbool_port}
"""
