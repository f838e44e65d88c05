# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.flow.table`: configures a lab host, sends the flow table through and prints what became of it, of each
group of messages or, with --rows, of each message."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from tests.flow import adapters, labs, loader
from tests.flow.options import OPTIONS
from tests.flow.session import NotConfigured, Session, explained

PLAIN_WIDTH = 180  # for logs and pipes, where nobody wraps lines


def main(arguments=None):
    parser = argparse.ArgumentParser(prog='python -m tests.flow.table', description=__doc__)
    for flag, settings in OPTIONS.items():
        parser.add_argument(flag, **settings)
    parser.add_argument('--group', action='append', help='only the cases of this group; may be given several times')
    parser.add_argument('--log', type=Path, help='write everything to this file as well, without colours')
    parser.add_argument('--reports', type=Path, help="keep the playbook's reports in this directory")
    chosen = parser.parse_args(arguments)
    chosen.mta, chosen.lab = chosen.mta or ['postfix'], chosen.lab or labs.default_name()
    if chosen.host and len(chosen.mta) > 1:
        parser.error('--host is for one mail server')
    with chosen.log.open('w', encoding='utf-8') if chosen.log else nullcontext() as log:
        return run(Output(log), parser, chosen)


class Output:
    """The terminal, and a log file beside it."""

    def __init__(self, log=None):
        terminal = Console(highlight=False)
        if not terminal.is_terminal:
            terminal = Console(highlight=False, width=PLAIN_WIDTH)
        self.consoles = [terminal] + ([Console(file=log, highlight=False, width=PLAIN_WIDTH)] if log else [])

    def print(self, what, **settings):
        for console in self.consoles:
            console.print(what, **settings)


def run(console, parser, chosen):
    table = loader.Table(loader.OWN_FILES + (chosen.cases or []))
    only = chosen.configuration or (['default'] if chosen.no_apply else list(table.configurations))
    cases = [
        case
        for case in table.selected(rows=chosen.rows)
        if case.configuration in only and not case.repeated and (not chosen.group or case.group in chosen.group)
    ]
    if not cases:
        parser.error(
            'no case is chosen: configurations {}, groups {}'.format(
                ', '.join(table.configurations), ', '.join(sorted({case.group for case in table.cases}))
            )
        )
    with ThreadPoolExecutor(len(chosen.mta)) as pool:
        servers = [_Server(name, chosen, table, console) for name in chosen.mta]
        try:
            list(pool.map(_Server.up, servers))
            return _print_tables(console, pool, servers, cases, rows=chosen.rows is not None)
        except NotConfigured as error:
            console.print(Text(str(error), style='red'), soft_wrap=True)
            return 1
        finally:
            if not chosen.keep:
                list(pool.map(_Server.give_back, servers))


def title(name):
    """What heads the column of a mail server."""
    return f'{name} (a double)' if getattr(adapters.load(name), 'is_double', False) else name


class _Server:
    """One mail server under test, in a lab of its own when there are several: each has a gateway that misbehaves for it
    alone."""

    def __init__(self, name, chosen, table, console):
        self.name, self._table, self._apply = name, table, not chosen.no_apply
        self._adapter = adapters.load(name)()
        self.title = title(name)
        self.host = chosen.host or self._adapter.default_host
        self._reports = chosen.reports / name if chosen.reports else None
        self._say = lambda text: console.print(text if len(chosen.mta) == 1 else f'{name}: {text}')
        self._lab = labs.Borrowed(chosen.lab if len(chosen.mta) == 1 else f'{chosen.lab}-{name}', say=self._say)

    def up(self):
        for name in self._adapter.site.beside:
            self._lab.up(*name.split('='))
        self._lab.up(self.host)
        self._session = Session(
            self._lab.lab,
            self.host,
            self._adapter,
            self._table,
            apply=self._apply,
            say=self._say,
            reports=self._reports,
        )

    def report(self, configuration, cases):
        return self._session.report(configuration, cases)

    def pages(self):
        """The playbook's reports for people, the newest last."""
        return sorted(self._reports.glob('*.html')) if self._reports else []

    def give_back(self):
        if self._lab.lab:
            self._lab.give_back()


def _print_tables(console, pool, servers, cases, rows):
    """Sends and prints; the exit status."""
    passed = failed = 0
    by_configuration = {
        name: [case for case in cases if case.configuration == name]
        for name in dict.fromkeys(case.configuration for case in cases)
    }
    # None waits for the other between two configurations.
    running = [
        pool.submit(
            lambda server=server: {name: server.report(name, chosen) for name, chosen in by_configuration.items()}
        )
        for server in servers
    ]
    everything = [report.result() for report in running]
    for configuration in by_configuration:
        reports = [each[configuration] for each in everything]
        console.print((_grid if rows else _short)(servers, configuration, reports))
        for server, report in zip(servers, reports):
            for result in report.results:
                if not result.ok:
                    console.print(Text(f'{server.name}: {explained(result)}\n', style='red'), soft_wrap=True)
            for attempt in report.in_clear:
                console.print(
                    Text(f'{server.name}: in clear text to the gateway: {attempt}', style='red'), soft_wrap=True
                )
            # That nothing was said in clear is one more thing to hold, for each configuration.
            verdicts = [result.ok for result in report.results] + [not report.in_clear]
            passed += verdicts.count(True)
            failed += verdicts.count(False)
    for server in servers:
        for page in server.pages()[-1:]:
            console.print(
                Text(f'{server.name}: what the playbook did and found, for a browser: {page}'), soft_wrap=True
            )
    console.print(Text(f'flow: {passed} passed, {failed} failed', style='bold red' if failed else 'bold green'))
    return 1 if failed else 0


def _short(servers, configuration, reports):
    """A line for each group of rows: how many are as they must be, how many a mail server cannot have so, how many are
    wrong."""
    grid = Grid(title=f'configuration {configuration}', title_justify='left')
    grid.add_column('messages')
    for server in servers:
        for heading in (server.title, 'cannot', 'wrong'):
            grid.add_column(heading, justify='right')
    for group in dict.fromkeys(result.case.group for result in reports[0].results):
        cells = []
        for report in reports:
            results = [result for result in report.results if result.case.group == group]
            wrong = sum(not result.ok for result in results)
            cannot = sum(result.ok and bool(result.expected_failure) for result in results)
            cells += [
                Text(str(len(results) - wrong - cannot), style='green'),
                Text(str(cannot or ''), style='yellow'),
                Text(str(wrong or ''), style='red'),
            ]
        grid.add_row(group, *cells)
    return grid


def _grid(servers, configuration, reports):
    grid = Grid(title=f'configuration {configuration}', title_justify='left')
    for heading in ['#', 'message', 'expected'] + [
        heading for server in servers for heading in (server.host, 'over', '')
    ]:
        grid.add_column(heading, overflow='fold')
    for results in zip(*(report.results for report in reports)):
        case = results[0].case
        grid.add_row(
            case.id,
            Text(case.title),
            _wanted(case),
            *(cell for result in results for cell in (_seen(result), _over(result), _verdict(result))),
        )
    return grid


def _verdict(result):
    if not result.ok:
        return Text('red', style='red')
    return Text('cannot', style='yellow') if result.expected_failure else Text('ok', style='green')


def _wanted(case):
    return _stages([place.where for place in case.meanwhile], [place.where for place in case.expect])


def _seen(result):
    return _stages(
        [sighting.where for sighting in result.earlier] if result.case.gateway else [],
        [sighting.where for sighting in result.seen] or ['nowhere'],
    )


def _stages(meanwhile, finally_):
    """Where it is in the end; before that, where it was while the gateway misbehaved."""
    lines = []
    for stage, places in (('first', meanwhile), ('then', finally_)):
        for place in dict.fromkeys(places):
            lines.append(
                '{}{}{}'.format(
                    f'{stage} ' if meanwhile else '',
                    place,
                    f' ({places.count(place)})' if places.count(place) > 1 else '',
                )
            )
    return Text('\n'.join(lines))


def _over(result):
    """How it was carried to the gateway or the outside; for the gateway with what the sending side found in its
    certificate."""
    words = []
    for sighting in result.seen:
        if sighting.where in ('gateway', 'direct'):
            words.append(sighting.tls.split()[0] if sighting.tls else 'clear text')
        if sighting.where == 'gateway':
            words[-1] += ', ' + result.verification.get(sighting.recipient.lower(), 'not verified').lower()
    return Text('\n'.join(dict.fromkeys(words)))


if __name__ == '__main__':
    sys.exit(main())
