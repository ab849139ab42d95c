# One image for web, workers, beat and commands.
FROM python:3.13-slim AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements/base.txt /base.txt
RUN /venv/bin/pip install --require-hashes -r /base.txt && /venv/bin/python -m compileall -q /venv/lib

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=seller_center.settings \
    DATA_DIR=/data STATIC_ROOT=/app/staticfiles LOCAL=0
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin seller && install -d -o seller /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
RUN python -m compileall -q . && python manage.py collectstatic --no-input --verbosity 0
USER seller
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ.get(\"PORT\") or 8000}/healthz', timeout=4)"]
CMD ["gunicorn", "-c", "python:seller_center.web", "seller_center.wsgi"]
