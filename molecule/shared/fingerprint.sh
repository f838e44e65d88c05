#!/bin/sh
# What of a host must be the same after undo: every configuration file with owner and mode, units, listeners, firewall, packages.
# Left out: what a host changes by itself, such as the copies (passwd-) of what was before the last change, and the aliases
# that Zimbra's postfix command makes anew at each call.
set -eu
cd /
find etc usr/lib/systemd usr/local var/lib -xdev \( -type f -o -type l -o -type d \) \
    ! -path 'etc/.pwd.lock' ! -path 'etc/resolv.conf' ! -path 'var/lib/postfix/*' ! -path 'var/lib/systemd/*' ! -path 'var/lib/dovecot/*' \
    -printf '%y %m %u:%g %p %l\n' | sort
find etc usr/lib/systemd usr/local -xdev -type f ! -path 'etc/resolv.conf' ! -path 'etc/aliases.lmdb' ! -name '*-' -exec sha256sum {} + | sort -k 2
find var/spool -xdev -maxdepth 1 -printf '%y %m %u:%g %p\n' | sort
systemctl list-unit-files --no-legend --no-pager | sort
ss -Hltn | awk '{ print $4 }' | sort
# What filters packets, without what counts them.
nft --stateless list ruleset
dpkg-query -W
