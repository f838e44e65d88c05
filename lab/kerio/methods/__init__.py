# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The methods of the interface, by name: function of the API and the call, with the state locked."""

from . import addresses, content, directory, first_run, server, services, session, smtp
from .registry import METHODS
from .search import QUERY

__all__ = [
    'METHODS',
    'QUERY',
    'addresses',
    'content',
    'directory',
    'first_run',
    'server',
    'services',
    'session',
    'smtp',
]
