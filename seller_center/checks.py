"""System checks that explain a misconfiguration in words. Register one with `@register()`."""

from pathlib import Path

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def data_folders_can_be_written(**kwargs: object) -> list[CheckMessage]:
    """Pictures and encrypted documents go to these folders; a missing right shows at the first upload otherwise."""
    found: list[CheckMessage] = []
    for name in ("MEDIA_ROOT", "PRIVATE_ROOT"):
        folder = Path(getattr(settings, name))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ".writable").touch()
        except OSError as error:
            found.append(
                Error(
                    f"{name} ({folder}) cannot be written: {error.strerror}.",
                    hint=f"Create the folder for the user that runs the program, or set {name}.",
                    id="seller_center.E001",
                )
            )
    return found
