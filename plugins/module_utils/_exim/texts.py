# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written to Exim's configuration: a text for each place of it. The role's README explains them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import acl, expressions
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.expressions import fill
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import plain_path

HEAD = '# Managed by Ansible (conbool.smtp_relay, role exim_smarthost). What is changed here is lost at the next run.\n'
ROUTED = '  domains = ! +local_domains : ! +relay_to_domains\n'
TRANSPORT = 'conbool_smtp'
# All names of routers that lead to the gateway begin so.
GATEWAY_ROUTER = 'conbool_gateway'
# Where the administrator names none: Debian's own, which stand behind ours.
IGNORED_HOSTS = (
    '<; 0.0.0.0 ; 127.0.0.0/8 ; 192.168.0.0/16 ; 172.16.0.0/12 ; 10.0.0.0/8 ; 169.254.0.0/16 ; 255.255.255.255 ;'
    ' ::/128 ; ::1/128 ; fc00::/7 ; fe80::/10 ; 100::/64'
)

# Address verification is left to the site's routers: ours would call any domain routable.
DIRECT = """\
conbool_direct:
  debug_print = "R: conbool_direct for $local_part@$domain"
  driver = dnslookup
@domains@@senders@  condition = ${if CONBOOL_DIRECT{yes}{no}}
@site@  no_verify
  no_more

"""
# As Debian's own routers for other hosts have it.
GATEWAY_SITE = '  same_domain_copy_routing = yes\n'
DIRECT_SITE = f"""\
{GATEWAY_SITE}\
  transport = remote_smtp
.ifdef ROUTER_DNSLOOKUP_IGNORE_TARGET_HOSTS
  ignore_target_hosts = ROUTER_DNSLOOKUP_IGNORE_TARGET_HOSTS
.else
  ignore_target_hosts = {IGNORED_HOSTS}
.endif
"""
GATEWAY = """\
@name@:
  debug_print = "R: @name@ for $local_part@$domain"
  driver = manualroute
@domains@@senders@@condition@  transport = @transport@
  route_list = * @host@::@port@ byname
  host_find_failed = defer
  host_all_ignored = defer
@site@  no_verify
  no_more
"""
# One condition only: of two, Exim makes one with room for 32 KB, and those of a thousand domains are more.
LITERAL = """\
  condition = ${if match{$domain}{\\N^\\[\\N}{${if CONBOOL_DIRECT{no}{yes}}}{no}}
"""

# Verifying alone is worse than nothing: what does not verify is sent in clear text then (hosts_require_tls). DANE would
# take the place of the verification (hosts_try_dane). A connection that is handed on has its TLS in another process,
# and nothing about it is logged (hosts_nopass_tls). Otherwise, new mail would be returned untried once the gateway has
# been away for days (delay_after_cutoff).
SMTP = """\
@transport@:
  debug_print = "T: @transport@ for $local_part@$domain"
  driver = smtp
  hosts_require_tls = *
  tls_verify_certificates = @authorities@
  tls_verify_hosts = *
  tls_try_verify_hosts =
@name@  tls_tempfail_tryclear = false
.ifdef _OPT_TRANSPORT_SMTP_HOSTS_TRY_DANE
  hosts_try_dane =
.endif
  hosts_nopass_tls = *
  delay_after_cutoff = false
  tls_sni = @tls_name@
@client@@site@"""
# As with Debian's remote_smtp. A site with a smart host has not signed what it sent there.
SITE = """\
.ifdef REMOTE_SMTP_HELO_DATA
  helo_data = REMOTE_SMTP_HELO_DATA
.endif
.ifdef REMOTE_SMTP_INTERFACE
  interface = REMOTE_SMTP_INTERFACE
.endif
.ifdef REMOTE_SMTP_HEADERS_REWRITE
  headers_rewrite = REMOTE_SMTP_HEADERS_REWRITE
.endif
.ifdef REMOTE_SMTP_RETURN_PATH
  return_path = REMOTE_SMTP_RETURN_PATH
.endif
.ifdef REMOTE_SMTP_TRANSPORTS_HEADERS_REMOVE
  headers_remove = REMOTE_SMTP_TRANSPORTS_HEADERS_REMOVE
.endif
.ifdef IGNORE_SMTP_LINE_LENGTH_LIMIT
  message_linelength_limit = 1G
.endif
.ifdef DCconfig_internet
"""
# What is pasted by hand.
SITE_UNKNOWN = """\
  # What your transport for other hosts has of these belongs here, too: helo_data, interface, headers_add,
  # headers_remove, headers_rewrite, return_path, message_linelength_limit, transport_filter, dkim_*, arc_sign.
"""
DKIM = ('DOMAIN', 'IDENTITY', 'SELECTOR', 'PRIVATE_KEY', 'CANON', 'STRICT', 'SIGN_HEADERS', 'TIMESTAMPS')
# Exim has no option for another name than the host's.
OTHER_NAME = r"""  tls_verify_cert_hostnames =
  event_action = ${if and{{eq{$event_name}{tls:cert}}{eq{$event_data}{0}}}\
    {${if @names@{}{the certificate is not for @name@}}}}
"""


def render(
    settings: Mapping[str, Any],
    site: Mapping[str, Any],
    flag: bool,
    known: Sequence[str] = (),
    client: tuple[str, str] | None = None,
) -> dict[str, str]:
    """Return the texts by their place: C(main), C(acl), C(literals), C(router), C(transport) and C(retry); in a
    configuration by hand C(rcpt) and C(data) for the lists that it has.

    Args:
        settings: what M(conbool.smtp_relay.settings) returned.
        site: what the configuration is without us, see C(facts.site()).
        flag: whether flagged mail has to get C(X-Spam-Flag).
        known: the fingerprints of certificates that the gateway has shown.
        client: where Exim reads the certificate and the key that it shows to the gateway.
    """
    if settings['tls_ca_file']:
        plain_path('conbool_tls_ca_file', settings['tls_ca_file'])
    hand = site.get('hand')
    routed = ROUTED if hand is None else f'  domains = {hand["routed"]}\n'
    literals = _gateway(GATEWAY_ROUTER + '_literal', settings, routed, LITERAL, hand)
    direct = DIRECT_SITE if hand is None else _lines(hand['direct'], {'ignore_target_hosts': IGNORED_HOSTS})
    # In this order they are written, and in the other one taken away. A run may be killed in between, and a start of
    # the host makes a configuration of what is there then: no text needs a later one.
    texts = {
        'acl': acl.render(settings, flag, hand is not None),
        'transport': _transport(settings, client, hand),
        'retry': settings['relay_host'] + ' * F,2h,5m; G,16h,1h,1.5; F,4d,6h\n',
        'main': _main(settings, site, known),
        'literals': f'.ifdef MAIN_ALLOW_DOMAIN_LITERALS\n{literals}.endif\n' if hand is None else literals,
        'router': fill(DIRECT, domains=routed, senders=_senders(settings, ['']), site=direct)
        + _gateway(GATEWAY_ROUTER, settings, routed, hand=hand),
    }
    return {name: HEAD + text for name, text in (by_hand(texts, settings, hand) if hand else texts).items()}


def by_hand(texts: Mapping[str, str], settings: Mapping[str, Any], hand: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts for a configuration by hand, which may lack a section, and has lists that have to ask ours."""
    found = dict(texts)
    routers = {name: found.pop(name) for name in ('literals', 'router')}
    for name, section in (('acl', 'acls'), ('retry', 'retrys')):
        if section not in hand['sections']:
            found[name] = f'begin {name}\n{found[name]}'
    found.update(
        {name: text for name, text in acl.LISTS.items() if hand[name] and (name == 'data' or settings['inbound'])}
    )
    return {**found, **(routers if hand['literals'] else {'router': routers['router']})}


def _lines(options: Mapping[str, str], usual: Mapping[str, str]) -> str:
    return ''.join(f'  {name} = {value}\n' for name, value in {**usual, **options}.items())


def _main(settings: Mapping[str, Any], site: Mapping[str, Any], known: Sequence[str]) -> str:
    lists = ['domainlist conbool_domains = ' + ' : '.join(settings['domains'])]
    for name, networks in (
        ('networks', settings['networks']),
        ('allowed', settings['allowed_networks']),
        ('wash', settings['wash_networks']),
    ):
        lists.append('hostlist conbool_{} = <; {}'.format(name, ' ; '.join(networks)))
    mode = settings['bypass_calendar']
    conditions = [expressions.marked(settings, 'CONBOOL_PART' if mode else '')]
    text = '\n'.join(lists) + '\n' + (_parts(mode, site) if mode else '')
    # One macro is one line, and the name of none may begin like that of an earlier one.
    text += f'CONBOOL_MARKED = {conditions[0]}\n'
    null_sender = expressions.no_sender(settings['bypass_null_sender'])
    text += 'CONBOOL_DIRECT = {}\n'.format(expressions.any_of(filter(None, ['CONBOOL_MARKED', null_sender])))
    return text + acl.options(settings, site, known)


def _parts(mode: Any, site: Mapping[str, Any]) -> str:
    """Return what tells whether a part is a calendar: the MIME ACL, which the light daemon does not have, and whose
    place the site's own may have; or the beginning of the body. The method of a part is seen there only."""
    body = f'CONBOOL_PART = {expressions.in_body(mode)}\n'
    for name, value in (('message_body_visible', expressions.BODY_VISIBLE), ('message_body_newlines', 'true')):
        body += '' if site['body'][name] else f'{name} = {value}\n'
    if site['mime']:
        return body
    if mode == 'itip':
        both = fill('and{{@part@}{@body@}}', part=expressions.PART, body=expressions.in_body(mode))
        mime = body.replace(expressions.in_body(mode), both, 1)
    else:
        mime = f'CONBOOL_PART = {expressions.PART}\n'
    return f'.ifdef _OPT_MAIN_ACL_SMTP_MIME\n{acl.MIME_OPTIONS}{mime}.else\n{body}.endif\n'


def _senders(settings: Mapping[str, Any], more: Sequence[str] = ()) -> str:
    """Return the line that limits a router to the senders in the scope.

    Args:
        more: others. An empty one in front is the null sender.
    """
    if settings['scope'] == 'all':
        return ''
    found = list(more)
    for sender in settings['scope_senders']:
        local, dummy, domain = sender.rpartition('@')
        if not local:
            found.append('*' + sender)
            continue
        # What is added to the address (alice+list@) makes no other sender of it. A colon would divide the list.
        found.append(fill(r'\N^(?i)\Q@local@\E(?>\+[^@]*)?@\Q@domain@\E$\N', domain=domain, local=local))
    return '  senders = {}\n'.format(' : '.join(found))


def _gateway(
    name: str, settings: Mapping[str, Any], routed: str, condition: str = '', hand: Mapping[str, Any] | None = None
) -> str:
    return fill(
        GATEWAY,
        name=name,
        domains=routed,
        senders=_senders(settings),
        condition=condition,
        transport=TRANSPORT,
        host=settings['relay_host'],
        port=settings['relay_port'],
        site=GATEWAY_SITE if hand is None else _lines(hand['gateway'], {}),
    )


def _transport(settings: Mapping[str, Any], client: tuple[str, str] | None, hand: Mapping[str, Any] | None) -> str:
    name = settings['tls_name']
    verified = '  tls_verify_cert_hostnames = *\n'
    if name != settings['relay_host']:
        seen = r'{<\n ${certextract{subj_altname,dns,>\n}{$tls_out_peercert}{$value}{}}}'
        wanted = (name, '*.' + name.partition('.')[2])
        verified = fill(OTHER_NAME, names=expressions.any_of(f'inlisti{{{item}}}{seen}' for item in wanted), name=name)
    if hand is None:
        dkim = ''.join(f'.ifdef DKIM_{option}\n  dkim_{option.lower()} = DKIM_{option}\n.endif\n' for option in DKIM)
        site = f'{SITE}{dkim}.endif\n'
    else:
        site = SITE_UNKNOWN if hand['transport'] is None else _lines(hand['transport'], {})
    return fill(
        SMTP,
        transport=TRANSPORT,
        authorities=settings['tls_ca_file'] or 'system',
        name=verified,
        tls_name=name,
        client='  tls_certificate = {}\n  tls_privatekey = {}\n'.format(*client) if client else '',
        site=site,
    )
