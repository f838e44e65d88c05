# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the variables hold, nothing dangerous is accepted."""

from __future__ import annotations

import unicodedata

from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import SETTINGS, normalise
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.fakes.settings import GOOD


def strings_in(value):
    if isinstance(value, dict):
        return [text for item in [*value, *value.values()] for text in strings_in(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings_in(item)]
    return [value] if isinstance(value, str) else []


HOSTILE = st.text(st.sampled_from('aZ9.-@/:_*$ \n\r\t\0\x85\u2028\ufeffüß。'), max_size=25)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=25) | HOSTILE,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=12) | st.just('example.com'), inner, max_size=2),
    max_leaves=4,
)
PLAUSIBLE = st.builds(
    lambda text, noise, at: text[:at] + noise + text[at:],
    st.sampled_from(
        ['example.com', '192.0.2.0/24', '/etc/ssl/relay.pem', 'alice@example.com', 'senders', '25', 'yes', 'k1']
    ),
    HOSTILE,
    st.integers(0, 20),
)


@given(
    st.dictionaries(
        st.sampled_from(list(SETTINGS)), ANYTHING | PLAUSIBLE | st.lists(PLAUSIBLE, max_size=2), min_size=1, max_size=6
    )
)
@example({'conbool_dns_ownership_txt': {'example.com': 'a\nb'}})
@example({'conbool_tls_ca_file': '/etc/x\n'})
def test_no_accepted_value_contains_a_control_character(variables):
    settings, problems, warnings = normalise({**GOOD, **variables})
    assert (settings is None) == bool(problems)
    for text in strings_in(settings):
        assert text.isascii() and text.isprintable() and text
    for message in problems + warnings:
        assert not any(unicodedata.category(character) in ('Cc', 'Cs', 'Zl', 'Zp') for character in message)


@given(PLAUSIBLE | HOSTILE)
def test_accepted_names_are_stable_and_safe(name):
    try:
        once = readers.host_name(name)
    except ValueError:
        return
    assert readers.host_name(once) == once
    assert set(once) <= set('abcdefghijklmnopqrstuvwxyz0123456789.-')
