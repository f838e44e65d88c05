# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of breakages, and a host on which they are tried one after the other."""

from __future__ import annotations

import io
import json
import queue
import threading
import zipfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import ansible
import pytest
import yaml

from tests.flow import adapters, loader
from tests.flow.playbook import ROOT, Run
from tests.sabotage import driver

HERE = Path(__file__).resolve().parent
ARCHIVE = '/root/sabotage.zip'
# The driver keeps to its own times; what comes later than that, comes no more.
SECONDS_EACH = driver.EACH + driver.AGAIN_IN + 60
BEFORE = (
    'mkdir -p /root/before && for file in /etc/postfix/m*.cf /opt/zimbra/common/conf/m*.cf /etc/mail/sendmail.?[cf]; do'
    ' [ ! -e $file ] || cp -p $file /root/before/; done;'
    # A table of the site's, in front of which Zimbra gets ours. Its daemon does not look after services at each loop.
    ' [ ! -e /opt/zimbra ] || { su - zimbra -c "zmlocalconfig -e zmconfigd_watchdog=false" &&'
    ' /opt/zimbra/common/sbin/postconf -e "smtp_tls_policy_maps=inline:{{partner.test=may}}"; }'
)
# What has a mail server need a part of ours that its configurations of the flow table do not.
MORE = {'zimbra': {'zimbra_smarthost_wash_senders': True}}
# What goes into the archive: folder here, folder there, and what of it.
NEEDED = {
    Path(ansible.__file__).parent: ('ansible', ('release.py', 'module_utils')),
    ROOT: ('ansible_collections/conbool/smtp_relay', ('plugins/modules', 'plugins/module_utils')),
}


@dataclass(frozen=True)
class Breakage:
    name: str
    server: str
    do: str
    only: str = ''
    mend: str = ''
    unnoticed: str = ''
    sample: bool = False

    def __str__(self):
        return self.name


def table():
    """All breakages, one for each server on which it is tried."""
    documents = [
        yaml.safe_load(path.read_text(encoding='utf-8')) for path in sorted((HERE / 'breakages').glob('*.yml'))
    ]
    groups = [item for document in documents for item in document['groups'].items()]
    found = []
    for group, content in groups:
        for name, entry in content['breakages'].items():
            for server in content['servers']:
                entry_here = dict(entry, sample=server in entry.get('sample', ()))
                found.append(Breakage(f'{group}.{name}', server, **entry_here))
    return found


def says_what_to_do(rows):
    """Whether one of the rows of an outcome has a hint."""
    return any(hint.strip() for dummy, dummy, hint in rows)


def names_it(outcome):
    """Whether what site.yml says is what verify had said before: the same row, or the same words where it fails or
    warns. Red for some other reason is not."""
    before = outcome['verify']
    identifiers, texts = {identifier for identifier, dummy, dummy in before}, [text for dummy, text, dummy in before]
    return any(
        any(text in known for known in texts) if identifier in ('failed', 'warning') else identifier in identifiers
        for identifier, text, dummy in outcome['site']
    )


def archive():
    """The modules and what they import, as zipimport(3) takes it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, 'w', zipfile.ZIP_DEFLATED) as target:
        for package in ('ansible', 'ansible_collections', 'ansible_collections/conbool'):
            target.writestr(f'{package}/__init__.py', '')
        for folder in ('', '/plugins'):
            target.writestr(f'ansible_collections/conbool/smtp_relay{folder}/__init__.py', '')
        for root, (inside, names) in NEEDED.items():
            for path in sorted(path for name in names for path in [root / name, *(root / name).rglob('*')]):
                where = f'{inside}/{path.relative_to(root).as_posix()}'
                if path.suffix == '.py':
                    target.write(path, where)
                elif path.is_dir() and path.name != '__pycache__' and not (path / '__init__.py').exists():
                    target.writestr(f'{where}/__init__.py', '')
    return content.getvalue()


class Machine:
    """One that has the gateway, with everything that the roles can do to a host."""

    def __init__(self, lab, name, server, folder):
        self.lab, self.name, self.server = lab, name, server
        self._adapter = adapters.load(server)()
        lab.run(name, ['sh', '-c', BEFORE])
        variables = dict(
            loader.Table(loader.OWN_FILES).configurations[self._adapter.whole].variables,
            conbool_preflight='skip',
            verify_queue_seconds=0,
            **self._adapter.variables,
            **MORE.get(server, {}),
        )
        self._run('site.yml', variables)
        kept = folder / f'{server}.json'
        self._run('../tests/sabotage/settings.yml', dict(variables, sabotage_settings=str(kept)))
        self.settings = json.loads(kept.read_text(encoding='utf-8'))
        lab.run(name, ['sh', '-c', f'cat >{ARCHIVE}'], input=archive())

    def _run(self, playbook, variables):
        outcome = Run(self.lab, self.name, playbook, variables).wait()
        assert not outcome.returncode, outcome.output

    def verify(self):
        """What is not green by now."""
        (found,) = self._driver([]).results([''])
        return found['verify']

    def outcomes(self, breakages):
        """Yield what came of each, as it comes."""
        yield from self._driver(breakages).results([breakage.name for breakage in breakages])

    def _driver(self, breakages):
        job = {
            'mta': self.server.partition('_')[0],
            'archive': ARCHIVE,
            'settings': self.settings,
            'secrets': getattr(self._adapter, 'secrets', {}),
            'breakages': [[breakage.name, breakage.do, breakage.mend] for breakage in breakages],
        }
        text = Path(driver.__file__).read_text(encoding='utf-8')
        return Driver(self.lab.start(self.name, ['python3', '-c', text]), job)


class Driver:
    """The driver at work on a host.

    Args:
        process: whose standard input and output are pipes for text.
    """

    def __init__(self, process, job):
        self._process, self._lines = process, queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        # One that has ended already says so by its status.
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(job))
            process.stdin.close()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put('')

    def results(self, names, seconds=SECONDS_EACH):
        """Yield one for each of the names, in their order."""
        names = list(names)
        while names:
            try:
                line = self._lines.get(timeout=seconds)
            except queue.Empty:
                self._process.kill()
                line = ''
            if not line.endswith('\n'):
                break
            names.pop(0)
            yield json.loads(line)
        status = self._process.wait()
        said = f'the driver ended with status {status} before' if names else ''
        yield from ({'name': name, 'broken': False, 'said': said} for name in names)


class Machines:
    """One host at a time for each mail server, and what came of the breakages that are tried on it.

    No parameter of a fixture: pytest would begin anew with each breakage.
    """

    def __init__(self, borrowed, folder, chosen):
        self._borrowed, self._folder, self._chosen = borrowed, folder, chosen
        self._stack, self._machine = ExitStack(), None
        self._coming, self._outcomes = {}, {}

    def of(self, server):
        if not self._machine or self._machine.server != server:
            self.close()
            name = adapters.load(server)().default_host
            lab = self._stack.enter_context(self._borrowed.hosts(name))
            self._machine = Machine(lab, name, server, self._folder)
        return self._machine

    def outcome(self, breakage):
        server = breakage.server
        if server not in self._coming:
            chosen = [entry for entry in self._chosen if entry.server == server]
            self._coming[server], self._outcomes[server] = self.of(server).outcomes(chosen), {}
        found = self._outcomes[server]
        while breakage.name not in found:
            entry = next(self._coming[server])
            found[entry['name']] = entry
            self._record(server)
        return found[breakage.name]

    def _record(self, server):
        """Whoever ends the run finds what has come until then."""
        (ROOT / '.cache').mkdir(exist_ok=True)
        text = json.dumps(self._outcomes[server], indent=1)
        (ROOT / '.cache' / f'sabotage-{server}.json').write_text(text, encoding='utf-8')

    def close(self):
        self._machine = None
        self._stack.close()


@pytest.fixture(scope='module', name='machines')
def fixture_machines(request, borrowed, tmp_path_factory):
    """With the breakages that were chosen for this session."""
    parameters = [getattr(getattr(item, 'callspec', None), 'params', {}) for item in request.session.items]
    chosen = [each['breakage'] for each in parameters if isinstance(each.get('breakage'), Breakage)]
    machines = Machines(borrowed, tmp_path_factory.mktemp('sabotage'), chosen)
    yield machines
    machines.close()
