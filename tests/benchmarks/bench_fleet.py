# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each further host of a run costs, and what AWX keeps of it; the mail servers are toys on this machine.

    python -m tests.benchmarks.bench_fleet [--hosts 1,5,25] [--forks 5]

Processor time is that of ansible-playbook and all that it starts, modules of the hosts among them.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'collections'))


def spent():
    """Processor seconds of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(home, count, forks):
    """Return the processor and wall seconds of one run of site, its events, and the bytes of its page."""
    from tests.awx import job
    from tests.unit.fakes import toy

    hosts = toy.fleet(home, [f'mx{number}' for number in range(1, count + 1)])
    inventory = {'hosts.json': json.dumps({'conbool': {'hosts': hosts}})}
    folder = job.private_data(
        home, f'run{count}', {}, {**toy.environment(home), 'ANSIBLE_FORKS': str(forks)}, inventory
    )
    before, began = spent(), time.monotonic()
    done, events = job.run(folder, 'site.yml')
    took = spent() - before, time.monotonic() - began
    report = job.artifacts(events)['smtp_relay_report']
    if done.status != 'successful' or len(report['hosts']) != count or not report['ok']:
        sys.exit(''.join(event['stdout'] for event in events))
    page = max((home / 'reports').glob('site-*.html'), key=lambda path: path.stat().st_mtime)
    return (*took, job.size(events), job.size(job.of_hosts(events)), page.stat().st_size)


def main():
    from tests.unit.fakes import toy

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--hosts', default='1,5,25')
    parser.add_argument('--forks', type=int, default=5)
    chosen = parser.parse_args()
    counts, found = [int(count) for count in chosen.hosts.split(',')], {}
    with tempfile.TemporaryDirectory() as folder:
        toy.make(Path(folder))
        print('%-6s %10s %8s %12s %12s %10s' % ('hosts', 'processor', 'wall', 'events', 'of hosts', 'page'))
        for count in counts:
            found[count] = measure(Path(folder), count, chosen.forks)
            print('%-6d %8.1f s %6.1f s %10d B %10d B %8d B' % (count, *found[count]), flush=True)
    for fewer, more in zip(counts, counts[1:]):
        each = [(found[more][place] - found[fewer][place]) / (more - fewer) for place in range(3)]
        print('each further host, from %d to %d: %.1f s of processor, %.1f s, %d B' % (fewer, more, *each))


if __name__ == '__main__':
    main()
