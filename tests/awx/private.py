# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX hands to ansible-runner for mail servers of the lab: an inventory, and the key of the machine credential."""

from __future__ import annotations

import json

import yaml

from tests.awx import job
from tests.awx.specs import ROOT

GROUP = ROOT / 'playbooks/inventory/lab/group_vars/conbool.yml'
# As AWX has it: keys of hosts are not asked for.
COMMON = '-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null'
# Ansible and the collection as this clone has them.
OURS = {'ANSIBLE_COLLECTIONS_PATH': str(ROOT / 'collections'), 'ANSIBLE_CONFIG': str(ROOT / 'ansible.cfg')}


def data(lab, hosts, home, name, answers, **environment):
    """Make the directory of a job.

    Args:
        hosts: name to variables of its own, in order.
        home: where the directory goes.
        name: of the job.
        answers: of its survey.
        environment: of Ansible.
    """
    known = yaml.safe_load(lab.inventory.read_text(encoding='utf-8'))['all']['vars']
    variables = {
        **{key: value for key, value in known.items() if key.startswith('lab_')},
        **yaml.safe_load(GROUP.read_text(encoding='utf-8')),
    }
    inventory = {
        host: {'ansible_host': lab.addresses[host][0], 'ansible_user': 'root', 'ansible_ssh_common_args': COMMON, **own}
        for host, own in hosts.items()
    }
    text = json.dumps({'conbool': {'hosts': inventory, 'vars': variables}})
    found = job.private_data(home, name, answers, environment, {'hosts.json': text})
    (found / 'env/ssh_key').write_text((lab.path / 'ssh/id_ed25519').read_text(encoding='utf-8'), encoding='utf-8')
    return found
