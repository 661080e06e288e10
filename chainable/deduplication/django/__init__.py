"""
Claims in the transaction of Django: an app with one table.

::

    INSTALLED_APPS = [..., 'chainable.deduplication.django']      # then: manage.py migrate

.. versionadded:: 0.1.0
"""

from __future__ import annotations

from chainable.deduplication.django.store import DjangoStore

__all__ = ["DjangoStore"]
