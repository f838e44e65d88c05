# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spam engines of the host that are not to score what somebody released at the gateway."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Union

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_change import FileChange
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import ChangeError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode, heading
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam import site_scores

if TYPE_CHECKING:
    Without = Callable[[bytes], bytes]
    Content = Union[bytes, Without]

PAUSE = 0.2
SETTLED = 2

# Received headers of a trusted host are believed, so the trusted and internal networks of the site would let such a
# host claim that a message came from the gateway. The plugin believes only the header that this host wrote itself.
SPAMASSASSIN_PLUGIN = r'''%(heading)s
package Mail::SpamAssassin::Plugin::Conbool;

use strict;
use warnings;
use Mail::SpamAssassin::NetSet;
use Mail::SpamAssassin::Plugin;

our @ISA = ('Mail::SpamAssassin::Plugin');
my @NETWORKS = qw(
%(networks)s);

sub new {
    my ($class, $main) = @_;
    my $self = bless(Mail::SpamAssassin::Plugin->new($main), ref($class) || $class);
    $self->{networks} = Mail::SpamAssassin::NetSet->new('conbool');
    $self->{networks}->add_cidr(@NETWORKS);
    $self->register_eval_rule('check_conbool_released');
    return $self;
}

# The newest hop that is not the host itself tells from whom the message came. Whom the site trusts does not matter.
sub check_conbool_released {
    my ($self, $status) = @_;
    return 0 unless $status->get('X-Conbool-Released') =~ /^\s*yes\s*$/im;
    my @received = split(/\n(?!\s)/, $status->get('Received'));
    foreach my $relay (@{$status->{relays_trusted}}, @{$status->{relays_untrusted}}) {
        # A program on this host hands its mail to the mail server without a hop, and wrote itself whatever is below that header.
        return 0 if (shift(@received) // '') =~ /^\s*\(from |from userid|^\s*(?:from \S+\s+(?:\(helo=[^)]*\)\s+)?)?by \S+ with local\b/;
        next if $relay->{ip} =~ /^(?:127\.|::1$)/;
        return $self->{networks}->contains_ip($relay->{ip}) ? 1 : 0;
    }
    return 0;
}

1;
'''
SPAMASSASSIN_RULES = '''%(heading)s
loadplugin Mail::SpamAssassin::Plugin::Conbool conbool.pm
header   CONBOOL_RELEASED eval:check_conbool_released()
describe CONBOOL_RELEASED Released at the Conbool gateway
score    CONBOOL_RELEASED -10000
tflags   CONBOOL_RELEASED nice noautolearn
'''
RSPAMD_SETTINGS = r'''%(heading)s
settings {
  conbool_released {
    priority = 100;
    ip = [
%(networks)s    ];
    header {
      "X-Conbool-Released" = "/^\\s*yes\\s*$/i";
    }
    whitelist = yes;
  }
}
'''


class Engine(ABC):
    """One spam engine, from what is wanted of it to what is in force.

    Args:
        directory: that of its configuration, empty when it is not here.
        networks: those of the gateway; none, when nothing of ours is to be left.
    """

    name = ''
    units: tuple[str, ...] = ()

    def __init__(self, host: Host, directory: str, networks: Sequence[str]) -> None:
        self.host, self.directory = host, directory
        self.there = bool(directory and networks)
        contents, without = self.contents(networks) if self.there else ({}, {})
        self.files = FileChange('spam_release_' + self.name, contents, without or self.without())

    @abstractmethod
    def contents(self, networks: Sequence[str]) -> tuple[dict[str, Content], dict[str, Without]]:
        """Return the files that there have to be, and what takes our part out of those that are not ours as a whole."""

    @abstractmethod
    def validate(self) -> None:
        """Have the engine judge what is wanted.

        Raises:
            ChangeError: it finds something wrong.
        """

    @abstractmethod
    def check(self) -> None:
        """See that nothing of the host undoes what is wanted.

        Raises:
            ChangeError: something does, and where.
        """

    def notes(self) -> list[str]:
        """Return what undoes what is wanted for some mail, or some users."""
        return []

    def carry_out(self) -> None:
        # validate() was asked before, in check mode too.
        self.files.switch(lambda: None, lambda: self.host.reload(self.units))

    def without(self) -> dict[str, Without]:
        return {}

    @contextlib.contextmanager
    def staged(self) -> Iterator[str]:
        """Yield a directory that has the new files, and everything else as it is."""
        folder = tempfile.mkdtemp(prefix='conbool-spam.')
        try:
            for name in os.listdir(self.directory):
                if self.files.after.get(os.path.join(self.directory, name), b'') is not None:
                    os.symlink(os.path.join(self.directory, name), os.path.join(folder, name))
            for path, data in self.files.after.items():
                staged = os.path.join(folder, os.path.basename(path))
                if os.path.islink(staged):
                    os.unlink(staged)
                if data is not None:
                    with open(staged, 'wb') as stream:
                        stream.write(data)
            yield folder
        finally:
            shutil.rmtree(folder)


class SpamAssassin(Engine):
    """SpamAssassin, called by spamd, amavis or a milter."""

    name = 'spamassassin'
    # Debian's names, and what it and others have called them.
    units = ('spamd.service', 'spamassassin.service', 'amavis.service', 'amavisd.service')

    def contents(self, networks: Sequence[str]) -> tuple[dict[str, Content], dict[str, Without]]:
        filling = {'heading': heading('spam_delivery'), 'networks': ''.join(f'    {network}\n' for network in networks)}
        return {
            os.path.join(self.directory, 'conbool.pm'): encode(SPAMASSASSIN_PLUGIN % filling),
            os.path.join(self.directory, site_scores.RULES): encode(SPAMASSASSIN_RULES % filling),
        }, {}

    def validate(self) -> None:
        """Have spamassassin judge all rules with ours among them.

        Raises:
            ChangeError: it finds something wrong.
        """
        state = os.path.join(pwd.getpwuid(os.geteuid()).pw_dir, '.spamassassin')
        before = os.path.lexists(state)
        try:
            with self.staged() as folder:
                self.host.text('spamassassin', '--lint', '--nocreate-prefs', '--siteconfigpath=' + folder)
        finally:
            # It makes a place for the user's own state, which root did not have.
            if not before and os.path.isdir(state) and not os.listdir(state):
                os.rmdir(state)

    def check(self) -> None:
        """Look into the files that are read after ours: the last word counts."""
        line = site_scores.overriding(self.directory)
        if line:
            raise ChangeError(
                f'{line} undoes our rule for released mail, and is read after it. Take it out, and reload what calls'
                ' SpamAssassin'
            )

    def notes(self) -> list[str]:
        return site_scores.notes(self.directory)


class Rspamd(Engine):
    """rspamd; what it does not own is a line in rspamd.conf.local."""

    name = 'rspamd'
    units = ('rspamd.service',)
    lines = [heading('spam_delivery'), '.include(try=true,duplicate=merge) "$LOCAL_CONFDIR/conbool.conf"']

    def contents(self, networks: Sequence[str]) -> tuple[dict[str, Content], dict[str, Without]]:
        filling = {
            'heading': heading('spam_delivery'),
            'networks': ''.join(f'      "{network}",\n' for network in networks),
        }
        return {
            os.path.join(self.directory, 'conbool.conf'): encode(RSPAMD_SETTINGS % filling),
            os.path.join(self.directory, 'rspamd.conf.local'): self._with,
        }, self.without()

    def without(self) -> dict[str, Without]:
        return {os.path.join(self.directory, 'rspamd.conf.local'): self._without} if self.directory else {}

    def validate(self) -> None:
        """Have rspamd judge the configuration with ours in it.

        Raises:
            ChangeError: it finds something wrong, or does not take our part.
        """
        with self.staged() as folder:
            self.host.text('rspamadm', '--var=LOCAL_CONFDIR=' + folder, 'configtest')
            self._look(folder)

    def check(self) -> None:
        """See that settings of the host have not replaced ours since."""
        if not self.files.changed:
            self._look(self.directory)

    def _look(self, folder: str) -> None:
        variable = '--var=LOCAL_CONFDIR=' + folder
        if 'conbool_released' not in self.host.text('rspamadm', variable, 'configdump', 'settings'):
            raise ChangeError(
                'rspamd has settings of its own in a place that excludes ours (a map, or an override). Add to it'
                ' what is in {}'.format(os.path.join(self.directory, 'conbool.conf'))
            )

    def _with(self, data: bytes) -> bytes:
        text = decode(data)
        return encode(
            text + ('' if text.endswith('\n') or not text else '\n') + ''.join(line + '\n' for line in self.lines)
        )

    def _without(self, data: bytes) -> bytes:
        return encode('\n'.join(line for line in decode(data).split('\n') if line not in self.lines))


class Host:
    """Commands of the managed host.

    Args:
        run: takes an argument list; returns exit status, stdout and stderr.
        find: returns the path of a command, None without one.
    """

    def __init__(self, run: Callable[[list[str]], tuple[int, str, str]], find: Callable[[str], str | None]) -> None:
        self._run, self._find = run, find

    def has(self, command: str) -> bool:
        return bool(self._find(command))

    def text(self, command: str, *arguments: str) -> str:
        """Return what a command prints.

        Raises:
            ChangeError: it failed, with its own words.
        """
        status, out, err = self._run([self._find(command) or command] + list(arguments))
        if status != 0:
            raise ChangeError(
                '{}: {}'.format(
                    ' '.join((command,) + arguments), (err.strip() or out.strip() or f'exit status {status}')[:2000]
                )
            )
        return out

    def reload(self, units: Iterable[str]) -> None:
        """Have those of the services that run read their rules, and see that they still run."""
        active = [unit for unit in units if self._active(unit)]
        for unit in active:
            self.text('systemctl', 'reload', unit)
        end = time.monotonic() + (SETTLED if active else 0)
        while True:
            for unit in active:
                if not self._active(unit):
                    raise ChangeError(f'{unit} does not run any more')
            if time.monotonic() >= end:
                return
            time.sleep(PAUSE)

    def _active(self, unit: str) -> bool:
        return 'ActiveState=active\n' in self.text('systemctl', 'show', '--property=ActiveState,SubState', unit)
