# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents say what is there: links lead somewhere, commands find their files, variables exist."""

from __future__ import annotations

import math
import re

import pytest
import yaml
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import MAIL_SERVERS, with_role
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import MailServer

from .commands import Walk, tarball
from .markdown import ROOT, anchors, code, documents, links, paragraphs, read

COLUMNS, LINES = 100, 5
MARKDOWN = documents('*.md')
# Written by antsibull-changelog, about the past.
PROSE = [name for name in [*MARKDOWN, *documents('docs/docsite/rst/*.rst')] if not name.startswith('CHANGELOG')]
ROLES = sorted(path.parent.name for path in (ROOT / 'roles').glob('*/meta'))
# Neither of them is followed by "_module.html" and the like.
NAMES = re.compile(r'(?<![\w{{./-])((?:{})_[a-z0-9_]*)(?![\w./-]*\w*[./]\w)'.format('|'.join(ROLES)))
PLUGINS = re.compile(r'conbool\.smtp_relay\.([a-z_]+)')
# Facts and registered results that roles leave behind, an example of a typing error, and names of parts on the host.
NO_VARIABLES = {
    'conbool_settings',
    'preflight_report',
    'verify_report',
    'conbool_domain',
    'conbool_released',
    'conbool_direct',
    # A table of nftables.
    'conbool_hop',
    # Routers, a transport and lists in Exim's configuration.
    'conbool_gateway',
    'conbool_gateway_literal',
    'conbool_smtp',
    'conbool_allowed',
    'conbool_wash',
}
OF_A_MACHINE = re.compile(r'(?:^|[\s`"\'(=])(/(?:work|root|home|tmp|Users|mnt|media)/\S*)', re.MULTILINE)
SCHEME = re.compile(r'[a-z]+:')


def variables():
    found = set()
    for role in ROLES:
        specs = yaml.safe_load(read(f'roles/{role}/meta/argument_specs.yml'))['argument_specs']
        for spec in specs.values():
            found |= set(spec.get('options') or {})
    return found


def plugins():
    paths = [
        path
        for kind in ('modules', 'filter', 'lookup', 'action', 'callback')
        for path in (ROOT / 'plugins' / kind).glob('*.py')
    ]
    return {path.stem for path in [*paths, *(ROOT / 'playbooks').glob('*.yml')]} | set(ROLES)


def test_paragraphs_of_the_readme_are_short():
    long = [
        '\n'.join(lines)
        for lines in paragraphs(read('README.md'))
        if sum(math.ceil(len(line) / COLUMNS) for line in lines) > LINES
    ]
    assert long == []


@pytest.mark.parametrize('name', MARKDOWN)
def test_links_lead_somewhere(name):
    wrong = []
    for link in links(read(name)):
        if SCHEME.match(link):
            continue
        path, dummy, anchor = link.partition('#')
        target = (ROOT / name).parent / path if path else ROOT / name
        if not target.exists() or ROOT not in [target.resolve(), *target.resolve().parents]:
            wrong.append(f'{link}: no such file')
        elif anchor and anchor not in anchors(target.read_text(encoding='utf-8')):
            wrong.append(f'{link}: no such heading')
    assert wrong == []


@pytest.mark.parametrize('name', ['README.md', 'CONTRIBUTING.md', 'RELEASING.md', 'awx/README.md'])
def test_commands_find_their_files(name):
    assert Walk().follow(read(name)) == []


def test_the_readme_names_the_tarball_of_this_version():
    assert set(re.findall(r'conbool-smtp_relay-\S+?\.tar\.gz', read('README.md'))) == {tarball()}


@pytest.mark.parametrize('name', PROSE)
def test_variables_exist(name):
    known = variables()
    unknown = {
        each
        for text in code(read(name))
        for each in NAMES.findall(text)
        if each not in known | plugins() | NO_VARIABLES
        # "conbool_*" and "conbool_dns_..." mean all that begin so.
        and not (each.endswith('_') and any(variable.startswith(each) for variable in known))
    }
    assert unknown == set()


@pytest.mark.parametrize('name', PROSE)
def test_plugins_roles_and_playbooks_exist(name):
    assert set(PLUGINS.findall(read(name))) - plugins() <= {'docsite'}


@pytest.mark.parametrize('name', PROSE)
def test_no_path_of_a_machine(name):
    assert OF_A_MACHINE.findall(read(name)) == []
    assert str(ROOT) not in read(name)


@pytest.mark.parametrize('name', with_role())
def test_each_mail_server_has_its_place(name):
    title, minimum = MAIL_SERVERS[name].title, MAIL_SERVERS[name].minimum_version
    galaxy = yaml.safe_load(read('galaxy.yml'))
    assert f'| {title} | [`{name}_smarthost`](roles/{name}_smarthost/README.md) |' in read('README.md')
    assert title in galaxy['description'] and name in galaxy['tags']
    assert re.search(
        rf'^\| {title}\b.*\| {re.escape(minimum)} and newer \|$', read('docs/compatibility.md'), re.MULTILINE
    )
    slug = title.lower().replace(' ', '-')
    assert {f'routes-with-{slug}', f'port-25-with-{slug}', f'files-of-{slug}'} <= anchors(read('docs/what-happens.md'))
    assert any(slug in anchor for anchor in anchors(read('docs/troubleshooting.md')))


def first_cells(text, heading):
    """Return the code in the first cells of the table that has this heading."""
    rows = text.partition(heading)[2].partition('\n\n')[0].splitlines()
    return [name for row in rows for name in re.findall(r'`(\w+)', row.split('|')[1:2][0] if '|' in row else '')]


def test_what_a_mail_server_has_to_answer_is_told_in_full():
    text = read('CONTRIBUTING.md')
    required = first_cells(text, '| method of `MailServer` |')
    assert sorted(required) == sorted({'NAME', *MailServer.__abstractmethods__})
    others = {name for name in vars(MailServer) if not name.startswith('_')} - set(required)
    assert set(first_cells(text, '| method | unless')) == others


def test_design_has_every_package():
    packages = {path.parent.name for path in (ROOT / 'plugins' / 'module_utils').glob('*/*.py')}
    assert set(first_cells(read('docs/design.md'), '| package |')) == packages


def test_scenarios_of_molecule_are_those_that_there_are():
    text = read('CONTRIBUTING.md')
    there = {path.parent.name for path in (ROOT / 'molecule').glob('*/molecule.yml')}
    assert set(re.findall(r'--scenario-name (\w+)', text)) <= there
    assert all(f'`{name}`' in text for name in there)
