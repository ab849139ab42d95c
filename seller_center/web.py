"""gunicorn's settings, for `make run` and for the image: `gunicorn -c python:seller_center.web seller_center.wsgi`."""

import os
from importlib.util import find_spec
from typing import Any

LOCAL = os.environ.get("LOCAL", "").lower() in ("1", "true", "yes", "on")

bind = f"{'127.0.0.1' if LOCAL else '0.0.0.0'}:{os.environ.get('PORT') or 8000}"  # noqa: S104 (in its container)
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = int(os.environ.get("WEB_THREADS") or 8)
preload_app = True  # read the program once, then fork
timeout = 60
graceful_timeout = 8 if LOCAL else 30
keepalive = 5
max_requests = 0 if LOCAL else 10_000
max_requests_jitter = 1_000
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112 (gunicorn's heartbeat files)
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS") or "127.0.0.1"
loglevel = "warning" if LOCAL else "info"
accesslog = None  # django-structlog writes a line per request
control_socket_disable = True


def when_ready(server: Any) -> None:
    """The first words on the screen of `make run`: the address and the demo log-ins."""
    if not LOCAL:
        return
    for line in banner():
        print(line, flush=True)


def banner() -> list[str]:
    """The address, and who can log in if the demo marketplace is loaded."""
    from django.conf import settings
    from django.db import connections

    lines = ["", f"  Seller Center: {settings.PUBLIC_URL}/", f"  Mails go to:   {settings.DATA_DIR / 'mails'}", ""]
    if find_spec("seller_center.demo"):
        from seller_center import demo

        lines += [f"  {line}" for line in demo.logins()]
        connections.close_all()  # the workers are forked from this process
        lines.append("")
    return lines
