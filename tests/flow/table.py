# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.flow.table`: configures a lab host, sends the flow table through and prints what became of each message."""
from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from tests.flow import adapters, labs, loader
from tests.flow.options import OPTIONS
from tests.flow.session import NotConfigured, Session, explained

PLAIN_WIDTH = 160  # for logs and pipes, where nobody wraps lines


def main(arguments=None):
    parser = argparse.ArgumentParser(prog='python -m tests.flow.table', description=__doc__)
    for flag, settings in OPTIONS.items():
        parser.add_argument(flag, **(settings if flag != '--configuration' else dict(settings, action='append')))
    parser.add_argument('--group', action='append', help='only the cases of this group; may be given several times')
    parser.add_argument('--log', type=Path, help='write everything to this file as well, without colours')
    chosen = parser.parse_args(arguments)
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
    adapter = adapters.load(chosen.mta)()
    table = loader.Table(loader.OWN_FILES + (chosen.cases or []))
    only = chosen.configuration or (['default'] if chosen.no_apply else list(table.configurations))
    cases = [case for case in table.selected() if case.configuration in only and not case.repeated and (not chosen.group or case.group in chosen.group)]
    if not cases:
        parser.error('no case is chosen: configurations %s, groups %s' % (
            ', '.join(table.configurations), ', '.join(sorted({case.group for case in table.cases}))))
    lab = labs.Borrowed(chosen.lab, say=console.print)
    try:
        host = chosen.host or adapter.default_host
        lab.up(host)
        session = Session(lab.lab, host, adapter, table, apply=not chosen.no_apply, say=console.print)
        return print_table(console, session, cases)
    except NotConfigured as error:
        console.print(Text(str(error), style='red'), soft_wrap=True)
        return 1
    finally:
        if not chosen.keep:
            lab.give_back()


def print_table(console, session, cases):
    """Sends and prints; the exit status."""
    passed = failed = 0
    for configuration in dict.fromkeys(case.configuration for case in cases):
        report = session.report(configuration, [case for case in cases if case.configuration == configuration])
        console.print(_grid(session.host, configuration, report))
        for result in report.results:
            if not result.ok:
                console.print(Text(explained(result) + '\n', style='red'), soft_wrap=True)
        for attempt in report.in_clear:
            console.print(Text('in clear text to the gateway: %s' % (attempt,), style='red'), soft_wrap=True)
        # That nothing was said in clear is one more thing to hold, for each configuration.
        verdicts = [result.ok for result in report.results] + [not report.in_clear]
        passed += verdicts.count(True)
        failed += verdicts.count(False)
    console.print(Text('flow: %d passed, %d failed' % (passed, failed), style='bold red' if failed else 'bold green'))
    return 1 if failed else 0


def _grid(host, configuration, report):
    grid = Grid(title='%s, configuration %s' % (host, configuration), title_justify='left')
    for heading in ('#', 'message', 'expected', 'arrived', 'over', ''):
        grid.add_column(heading, overflow='fold')
    for result in report.results:
        verdict = Text('red', style='red') if not result.ok else Text('cannot', style='yellow') if result.expected_failure else Text('ok', style='green')
        grid.add_row(result.case.id, Text(result.case.title), _wanted(result.case), _seen(result), _over(result), verdict)
    return grid


def _wanted(case):
    return _stages([place.where for place in case.meanwhile], [place.where for place in case.expect])


def _seen(result):
    return _stages([sighting.where for sighting in result.earlier] if result.case.gateway else [],
                   [sighting.where for sighting in result.seen] or ['nowhere'])


def _stages(meanwhile, finally_):
    """Where it is in the end; before that, where it was while the gateway misbehaved."""
    lines = []
    for stage, places in (('first', meanwhile), ('then', finally_)):
        for place in dict.fromkeys(places):
            lines.append('%s%s%s' % ('%s ' % stage if meanwhile else '', place, ' (%d)' % places.count(place) if places.count(place) > 1 else ''))
    return Text('\n'.join(lines))


def _over(result):
    """How it was carried to the gateway or the outside; for the gateway with what the sending side found in its certificate."""
    words = []
    for sighting in result.seen:
        if sighting.where == 'gateway':
            words.append('%s, %s' % (sighting.tls or 'clear text', result.verification.get(sighting.recipient.lower(), 'not verified').lower()))
        elif sighting.where == 'direct':
            words.append(sighting.tls or 'clear text')
    return Text('\n'.join(dict.fromkeys(words)))


if __name__ == '__main__':
    sys.exit(main())
