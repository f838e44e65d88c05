# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that names the loop header of a hosted domain."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.conbool.smtp_relay.plugins.filter.loop_header import FilterModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers

loop_header = FilterModule().filters()['loop_header']


@pytest.mark.parametrize(
    'domain, header',
    [
        ('example.com', 'X-Conbool-example-com'),
        ('Sub.Example.CO.uk.', 'X-Conbool-sub-example-co-uk'),
        ('my-mail.example', 'X-Conbool-my-mail-example'),
        ('bücher.example', 'X-Conbool-xn--bcher-kva-example'),
        ('xn--bcher-kva.example', 'X-Conbool-xn--bcher-kva-example'),
    ],
)
def test_name_of_the_header(domain, header):
    assert loop_header(domain) == header


@pytest.mark.parametrize(
    'value', ['example', 'example.com: x', 'example.com\nX-Evil: 1', '192.0.2.1', '', None, 5, ['example.com']]
)
def test_bad_input_is_named(value):
    with pytest.raises(AnsibleFilterError) as caught:
        loop_header(value)
    assert f'loop_header: {value!r} ' in str(caught.value)


def test_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(readers.IMPORT_ERRORS, 'idna', 'Traceback')
    with pytest.raises(AnsibleFilterError, match=r'Failed to import the required Python library \(idna\)'):
        loop_header('example.com')
