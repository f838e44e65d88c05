# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an unchanged run of site.yml costs the controller, with one host and with many, in turns with another checkout.

    python -m tests.benchmarks.bench_site --before PATH [--hosts 1,10,25] [--runs 3]

PATH is a checkout of the collection as it was. All hosts are configured by it first, so that our first run shows
whether it takes what the other one made for its own. Counted is the processor time of ansible-playbook and all that it
starts on the controller; the hosts are containers on the same processors, whose work is not in it. More than some
twenty need fs.inotify.max_user_instances above its usual 128.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
from pathlib import Path

from lab import lifecycle
from lab.api import Lab

ROOT = Path(__file__).resolve().parents[2]
LAB = 'bench'
KIND = 'postfix-debian12'
# More than these take the lab's whole patience to boot on two processors.
BOOTED_AT_ONCE = 5


def spent():
    """Processor seconds of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(lab, tree, hosts):
    """One run: processor seconds, tasks, and how many hosts were changed; one that fails ends the benchmark."""
    command = [
        str(Path(sys.executable).with_name('ansible-playbook')),
        *('-i', str(lab.inventory), '-i', str(ROOT / 'playbooks/inventory/lab'), '-l', ','.join(hosts), '-f', '20'),
        *('-e', 'conbool_report_dir=/tmp/conbool-bench'),
        str(tree / 'playbooks/site.yml'),
    ]
    before = spent()
    done = subprocess.run(
        command,
        cwd=tree,
        env=dict(os.environ, ANSIBLE_CONFIG=str(tree / 'ansible.cfg'), ANSIBLE_NOCOLOR='1'),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    seconds = spent() - before
    recap = re.findall(r'^host\d+ +: ok=[1-9]\d* +changed=(\d+) ', done.stdout, re.MULTILINE)
    if done.returncode or len(recap) != len(hosts):
        sys.exit(done.stdout)
    return seconds, len(re.findall('^TASK', done.stdout, re.MULTILINE)), sum(count != '0' for count in recap)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--before', type=Path, required=True, metavar='PATH')
    parser.add_argument('--hosts', default='1,10,25')
    parser.add_argument('--runs', type=int, default=3)
    chosen = parser.parse_args()
    counts = [int(count) for count in chosen.hosts.split(',')]
    trees = {'before': chosen.before.resolve(), 'now': ROOT}
    names = [f'host{number}' for number in range(1, max(counts) + 1)]
    try:
        for first in range(0, len(names), BOOTED_AT_ONCE):
            lifecycle.up(LAB, dict.fromkeys(names[first : first + BOOTED_AT_ONCE], KIND))
        lab = Lab(LAB)
        run(lab, trees['before'], names)
        print('%-6s %26s %26s %6s' % ('hosts', 'before: tasks, seconds', 'now: tasks, seconds', 'ratio'))
        medians = {}
        for count in counts:
            found = {name: [] for name in trees}
            for dummy in range(chosen.runs):
                for name, tree in trees.items():
                    found[name].append(run(lab, tree, names[:count]))
            if any(changed for dummy, dummy, changed in found['now']):
                sys.exit('ours changed hosts that the other one had configured')
            cells = {}
            for name, runs in found.items():
                seconds = [each[0] for each in runs]
                medians[name, count] = statistics.median(seconds)
                cells[name] = '%d, %.1f (%.1f - %.1f)' % (
                    runs[0][1],
                    medians[name, count],
                    min(seconds),
                    max(seconds),
                )
            ratio = medians['now', count] / medians['before', count]
            print('%-6d %26s %26s %6.2f' % (count, cells['before'], cells['now'], ratio), flush=True)
        for name in trees:
            for fewer, more in zip(counts, counts[1:]):
                each = (medians[name, more] - medians[name, fewer]) / (more - fewer)
                print('%s: each further host %.2f s (from %d to %d)' % (name, each, fewer, more))
    finally:
        lifecycle.down(LAB)


if __name__ == '__main__':
    main()
