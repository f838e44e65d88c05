# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host begins anew as it was saved; two clones have labs of the same name on one machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lab import api, images, lifecycle
from lab.engine import ROOT, LabError, podman
from lab.layout import machine_name
from tests.lab.probes import NAME, ask, mail, mailbox, until

HOST = 'kept'
ABOUT_THE_MACHINE = """
from lab import images
print(images.tag(images.kinds()['postfix-debian12']), images.LOCKS)
"""


def _saved_images():
    listed = podman('images', '--filter', f'label=conbool.lab={machine_name(NAME)}', '--format', '{{.ID}}')
    return listed.stdout.split()


def test_a_saved_host_comes_back_under_its_name_and_address(lab):
    more = api.up(NAME, f'{HOST}=postfix-debian12')
    try:
        addresses = more.addresses[HOST]
        more.run(HOST, ['sh', '-ec', 'touch /etc/kept && postconf -e "smtpd_banner = kept" && postfix reload'])
        api.save(NAME, HOST, 'first')
        assert more.run(HOST, ['systemctl', 'is-system-running']).stdout == 'running\n'
        more.run(HOST, ['sh', '-ec', 'rm /etc/kept && touch /etc/leftover && postconf -e "smtpd_banner = later"'])

        again = api.up(NAME, f'{HOST}=saved:first')
        assert again.addresses[HOST] == addresses and again.nodes[HOST].kind == 'postfix-debian12'
        assert again.run(HOST, ['hostname', '-f']).stdout.strip() == f'{HOST}.example.com'
        for address in addresses:
            assert f' {address}/' in again.run(HOST, ['ip', '-oneline', 'address']).stdout
        again.run(HOST, ['sh', '-ec', 'test -e /etc/kept && test ! -e /etc/leftover'])
        assert again.run(HOST, ['postconf', '-h', 'smtpd_banner']).stdout == 'kept\n'
        mail(again, HOST, 'bob@example.com', 'alice@example.com', 'flow-saved')
        assert until(lambda: mailbox(again, HOST, 'alice', 'flow-saved'))
        with pytest.raises(LabError, match="nothing is saved of kept as 'second'"):
            api.up(NAME, f'{HOST}=saved:second')
        assert len(_saved_images()) == 1
    finally:
        api.remove(NAME, HOST)
    assert _saved_images() == []
    with pytest.raises(LabError, match=f'has no {HOST}'):
        api.up(NAME, f'{HOST}=saved:first')


def test_another_clone_has_a_lab_of_the_same_name(lab, tmp_path):
    for folder in ('lab', 'scripts'):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    environment = dict(os.environ, PATH=os.pathsep.join([str(Path(sys.executable).parent), os.environ['PATH']]))

    def there(*argv):
        return subprocess.run(
            argv, cwd=tmp_path, env=environment, check=True, stdout=subprocess.PIPE, text=True, timeout=120
        ).stdout

    try:
        there('scripts/lab', '--name', NAME, 'up')
        other = there('scripts/lab', '--name', NAME, 'status')
        assert 'running' in other and all(name not in other for name in lifecycle.containers(NAME))
        # The images are the machine's, and so is the right to build one.
        said = there(sys.executable, '-c', ABOUT_THE_MACHINE).split()
        assert said == [images.tag(images.kinds()['postfix-debian12']), str(images.LOCKS)]
    finally:
        there('scripts/lab', '--name', NAME, 'down')
    assert set(lifecycle.containers(NAME).values()) == {'running'}
    assert ask(lab, 'example.com', 'MX')[0] == 'NOERROR'
