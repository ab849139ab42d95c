"""Where sessions are kept: Django's table, read with a prepared question, since every page reads it."""

import datetime as dt

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from seller_center.kernel.prepared import prepared


class SessionStore(DatabaseStore):
    """Django's store by database; only the reading of a page's own session is ours."""

    def _get_session_from_db(self) -> Session | None:
        """The session of this key unless it has ended; then the browser's key is forgotten, as in Django."""
        rows = list(_living(key=self.session_key or "", now=timezone.now()))
        if not rows:
            self._session_key = None
            return None
        return rows[0]


@prepared
def _living(*, key: str, now: dt.datetime) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key, expire_date__gt=now)
