"""The roof: settings, urls, Celery and everything that sees all floors. It is imported by none of them."""

__all__ = ["celery_app"]


def __getattr__(name: str):
    """The Celery app on demand, so that importing the package (for `kernel`, say) reads no settings."""
    if name == "celery_app":
        from seller_center.celery import app

        return app
    raise AttributeError(name)
